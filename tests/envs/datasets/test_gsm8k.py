"""GSM8K from a file or the hub: what is read, what is refused, and how answers and lines are judged."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from reasonrl.envs.core import END, Frozen, View
from reasonrl.envs.datasets.gsm8k import GSM8K
from reasonrl.envs.datasets.rows import RowSource
from reasonrl.envs.options import make_mdp
from reasonrl.envs.registry import open_source
from reasonrl.envs.vocabulary import to_ascii
from reasonrl.verifiers.core import Status, StepVerdict

PUBLISHED = Path(__file__).resolve().parents[4] / "shared" / "data" / "gsm8k"
needs_data = pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published GSM8K is not here")

ROWS = [
    {"question": "Tom has 3 apples and buys 4. How many now?", "answer": "3+4=<<3+4=7>>7\n#### 7"},
    {"question": "What percentage of 8 is 2?", "answer": "2/8=<<2/8*100=25>>25\n#### 25"},
    {
        "question": "A caf\u00e9 that opened\u2026 yesterday sells 1,200 cups. How many?",
        "answer": "It says so.\n#### 1,200",
    },
]


def write(path: Path, rows: list[object]) -> str:
    path.write_text(
        "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n", encoding="utf-8"
    )
    return str(path)


@pytest.fixture
def source(tmp_path: Path) -> RowSource:
    return GSM8K.open(write(tmp_path / "three.jsonl", list(ROWS)))


def test_rows_come_in_their_order_in_any_split_and_count_round(source: RowSource) -> None:
    assert len(source) == source.size("test") == 3
    for index in (0, 1, 2):
        problem = source.problem("test", index)
        assert problem.view.prompt == ROWS[index]["question"]
        assert (problem.view.split, problem.view.index) == ("test", index)
        assert problem == source.problem("test", index + 3 * 10**6)
    assert source.problem("train", 0).view.split == "train"
    assert source.problem("test", 2).reference.value == "1,200"


def test_the_longest_prompt_has_room_when_written_in_ascii(source: RowSource) -> None:
    assert source.max_prompt_chars == len(to_ascii(str(ROWS[2]["question"]))) > len(str(ROWS[2]["question"]))
    environment = make_mdp(source, level="token")
    for index in range(3):
        assert len(environment.vocabulary.encode(source.problem("test", index).view.prompt)) <= source.max_prompt_chars


def test_the_worked_solution_never_reaches_the_view_or_the_reference(source: RowSource) -> None:
    assert "<<" not in json.dumps(source.problem("test", 0).to_json())


def test_there_is_no_choice_level_and_no_difficulty(source: RowSource) -> None:
    with pytest.raises(ValueError, match="the choice level needs a menu of next lines, and gsm8k has none"):
        make_mdp(source, level="choice")
    with pytest.raises(ValueError, match="no difficulties"):
        source.problem("test", 0, 2)


def test_missing_data_says_what_to_pass(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"--data <file>.*github.com/openai/grade-school-math"):
        open_source("gsm8k")
    for absent in (str(tmp_path / "none.jsonl"), "data/none.jsonl", str(tmp_path)):
        with pytest.raises(FileNotFoundError, match=r"there is no file.*--data <file>"):
            open_source("gsm8k", data=absent)
    with pytest.raises(ValueError, match="unknown environment 'gsm9k': did you mean gsm8k"):
        open_source("gsm9k")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json", "not a JSON object"),
        ("[1, 2]", "not a JSON object but list"),
        ('{"question": "q"}', "'question' and 'answer'"),
        ('{"question": " ", "answer": "#### 1"}', "'question' and 'answer'"),
        ('{"question": "q", "answer": [7]}', "'question' and 'answer'"),
        ('{"question": "q", "answer": "7"}', "must end with '####"),
        ('{"question": "q", "answer": "#### seven"}', "must end with '####"),
        ("[" * 100_000, "not a JSON object"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = write(tmp_path / "bad.jsonl", [ROWS[0], line, ROWS[1]])
    with pytest.raises(ValueError, match=f"bad.jsonl, line 2: .*{reason}"):
        GSM8K.open(path)


def test_an_empty_or_binary_file_is_refused_and_blank_lines_are_not(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is empty"):
        GSM8K.open(write(tmp_path / "empty.jsonl", []))
    binary = tmp_path / "binary.jsonl"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not a text file in UTF-8"):
        GSM8K.open(str(binary))
    assert len(GSM8K.open(write(tmp_path / "blank.jsonl", [ROWS[0], "", ROWS[1]]))) == 2


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    write(path, [ROWS[0]])
    assert len(GSM8K.open(str(path))) == 1
    write(path, list(ROWS))
    path.touch()
    assert len(GSM8K.open(str(path))) == 3


def test_the_hub_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ImportError, match=r"pip install 'reasonrl\[hub\]'"):
        open_source("gsm8k", data="openai/gsm8k")


def test_on_the_hub_a_split_is_that_split(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def load_dataset(repository: str, configuration: str) -> dict[str, list[dict[str, str]]]:
        asked.append((repository, configuration))
        return {"train": ROWS[:2], "test": ROWS[2:]}

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load_dataset))
    source = GSM8K.open("openai/gsm8k")
    assert asked == [("openai/gsm8k", "main")]
    assert (len(source), source.size("train"), source.size("test")) == (3, 2, 1)
    assert source.problem("test", 0).view.prompt == ROWS[2]["question"]
    with pytest.raises(ValueError, match="no 'validation' split: choose one of train, test"):
        source.problem("validation", 0)


@pytest.mark.parametrize(
    ("index", "response", "status"),
    [
        (0, "3+4=7\nAnswer: 7", Status.CORRECT),
        (0, "#### 7", Status.CORRECT),
        (0, "so \\boxed{7} apples", Status.CORRECT),
        (0, "Answer: 7 apples.", Status.CORRECT),
        (0, "Answer: 8", Status.WRONG),
        (0, "Answer: 3+4", Status.UNPARSABLE),
        (0, "that makes 7", Status.NO_ANSWER),
        (0, "Answer: 8\n\\boxed{7}", Status.WRONG),
        (0, "Answer: 8\n#### 7", Status.WRONG),
        (1, "Answer: 25%", Status.CORRECT),
        (1, "Answer: 25", Status.CORRECT),
        (2, "Answer: 1200", Status.CORRECT),
        (2, "Answer: 1200%", Status.WRONG),
    ],
)
def test_the_first_final_line_decides(source: RowSource, index: int, response: str, status: Status) -> None:
    problem = source.problem("test", index)
    assert source.dataset.verify(problem, response).status is status
    assert source.dataset.check_answer(problem.view, response) is None


@pytest.mark.parametrize(
    ("step", "final"),
    [
        ("Answer: 7", True),
        ("#### 7", True),
        ("so \\boxed{7}.", True),
        ("so \\boxed{7", False),
        ("the Answer: 7", False),
    ],
)
def test_a_marked_line_ends_the_episode(source: RowSource, step: str, final: bool) -> None:
    mdp = make_mdp(source, level="step")
    assert source.dataset.is_final(step) is final
    assert mdp.step(mdp.initial(source.problem("test", 0).view), step).state.done is final
    assert mdp.step(mdp.initial(source.problem("test", 0).view), step + END).state.done


@pytest.mark.parametrize(
    ("steps", "step", "verdict"),
    [
        ((), "She has 3+4=<<3+4=7>>7 apples.", StepVerdict.USEFUL),
        ((), "She has 3 + 4 = 7 apples.", StepVerdict.USEFUL),
        ((), "That is 0.2 x 50 = $10.", StepVerdict.USEFUL),
        ((), "80,000+50,000=$130,000", StepVerdict.USEFUL),
        ((), "10/3=3.33 each", StepVerdict.USEFUL),
        ((), "2*(3+4) = 14", StepVerdict.USEFUL),
        (("3+4=7",), "so 3 + 4 = 7", StepVerdict.REDUNDANT),
        ((), "She has 3+4=<<3+4=8>>8 apples.", StepVerdict.INVALID),
        ((), "3+4=8 and 1+1=2", StepVerdict.INVALID),
        ((), "10/3=3", StepVerdict.INVALID),
        ((), "10/3=3.43", StepVerdict.INVALID),
        ((), "5=5", StepVerdict.UNPARSABLE),
        ((), "20% of 50 + 3 = 13", StepVerdict.REDUNDANT),
        ((), "2 + 1 1/2 = 3 1/2 cups", StepVerdict.REDUNDANT),
        ((), "6:00+48=6:48", StepVerdict.UNPARSABLE),
        ((), "100/5 = 5A/5", StepVerdict.REDUNDANT),
        ((), "She eats some.", StepVerdict.REDUNDANT),
        ((), "...", StepVerdict.UNPARSABLE),
        ((), "Answer: 7", StepVerdict.USEFUL),
        ((), "Answer: seven", StepVerdict.INVALID),
    ],
)
def test_a_line_is_judged_by_the_calculations_in_it(
    source: RowSource, steps: tuple[str, ...], step: str, verdict: StepVerdict
) -> None:
    assert source.dataset.check_step(source.problem("test", 0).view, steps, step) is verdict


@pytest.mark.parametrize("piece", ["1+", "(", "1=", "<<", "9", "- ", "1 ", "1,", "\\boxed{", "x "])
def test_long_lines_are_judged_quickly(source: RowSource, piece: str) -> None:
    view = View("gsm8k", 0, 0, "test", 0, "q", Frozen())
    for length in (400, 900, 50_000):
        assert isinstance(source.dataset.check_step(view, (), piece * (length // len(piece))), StepVerdict)


@needs_data
def test_every_published_answer_is_judged_correct_against_itself() -> None:
    path = PUBLISHED / "train.jsonl"
    source = GSM8K.open(str(path))
    assert len(source) == 7473
    for index, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        problem = source.problem("train", index)
        assert source.dataset.verify(problem, json.loads(line)["answer"]).correct, line
        assert source.dataset.verify(problem, f"Answer: {problem.reference.value}").correct
        assert not source.dataset.verify(problem, f"Answer: {problem.reference.value}1").correct


@needs_data
def test_hardly_any_published_step_is_called_invalid() -> None:
    path = PUBLISHED / "test_first_half.jsonl"
    source = GSM8K.open(str(path))
    verdicts = [
        source.dataset.check_step(source.problem("test", index).view, (), step)
        for index, line in enumerate(path.read_text(encoding="utf-8").splitlines())
        for step in json.loads(line)["answer"].split("\n")
    ]
    assert verdicts.count(StepVerdict.INVALID) < len(verdicts) / 200
    assert verdicts.count(StepVerdict.USEFUL) > len(verdicts) * 0.9


@pytest.mark.parametrize("answer", ["7", "7.0"])
def test_an_answer_may_be_a_bare_number(tmp_path: Path, answer: str) -> None:
    path = write(tmp_path / "numbers.jsonl", [f'{{"question": "3+4?", "answer": {answer}}}'])
    source = open_source("gsm8k", data=str(path))
    problem = source.problem("test", 0)
    assert source.rules_of(problem.view).verify(problem, "Answer: 7").correct


def test_a_file_may_be_gzipped_marked_or_an_array(tmp_path: Path) -> None:
    rows = [{"question": "3+4?", "answer": "#### 7"}, {"question": "3+5?", "answer": "#### 8", "more": float("nan")}]
    lines = "\r\n".join(map(json.dumps, rows))
    written = {
        "a.jsonl": f"\ufeff{lines}".encode(),
        "b.jsonl.gz": gzip.compress(lines.encode()),
        "c.json": json.dumps(rows, indent=2).encode(),
    }
    for name, content in written.items():
        (tmp_path / name).write_bytes(content)
        assert len(GSM8K.open(str(tmp_path / name))) == 2
    with pytest.raises(FileNotFoundError, match="there is no file"):
        GSM8K.open("data/missing.jsonl.gz")

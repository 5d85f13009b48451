"""What has changed since a result was stored: a line of a search, a gold answer, a row. The next run notices each."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reasonrl.agents.policies.core import Finish, Proposal, Sampling
from reasonrl.agents.search.registry import AGENTS
from reasonrl.benchmarks import bench, rescore
from reasonrl.benchmarks.ageing import ageing_of
from reasonrl.benchmarks.bench import CHANGED, BenchConfig, run_bench
from reasonrl.benchmarks.compare import summarise
from reasonrl.benchmarks.identity import Code
from reasonrl.benchmarks.report import ReportConfig
from reasonrl.benchmarks.report import main as report
from reasonrl.benchmarks.rescore import RescoreConfig
from reasonrl.benchmarks.store import Store
from reasonrl.envs import code_hash
from reasonrl.envs.core import END
from reasonrl.envs.families.math.chain_sum import ChainSum
from reasonrl.envs.mdp import State
from reasonrl.verifiers.core import reject
from rich.console import Console

Make = Callable[..., Any]

SEARCH = """
from dataclasses import dataclass

from reasonrl.agents.policies.core import Unit
from reasonrl.agents.search.core import Expand, Score

@dataclass(frozen=True)
class Config:
    temperature: float = 1.0

def search(tree, config: Config):
    for _ in range({times}):
        leaves = yield Expand([tree.root], 1, Unit.SOLUTION, config.temperature)
        yield Score(leaves)
"""


def run(config: BenchConfig, policy: Any) -> str:
    """Runs the benchmark, and returns what it printed."""
    printed = io.StringIO()
    run_bench(config, policy=policy, console=Console(file=printed, width=400, highlight=False))
    return printed.getvalue()


def shown(config: BenchConfig, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """What the report prints, and its page."""
    page = Path(config.store).with_suffix(".html")
    capsys.readouterr()
    report(ReportConfig(store=config.store, page=str(page)))
    return capsys.readouterr().out, page.read_text()


@pytest.fixture
def config(tmp_path: Path) -> BenchConfig:
    return BenchConfig(
        env=("reasonrl/ChainSum-v0",),
        agents=("greedy", "mine"),
        budgets=(64, 128),
        limit=6,
        difficulty=(2,),
        store=str(tmp_path / "store.sqlite"),
    )


def load_search(path: Path, times: int) -> Any:
    path.write_text(SEARCH.format(times=times))
    code_hash._read.cache_clear()
    space: dict[str, Any] = {"__name__": "mine"}
    exec(compile(path.read_text(), str(path), "exec", dont_inherit=True), space)
    return space["search"]


def test_a_changed_line_of_a_search_is_noticed_marked_and_run_again_with_fresh(
    config: BenchConfig,
    make_policy: Make,
    register: Make,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "mine.py"
    register("mine", replace(AGENTS["best_of_n"], algorithm=load_search(path, times=1)))
    run(config, make_policy(skill=0.5))
    with Store(config.store) as store:
        before = {(c.agent, r.problem, r.budget): r for c, r in store.results()}
    text, page = shown(config, capsys)
    assert "†" not in text + page

    register("mine", replace(AGENTS["best_of_n"], algorithm=load_search(path, times=4)))
    again = make_policy(skill=0.5)
    printed = run(config, again)
    assert "mine: 6 of 6 were made by code that has changed since: --fresh runs them again" in printed
    assert "greedy: 6" not in printed
    assert again.asked == 0
    with Store(config.store) as store:
        assert {(c.agent, r.problem, r.budget): r for c, r in store.results()} == before
        marks = {row.series.agent: ageing_of(store).mark(row) for row in summarise(store.results())}
    assert marks == {"greedy": "", "mine": "†"}
    text, page = shown(config, capsys)
    assert text.count("]†") == 2
    assert "mine.py" in text
    assert "--fresh" in text
    assert "]</span>†" in page
    assert "mine.py" in page

    printed = run(replace(config, fresh=True), again)
    assert again.asked > 0
    with Store(config.store) as store:
        after = {(c.agent, r.problem, r.budget): r for c, r in store.results()}
    assert after.keys() == before.keys()
    assert {key: after[key] for key in after if key[0] == "greedy"} == {
        key: before[key] for key in before if key[0] == "greedy"
    }
    assert any(after[key].tokens > before[key].tokens for key in after)
    assert "†" not in "".join(shown(config, capsys))
    asked = again.asked
    run(replace(config, fresh=True), again)
    assert again.asked == asked  # what is today's is not run again

    path.write_text("# a comment\n" + path.read_text().replace("\n\n", "\n\n\n"))
    code_hash._read.cache_clear()
    assert "†" not in "".join(shown(config, capsys))


def test_a_changed_line_of_a_search_or_guide_named_by_its_file_is_noticed(
    config: BenchConfig, make_policy: Make, tmp_path: Path
) -> None:
    search, guide = tmp_path / "mine.py", tmp_path / "guide.py"
    search.write_text(
        SEARCH.format(times=2).replace("tree, config: Config", "tree").replace("config.temperature", "1.0")
    )
    guide.write_text(
        "from reasonrl.agents.search.guides import PolicyLogprob\n\nclass Mine(PolicyLogprob):\n    name = 'mine'\n"
    )
    agents = (f"{search}:search", f"best_of_n:feedback+{guide}:Mine", "best_of_n")
    config = replace(config, agents=agents, limit=2)
    run(config, make_policy())
    assert CHANGED not in run(config, make_policy())
    for path, changed in ((search, {agents[0]}), (guide, {agents[0], agents[1]})):
        path.write_text(path.read_text() + "\nCHANGED = 1\n")
        code_hash._read.cache_clear()
        lines = run(config, make_policy()).split("\n")
        assert {line.split(" test ")[1].split(": ")[0] for line in lines if CHANGED in line} == changed


@pytest.mark.parametrize(
    ("module", "marked"),
    [
        ("reasonrl.agents.search.algorithms.mcts", {"mcts"}),
        ("reasonrl.agents.search.driver", {"greedy", "mcts", "beam"}),
        ("reasonrl.envs.families.math.chain_sum", {"greedy", "mcts", "beam"}),
        ("reasonrl.envs.families.math.countdown", set()),
        ("reasonrl.agents.learning.grpo", set()),
    ],
)
def test_a_changed_line_of_ours_marks_what_hangs_on_it_and_nothing_else(
    config: BenchConfig,
    make_policy: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    marked: set[str],
) -> None:
    run(replace(config, agents=("greedy", "mcts", "beam"), limit=2), make_policy())
    original = code_hash._path_of(module)
    assert original is not None
    changed = tmp_path / "changed.py"
    changed.write_text(original.read_text() + "\nCHANGED = 1\n")
    find = code_hash._path_of
    monkeypatch.setattr(code_hash, "_path_of", lambda name: changed if name == module else find(name))
    with Store(config.store) as store:
        ageing = ageing_of(store)
        rows = summarise(store.results())
    assert {row.series.agent for row in rows if "†" in ageing.mark(row)} == marked
    assert all(module.removeprefix("reasonrl.") in note for note in ageing.notes(rows))


ROWS = [(3, 4, "7"), (5, 6, "11"), (8, 9, "17")]


def write_rows(path: Path, rows: list[tuple[int, int, str]]) -> None:
    records = [{"question": f"What is {a} plus {b}?", "answer": f"Add.\n#### {gold}"} for a, b, gold in rows]
    path.write_text("".join(json.dumps(each) + "\n" for each in records))


class Adder:
    """Says the sum of the two numbers in the question, or for the second and later samples one more."""

    name = "adder"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def propose(self, states: list[State], counts: list[int], keys: list[int], sampling: Sampling) -> list[Any]:
        self.asked += [state.view.prompt for state in states]
        return [[self._one(state, bool(key % 2))] for state, key in zip(states, keys, strict=True)]

    def _one(self, state: State, odd: bool) -> Proposal:
        total = sum(int(word.strip("?")) for word in state.view.prompt.split() if word.strip("?").isdigit())
        text = f"Answer: {total + (odd and len(self.asked) > 3)}"
        return Proposal(text + END, -1.0, len(text), 1, Finish.END)


@pytest.fixture
def rows_config(tmp_path: Path) -> BenchConfig:
    write_rows(tmp_path / "rows.jsonl", ROWS)
    return BenchConfig(
        env=("reasonrl/GSM8K-v0",),
        agents=("greedy", "majority"),
        budgets=(60,),
        limit=10,
        data=str(tmp_path / "rows.jsonl"),
        store=str(tmp_path / "store.sqlite"),
    )


def verdicts(config: BenchConfig, agent: str = "greedy") -> list[bool | None]:
    with Store(config.store) as store:
        return [result.correct for cell, result in store.results() if cell.agent == agent]


def test_a_corrected_gold_answer_gives_new_verdicts_and_asks_nobody(
    rows_config: BenchConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rows(tmp_path / "rows.jsonl", [*ROWS[:2], (8, 9, "18")])
    first = Adder()
    run(rows_config, first)
    assert verdicts(rows_config) == [True, True, False]
    write_rows(tmp_path / "rows.jsonl", ROWS)
    second = Adder()
    printed = run(rows_config, second)
    assert second.asked == []
    assert "2 stored answers judged anew, since the references have changed" in printed
    assert verdicts(rows_config) == [True, True, True]
    with Store(rows_config.store) as store:
        covered = {row.series.agent: row.coverage for row in summarise(store.results())}
    assert covered["greedy"] == 1.0
    assert "judged anew" not in run(rows_config, second)


def test_a_row_whose_text_was_mended_is_asked_again_and_the_others_are_not(
    rows_config: BenchConfig, tmp_path: Path
) -> None:
    run(rows_config, Adder())
    write_rows(tmp_path / "rows.jsonl", [ROWS[0], (5, 7, "12"), ROWS[2]])
    policy = Adder()
    printed = run(replace(rows_config, agents=("greedy",)), policy)
    assert "of the problems in the store 1 changed since" in printed
    assert policy.asked == ["What is 5 plus 7?"]
    assert len(verdicts(rows_config)) == 3
    assert len(verdicts(rows_config, "majority")) == 2  # its answer to the row as it was does not count


def test_a_deleted_row_leaves_the_table_and_comes_back_with_the_row(
    rows_config: BenchConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(rows_config, Adder())
    write_rows(tmp_path / "rows.jsonl", ROWS[:2])
    policy = Adder()
    printed = run(rows_config, policy)
    assert "of the problems in the store 1 gone since" in printed
    assert policy.asked == []
    assert len(verdicts(rows_config)) == len(verdicts(rows_config, "majority")) == 2
    assert "8 plus 9" not in shown(rows_config, capsys)[1]
    write_rows(tmp_path / "rows.jsonl", ROWS)
    run(rows_config, policy)
    assert policy.asked == []
    assert len(verdicts(rows_config)) == 3


def test_fewer_problems_asked_for_are_no_deleted_rows(rows_config: BenchConfig) -> None:
    run(rows_config, Adder())
    assert "gone" not in run(replace(rows_config, limit=1), Adder())
    assert len(verdicts(rows_config)) == 3


def test_an_oracle_that_saw_the_old_reference_is_run_again(rows_config: BenchConfig, tmp_path: Path) -> None:
    config = replace(rows_config, agents=("best_of_n:hidden_verifier",))
    run(config, Adder())
    write_rows(tmp_path / "rows.jsonl", [*ROWS[:2], (8, 9, "18")])
    policy = Adder()
    run(config, policy)
    assert set(policy.asked) == {"What is 8 plus 9?"}


def test_rescore_judges_stored_answers_with_todays_judge(
    config: BenchConfig, make_policy: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = replace(config, agents=("greedy", "majority"))
    with monkeypatch.context() as strict:  # a judge of another day, which let nothing pass
        strict.setattr(ChainSum, "verify", lambda *_: reject(None, method="strict", reason="nothing passes"))
        strict.setattr(bench, "judge_code", lambda family: Code("strict", {"reasonrl.verifiers.core": "0"}))
        run(config, make_policy(skill=0.9))
    with Store(config.store) as store:
        before = list(store.results())
    assert not any(result.correct for _, result in before)
    printed, page = shown(config, capsys)
    assert "‡" in printed
    assert "reasonrl rescore" in page
    rescore.main(RescoreConfig(store=config.store))
    printed = capsys.readouterr().out
    assert "wrong -> correct" in printed
    with Store(config.store) as store:
        after = list(store.results())
    assert any(result.correct for _, result in after)
    assert any(candidate.correct for _, result in after for candidate in result.candidates)
    assert [(r.answer, r.tokens, r.code) for _, r in after] == [(r.answer, r.tokens, r.code) for _, r in before]
    assert "‡" not in shown(config, capsys)[0]
    rescore.main(RescoreConfig(store=config.store))
    assert " 0 " in capsys.readouterr().out


def test_rescore_finds_the_data_file_of_the_last_run_and_passes_over_rows_that_are_gone(
    rows_config: BenchConfig, tmp_path: Path
) -> None:
    run(rows_config, Adder())
    write_rows(tmp_path / "rows.jsonl", [(3, 4, "8"), (5, 7, "12")])  # another gold, another text, one gone
    (change,) = rescore.rescore(RescoreConfig(store=rows_config.store)).values()
    assert (change.judged, change.skipped) == (2, 4)
    assert change.moves == {("correct", "wrong"): 2}


def test_rescore_without_a_store_or_results_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="reasonrl bench"):
        rescore.rescore(RescoreConfig(store=str(tmp_path / "nowhere.sqlite")))
    Store(tmp_path / "empty.sqlite").close()
    with pytest.raises(ValueError, match="no results yet"):
        rescore.rescore(RescoreConfig(store=str(tmp_path / "empty.sqlite")))

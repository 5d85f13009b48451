"""`reasonrl verify`: a JSON verdict per pair, an exit code, and mistakes that name their line."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from reasonrl.verifiers import code as code_judges
from reasonrl.verifiers.command import VerifyConfig, main

PROOF = {"premises": ["A>B", "A"], "goal": "B"}
CODE = {"entry_point": "f", "tests": [[[1], 2], [[2], 3]]}


def run(config: VerifyConfig, capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, Any]], int]:
    code = 0
    try:
        main(config)
    except SystemExit as stop:
        code = int(stop.code or 0)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()], code


def write(path: Path, *rows: Any) -> str:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return str(path)


@pytest.mark.parametrize(
    ("gold", "pred", "kind", "status", "code"),
    [
        ("3/4", "so\nAnswer: 0.75", "math", "correct", 0),
        ("3/4", "Answer: 0.7", "number", "wrong", 1),
        ("3/4", "I do not know", "math", "no_answer", 1),
        ("", "Answer: 1", "number", "bad_reference", 2),
        (json.dumps(PROOF), "3 B MP 1 2", "proof", "correct", 0),
        (json.dumps(PROOF), "3 B MT 1 2", "proof", "wrong", 1),
        (json.dumps(CODE), "```python\ndef f(x):\n return x+1\n```", "code", "correct", 0),
        (json.dumps(CODE), "def f(x):\n return x", "code", "wrong", 1),
    ],
)
def test_one_pair(gold: str, pred: str, kind: Any, status: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    rows, found = run(VerifyConfig(gold=gold, pred=pred, kind=kind), capsys)
    assert [row["status"] for row in rows] == [status]
    assert found == code
    assert rows[0]["correct"] is (status == "correct")
    assert (rows[0]["score"] is None) is (status == "bad_reference")


HUMANEVAL = {
    "prompt": "def f(x):\n",
    "test": "def check(candidate):\n    assert candidate(1) == 2\n",
    "entry_point": "f",
}
MBPP = {"test_list": ["assert f(1) == 2"], "code": "def f(x):\n return x+1"}


@pytest.mark.skipif(not hasattr(code_judges, "verify_mbpp"), reason="the judges of whole data sets are not here")
@pytest.mark.parametrize(("kind", "gold"), [("humaneval", HUMANEVAL), ("mbpp", MBPP)])
def test_rows_of_code_data_sets(kind: Any, gold: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for body, code in (("x+1", 0), ("x", 1)):
        config = VerifyConfig(gold=json.dumps(gold), pred=f"def f(x):\n    return {body}\n", kind=kind)
        rows, found = run(config, capsys)
        assert found == code, rows


def test_a_file_gives_a_verdict_per_line_and_the_worst_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = tmp_path / "pairs.jsonl"
    right = {"gold": "5", "pred": "\\boxed{5}"}
    path = write(
        pairs, right, "", {"gold": 7, "pred": "#### 7"}, {"gold": PROOF, "pred": "3 B MP 1 2", "kind": "proof"}
    )
    rows, code = run(VerifyConfig(file=path), capsys)
    assert [row["correct"] for row in rows] == [True, True, True]
    assert code == 0
    rows, code = run(VerifyConfig(file=write(pairs, right, {"gold": "5", "pred": "6"}, right)), capsys)
    assert [row["correct"] for row in rows] == [True, False, True]
    assert code == 1


def test_standard_input_is_a_file_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"gold": "5", "pred": "Answer: 5"}\n'))
    rows, code = run(VerifyConfig(file="-"), capsys)
    assert (rows[0]["correct"], code) == (True, 0)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "5",
        '{"gold": "5"}',
        '{"gold": "5", "pred": 5}',
        '{"gold": null, "pred": "5"}',
        '{"gold": true, "pred": "5"}',
        '{"gold": "5", "pred": "5", "kind": "sorcery"}',
        '{"gold": "5", "pred": "5", "kind": "proof"}',
        '{"gold": {"premises": ["A"]}, "pred": "5", "kind": "proof"}',
        '{"gold": {"entry_point": "f", "tests": 5}, "pred": "5", "kind": "code"}',
        "[" * 100_000,
    ],
    ids=range(12),
)
def test_a_malformed_line_is_named_by_its_number_and_the_others_are_judged(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(
        tmp_path / "pairs.jsonl", {"gold": "5", "pred": "Answer: 5"}, "", line, {"gold": "5", "pred": "Answer: 5"}
    )
    rows, code = run(VerifyConfig(file=path), capsys)
    assert [row["line"] for row in rows] == [1, 3, 4]
    assert [row["status"] for row in rows] == ["correct", "error", "correct"]
    assert "pairs.jsonl, line 3: " in rows[1]["reason"]
    assert code == 2


@pytest.mark.parametrize(
    "config",
    [
        VerifyConfig(),
        VerifyConfig(gold="5"),
        VerifyConfig(pred="5"),
        VerifyConfig(gold="5", pred="5", file="pairs.jsonl"),
        VerifyConfig(gold="5", file="pairs.jsonl"),
    ],
)
def test_it_wants_one_pair_or_a_file(config: VerifyConfig) -> None:
    with pytest.raises(ValueError, match="give --gold and --pred, or --file"):
        main(config)


def test_a_missing_or_binary_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no file"):
        main(VerifyConfig(file=str(tmp_path / "nothing.jsonl")))
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="UTF-8"):
        main(VerifyConfig(file=str(tmp_path / "binary.jsonl")))


def test_what_a_verdict_says_is_one_line_of_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    main_config = VerifyConfig(gold="5", pred="Answer: \ud800\n\x00\u2028")
    rows, code = run(main_config, capsys)
    assert len(rows) == 1
    assert code == 1


@pytest.mark.parametrize(
    ("pair", "status"),
    [
        ({"gold": "7", "pred": None}, "no_answer"),
        ({"gold": 7, "pred": "Answer: 7"}, "correct"),
        ({"gold": 7.0, "pred": "Answer: 7"}, "correct"),
        ({"gold": 0.5, "pred": "Answer: 1/2"}, "correct"),
        ({"gold": ["7", "seven"], "pred": "Answer: 7"}, "correct"),
        ({"gold": [8, 7], "pred": "Answer: 7", "kind": "number"}, "correct"),
        ({"gold": [8, 9], "pred": "Answer: 7"}, "wrong"),
        ({"gold": [], "pred": "Answer: 7"}, "bad_reference"),
        ({"gold": "", "pred": "Answer: 7"}, "bad_reference"),
        ({"gold": "7", "pred": [{"role": "assistant", "content": "Answer: 7"}]}, "correct"),
        ({"gold": "7", "pred": [{"role": "user", "content": "Answer: 7"}]}, "no_answer"),
        ({"gold": "7", "pred": {"role": "assistant", "content": None}}, "no_answer"),
        ({"gold": PROOF, "pred": None, "kind": "proof"}, "no_answer"),
    ],
)
def test_numbers_nulls_lists_and_messages_are_data(
    pair: dict[str, Any], status: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, _ = run(VerifyConfig(file=write(tmp_path / "pairs.jsonl", pair, {"gold": "7", "pred": "Answer: 7"})), capsys)
    assert [row["status"] for row in rows] == [status, "correct"]

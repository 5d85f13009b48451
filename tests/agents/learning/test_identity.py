"""A run goes on, or says that it is over, only where it is the same run: settings, code and data."""

from __future__ import annotations

from pathlib import Path

import pytest
from reasonrl.agents.learning.grpo import learn
from reasonrl.agents.learning.identity import check_same, code_of, data_of, empty, modules_of
from reasonrl.envs.code_hash import closure
from reasonrl.envs.registry import open_source

from .test_problems import write_rows
from .toys import toy_config, toy_policy

SAME = {"config": {"a": 1}, "code": {"m": "1", "n": "2"}, "data": "d"}


def test_the_code_is_what_acts_judges_and_learns_and_no_other_family() -> None:
    found = code_of("reasonrl.agents.learning.grpo", *modules_of(open_source("reasonrl/ChainSum-v0")))
    for name in ("agents.learning.losses", "agents.policies.sampler", "envs.mdp", "envs.families.math.chain_sum"):
        assert f"reasonrl.{name}" in found
    assert not any(word in name for name in found for word in ("sudoku", "knights", "benchmarks", "gsm8k", "endpoint"))


def test_a_data_sets_code_counts_where_its_problems_are_learned(tmp_path: Path) -> None:
    source = open_source("reasonrl/GSM8K-v0", data=str(write_rows(tmp_path / "rows.jsonl", 3)))
    assert {"reasonrl.envs.datasets.gsm8k", "reasonrl.verifiers.answers"} <= code_of(*modules_of(source)).keys()


def test_comments_and_docstrings_are_no_code(tmp_path: Path) -> None:
    def hash(text: str) -> str:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.py"
        path.write_text(text)
        return closure([str(path)])[str(path)]

    assert hash('"""One."""\ndef f():\n    """Two."""\n    return 1  # three') == hash("def f():\n\n    return 1")
    assert hash("def f():\n    return 1") != hash("def f():\n    return 2")
    assert hash('x = "one"') != hash('x = "two"')


def test_the_data_is_its_rows(tmp_path: Path) -> None:
    def hash(count: int, gold: str = "4") -> str:
        path = write_rows(tmp_path / f"{count}{gold}.jsonl", count)
        path.write_text(path.read_text().replace("#### 4", f"#### {gold}"))
        return data_of(open_source("reasonrl/GSM8K-v0", data=str(path)), [("train", index) for index in range(count)])

    assert hash(5) == hash(5)
    assert len({hash(5), hash(4), hash(5, "5")}) == 3


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"config": {"a": 2}}, "other settings"),
        ({"code": {"m": "1", "n": "3"}}, r"the code has changed since \(n\): add --fresh"),
        ({"code": {"m": "1"}}, r"\(n\)"),
        ({"code": {"m": "1", "n": "2", "o": "3"}}, r"\(o\)"),
        ({"data": "e"}, "the rows of its data have changed since: add --fresh"),
    ],
)
def test_a_run_that_is_another_one_is_refused(tmp_path: Path, change: dict[str, object], expected: str) -> None:
    check_same(SAME, SAME, folder=tmp_path)
    with pytest.raises(ValueError, match=expected):
        check_same(SAME, SAME | change, folder=tmp_path)


def test_a_run_of_an_earlier_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the code has changed since"):
        check_same({"config": {"a": 1}}, SAME, folder=tmp_path)


def test_a_finished_run_says_that_nothing_is_run_and_fresh_runs_it_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = toy_config(tmp_path / "run", steps=1, evaluate_every=0)
    learn(toy_policy(), config)
    assert "nothing is run" not in capsys.readouterr().out
    written = (tmp_path / "run" / "metrics.jsonl").read_text()
    learn(toy_policy(), config)
    assert "finished at step 1: nothing is run again; add --fresh" in capsys.readouterr().out.replace("\n", "")
    assert (tmp_path / "run" / "metrics.jsonl").read_text() == written
    learn(toy_policy(), toy_config(tmp_path / "run", steps=1, evaluate_every=0, fresh=True))
    assert "nothing is run" not in capsys.readouterr().out
    assert (tmp_path / "run" / "metrics.jsonl").read_text() != written  # other times


def test_only_what_a_run_writes_is_deleted(tmp_path: Path) -> None:
    for name in ("checkpoint.pt", "metrics.jsonl", "events.out.tfevents.1", "notes.txt", "policy/config.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    empty(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]

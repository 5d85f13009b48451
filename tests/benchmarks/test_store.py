"""The store: nothing is lost, nothing is mixed up, nothing foreign is touched."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reasonrl.benchmarks.records import Candidate, Cell, Result, Standing, Step, canonical
from reasonrl.benchmarks.store import VERSION, Store

CELL = Cell("reasonrl/ChainSum-v0", "{}", "test", "scripted", "greedy", "{}", canonical({"max_tokens": 256}), 0)
RESULT = Result(
    problem="chain_sum-v0/test/3/0",
    budget=128,
    answer="1+2=3\nAnswer: 3",
    status="correct",
    score=1.0,
    method="integer",
    reason="",
    grader="chain_sum-v0",
    tokens=17,
    guide_calls=0,
    verifier_calls=0,
    seconds=0.25,
    oracle=False,
    stop="done",
    candidates=(Candidate(17, True, "1+2=3\nAnswer: 3"),),
    steps=(Step("1+2=3", "useful"), Step("Answer: 3", "useful")),
    tree='{"root": 1}',
    content="asked",
    reference="gold",
    code="search",
    judge="judge",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "store.sqlite"


def test_what_is_stored_comes_back_equal_after_reopening(path: Path) -> None:
    with Store(path) as store:
        run = store.begin_run({"seed": 0})
        store.add(CELL, [RESULT], prompt="Compute 1+2.", run=run)
        store.end_run(run, 1.5)
    with Store(path, create=False) as store:
        assert list(store.results(trees=True, answers=True)) == [(CELL, RESULT)]
        bare = replace(RESULT, tree=None, candidates=(Candidate(17, True),))
        assert list(store.results(split="test")) == [(CELL, bare)]
        assert list(store.results(split="validation")) == []
        assert store.prompts() == {(CELL.env, CELL.options, RESULT.problem): "Compute 1+2."}
        (noted,) = store.runs()
    assert (noted.seconds, noted.config) == (1.5, {"seed": 0})
    assert noted.versions["reasonrl"]
    assert noted.machine["cores"] >= 1


@pytest.mark.parametrize("field", Cell._fields)
def test_results_are_kept_apart_by_every_part_of_the_key(path: Path, field: str) -> None:
    changed: dict[str, Any] = {field: 1 if field == "seed" else "other"}
    other = CELL._replace(**changed)
    with Store(path) as store:
        store.add(CELL, [RESULT], prompt="Compute 1+2.", run=store.begin_run({}))
        assert store.finished(CELL, 128) == {RESULT.problem: Standing("correct", "gold", "search", False)}
        assert store.finished(CELL, 64) == {}
        assert store.finished(other, 128) == {}


def test_a_config_from_before_a_setting_was_added_is_the_same_and_one_with_another_value_is_not(path: Path) -> None:
    with Store(path) as store:
        assert store.config_of("beam", {"width": 4, "guide": None}) == '{"width":4}'
        run = store.begin_run({})
        store.add(CELL._replace(agent="beam", config='{"width":4}'), [RESULT], prompt="p", run=run)
        assert store.config_of("beam", {"width": 4, "waves": 1}) == '{"width":4}'
        assert store.config_of("beam", {"width": 8, "waves": 1}) == '{"waves":1,"width":8}'
        assert store.config_of("mcts", {"width": 4, "waves": 1}) == '{"waves":1,"width":4}'
        store.add(CELL._replace(agent="beam", config='{"waves":1,"width":4}'), [RESULT], prompt="p", run=run)
        assert store.config_of("beam", {"width": 4, "waves": 1}) == '{"waves":1,"width":4}'


def test_a_result_that_is_there_is_not_overwritten(path: Path) -> None:
    with Store(path) as store:
        run = store.begin_run({})
        store.add(CELL, [RESULT], prompt="p", run=run)
        store.add(CELL, [replace(RESULT, answer="other"), replace(RESULT, budget=64)], prompt="p", run=run)
        assert [(r.budget, r.answer) for _, r in store.results()] == [(128, RESULT.answer), (64, RESULT.answer)]


def test_a_result_of_other_code_or_another_reference_is_replaced_where_it_stands(path: Path) -> None:
    other = RESULT.problem.replace("/0", "/1")
    with Store(path) as store:
        run = store.begin_run({})
        store.add(CELL, [RESULT], prompt="p", run=run)
        store.add(CELL, [replace(RESULT, problem=other)], prompt="q", run=run)
        for change in ({"code": "new search"}, {"code": "new search", "reference": "new gold"}):
            store.add(CELL, [replace(RESULT, answer=str(change), **change)], prompt="p", run=run)  # type: ignore[arg-type]
            found = [(result.problem, result.answer) for _, result in store.results()]
            assert found == [(RESULT.problem, str(change)), (other, RESULT.answer)]


def test_of_a_problem_that_changed_only_what_was_asked_last_counts_and_the_rest_can_come_back(path: Path) -> None:
    mended = replace(RESULT, content="asked otherwise", answer="other")
    place = (CELL.env, CELL.options)
    with Store(path) as store:
        run = store.begin_run({})
        store.add(CELL, [RESULT], prompt="Compute 1+2.", run=run)
        store.add(CELL, [mended], prompt="Compute 1+3.", run=run)
        assert [result.answer for _, result in store.results()] == ["other"]
        assert store.prompts() == {(*place, RESULT.problem): "Compute 1+3."}
        assert set(store.finished(CELL, 128)) == {RESULT.problem}
        store.settle(*place, {RESULT.problem: None})
        assert list(store.results()) == []
        assert (store.finished(CELL, 128), store.problems(*place)) == ({}, {})
        store.settle(*place, {RESULT.problem: "asked"})
        assert [result.answer for _, result in store.results()] == [RESULT.answer]


def test_new_verdicts_change_the_judgement_and_nothing_else(path: Path) -> None:
    with Store(path) as store:
        store.add(CELL, [RESULT, replace(RESULT, budget=64)], prompt="p", run=store.begin_run({}))
        candidates = (Candidate(17, False, "1+2=3\nAnswer: 3"),)
        wrong = replace(RESULT, status="wrong", score=0.0, reference="new", judge="new", candidates=candidates)
        store.judge_anew(CELL, [replace(wrong, tokens=0, answer="nothing", code="nothing")])
        (_, first), (_, second) = store.results(trees=True, answers=True)
    assert first == wrong
    assert second == replace(RESULT, budget=64)


def test_all_budgets_of_a_problem_are_committed_together_or_not_at_all(path: Path) -> None:
    with Store(path) as store:
        run = store.begin_run({})
        with pytest.raises(sqlite3.IntegrityError):
            store.add(CELL, [RESULT, replace(RESULT, budget=64, status=None)], prompt="p", run=run)  # type: ignore[arg-type]
        assert list(store.results()) == []


def test_a_store_of_another_version_is_refused_and_left_as_it_is(path: Path) -> None:
    Store(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    before = path.read_bytes()
    with pytest.raises(ValueError, match=rf"version {VERSION + 1} and this reasonrl reads version {VERSION}"):
        Store(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", ["text", "database"])
def test_a_file_that_is_no_store_is_refused_and_left_as_it_is(path: Path, content: str) -> None:
    path.parent.mkdir()
    if content == "text":
        path.write_text("my thesis " * 1000)
    else:
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE recipes (id)")
        db.close()
    before = path.read_bytes()
    with pytest.raises(ValueError, match="not a benchmark store"):
        Store(path)
    assert path.read_bytes() == before


def test_a_store_that_must_exist_is_asked_for_in_a_sentence(path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="reasonrl bench --store"):
        Store(path, create=False)
    assert not path.exists()


def test_two_open_stores_both_keep_what_they_add(path: Path) -> None:
    with Store(path) as first, Store(path) as second:
        first.add(CELL, [RESULT], prompt="p", run=first.begin_run({}))
        second.add(CELL, [replace(RESULT, budget=64)], prompt="p", run=second.begin_run({}))
        assert len(list(first.results())) == len(list(second.results())) == 2

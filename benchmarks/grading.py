"""Judgement after the search: of the answer, of every candidate, and of each line that is shown.

What a line is called (`Step.verdict`):

    useful      the family's rules accept it and it is new
    redundant   harmless, but it brings nothing new
    invalid     it does not follow
    unparsable  not in the form that the environment reads
    dead_end    it follows, but no right answer can be reached any more (where the family knows exactly)
    holds       its arithmetic holds; whether it belongs to a solution is not known (data sets)
    unchecked   nobody looked: a data set's rules know only its arithmetic, and no line is held against the reference
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from reasonrl.agents.search.core import SearchResult
from reasonrl.benchmarks.identity import content_of, judge_code, reference_of
from reasonrl.benchmarks.records import Candidate, Cell, Result, Step
from reasonrl.benchmarks.store import Store
from reasonrl.envs.core import Problem, Rules, View
from reasonrl.verifiers.core import Status, StepVerdict, Verdict, no_answer

DEAD_END, HOLDS, UNCHECKED = "dead_end", "holds", "unchecked"
_NOTHING_FINISHED = "no answer was finished within the budget"


class Judged(Protocol):
    """Verdicts by answer."""

    def __call__(self, answer: str | None) -> Verdict: ...


def judge(
    family: Rules,
    problem: Problem,
    found: SearchResult,
    budgets: Sequence[int],
    *,
    code: str = "",
    judged_by: str = "",
    keep_tree: bool = False,
) -> list[Result]:
    """One result a budget, from one search at the largest: what it would have answered with fewer tokens, judged.

    Args:
        code: key of the code that searched.
        judged_by: key of the code that judges.
        keep_tree: with the search tree, at the largest budget.
    """
    verdict_on = _memory(family, problem)
    candidates = [Candidate(each.tokens, _correct(verdict_on(each.answer)), each.answer) for each in found.candidates]
    results = []
    for budget in budgets:
        largest = budget == budgets[-1]
        answer = found.answer if largest else found.answer_at(budget)
        empty = Result(
            problem=problem.id,
            budget=budget,
            answer=answer,
            status="",
            score=None,
            method="",
            reason="",
            grader="",
            tokens=min(found.tokens, budget),
            guide_calls=found.guide_calls if largest else None,
            verifier_calls=found.verifier_calls if largest else None,
            seconds=found.seconds if largest else None,
            oracle=found.oracle,
            stop=found.stop.value if found.tokens <= budget else "tokens",
            candidates=tuple(each for each in candidates if each.tokens <= budget),
            content=content_of(problem),
            code=code,
            judge=judged_by,
        )
        results.append(_with_verdict(empty, problem, verdict_on(answer)))
    last = results[-1]
    lines = [] if last.answer is None else last.answer.split("\n")
    tree = json.dumps(found.tree.to_json()) if keep_tree else None
    return [*results[:-1], replace(last, steps=line_verdicts(family, problem.view, lines), tree=tree)]


def _anew(family: Rules, problem: Problem, result: Result, verdict_on: Judged) -> Result:
    """The stored result with today's verdicts on its answer, its candidates and its lines."""
    candidates = tuple(
        each if each.answer is None else each._replace(correct=_correct(verdict_on(each.answer)))
        for each in result.candidates
    )
    lines = [step.line for step in result.steps]
    judged = _with_verdict(result, problem, verdict_on(result.answer))
    return replace(judged, candidates=candidates, steps=line_verdicts(family, problem.view, lines))


def line_verdicts(family: Rules, view: View, lines: Sequence[str]) -> tuple[Step, ...]:
    """What each line of an answer is worth, no more than was looked at; see the list above."""
    if not lines:
        return ()
    exact: bool = getattr(family, "exact_potential", False)
    # what makes its problems itself knows their rules; a data set does not
    knows_rules = hasattr(family, "sample") or family.check_answer(view, "\n".join(lines)) is not None
    steps = []
    for position, line in enumerate(lines):
        before = list(lines[:position])
        verdict = str(family.check_step(view, before, line) or UNCHECKED)
        final = family.is_final(line)
        if not knows_rules:
            calculated = not final and verdict == StepVerdict.USEFUL
            wrong = not final and verdict == StepVerdict.INVALID
            verdict = HOLDS if calculated else verdict if wrong else UNCHECKED
        elif exact and verdict in (StepVerdict.USEFUL, StepVerdict.REDUNDANT):
            verdict = verdict if family.potential(view, [*before, line]) > 0.0 else DEAD_END
        steps.append(Step(line, verdict))
    return tuple(steps)


class Anew:
    """Judges what is stored on problems that are the same, but whose reference or judge is another by now."""

    def __init__(self, store: Store, *, split: str | None = None) -> None:
        self.store = store
        self.stored: dict[tuple[str, str, str], list[tuple[Cell, Result]]] = {}
        for cell, result in store.results(split=split, answers=True):
            self.stored.setdefault((cell.env, cell.options, result.problem), []).append((cell, result))

    def judge(
        self, env: str, options: str, problem: Problem, family: Rules, wanted: Callable[[Result], bool]
    ) -> list[tuple[Result, Result]]:
        """The results on this problem that are wanted, before and after; what is new is committed.

        An oracle looked at the reference while it searched: with another reference its answer is another, and it has
        to be run again.
        """
        verdict_on = _memory(family, problem)
        reference, code = reference_of(problem), judge_code(family)
        pairs = []
        for cell, result in self.stored.get((env, options, problem.id), ()):
            if wanted(result) and not (result.oracle and result.reference != reference):
                fresh = replace(_anew(family, problem, result, verdict_on), judge=code.key)
                self.store.judge_anew(cell, [fresh])
                pairs.append((result, fresh))
        if pairs:
            self.store.know_code(code)
        return pairs


def _memory(family: Rules, problem: Problem) -> Judged:
    """Judges each answer once."""
    verdicts: dict[str, Verdict] = {}

    def verdict_on(answer: str | None) -> Verdict:
        if answer is None:
            return no_answer(_NOTHING_FINISHED)
        if answer not in verdicts:
            verdicts[answer] = family.verify(problem, answer)
        return verdicts[answer]

    return verdict_on


def _correct(verdict: Verdict) -> bool | None:
    return verdict.correct if verdict.judged else None


def _with_verdict(result: Result, problem: Problem, verdict: Verdict) -> Result:
    return replace(
        result,
        status=Status(verdict.status).value,
        score=None if math.isnan(verdict.score) else verdict.score,
        method=verdict.method,
        reason=verdict.reason,
        grader=f"{problem.view.family}-v{problem.view.version}",
        reference=reference_of(problem),
    )

"""Runs many searches at once: gathers what they ask for into batches, meters it, keeps each one's best answer so far.

Sample i drawn at a node depends on (seed, problem, path, i) and on nothing else. So results do not depend on the batch,
and algorithms that start alike see the same samples: they are compared on common random numbers.

A search gets `View`s: no reference ever comes near it. Only a guide marked as an oracle knows more.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from reasonrl.agents.policies.core import Policy, Sampling, Unit
from reasonrl.agents.search.budget import Budget, Ledger
from reasonrl.agents.search.core import Algorithm, SearchError, SearchResult, SearchTask
from reasonrl.agents.search.guides.core import Guide, checked_scores
from reasonrl.agents.search.pending import Drawing, Job, Pace, Scoring
from reasonrl.agents.search.searcher import Searcher
from reasonrl.agents.search.selection import Select, Vote, ballot
from reasonrl.agents.search.tree import Tree
from reasonrl.envs.core import View
from reasonrl.envs.mdp import MDP
from reasonrl.envs.seeding import digest


def search_many(
    views: Iterable[View],
    task: SearchTask,
    *,
    algorithm: Algorithm,
    budget: Budget,
    guide: Guide | None = None,
    select: Select = Select.SCORE,
    vote: Vote | None = None,
    trees: Mapping[str, Tree] | None = None,
    on_done: Callable[[SearchResult], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> list[SearchResult]:
    """Searches every problem; results come back in the order of `views`.

    Args:
        views: the problems, without their references.
        task: where the problems come from, who proposes, and the limits of an answer.
        algorithm: the search, see `agents.search.registry`.
        budget: for each problem.
        guide: scores nodes; without one all finished answers are equal and the majority's is chosen.
        select: how the answer is chosen among those that are finished.
        vote: which answers count as equal; those that the judge takes for the same when left out.
        trees: by a problem's id the tree of an earlier search, which grows on; its samples count as they are, cost
            nothing again, and it keeps its own seed. Problems that are not among them begin anew.
        on_done: gets each result as soon as it is there.
        clock: seconds, for the budget and the results.

    Raises:
        SearchError: an algorithm or a guide failed on some problems; raised when all others are done.
        Exception: whatever the policy raises, at once; finished results have gone to `on_done`.
    """
    mdp = task.mdp()
    results: dict[int, SearchResult] = {}
    errors: dict[str, Exception] = {}
    waiting = enumerate(views)
    live: list[Searcher] = []
    pace = Pace()
    while True:
        while len(live) < task.batch_size and (following := next(waiting, None)) is not None:
            position, view = following
            try:
                run = Searcher(
                    _tree(view, task, mdp, guide, None if trees is None else trees.get(view.id)),
                    position=position,
                    mdp=mdp,
                    algorithm=algorithm,
                    ledger=Ledger(budget),
                    guide=guide,
                    max_tokens=task.max_tokens,
                    select=select,
                    vote=vote or functools.partial(ballot, judge=task.source.rules_of(view)),
                )
            except Exception as error:
                errors[view.id] = error
                continue
            run.advance(None)
            live.append(run)
        if not live:
            break
        _expand([(run, run.pending) for run in live if isinstance(run.pending, Drawing)], task.policy, pace, clock)
        if guide is not None:
            _score([(run, run.pending) for run in live if isinstance(run.pending, Scoring)], guide, clock)
        for run in live:
            if run.error is not None:
                errors[run.tree.view.id] = run.error
            elif run.stop is not None:
                results[run.position] = result = run.result(run.stop)
                if on_done is not None:
                    on_done(result)
        live = [run for run in live if run.error is None and run.stop is None]
    done = [results[position] for position in sorted(results)]
    if errors:
        raise SearchError(errors, done)
    return done


def _tree(view: View, task: SearchTask, mdp: MDP, guide: Guide | None, earlier: Tree | None) -> Tree:
    """The tree to grow: the earlier one, or a root."""
    name = None if guide is None else guide.name
    if earlier is None:
        low, high = (0.0, 1.0) if guide is None else guide.range
        return Tree(
            mdp.initial(view),
            judge=task.source.rules_of(view),
            seed=task.seed,
            low=low,
            high=high,
            guide=name,
            attempts=task.attempts,
            max_tokens=task.max_tokens,
        )
    if earlier.view != view or earlier.guide != name:
        raise ValueError(
            f"the tree is of {earlier.view.id} under the guide {earlier.guide}, and cannot grow on for {view.id} under "
            f"{name}: its scores would mean something else"
        )
    earlier.resume(attempts=task.attempts, max_tokens=task.max_tokens)
    return earlier


def _expand(runs: Sequence[tuple[Searcher, Drawing]], policy: Policy, pace: Pace, clock: Callable[[], float]) -> None:
    """Draws the next wave of every run, in one call for each unit, temperature and limit."""
    groups: dict[tuple[Unit, float, int | None], list[tuple[Searcher, Drawing, Job]]] = {}
    for run, drawing in runs:
        request = drawing.request
        group = groups.setdefault((request.unit, request.temperature, request.max_tokens), [])
        group.extend((run, drawing, job) for job in run.wave(drawing, pace))
    for (unit, temperature, most), drawn in groups.items():
        states = [job.start for _, _, job in drawn]
        keys = [digest(job.node.key, "sample", job.sample) for _, _, job in drawn]
        longest = max(run.room(job.node) for run, _, job in drawn)
        sampling = Sampling(unit, temperature, longest if most is None else min(longest, most))
        start = clock()
        try:
            proposals = policy.propose(states, [1] * len(states), keys, sampling)
        except Exception as error:
            error.add_note(f"while {policy.name} drew samples for {drawn[0][0].tree.view.id} and others of its batch")
            raise
        _share(clock() - start, [run for run, _, _ in drawn])
        for (run, drawing, job), (proposal,) in zip(drawn, proposals, strict=True):
            pace.note(unit, max(1, proposal.tokens))
            try:
                run.take(job, proposal, drawing)
            except Exception as error:  # the rules or the vote failed on what was said: this problem's own trouble
                run.error = error
    for run, drawing in runs:
        if run.error is None:
            run.drawn(drawing)


def _score(runs: Sequence[tuple[Searcher, Scoring]], guide: Guide, clock: Callable[[], float]) -> None:
    """Scores what every run has asked for, in one call."""
    if not runs:
        return
    start = clock()
    said: dict[int, tuple[list[float], list[int]]] = {}
    try:
        scores, tokens = checked_scores(guide, [node for _, scoring in runs for node in scoring.nodes])
        at = 0
        for run, scoring in runs:
            end = at + len(scoring.nodes)
            said[run.position] = scores[at:end], tokens[at:end]
            at = end
    except Exception:  # find out which problem it was, and let the others go on
        for run, scoring in runs:
            try:
                said[run.position] = checked_scores(guide, scoring.nodes)
            except Exception as error:
                run.error = error
    _share(clock() - start, [run for run, _ in runs])
    for run, scoring in runs:
        if run.error is None:
            run.scored(scoring, guide, *said[run.position])


def _share(seconds: float, runs: Sequence[Searcher]) -> None:
    """Divides the time of a call among the runs in it, by their number of rows."""
    for run in runs:
        run.ledger.seconds += seconds / len(runs)

"""Runs many searches at once: gathers what they ask for into batches, meters it, keeps each one's best answer so far.

Sample i drawn at a node depends on (seed, problem, path, i) and on nothing else. So results do not depend on the batch,
and algorithms that start alike see the same samples: they are compared on common random numbers.

A search gets `View`s: no reference ever comes near it. Only a guide marked as an oracle knows more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from reasonrl.agents.policies.core import Policy, Sampling, Unit
from reasonrl.agents.search.budget import Budget, Ledger
from reasonrl.agents.search.core import Algorithm, SearchError, SearchResult
from reasonrl.agents.search.guides import Guide
from reasonrl.agents.search.searcher import UNBOUNDED, Job, Pace, Searcher
from reasonrl.agents.search.selection import Vote
from reasonrl.agents.search.tree import Node
from reasonrl.envs.core import Source, View
from reasonrl.envs.mdp import MDP
from reasonrl.envs.seeding import digest
from reasonrl.envs.vocabulary import get_vocabulary


def search_many(
    views: Iterable[View],
    *,
    source: Source,
    policy: Policy,
    algorithm: Algorithm,
    budget: Budget,
    guide: Guide | None = None,
    seed: int = 0,
    batch_size: int = 16,
    max_steps: int = 32,
    max_tokens: int = 256,
    vote: Vote | None = None,
    on_done: Callable[[SearchResult], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> list[SearchResult]:
    """Searches every problem; results come back in the order of `views`.

    Args:
        views: the problems, without their references.
        source: knows the rules of each problem's family.
        algorithm: the search, see `agents.search.agents`.
        budget: for each problem.
        guide: scores nodes; without one all finished answers are equal and the majority's is chosen.
        batch_size: problems that are searched at the same time.
        max_steps: actions on one path; max_tokens: the policy's tokens on one path. Beyond them an answer is cut off.
        vote: which answers count as equal; those that the judge takes for the same when left out.
        on_done: gets each result as soon as it is there.
        clock: seconds, for the budget and the results.

    Raises:
        SearchError: an algorithm or a guide failed on some problems; raised when all others are done.
        Exception: whatever the policy raises, at once; finished results have gone to `on_done`.
    """
    if batch_size < 1 or max_steps < 1 or max_tokens < 1:
        limits = f"{batch_size}, {max_steps} and {max_tokens}"
        raise ValueError(f"batch_size, max_steps and max_tokens must be at least 1, got {limits}")
    # the policy counts tokens in its own alphabet, so the driver keeps that limit and the rules keep the one on steps
    mdp = MDP(source, level="step", vocabulary=get_vocabulary("char"), max_tokens=UNBOUNDED, max_steps=max_steps)
    results: dict[int, SearchResult] = {}
    errors: dict[str, Exception] = {}
    waiting = enumerate(views)
    live: list[Searcher] = []
    pace = Pace()
    while True:
        while len(live) < batch_size and (following := next(waiting, None)) is not None:
            position, view = following
            try:
                run = Searcher(
                    position, mdp, mdp.initial(view), algorithm, Ledger(budget), guide, seed, max_tokens, vote
                )
            except Exception as error:
                errors[view.id] = error
                continue
            run.advance(None)
            live.append(run)
        if not live:
            break
        _expand([run for run in live if run.jobs], policy, pace, clock)
        if guide is not None:
            _score([run for run in live if run.asked], guide, clock)
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


def _expand(runs: Sequence[Searcher], policy: Policy, pace: Pace, clock: Callable[[], float]) -> None:
    """Draws the next wave of every run, in one call for each unit and temperature."""
    groups: dict[tuple[Unit, float], list[tuple[Searcher, Job]]] = {}
    for run in runs:
        groups.setdefault((run.unit, run.temperature), []).extend((run, job) for job in run.wave(pace))
    for (unit, temperature), drawn in groups.items():
        states = [job.node.state for _, job in drawn]
        keys = [digest(job.node.key, "sample", job.sample) for _, job in drawn]
        longest = max(run.room(job.node) for run, job in drawn)
        start = clock()
        try:
            proposals = policy.propose(states, [1] * len(states), keys, Sampling(unit, temperature, longest))
        except Exception as error:
            error.add_note(f"while {policy.name} drew samples for {drawn[0][0].tree.view.id} and others of its batch")
            raise
        _share(clock() - start, [run for run, _ in drawn])
        for (run, job), (proposal,) in zip(drawn, proposals, strict=True):
            pace.note(unit, max(1, proposal.tokens))
            try:
                run.take(job.node, proposal)
            except Exception as error:  # the rules or the vote failed on what was said: this problem's own trouble
                run.error = error
    for run in runs:
        if run.error is None:
            run.drawn()


def _score(runs: Sequence[Searcher], guide: Guide, clock: Callable[[], float]) -> None:
    """Scores what every run has asked for, in one call."""
    if not runs:
        return
    start = clock()
    try:
        parts = iter(_scores(guide, [node for run in runs for node in run.asked]))
        scores = {run.position: [next(parts) for _ in run.asked] for run in runs}
    except Exception:  # find out which problem it was, and let the others go on
        scores = {}
        for run in runs:
            try:
                scores[run.position] = _scores(guide, run.asked)
            except Exception as error:
                run.error = error
    _share(clock() - start, runs)
    for run in runs:
        if run.error is None:
            run.scored(scores[run.position], guide)


def _scores(guide: Guide, nodes: Sequence[Node]) -> list[float]:
    scores: list[float] = guide.score(nodes).tolist()
    low, high = guide.range
    wrong = next((score for score in scores if not low <= score <= high), None)
    if len(scores) != len(nodes) or wrong is not None:
        what = f"the score {wrong}" if wrong is not None else f"{len(scores)} scores for {len(nodes)} nodes"
        raise ValueError(f"the guide {guide.name} gave {what}: it must give each node a number from {low} to {high}")
    return scores


def _share(seconds: float, runs: Sequence[Searcher]) -> None:
    """Divides the time of a call among the runs in it, by their number of rows."""
    for run in runs:
        run.ledger.seconds += seconds / len(runs)

"""One problem's search: its tree, its ledger, what it waits for, and the best answer so far."""

from __future__ import annotations

import functools
import math
from collections import Counter, deque
from collections.abc import Sequence
from typing import NamedTuple

from reasonrl.agents.policies.core import Finish, Proposal, Unit
from reasonrl.agents.search.budget import Ledger, SearchStop
from reasonrl.agents.search.core import Algorithm, Candidate, Expand, Score, SearchResult
from reasonrl.agents.search.guides import Guide
from reasonrl.agents.search.selection import Selection, Vote, ballot
from reasonrl.agents.search.tree import Node, Tree
from reasonrl.envs.mdp import MDP, State, Stop

UNBOUNDED = 2**31
_MOST_FREE_REQUESTS = 10_000
"""Requests in a row that cost nothing before a search counts as stuck."""


class Job(NamedTuple):
    """One sample to draw."""

    node: Node
    sample: int
    """How many were drawn at the node before it."""


class Pace:
    """Mean length of a sample so far: it decides how many are drawn ahead near the limit, so only what is wasted."""

    def __init__(self) -> None:
        self.samples: Counter[Unit] = Counter()
        self.tokens: Counter[Unit] = Counter()

    def note(self, unit: Unit, tokens: int) -> None:
        self.samples[unit] += 1
        self.tokens[unit] += tokens

    def affordable(self, unit: Unit, tokens: int) -> int:
        return math.ceil(tokens * self.samples[unit] / self.tokens[unit]) if self.samples[unit] else UNBOUNDED


class Searcher:
    """One problem's search: its tree, its ledger, and what it waits for."""

    def __init__(
        self,
        position: int,
        mdp: MDP,
        state: State,
        algorithm: Algorithm,
        ledger: Ledger,
        guide: Guide | None,
        seed: int,
        max_tokens: int,
        vote: Vote | None,
    ) -> None:
        low, high = guide.range if guide is not None else (0.0, 1.0)
        self.position = position
        self.mdp = mdp
        self.ledger = ledger
        self.guide = guide
        self.max_tokens = max_tokens
        judge = mdp.source.rules_of(state.view)
        self.vote = functools.partial(ballot, judge=judge) if vote is None else vote
        self.tree = Tree(state, judge=judge, seed=seed, low=low, high=high)
        self.search = algorithm(self.tree)
        self.jobs: deque[Job] = deque()
        """Samples still to draw for the pending `Expand`."""
        self.unit, self.temperature = Unit.STEP, 1.0
        self.reached: dict[int, Node] = {}
        """The reply to it so far."""
        self.asked: list[Node] = []
        """Nodes to score for the pending `Score`."""
        self.refused = False
        """Whether the budget allowed only part of it."""
        self.stop: SearchStop | None = None
        self.error: Exception | None = None
        self.finished: list[tuple[Node, int]] = []
        """Every finished sample with the tokens spent when it was complete."""
        self.choice = Selection()
        self.chosen = 0
        """How many of them the choice has seen."""
        self.history: list[tuple[int, str]] = []

    def advance(self, reply: list[Node] | None) -> None:
        """Lets the algorithm go on until it asks for something that costs, or is over."""
        try:
            for _ in range(_MOST_FREE_REQUESTS):
                request = next(self.search) if reply is None else self.search.send(reply)
                if self.ledger.out_of_time:
                    return self.end(SearchStop.SECONDS)
                if isinstance(request, Expand):
                    self._ask_samples(request)
                else:
                    self._ask_scores(request)
                if self.jobs or self.asked or self.stop is not None:
                    return
                reply = []
            raise RuntimeError("the algorithm keeps asking for nothing: it must return when nothing is left to do")
        except StopIteration:
            self.end(SearchStop.CERTAIN if self.tree.certain else SearchStop.DONE)
        except Exception as error:
            self.error = error

    def end(self, stop: SearchStop) -> None:
        self.search.close()
        self.jobs.clear()
        self.asked = []
        self.settle(final=True)
        self.stop = stop

    def _ask_samples(self, request: Expand) -> None:
        for node in request.nodes:
            if node.done:
                raise ValueError(f"{node!r} is finished and cannot be expanded")
        if self.ledger.out_of_tokens:
            return self.end(SearchStop.TOKENS)
        self.unit, self.temperature, self.reached = request.unit, request.temperature, {}
        self.jobs.extend(Job(node, node.drawn + i) for node in request.nodes for i in range(request.n))

    def _ask_scores(self, request: Score) -> None:
        guide = self.guide
        if guide is None:
            raise ValueError("this algorithm asks for scores: give it a guide")
        for node in request.nodes:
            if node.done and not node.finished:
                node.score = guide.range[0]
        asked = {node.index: node for node in request.nodes if node.score is None}
        if guide.changes:
            asked |= {node.index: node for node, _ in self.finished}
        nodes = list(asked.values())
        allowed = self.ledger.charge_scores([guide.verifier_calls(node) for node in nodes])
        self.asked, self.refused = nodes[:allowed], allowed < len(nodes)
        if not self.asked:
            self.settle()
            if self.refused:
                self.end(self.ledger.refusal())

    def wave(self, pace: Pace) -> list[Job]:
        """The next samples of the pending `Expand`: as many as are likely to fit the budget."""
        count = min(len(self.jobs), max(1, pace.affordable(self.unit, self.ledger.room(UNBOUNDED))))
        return [self.jobs.popleft() for _ in range(count)]

    def room(self, node: Node) -> int:
        return self.ledger.room(self.max_tokens - node.state.count)

    def take(self, node: Node, proposal: Proposal) -> None:
        """Charges a sample and puts it into the tree; the one that crosses the budget and all after it are dropped."""
        limit = self.max_tokens - node.state.count
        cut = proposal.finish is Finish.LENGTH
        if not self.ledger.charge_sample(proposal.tokens, limit=limit, cut=cut):
            return
        node.drawn += 1
        node.steps_drawn += self.unit is Unit.STEP
        count = node.state.count + min(max(1, proposal.tokens), limit)
        if cut or proposal.tokens > limit:
            # How much of it the policy wrote depends on its batch, except at the root: only there its text is kept.
            if node.parent is not None:
                proposal = proposal._replace(action="", logprob=math.nan, tokens=limit)
            lines = tuple(line for line in proposal.action.split("\n") if line.strip())
            state = node.state._replace(steps=node.state.steps + lines, moves=node.state.moves + 1, stop=Stop.TOKENS)
        else:
            state = self.mdp.step(node.state, proposal.action).state
            if not state.stop and count >= self.max_tokens:
                state = state._replace(stop=Stop.TOKENS)
        child = self.tree.add(node, proposal, self.unit, state._replace(count=count))
        self.reached[child.index] = child
        if child.finished:
            if child.ballot is None:
                child.ballot = self.vote(self.tree.view, child.state.answer)
            self.tree.votes[child.ballot] += 1
            self.finished.append((child, self.ledger.tokens))

    def drawn(self) -> None:
        """A wave is in the tree."""
        if self.ledger.out_of_tokens:
            self.jobs.clear()
        if self.guide is None:
            self.settle()
        if not self.jobs:
            self.advance(list(self.reached.values()))

    def scored(self, scores: Sequence[float], guide: Guide) -> None:
        for node, score in zip(self.asked, scores, strict=True):
            node.score = score
            if node.finished and guide.certain is not None and score >= guide.certain:
                self.tree.certain = True
        self.asked = []
        self.settle()
        if self.refused:
            self.end(self.ledger.refusal())
        else:
            self.advance([])

    def settle(self, *, final: bool = False) -> None:
        """Brings the choice and the anytime curve up to date with what has been scored."""
        if self.guide is not None and self.guide.changes:
            self.choice = Selection()
            for node, _ in self.finished:
                self.choice.add(node)
            self._record(self.ledger.tokens)
            return
        while self.chosen < len(self.finished):
            node, tokens = self.finished[self.chosen]
            if self.guide is not None and node.score is None and not final:
                return
            self.chosen += 1
            self.choice.add(node)
            self._record(tokens)

    def _record(self, tokens: int) -> None:
        best = self.choice.best
        if best is not None and best is not self.tree.best:
            self.tree.best = best
            self.history.append((tokens, best.state.answer))

    def result(self, stop: SearchStop) -> SearchResult:
        ledger, best = self.ledger, self.tree.best
        return SearchResult(
            id=self.tree.view.id,
            answer=None if best is None else best.state.answer,
            tokens=ledger.tokens,
            guide_calls=ledger.guide_calls,
            verifier_calls=ledger.verifier_calls,
            seconds=ledger.seconds,
            history=tuple(self.history),
            candidates=tuple(Candidate(node.state.answer, tokens, node.score) for node, tokens in self.finished),
            tree=self.tree,
            stop=stop,
            oracle=self.guide is not None and self.guide.oracle,
        )

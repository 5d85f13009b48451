"""One problem's search: its tree, its ledger, what it waits for, and the best answer so far."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from reasonrl.agents.policies.core import Finish, Proposal, Unit
from reasonrl.agents.search.budget import Ledger, SearchStop
from reasonrl.agents.search.core import UNBOUNDED, Algorithm, Candidate, Expand, Score, SearchResult
from reasonrl.agents.search.guides.core import Guide
from reasonrl.agents.search.node import Node
from reasonrl.agents.search.pending import Drawing, Job, Pace, Scoring
from reasonrl.agents.search.selection import BALLOT, Select, Selection, Vote, ballot_of
from reasonrl.agents.search.tree import Tree
from reasonrl.envs.mdp import MDP, State, Stop, wrong_attempt

_MOST_FREE_REQUESTS = 10_000
"""Requests in a row that cost nothing before a search counts as stuck."""


class Searcher:
    """One problem's search."""

    def __init__(
        self,
        tree: Tree,
        *,
        position: int,
        mdp: MDP,
        algorithm: Algorithm,
        ledger: Ledger,
        guide: Guide | None,
        max_tokens: int,
        select: Select,
        vote: Vote,
    ) -> None:
        self.tree = tree
        self.position = position
        self.mdp = mdp
        self.ledger = ledger
        self.guide = guide
        self.max_tokens = max_tokens
        self.select = select
        self.vote = vote
        self.search = algorithm(tree)
        self.pending: Drawing | Scoring | None = None
        self.stop: SearchStop | None = None
        self.error: Exception | None = None
        self.finished = [(node, 0) for node in tree.nodes if node.finished for _ in range(node.count)]
        """Every finished sample with the tokens spent when it was complete; a tree that is gone on with has some."""
        self.choice = Selection(select)
        self.chosen = 0
        """How many of them the choice has seen."""
        self.history: list[tuple[int, str]] = []
        if self.finished:
            self.settle(final=True)

    def advance(self, reply: list[Node] | None) -> None:
        """Lets the algorithm go on until it asks for something that costs, or is over."""
        self.pending = None
        try:
            for _ in range(_MOST_FREE_REQUESTS):
                request = next(self.search) if reply is None else self.search.send(reply)
                if self.ledger.out_of_time:
                    return self.end(SearchStop.SECONDS)
                if isinstance(request, Expand):
                    self._ask_samples(request)
                else:
                    self._ask_scores(request)
                if self.pending is not None or self.stop is not None:
                    return
                reply = []
            raise RuntimeError("the algorithm keeps asking for nothing: it must return when nothing is left to do")
        except StopIteration:
            self.end(SearchStop.CERTAIN if self.tree.certain else SearchStop.DONE)
        except Exception as error:
            self.error = error

    def end(self, stop: SearchStop) -> None:
        self.search.close()
        self.pending = None
        self.settle(final=True)
        self.stop = stop

    def _ask_samples(self, request: Expand) -> None:
        if request.max_tokens is not None and request.max_tokens < 1:
            raise ValueError(f"a sample has at least 1 token, got max_tokens={request.max_tokens}")
        starts = [(node, self._start(node, request.after)) for node in request.nodes]
        if self.ledger.out_of_tokens:
            return self.end(SearchStop.TOKENS)
        jobs = deque(Job(node, start, node.drawn + i) for node, start in starts for i in range(request.n))
        if jobs:
            self.pending = Drawing(request, jobs)

    def _start(self, node: Node, after: str) -> State:
        """What samples at this node go on from."""
        state = node.state
        if state.stop:
            if not self.tree.revisable(node):
                raise ValueError(f"{node!r} is finished and cannot be expanded, nor are there attempts left for it")
            state = state._replace(steps=(), turns=(*state.turns, *wrong_attempt(state.answer)), stop=Stop.RUNNING)
        if after:
            said = self.mdp.step(state._replace(moves=-1), after).state  # no move of the policy's
            if said.stop:
                raise ValueError(f"{after!r} finishes the answer: put lines after a state that leave it open")
            state = said._replace(count=state.count, moves=state.moves)
        return state

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
        refusal = self.ledger.refusal() if allowed < len(nodes) else None
        if allowed:
            self.pending = Scoring(nodes[:allowed], refusal)
            return
        self.settle()
        if refusal is not None:
            self.end(refusal)

    def wave(self, drawing: Drawing, pace: Pace) -> list[Job]:
        """The next samples to draw: as many as are likely to fit the budget."""
        affordable = pace.affordable(drawing.request.unit, self.ledger.room(UNBOUNDED))
        return [drawing.jobs.popleft() for _ in range(min(len(drawing.jobs), max(1, affordable)))]

    def room(self, node: Node) -> int:
        return self.ledger.room(self.max_tokens - node.state.count)

    def take(self, job: Job, proposal: Proposal, drawing: Drawing) -> None:
        """Charges a sample and puts it into the tree; the one that crosses the budget and all after it are dropped."""
        node, request = job.node, drawing.request
        left = self.max_tokens - node.state.count
        limit = left if request.max_tokens is None else min(left, request.max_tokens)
        cut = proposal.finish is Finish.LENGTH
        if not self.ledger.charge_sample(proposal.tokens, limit=limit, cut=cut):
            return
        node.drawn += 1
        node.steps_drawn += request.unit is Unit.STEP
        count = node.state.count + min(max(1, proposal.tokens), limit)
        if not cut and proposal.tokens <= limit:
            state = self.mdp.step(job.start, proposal.action).state
        elif limit < left:  # the request's own limit: what is said so far may be gone on with
            proposal = proposal._replace(action=proposal.action.rpartition("\n")[0])
            moved = job.start._replace(moves=job.start.moves + 1)
            state = self.mdp.step(job.start, proposal.action).state if proposal.action else moved
        else:
            # How much of it the policy wrote depends on its batch, except at the root: only there its text is kept.
            if node.parent is not None:
                proposal = proposal._replace(action="", logprob=math.nan, tokens=limit)
            lines = tuple(line for line in proposal.action.split("\n") if line.strip())
            state = job.start._replace(steps=job.start.steps + lines, moves=job.start.moves + 1, stop=Stop.TOKENS)
        if not state.stop and count >= self.max_tokens:
            state = state._replace(stop=Stop.TOKENS)
        if request.after:
            proposal = proposal._replace(action=f"{request.after}\n{proposal.action}")
        self._keep(self.tree.add(node, proposal, request.unit, state._replace(count=count)), drawing)

    def _keep(self, child: Node, drawing: Drawing) -> None:
        drawing.reached[child.index] = child
        if child.finished:
            name = ballot_of(child)
            if name is None:
                name = child.data[BALLOT] = self.vote(self.tree.view, child.state.answer)
            self.tree.votes[name] += 1
            self.finished.append((child, self.ledger.tokens))

    def drawn(self, drawing: Drawing) -> None:
        """A wave is in the tree."""
        if self.ledger.out_of_tokens:
            drawing.jobs.clear()
        if self.guide is None:
            self.settle()
        if not drawing.jobs:
            self.advance(list(drawing.reached.values()))

    def scored(self, scoring: Scoring, guide: Guide, scores: Sequence[float], tokens: Sequence[int]) -> None:
        """The scores are there, and what each cost: the one that crosses the budget and all after it are dropped."""
        paid = False
        for node, score, cost in zip(scoring.nodes, scores, tokens, strict=True):
            if cost and not paid:  # with less budget, what is finished would have been given without these scores
                self.settle(final=True)
                paid = True
            if not self.ledger.charge_guide(cost):
                return self.end(SearchStop.TOKENS)
            node.score = score
            if node.finished and guide.certain is not None and score >= guide.certain:
                self.tree.certain = True
            if not guide.changes:
                self.choice.rescore(node)
                self._record(self.ledger.tokens)
        self.settle()
        if scoring.refusal is not None:
            self.end(scoring.refusal)
        else:
            self.advance([])

    def settle(self, *, final: bool = False) -> None:
        """Brings the choice and the anytime curve up to date with what has been scored."""
        if self.guide is not None and self.guide.changes:
            self.choice = Selection(self.select)
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
            guide_tokens=ledger.guide_tokens,
            seconds=ledger.seconds,
            history=tuple(self.history),
            candidates=tuple(Candidate(node.state.answer, tokens, node.score) for node, tokens in self.finished),
            tree=self.tree,
            stop=stop,
            oracle=self.guide is not None and self.guide.oracle,
        )

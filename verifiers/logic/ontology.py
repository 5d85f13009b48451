"""Ontology chains in the language of ProntoQA (Saparov and He, arXiv 2210.01240): read, decided, checked step by step.

Rule        Every tumpus is a wumpus. Wumpuses are not brown. Each wumpus is an impus. All impuses are happy.
Fact        Alex is a tumpus. Alex is not brown.
Chain       sentences; each is in the theory, or is what an earlier rule makes of an earlier fact (modus ponens)
Decided by  what follows from the facts: the query true, its denial true, or neither (open)

>>> theory = parse_theory("Every tumpus is a wumpus. Wumpuses are not brown. Alex is a tumpus.")
>>> decide(theory, "Alex is brown.")
False
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from reasonrl.verifiers.core import Status, Verdict, accept, failed, no_answer, reject

MAX_CHARS = 20_000
"""Of a theory or a chain."""
MAX_SENTENCES = 500
METHOD = "ontology"

_WORD = r"[A-Za-z]+(?:-[A-Za-z]+)*"
_SINGULAR = re.compile(rf"(?:Every|Each|every|each) ({_WORD}) is (not )?(?:(an?) )?({_WORD})")
_PLURAL = re.compile(rf"(?:All |all )?({_WORD}) are (not )?({_WORD})")
_FACT = re.compile(rf"([A-Z][A-Za-z]*) is (not )?(?:(an?) )?({_WORD})")
_FINAL = re.compile(r"(?:Answer: *)?(True|False)\.?", re.IGNORECASE)


class Literal(NamedTuple):
    """A property that something has, or has not."""

    quality: str
    positive: bool

    @property
    def denied(self) -> Literal:
        return Literal(self.quality, not self.positive)


class Rule(NamedTuple):
    """Whatever is a `kind` has (or has not) a property."""

    kind: str
    gives: Literal


class Fact(NamedTuple):
    name: str
    literal: Literal


class Theory(NamedTuple):
    rules: frozenset[Rule]
    facts: frozenset[Fact]
    kinds: frozenset[str]
    """Nouns, in the singular: their plurals mean the same."""


class Flaw(NamedTuple):
    """The first step of a chain that does not stand."""

    step: int
    """Counted from 0."""
    reason: str


def sentences(text: str) -> list[str] | None:
    """The sentences of a text without their full stops; None when it is too long."""
    if len(text) > MAX_CHARS:
        return None
    found = [" ".join(part.split()) for part in text.replace("\n", ". ").split(".")]
    found = [part for part in found if part]
    return found if len(found) <= MAX_SENTENCES else None


def parse_theory(text: str) -> Theory | None:
    """Rules and facts; None when some sentence is neither, or the text is out of bounds."""
    parts = sentences(text)
    if not parts:
        return None
    kinds = frozenset(kind for part in parts for kind in _kinds(part))
    read = [_read(part, kinds) for part in parts]
    if None in read:
        return None
    rules = frozenset(each for each in read if isinstance(each, Rule))
    return Theory(rules, frozenset(each for each in read if isinstance(each, Fact)), kinds)


def parse_sentence(text: str, theory: Theory) -> Rule | Fact | None:
    """One sentence about the kinds of a theory."""
    parts = sentences(text)
    return _read(parts[0], theory.kinds) if parts is not None and len(parts) == 1 else None


def follows(theory: Theory, name: str) -> frozenset[Literal]:
    """All that is known of one name."""
    known = {fact.literal for fact in theory.facts if fact.name == name}
    while fresh := {r.gives for r in theory.rules if Literal(r.kind, True) in known} - known:
        known |= fresh
    return frozenset(known)


def decide(theory: Theory, query: str) -> bool | None:
    """Whether the theory says that the query is true or false; None when it says neither or both, or it is no fact."""
    fact = parse_sentence(query, theory)
    if not isinstance(fact, Fact):
        return None
    known = follows(theory, fact.name)
    said = fact.literal in known, fact.literal.denied in known
    return said[0] if said[0] != said[1] else None


def check_chain(theory: Theory, steps: Sequence[str]) -> Flaw | None:
    """The first step that is neither in the theory nor follows from the steps before it; None when all stand."""
    rules: set[Rule] = set()
    facts: set[Fact] = set()
    for position, step in enumerate(steps):
        read = parse_sentence(step, theory)
        if read is None:
            return Flaw(position, "not a sentence such as 'Every tumpus is a wumpus.' or 'Alex is not brown.'")
        if isinstance(read, Rule):
            if read not in theory.rules:
                return Flaw(position, "this rule is not given")
            rules.add(read)
        else:
            derived = any(r.gives == read.literal and Fact(read.name, Literal(r.kind, True)) in facts for r in rules)
            if read not in theory.facts and not derived:
                return Flaw(position, "this does not follow from the steps before it")
            facts.add(read)
    return None


def verify_chain(context: str, query: str, response: str) -> Verdict:
    """Whether a response derives the query or its denial step by step and, where it says True or False, says it right.

    Args:
        context: the theory. One that cannot be read, or does not decide the query, gives BAD_REFERENCE.
        query: a fact, as in "Max is sour."
        response: one sentence after another; the last line may be True or False, alone or behind `Answer:`.
    """
    theory = parse_theory(context)
    truth = decide(theory, query) if theory is not None else None
    asked = parse_sentence(query, theory) if theory is not None else None
    if theory is None or truth is None or not isinstance(asked, Fact):
        reason = "the context cannot be read or does not decide the query"
        return failed(reason, status=Status.BAD_REFERENCE, method=METHOD)
    steps = sentences(response)
    if steps is None:
        reason = f"a chain has at most {MAX_CHARS} characters and {MAX_SENTENCES} sentences"
        return reject(response[:80], method=METHOD, reason=reason, status=Status.UNPARSABLE)
    said = _FINAL.fullmatch(steps[-1]) if steps else None
    if said is not None:
        steps.pop()
    if not steps:
        return no_answer("there is no derivation")
    flaw = check_chain(theory, steps)
    if flaw is not None:
        return reject(steps[flaw.step][:80], method=METHOD, reason=f"step {flaw.step + 1}: {flaw.reason}")
    last = parse_sentence(steps[-1], theory)
    reached = asked if truth else Fact(asked.name, asked.literal.denied)
    if last != reached:
        return reject(steps[-1], method=METHOD, reason="the chain does not end with the query or its denial")
    if said is not None and (said[1].lower() == "true") is not truth:
        return reject(said[1], method=METHOD, reason="the chain shows the opposite of what is said")
    return accept(said[1] if said is not None else steps[-1], method=METHOD)


def singular(noun: str) -> str:
    """
    >>> singular("wumpuses"), singular("cats"), singular("butterflies")
    ('wumpus', 'cat', 'butterfly')
    """
    noun = noun.lower()
    if noun.endswith("ies") and len(noun) > 4:
        return noun[:-3] + "y"
    if noun.endswith(("ses", "xes", "ches", "shes")):
        return noun[:-2]
    return noun[:-1] if noun.endswith("s") and not noun.endswith(("ss", "us")) else noun


def _kinds(sentence: str) -> list[str]:
    """Nouns that a sentence shows to be such: the subject of a rule, and what follows "a" or "an"."""
    if match := _SINGULAR.fullmatch(sentence):
        return [match[1].lower()] + ([match[4].lower()] if match[3] else [])
    if match := _PLURAL.fullmatch(sentence):
        # in the language of tumpuses a plural is known by its ending too
        return [singular(match[1])] + ([singular(match[3])] if match[3].lower().endswith("puses") else [])
    if (match := _FACT.fullmatch(sentence)) and match[3]:
        return [match[4].lower()]
    return []


def _read(sentence: str, kinds: frozenset[str]) -> Rule | Fact | None:
    if match := _SINGULAR.fullmatch(sentence):
        return Rule(match[1].lower(), Literal(match[4].lower(), not match[2]))
    if match := _PLURAL.fullmatch(sentence):
        word = match[3].lower()
        noun = singular(word) if singular(word) in kinds else word
        return Rule(singular(match[1]), Literal(noun, not match[2]))
    if match := _FACT.fullmatch(sentence):
        return Fact(match[1], Literal(match[4].lower(), not match[2]))
    return None

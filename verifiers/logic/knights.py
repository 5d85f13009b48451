"""Knights and knaves in the language of the published puzzles (Xie et al., arXiv 2410.23123): read, solved, judged.

Quiz        `You meet 2 inhabitants: Ann, and Bob. Ann said that Bob is not a knight. Bob noted, "If ... then ..."`
Claim       `X is (not) a knight` or `knave`; two of them joined by and, or, if and only if; `If ... then ...`
Answer      `Ann is a knight, Bob is a knave` or `(1) Ann is a knight` line by line; behind `Answer:`, in the one
            `<answer>` block, or as the whole response; everyone once
Solved by   bitset truth tables over everyone (at most twelve), all worlds at once

>>> said = "Ann said that Bob is a knave. Bob said that Ann is a knave and Bob is a knave."
>>> quiz = f"You meet 2 inhabitants: Ann, and Bob. {said}"
>>> [sorted(world.items()) for world in solutions(parse_quiz(quiz))]
[[('Ann', True), ('Bob', False)]]
"""

from __future__ import annotations

import re
from typing import NamedTuple

from reasonrl.verifiers.answers import extract_lines, without_thoughts
from reasonrl.verifiers.core import Status, Verdict, accept, failed, no_answer, reject
from reasonrl.verifiers.logic.formulas import AND, IMPLIES, OR, VARIABLES, Formula, models, negation

MAX_PEOPLE = len(VARIABLES)
MAX_CHARS = 10_000
"""Of a quiz."""
MAX_ANSWER_CHARS = 1000
MAX_RESPONSE_CHARS = 100_000
METHOD = "statements"

_NAME = r"[A-Z][A-Za-z]{0,30}"
_INTRODUCTION = re.compile(r"You meet [0-9]{1,2} inhabitants?: ([^.]{1,600})\. ")
_SAYS = r"(?:[a-z]+(?: you)?|was heard saying)"
_CLAIM = r"(?P<claim>[^.\"]{1,200}?)[.,]?"
_TELLINGS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<name>{_NAME}) {_SAYS} that {_CLAIM}(?:\. |\.?$)",
        rf"(?P<name>{_NAME}) {_SAYS}[,:] \"{_CLAIM}\"",
        rf"According to (?P<name>{_NAME}), \"{_CLAIM}\"",
        rf"As (?P<name>{_NAME}) put it, \"{_CLAIM}\"",
        rf"In (?P<name>{_NAME})'s words: \"{_CLAIM}\"",
        rf"In a statement by (?P<name>{_NAME}): \"{_CLAIM}\"",
        rf"\"{_CLAIM}\" - (?P<name>{_NAME})",
        rf"\"{_CLAIM}\" (?P<name>{_NAME}) {_SAYS}",
    )
)
_QUESTION = "So who is a knight and who is a knave?"
_LITERAL = re.compile(rf"({_NAME}) is (not )?an? (knight|knave)")
_IF = re.compile(r"[Ii]f (.+?) then (.+)")
_OPEN, _CLOSE = "<answer>", "</answer>"
_ITEM = re.compile(rf"(?:\([0-9]{{1,2}}\) *|[0-9]{{1,2}}[.)] *|- *)?({_NAME}) is an? (knight|knave)")


class Puzzle(NamedTuple):
    names: tuple[str, ...]
    claims: tuple[tuple[str, Formula], ...]
    """Who said what; the i-th of `names` is a knight where the i-th letter of the alphabet is true."""


def parse_quiz(text: str) -> Puzzle | None:
    """The people and what they said; None when some part of the quiz is not understood."""
    if len(text) > MAX_CHARS:
        return None
    start = _INTRODUCTION.search(text)
    if start is None:
        return None
    names = tuple(re.split(r", and |,? and |, ", start[1]))
    if len(names) > MAX_PEOPLE or len(set(names)) < len(names) or not all(re.fullmatch(_NAME, n) for n in names):
        return None
    rest = text[start.end() :].strip().removesuffix(_QUESTION).strip()
    claims: list[tuple[str, Formula]] = []
    while rest:
        match = next((found for found in (telling.match(rest) for telling in _TELLINGS) if found is not None), None)
        formula = _claim(match["claim"], names) if match is not None else None
        if match is None or formula is None or match["name"] not in names or len(claims) > 2 * MAX_PEOPLE:
            return None
        claims.append((match["name"], formula))
        rest = rest[match.end() :].lstrip(". \n")
    return Puzzle(names, tuple(claims)) if claims else None


def solutions(puzzle: Puzzle) -> list[dict[str, bool]]:
    """Every world in which exactly the knights tell the truth: name to whether this is a knight."""
    letters = VARIABLES[: len(puzzle.names)]
    told = [_iff(Formula(letters[puzzle.names.index(name)]), claim) for name, claim in puzzle.claims]
    worlds = models(told, letters)
    size = len(puzzle.names)
    return [
        {name: bool(world >> i & 1) for i, name in enumerate(puzzle.names)}
        for world in range(1 << size)
        if worlds >> world & 1
    ]


def verify_knights(quiz: str, response: str) -> Verdict:
    """Whether the response says of everyone what they are. A quiz that is not understood or has not exactly one
    solution gives BAD_REFERENCE.
    """
    puzzle = parse_quiz(quiz)
    worlds = solutions(puzzle) if puzzle is not None else []
    if len(worlds) != 1:
        reason = "the quiz is not understood or has not exactly one solution"
        return failed(reason, status=Status.BAD_REFERENCE, method=METHOD)
    if len(response) > MAX_RESPONSE_CHARS:
        reason = f"a response has at most {MAX_RESPONSE_CHARS} characters"
        return reject(response[:80], method=METHOD, reason=reason, status=Status.UNPARSABLE)
    answer = _extract(response)
    if answer is None:
        return no_answer("there is no Answer: line and no single <answer> block")
    said = parse_roles(answer)
    if said is None:
        reason = "the answer is not a list such as 'Ann is a knight, Bob is a knave', everyone once"
        return reject(answer[:80], method=METHOD, reason=reason, status=Status.UNPARSABLE)
    if said.keys() != worlds[0].keys():
        return reject(answer, method=METHOD, reason="the answer does not name exactly the people of the quiz")
    if said != worlds[0]:
        return reject(answer, method=METHOD, reason="some statement does not fit")
    return accept(answer, method=METHOD)


def parse_roles(text: str) -> dict[str, bool] | None:
    """Name to whether this is a knight; None when the text is not such a list, or names someone twice.

    >>> parse_roles("(1) Ann is a knight\\n(2) Bob is a knave")
    {'Ann': True, 'Bob': False}
    """
    if not 0 < len(text) <= MAX_ANSWER_CHARS:
        return None
    parts = [part.strip() for part in re.split(r",\s*and\s|\sand\s|[,\n;]", text.strip().removesuffix("."))]
    matches = [_ITEM.fullmatch(part) for part in parts if part]
    found = {match[1]: match[2] == "knight" for match in matches if match is not None}
    return found if found and len(found) == len(matches) else None


def _extract(response: str) -> str | None:
    """The only `<answer>` block, else the `Answer:` line, else a response that is nothing but a list."""
    response = without_thoughts(response)
    if _OPEN in response:
        rest = response.partition(_OPEN)[2]
        block, closed, after = rest.partition(_CLOSE)
        return block.strip() if closed and _OPEN not in block + after else None
    answer = extract_lines(response)
    if answer is None and parse_roles(response) is not None:
        return response.strip()
    return answer


def _claim(text: str, names: tuple[str, ...]) -> Formula | None:
    """The formula of one claim."""
    if conditional := _IF.fullmatch(text):
        return _join(IMPLIES, conditional[1], conditional[2], names)
    for word, op in ((" if and only if ", "="), (" and ", AND), (" or ", OR)):
        left, found, right = text.partition(word)
        if found:
            return _join(op, left, right, names)
    return _literal(text, names)


def _join(op: str, left: str, right: str, names: tuple[str, ...]) -> Formula | None:
    first, second = _literal(left, names), _literal(right, names)
    if first is None or second is None:
        return None
    return _iff(first, second) if op == "=" else Formula(op, (first, second))


def _literal(text: str, names: tuple[str, ...]) -> Formula | None:
    match = _LITERAL.fullmatch(text.strip())
    if match is None or match[1] not in names:
        return None
    knight = Formula(VARIABLES[names.index(match[1])])
    return knight if (match[3] == "knight") != bool(match[2]) else negation(knight)


def _iff(one: Formula, other: Formula) -> Formula:
    return Formula(AND, (Formula(IMPLIES, (one, other)), Formula(IMPLIES, (other, one))))

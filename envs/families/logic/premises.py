"""Premises and a goal that follows from them, worked out backwards from the goal."""

from __future__ import annotations

import random

from reasonrl.verifiers.logic.formulas import AND, IMPLIES, NOT, OR, Formula, negation

NAMES = "ABCDEFGH"


def draw_premises(rng: random.Random, difficulty: int, count: int, distractors: int) -> tuple[list[Formula], Formula]:
    """Premises and a goal that follows from them in `count` lines or fewer."""
    names = list(NAMES)
    rng.shuffle(names)
    used: list[str] = []

    def variable() -> Formula:
        used.append(names[len(used)] if len(used) < len(names) else rng.choice(names))
        return Formula(used[-1])

    def literal() -> Formula:
        return negation(variable()) if difficulty > 1 and rng.random() < 0.2 else variable()

    def pair(op: str, one: Formula, other: Formula) -> Formula:
        return Formula(op, (one, other) if rng.random() < 0.5 else (other, one))

    def grow(target: Formula, lines: int) -> list[Formula]:
        """Premises from which `lines` applications of rules give the target, worked out backwards."""
        if lines == 0:
            return [target]
        op, parts = target
        rules = ["MP", "MP", "DS", "AE"]
        if not parts and difficulty >= 5:
            rules.append("DN")
        if op == NOT and not parts[0].parts:
            rules += ["MT"] * 4
        rules += {AND: ["AI"] * 12, OR: ["OI"] * 12, IMPLIES: ["HS"] * 12}.get(op, [])
        rule = rng.choice(rules)
        if rule == "MP":
            other = literal()
            needs = [other, Formula(IMPLIES, (other, target))]
        elif rule == "DS":
            other = variable()
            needs = [negation(other), pair(OR, other, target)]
        elif rule == "AE":
            needs = [pair(AND, literal(), target)]
        elif rule == "DN":
            needs = [negation(negation(target))]
        elif rule == "MT":
            other = variable()
            needs = [negation(other), Formula(IMPLIES, (parts[0], other))]
        elif rule == "HS":
            other = literal()
            needs = [Formula(IMPLIES, (parts[0], other)), Formula(IMPLIES, (other, parts[1]))]
        else:
            needs = [rng.choice(parts)] if rule == "OI" else list(parts)
        shares = [0] * len(needs)
        for _ in range(lines - 1):
            large = len(needs) == 2 and rule in ("MP", "DS", "MT")  # the second one is: prove it less often
            shares[int(rng.random() < 0.15) if large else rng.randrange(len(needs))] += 1
        return [premise for need, share in zip(needs, shares, strict=True) for premise in grow(need, share)]

    shape = rng.random()
    if shape < (0.8 if difficulty == 1 else 0.6):
        goal = variable() if shape < 0.45 else negation(variable())
    else:
        ops = (AND,) if difficulty == 1 else (AND, OR, IMPLIES)
        goal = Formula(rng.choice(ops), (literal(), literal()))
    premises = grow(goal, count)
    for _ in range(distractors):
        one = literal()
        other = Formula(rng.choice(used[:-1]))
        premises.append(rng.choice((one, pair(AND, one, other), pair(OR, one, other), pair(IMPLIES, one, other))))
    rng.shuffle(premises)
    return premises, goal

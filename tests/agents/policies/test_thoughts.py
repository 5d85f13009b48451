"""Sampling ends an answer at the very line where the environment does, whatever stands in tags."""

from __future__ import annotations

import random

import pytest
from reasonrl.agents.policies.thoughts import ends_here
from reasonrl.envs.families import get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.mdp import MDP
from reasonrl.envs.registry import open_source
from reasonrl.envs.vocabulary import get_vocabulary

PARTS = (
    *("<think>", "</think>", "<Thinking>", "</thinking>", "[THINK]", "[/THINK]", "<|begin_of_thought|>"),
    *("<|end_of_thought|>", "<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    *("Answer: 4", "**Answer: 5**", "\\boxed{4}", "#### 4", "so ", "a<b", " "),
)
VIEW = generate(get_family("chain_sum"), "test", 0).view
RULES = MDP(open_source("chain_sum"), level="step", vocabulary=get_vocabulary("char"))


def played(lines: list[str]) -> int | None:
    """Number of the line at which the environment's step level ends."""
    state = RULES.initial(VIEW)
    for number, line in enumerate(lines):
        state = RULES.step(state, line).state
        if state.done:
            return number
    return None


def sampled(lines: list[str]) -> int | None:
    """Number of the line at which a sampler stops."""
    is_final = get_family("chain_sum").is_final
    for number, line in enumerate(lines):
        if ends_here(line, lambda end=number + 1: "\n".join(lines[:end]) + "\n", is_final):  # type: ignore[misc]
            return number
    return None


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("<think>\nAnswer: 3\n</think>\nAnswer: 4\nAnswer: 5", 3),
        ("<think>\nAnswer: 3\n</think>Answer: 4\nAnswer: 5", 2),
        ("<think>Answer: 3</think>Answer: 4\nAnswer: 5", 0),
        ("[THINK]\nAnswer: 3\n[/THINK] **Answer: 4**\nmore", 2),
        ("so Answer: 3</think>Answer: 4\nmore", 0),
        ("a <think>\nAnswer: 3\n</think>\\boxed{4}\nmore", 2),
        ("<think>\nAnswer: 3\nAnswer: 4", None),
        ("<think>so 3</think> and so on\n</think>", None),
        ("1+3=4\nAnswer: 4\n</think>Answer: 5", 1),
    ],
)
def test_the_first_answer_line_outside_a_thought_ends_it(text: str, ends: int | None) -> None:
    lines = text.split("\n")
    assert (played(lines), sampled(lines)) == (ends, ends)


def test_the_sampler_and_the_environment_agree_on_any_mixture_of_tags_and_answers() -> None:
    rng = random.Random(0)
    ended = 0
    for _ in range(300):
        lines = ["".join(rng.choices(PARTS, k=rng.randint(0, 3))) for _ in range(rng.randint(1, 5))]
        assert played(lines) == sampled(lines), lines
        ended += played(lines) is not None
    assert 50 < ended < 250

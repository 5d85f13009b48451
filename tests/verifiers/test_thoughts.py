"""What is thought aloud is cut out; what is said stays as it is."""

from __future__ import annotations

import time

import pytest
from reasonrl.verifiers.answers import without_thoughts


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<think>\nAnswer: 3? no\n</think>\nAnswer: 4", "Answer: 4"),
        ("<think>3</think>4", "4"),
        ("<THINK>3</THINK>\n\n4", "4"),
        ('<thinking mode="long">3</thinking>4', "4"),
        ("<thought>3</thought>4", "4"),
        ("<reasoning>\n3\n</reasoning>\n<answer>\n4\n</answer>", "<answer>\n4\n</answer>"),
        ("<scratchpad>3</scratchpad>4", "4"),
        ("\u25c1think\u25b73\u25c1/think\u25b74", "4"),
        ("[THINK]3[/THINK]4", "4"),
        ("<|begin_of_thought|>3<|end_of_thought|>4", "4"),
        ("<|START_THINKING|>3<|END_THINKING|>4", "4"),
        ("<start_working_out>3<end_working_out>4", "4"),
        ("<|channel|>analysis<|message|>3<|end|><|start|>assistant<|channel|>final<|message|>4", "4"),
        ("analysisIs it 3?assistantfinalIt is 4", "It is 4"),
    ],
)
def test_a_thought_is_no_part_of_what_is_said(text: str, said: str) -> None:
    assert without_thoughts(text) == said


@pytest.mark.parametrize("text", ["<think>3", "<think>3 4", "\u25c1think\u25b7Answer: 3", "<reasoning>\n\\boxed{3}"])
def test_a_thought_that_never_ends_leaves_nothing(text: str) -> None:
    assert without_thoughts(text) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("maybe 3</think>4", "4"),
        ("Answer: 3\n</think>\n\nAnswer: 4", "Answer: 4"),
        ("<think>1<think>2</think>3</think>4", "4"),
        ("<think><think>3</think>4", "4"),
        ("1<think>2</think>3<think>4</think>5", "1 3 5"),
        ("4<think>it is 42</think>2", "4 2"),
        ("4 <think>or 3?", "4 "),
        ("<think>3</reasoning>2</think>4", "4"),
    ],
)
def test_tags_that_do_not_pair_up_never_let_a_thought_through(text: str, said: str) -> None:
    assert without_thoughts(text) == said


@pytest.mark.parametrize(
    "text", ["", "Answer: 4", "a < b and c > d", "[1, 2]", "think: 3", "<b>4</b>", "    return 4", "<thinker>4"]
)
def test_a_text_without_such_tags_comes_back_as_it_is(text: str) -> None:
    assert without_thoughts(text) == text


def test_the_indent_of_a_program_behind_a_thought_is_kept() -> None:
    assert without_thoughts("<think>sum them</think>\n\n    return sum(xs)") == "    return sum(xs)"


@pytest.mark.parametrize(
    "part", ["<think>", "</think>", "<think ", "<|", "<think></think>", "\u25c1", "< / ", "[THINK]"]
)
def test_long_hostile_text_takes_linear_time(part: str) -> None:
    start = time.process_time()
    without_thoughts(part * (200_000 // len(part)))
    assert time.process_time() - start < 1.0

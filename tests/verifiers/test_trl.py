"""Rewards for TRL: one number per completion, whichever way it is written; None where the judge failed."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from reasonrl.verifiers.core import Verdict, failed
from reasonrl.verifiers.math import verify_math, verify_number
from reasonrl.verifiers.trl import reward_function, text_of

PROMPTS = ["2+2?", "3+3?", "5+5?"]
GOLD = ["4", "6", "10"]
TEXTS = ["2+2=4\nAnswer: 4", "Answer: 7", "ten"]


def test_texts_and_chats_are_rewarded_alike() -> None:
    reward = reward_function(verify_number)
    chats = [[{"role": "assistant", "content": text}] for text in TEXTS]
    asked = [[{"role": "user", "content": prompt}] for prompt in PROMPTS]
    assert reward(prompts=PROMPTS, completions=TEXTS, gold=GOLD) == [1.0, 0.0, 0.0]
    assert reward(prompts=asked, completions=chats, gold=GOLD) == [1.0, 0.0, 0.0]


def test_it_is_called_as_trl_calls_it() -> None:
    """Everything by keyword, with columns and extras that it does not know."""
    reward = reward_function(verify_number, column="solution")
    extras = {"completion_ids": [[1], [2], [3]], "trainer_state": object(), "difficulty": [1, 2, 3]}
    assert reward(prompts=PROMPTS, completions=TEXTS, solution=GOLD, **extras) == [1.0, 0.0, 0.0]
    assert reward.__name__ == "verify_number"
    assert reward_function(verify_number, name="right").__name__ == "right"


def test_a_judge_that_failed_says_nothing_about_the_answer() -> None:
    def judge(gold: str, text: str) -> Verdict:
        return failed("out of order") if gold == "6" else verify_number(gold, text)

    assert reward_function(judge)(prompts=PROMPTS, completions=TEXTS, gold=GOLD) == [1.0, None, 0.0]
    assert reward_function(verify_number)(prompts=["?"], completions=["Answer: 4"], gold=["four"]) == [None]


def test_a_missing_or_short_column_is_told_in_a_sentence() -> None:
    reward = reward_function(verify_number)
    with pytest.raises(ValueError, match=r"no column 'gold'.*there are answer"):
        reward(prompts=PROMPTS, completions=TEXTS, answer=GOLD)
    with pytest.raises(ValueError, match="2 references for 3 completions"):
        reward(prompts=PROMPTS, completions=TEXTS, gold=GOLD[:2])


def test_only_what_the_assistant_says_is_read() -> None:
    chat: list[dict[str, Any]] = [
        {"role": "assistant", "content": "let me look it up", "tool_calls": []},
        {"role": "tool", "content": "Answer: 4"},
        {"role": "assistant", "content": None},
        {"role": "assistant", "content": [{"type": "text", "text": "Answer: "}, {"type": "text", "text": "5"}]},
    ]
    assert text_of(chat) == "let me look it up\nAnswer: 5"
    assert text_of("plain") == "plain"
    assert text_of([]) == ""


def test_trl_is_not_imported() -> None:
    code = "import sys; import reasonrl.verifiers.trl; print(sorted({'trl', 'torch', 'sympy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("judge", [verify_number, verify_math])
def test_references_are_numbers_and_completions_null_as_data_has_them(judge: Any) -> None:
    golds = [7, 7.0, np.int64(7), np.float32(7), Fraction(14, 2), ["seven", 7], "3+4=7\n#### 7"]
    right = reward_function(judge)(prompts=["?"] * 7, completions=["Answer: 7"] * 7, gold=golds)
    assert right == [1.0] * 7
    assert reward_function(judge)(["?"] * 7, ["Answer: 8"] * 7, gold=golds) == [0.0] * 7
    nulls: list[Any] = [None, [], [{"role": "assistant", "content": None}], "", {"role": "assistant", "content": None}]
    assert reward_function(judge)(prompts=["?"] * 5, completions=nulls, gold=[7] * 5) == [0.0] * 5
    unknown: list[Any] = [None, True, float("nan"), {"answer": 7}, []]
    assert reward_function(judge)(prompts=["?"] * 5, completions=["Answer: 7"] * 5, gold=unknown) == [None] * 5


def test_thoughts_beside_the_content_are_not_the_answer() -> None:
    chat = [{"role": "assistant", "reasoning_content": "Answer: 6", "content": "Answer: 7"}]
    assert reward_function(verify_number)(prompts=["?"], completions=[chat], gold=[7]) == [1.0]

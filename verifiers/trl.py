"""Our judges as reward functions of TRL's GRPOTrainer and RLOOTrainer. TRL itself is not imported.

    GRPOTrainer(model, reward_funcs=reward_function(verify_number), train_dataset=...)       # with a column "gold"

TRL calls `f(prompts=..., completions=..., completion_ids=..., trainer_state=..., <one list per column>)` and takes one
number per completion; None means that this function says nothing about it, and is left out of the sum.

>>> reward = reward_function(lambda gold, text: accept(text, method="exact") if text == gold else no_answer())
>>> reward(prompts=["2+2?", "3+3?"], completions=["4", [{"role": "assistant", "content": "7"}]], gold=["4", "6"])
[1.0, 0.0]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from reasonrl.verifiers.core import Verdict, accept, no_answer  # noqa: F401  # the last two: for the example
from reasonrl.verifiers.inputs import response_text

Completion = str | Sequence[Mapping[str, Any]] | Mapping[str, Any] | None
"""A text, the messages of a chat, or null."""
Judge = Callable[..., Verdict]
"""Takes the reference, as the data set has it, and the completion's text, as `verify_number(gold, response)` does."""


class RewardFunction(Protocol):
    __name__: str

    def __call__(
        self, prompts: Sequence[Any], completions: Sequence[Completion], **columns: Any
    ) -> list[float | None]: ...


def reward_function(
    judge: Judge, *, column: str = "gold", question: str | None = None, name: str | None = None
) -> RewardFunction:
    """A reward function for TRL: the judge's score, None where the judge itself failed.

    Args:
        judge: called with the row's reference and the completion's text.
        column: the column of the training set that holds the reference.
        question: the column that holds the text of the task, which the judge then gets as `question=...`; "prompts":
            the prompts themselves. `verify_math` takes no answer that only repeats what stands in it.
        name: what TRL calls it in its logs; by default the judge's name.

    Raises (when it is called):
        ValueError: the training set has no such column, or its length is not that of the completions.
    """

    def reward(prompts: Sequence[Any], completions: Sequence[Completion], **columns: Any) -> list[float | None]:
        if column not in columns:
            raise ValueError(
                f"the training set has no column {column!r}: name the one that holds the reference, column=... "
                f"(there are {', '.join(sorted(columns)) or 'none'})"
            )
        references = columns[column]
        if len(references) != len(completions):
            raise ValueError(f"{len(references)} references for {len(completions)} completions: pass one for each")
        texts = list(map(response_text, completions))
        if question is None:
            return [score(judge(reference, text)) for reference, text in zip(references, texts, strict=True)]
        asked = prompts if question == "prompts" else columns.get(question)
        if asked is None or len(asked) != len(completions):
            raise ValueError(f"the training set has no column {question!r} with a question for each completion")
        return [
            score(judge(reference, text, question=question_text(each)))
            for reference, text, each in zip(references, texts, asked, strict=True)
        ]

    reward.__name__ = str(name or getattr(judge, "__name__", type(judge).__name__))
    return reward


def question_text(prompt: Any) -> str:
    """The text of a prompt: of a chat, what its last user message says."""
    if isinstance(prompt, str):
        return prompt
    said = [message for message in prompt or () if isinstance(message, Mapping) and message.get("role") == "user"]
    return response_text({"content": said[-1].get("content")}) if said else ""


def score(verdict: Verdict) -> float | None:
    """The score; None when the judge failed, which says nothing about the answer."""
    return verdict.score if verdict.judged and math.isfinite(verdict.score) else None


text_of = response_text
"""The text of a completion, whichever way it is written."""

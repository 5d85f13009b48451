"""Finding the final answer in a response: the line that starts with ``Answer:``."""

from __future__ import annotations

from reasonrl.verifiers.answers.thoughts import without_thoughts

__all__ = ["MARK", "extract_answer", "is_answer_line", "without_thoughts"]

MARK = "Answer:"


def is_answer_line(line: str) -> bool:
    return line.startswith(MARK)


def extract_answer(response: str) -> str | None:
    """The text behind the only ``Answer:`` line, stripped; None when there is none.

    A response ends at its first answer line, so whatever follows it is not read: an adversary gains nothing by
    answering twice.

    >>> extract_answer("2+3=5\\nAnswer: 5")
    '5'
    """
    for line in response.split("\n"):
        if line.startswith(MARK):
            return line[len(MARK) :].strip()
    return None

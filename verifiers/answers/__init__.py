"""The final answer of a response: one reading for every judge, family and vote.

read_final(response)       the last box, an answer line, a tag, `####`, "The answer is ...", or a bare expression
extract_answer(response)   of a response that ends at its first final line, as in the generated families
is_final_line(line)        whether a line ends such a response
without_thoughts(text)     less what was thought aloud

reading.py    the order of marks                 marks.py    lines, hashes, tags, sentences
boxes.py      `\\boxed{}` and its spellings       hedges.py   words that take an answer back
thoughts.py   `<think>` and its kin              hidden.py   comments and what is struck out
clothes.py    formula signs round an answer      emphasis.py "The product is **42**."
"""

from __future__ import annotations

from reasonrl.verifiers.answers.boxes import boxed
from reasonrl.verifiers.answers.reading import (
    MARK,
    NOT_MARKED,
    Final,
    extract_answer,
    extract_lines,
    final_answer,
    is_final_line,
    is_short_expression,
    read_final,
    read_first,
    up_to_first,
)
from reasonrl.verifiers.answers.thoughts import said_lines, without_thoughts

__all__ = [
    "MARK",
    "NOT_MARKED",
    "Final",
    "boxed",
    "extract_answer",
    "extract_lines",
    "final_answer",
    "is_answer_line",
    "is_final_line",
    "is_short_expression",
    "read_final",
    "read_first",
    "said_lines",
    "up_to_first",
    "without_thoughts",
]


def is_answer_line(line: str) -> bool:
    """Whether a line starts with `Answer:`, as our own families write it: in a program no other line is one."""
    return line.startswith(MARK)

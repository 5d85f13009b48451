"""One reading of the final answer: what marks it, what takes it back, what hides it."""

from __future__ import annotations

import time

import pytest
from reasonrl.verifiers.answers import extract_answer, extract_lines, is_final_line, read_final, said_lines, up_to_first
from reasonrl.verifiers.answers.clothes import bare, typed
from reasonrl.verifiers.core import Status
from reasonrl.verifiers.math import verify_math, verify_number

MARKED = [
    # emphasis and headings round an answer line
    "Answer: 42",
    "**Answer:** 42",
    "**Answer: 42**",
    "Answer: **42**",
    "`Answer: 42`",
    "_Answer: 42_",
    "ANSWER: 42",
    "* Answer: 42",
    "- **Answer**: 42",
    "> **Answer:** $42$",
    "Answer : 42",
    "Ans: 42",
    "Final answer = 42",
    "\u2705 Final Answer: **42**",
    "#### Final Answer: 42",
    "\\text{Answer: }42",
    "Answer (in apples): 42",
    "Answer:\n42",
    "Answer:\n\n42\n",
    "**Answer:**\n$$42$$",
    "## Answer\n\n42",
    "**Final Answer**\n\n42",
    "### Final Answer\n\n\\[\n42\n\\]",
    "we get 42.\n\nAnswer\n42",
    "Answer: \\(42\\)",
    "Answer: 42, in total",
    "Answer: 42</s>",
    "Answer: 42<|im_end|>",
    # other languages
    "\u7b54\u6848\uff1a42",
    "\u7b54\u6848\u662f42\u3002",
    "R\u00e9ponse : 42",
    "Antwort: 42",
    "Respuesta: **42**",
    # a sentence that says it
    "The answer is 42",
    "So the answer is **42**.",
    "The answer is: $42$",
    "The answer is \\(42\\).",
    "The correct answer is 42.",
    "The answer to the question is 42.",
    "The answer must be 42.",
    "The answer is:\n\n42",
    "The final answer is $42$. I hope it is correct.",
    "The answer is 42, altogether.",
    "The answer is 42.\n\nHope this helps!",
    # its only emphasised value, in the last sentence
    "## Solution\n\nThe product is **42**.",
    "6 times 7. The product is **42**.",
    "**Solution**\n\nSo the total cost is 2 dollars less.\nThe sum of the roots is **$42$**",
    "Thus, the area of the shaded square is **42**.",
    "The greatest common divisor is **42.**",
    "The final result is **42**!",
    "The answer is 42.\n\nQ: There are 3 cars. How many?\nA: Let us think.",
    # boxes
    "\\boxed{42}",
    "\\boxed {42}",
    "\\boxed 42",
    "\\fbox{42}",
    "\\\\boxed{42}",
    "\\boxed{\n42\n}",
    "$$\\boxed{42}$$.",
    "\\boxed{\\boxed{42}}",
    "\\boxed{$42$}",
    "\\boxed{\\[42\\]}",
    "\\boxed{\\large 42}",
    "\\boxed{\\textbf{(42)}}",
    "\\boxed{\\ 42\\ }",
    "$\\bf{\\boxed{42}}$",
    "Within \\boxed{} we put \\[\\boxed{42}\\]",
    "As \\boxed{answer}: \\boxed{42}",
    "\\boxed{41}\nthen \\boxed{42}",
    "\\boxed{8 and \\boxed{42}",
    # tags, hashes, and nothing else
    "<answer>42</answer>",
    "<answer>\n42\n</answer>",
    "<answer>\\boxed{42}</answer>",
    "<answer>42",
    "<SOLUTION>42</SOLUTION>",
    "#### 42",
    "####42",
    "#### 42 apples",
    "### Step 1\nso\n#### Step 2\nso\nThe answer is 42.",
    "42",
    "42.",
    "$42$",
    "\\(42\\)",
    "x = 42",
    "\\frac{84}{2}",
    "$$\n42\n$$",
]

MEANT = [
    "41 is not prime, so the answer is \\boxed{42}.",
    "Since x cannot be negative, $x = \\boxed{42}$.",
    "It is not 41 but \\boxed{42}.",
    "The total is \\boxed{42}, not 41.",
    "Is it 41? No. \\boxed{42}",
    "The answer is $\\boxed{42}$. This is not a prime.",
    "So 25% of 168 is \\boxed{42}.",
    "20 % more is \\boxed{42}",
    "\\boxed{42}\n\nLet me know if you want more detail.",
    "Maybe \\boxed{42}",
    "It is either way \\boxed{42}.",
]

TAKEN_BACK = [
    "not \\boxed{42}",
    "The answer is not \\boxed{42}.",
    "The answer isn't \\boxed{42}.",
    "It cannot be \\boxed{42}.",
    "It is not the case that the answer is \\boxed{42}.",
    "I don't think the answer is \\boxed{42}.",
    "Anything but \\boxed{42}.",
    "I doubt that \\boxed{42}.",
    "The wrong answer is \\boxed{42}.",
    "x \\neq \\boxed{42}",
    "\u4e0d\u662f \\boxed{42}",
    "Die Antwort ist nicht \\boxed{42}",
    "La respuesta no es \\boxed{42}",
    "\\boxed{42} is wrong, I have no idea.",
    "\\boxed{42} is not correct.",
    "\\boxed{42}. That's wrong.",
    "\\boxed{42}?",
    "\\boxed{42}\nWait, that is not right.",
    "\\boxed{42} -- just kidding",
    "\\boxed{42} or maybe 41",
    "\\boxed{42}, no, 41",
    "Answer: 42\nActually, no.",
    "The answer is 42.\nOr so.",
    "The answer is not 42.",
    "Answer: not 42",
    "The user expects \\boxed{42}; I think 41.",
    "Some would say \\boxed{42}, I say 41.",
]

HEDGED = [
    "either \\boxed{41} or \\boxed{42}",
    "Either \\boxed{41}\nOr maybe \\boxed{42}",
    "Perhaps \\boxed{41}.\nPerhaps \\boxed{42}.",
    "\\boxed{41} or \\boxed{42}",
    "Neither \\boxed{41} nor \\boxed{42}",
    "Answer: 41\nAnswer: 42",
    "Answer: 42\nAnswer: 41",
    "<answer>41</answer><answer>42</answer>",
    "Answer: either 42 or 41",
    "\\boxed{42} but I doubt it: \\boxed{41}",
]

HIDDEN = [
    "<think>\\boxed{42}</think>",
    "<think>\\boxed{42}",
    "\\boxed{42}</think>",
    "<think>Answer: 42</think>\nI give up.",
    "<!-- \\boxed{42} -->",
    "<!-- Answer: 42",
    "% \\boxed{42}",
    "\\boxed{41}\n%\\boxed{42}",
    "\\boxed{41} % \\boxed{42}",
    "\\boxed{41} \\iffalse \\boxed{42} \\fi",
    "\\begin{comment}\\boxed{42}\\end{comment}",
    "~~\\boxed{42}~~",
    "~~Answer: 42~~",
    "<del>\\boxed{42}</del>",
    "<del>\\boxed{42} <del></del></del>",
    "\\sout{\\boxed{42}}",
    "\\boxed{\\cancel{42}}",
    "```python\nprint('\\boxed{42}')\n```",
]

NONE = [
    "",
    "it is 42",
    "The number 42",
    "42 apples",
    "Jane has 42",
    "42?",
    "41 then 42",
    "\\boxed{}",
    "42\n\\boxed{}",
    "\\boxed{42",
    "\\boxed{42\\boxed{41}}",
    "Answer:",
    "#### Step 42",
    "The answer is near. 42",
    "so 42\nso it is",
    # an emphasised value beside which something else could be meant
    "**42**, I think",
    "The product is **42**, or so.",
    "The product is **41** or **42**.",
    "The product is **41**.\n\nThe sum is **42**.",
    "So it is $\\mathbf{41}$, **41**. The product is **42**.",
    "The answer is near 41. The product is **42**.",
    "The product is not **42**.",
    "If it were so, the product is **42**.",
    "Suppose the product is **42**.",
    "The teacher's guess is **42**.",
    "The wrong value is **42**.",
    "The number of the wrong option is **42**.",
    "The sum of the other digits is **42**.",
    "The number of steps is **42**.",
    "The upper bound is **42**.",
    "The product is **42**?",
    "The product is **42**. Wait, no.",
    "The product is **42**. It is 41.",
    "- The product is **42**.",
    "> The product is **42**.",
    "A student wrote: the product is **42**.",
    "The product is **about 42**.",
    "The product is 42.",
    "<think>The product is **42**.",
    "```python\nThe product is **42**.\n```",
]


@pytest.mark.parametrize("response", MARKED + MEANT)
def test_a_marked_answer_is_read_by_both_judges(response: str) -> None:
    assert verify_math("42", response).correct
    assert verify_number("42", response).correct


@pytest.mark.parametrize("response", TAKEN_BACK + HEDGED + HIDDEN + NONE)
def test_what_is_denied_hedged_hidden_or_unmarked_is_no_answer(response: str) -> None:
    for verdict in (verify_math("42", response), verify_number("42", response)):
        assert verdict.status in (Status.WRONG, Status.UNPARSABLE, Status.NO_ANSWER)
        assert verdict.reason


def test_families_that_ask_for_a_mark_read_no_emphasised_value() -> None:
    assert read_final("The product is **42**.", bare=False).text is None
    assert extract_answer("The product is **42**.") is None


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ("It is not \\boxed{42}.", "the answer is denied by the words before it"),
        ("\\boxed{42} is wrong.", "the answer is taken back by the words behind it"),
        ("Either \\boxed{41}\nor \\boxed{42}", "two answers are offered"),
        ("Answer: 41\nAnswer: 42", "two answers are marked"),
    ],
)
def test_the_reason_is_a_sentence(response: str, reason: str) -> None:
    assert read_final(response).reason == reason
    assert verify_number("42", response).status is Status.UNPARSABLE


@pytest.mark.parametrize(
    ("line", "final"),
    [
        ("Answer: 42", True),
        ("**Answer: 42**", True),
        ("## Answer: 42", True),
        ("so \\boxed{42}.", True),
        ("#### 42", True),
        ("<answer>42</answer>", True),
        ("</answer>", True),
        ("\u7b54\u6848\uff1a42", True),
        ("Answer:", False),
        ("**Answer:**", False),
        ("the Answer: 42", False),
        ("\\boxed{}", False),
        ("\\boxed{42", False),
        ("#### Step 1", False),
        ("The answer is 42", False),
        ("5x=10", False),
        ("", False),
        ("<answer>", False),
    ],
)
def test_a_line_is_final_when_it_holds_a_whole_marked_answer(line: str, final: bool) -> None:
    assert is_final_line(line) is final


def test_whoever_answers_twice_gains_nothing() -> None:
    assert extract_answer("Answer: 41\nAnswer: 42") == "41"
    assert extract_answer("\\boxed{41}\nAnswer: 42") == "41"
    assert extract_answer("Answer:\n41\nAnswer: 42") is None
    assert up_to_first("2+3=5\n**Answer: 5**\nAnswer: 6") == "2+3=5\n**Answer: 5**"


def test_an_answer_line_in_a_thought_is_passed_over() -> None:
    assert extract_answer("<think>\nAnswer: 3? no\n</think>\nAnswer: 4") == "4"
    assert extract_answer("so it is\nAnswer: 3\n</think>\nAnswer: 4") == "4"
    assert said_lines("<think>", ["Answer: 3", "</think>", "Answer: 4"]) == ["", "", "Answer: 4"]
    assert said_lines("", ["Answer: 3</think>Answer: 4", "<think>no"]) == ["Answer: 4", ""]
    assert said_lines("a < b", ["c > d [1]"]) == ["c > d [1]"]


@pytest.mark.parametrize(
    ("response", "lines"),
    [
        ("Answer:\n- A: **knight**\n- B: knave", "A: knight\nB: knave"),
        ("Answer:\n```\n1234\n3412\n```", "1234\n3412"),
        ("Answer: A knight, B knave.", "A knight, B knave"),
        ("Answer:", ""),
        ("A knight", None),
    ],
)
def test_an_answer_of_several_lines_is_read_whole(response: str, lines: str | None) -> None:
    assert extract_lines(response) == lines


@pytest.mark.parametrize(
    ("text", "shown", "keyed"),
    [
        ("\\(x=2\\)", "x=2", "x=2"),
        ("$5", "$5", "$5"),
        ("{1},{2}", "{1},{2}", "{1},{2}"),
        ("$1$ or $2$",) * 3,
        ("\\{1,2\\}",) * 3,
        ("\\textbf{73}", "73", "73"),
        ("\\text{Eve}", "\\text{Eve}", "Eve"),
        ("\\bf{73}", "73", "73"),
        ("\\((9-2)\\times 4\\).", "(9-2)\\times 4", "(9-2)*4"),
        ("\u22122", "\u22122", "-2"),
        ("}{", "}{", "}{"),
        ("\\frac{1}{2}", "\\frac{1}{2}", "((1)/(2))"),
    ],
)
def test_clothes_are_taken_off_only_where_they_are_round_all_of_it(text: str, shown: str, keyed: str) -> None:
    assert bare(text) == shown
    assert typed(text) == keyed


@pytest.mark.parametrize(
    "part",
    [
        "\\boxed{",
        "\\boxed{}",
        "{",
        "}",
        "Answer:\n",
        "Answer: ",
        "**Answer**\n",
        "#### ",
        "The answer is ",
        "answer is\n",
        "<answer>",
        "~~",
        "<del>",
        "<del>x</",
        "The product is **4**. ",
        "**4** ",
        "<!--",
        "%",
        "```python\n",
        "\n",
        " ",
        "not ",
        "wait, ",
        "\\",
        "\\boxed{1} and ",
        "\\boxed 1 ",
        "$",
        "*",
        "\u7b54\u6848",
        "\\iffalse ",
        "the answer to ",
        "Q:\n",
    ],
)
def test_long_hostile_text_is_read_in_linear_time(part: str) -> None:
    text = part * (100_000 // len(part))
    start = time.process_time()
    read_final(text)
    is_final_line(text.replace("\n", " "))
    assert time.process_time() - start < 1.5

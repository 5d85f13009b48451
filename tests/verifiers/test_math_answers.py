"""What counts as the same answer in mathematics, what never does, and that every judgement ends."""

from __future__ import annotations

import functools
import importlib.util
import json
import math
import os
import random
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reasonrl.verifiers.core import Status, Verdict
from reasonrl.verifiers.math import MathOptions, final_answer, verify_math
from reasonrl.verifiers.math.algebra import compare, start_work
from reasonrl.verifiers.math.comparer import ComparerPool, default_pool
from reasonrl.verifiers.math.numeric import differ
from reasonrl.verifiers.math.parser import parse

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not (DATA / "conformance").is_dir(), reason="the conformance data is not here")


def judge(gold: str, answer: str, **options: Any) -> Verdict:
    return verify_math(gold, f"It follows that \\boxed{{{answer}}}.", **options)


SAME = r"""
\frac{1}{\sqrt{2}} ## \frac{\sqrt2}{2}
\sqrt{452} ## 2\sqrt{113}
\frac{1}{\sqrt2-1} ## \sqrt2+1
\sqrt[3]{16} ## 2\sqrt[3]{2}
\sqrt{3+2\sqrt2} ## 1+\sqrt2
\frac{\sqrt{6}+\sqrt2}{4} ## \frac14(\sqrt6+\sqrt{2})
\frac{3\sqrt{3}}{4} ## 3*sqrt(3)/4
\frac34 ## .75
\frac 59 ## 5/9
1\frac{4}{5} ## 1 4/5
1\frac{4}{5} ## 9/5
137 \frac{1}{2} ## 137.5
0.\overline{3} ## 1/3
11,\! 111,\! 111,\! 100 ## 11111111100
\$32,\!348 ## \$32,348
1,22 ## 1.22
3\times10^8 ## 300000000
300000000 ## 3 \times 10^8
1024 ## 2^{10}
3628800 ## 10!
252 ## \binom{10}{5}
-1 ## i^2
6 - 5i ## -5i+6
2 \cdot 3^5 ## 6\cdot 3^4
1-\frac1e ## \frac{e-1}{e}
\ln 8 ## 3\ln 2
\log_2 5 ## \frac{\ln 5}{\ln 2}
10^{\frac{-5+\sqrt{13}}{6}} ## 10^{-\frac{5-\sqrt{13}}{6}}
e^{2x} ## (e^x)^2
4^{x+1} ## 4\cdot 2^{2x}
x^2+2x+1 ## (x+1)^2
(a+5)(b+2) ## ab+2a+5b+10
\frac{x+2}{7} ## \frac{x}{7}+\frac{2}{7}
\frac{1}{x^2-1} ## \frac12\left(\frac{1}{x-1}-\frac{1}{x+1}\right)
\frac{1}{\sqrt{x^2+1}} ## \frac{\sqrt{x^2+1}}{x^2+1}
\tan^2 y+1 ## \sec^2 y
\cot x ## \frac{\cos x}{\sin x}
\sin(2x) ## 2\sin x\cos x
\arctan 1 ## \frac{\pi}{4}
\tan 75^\circ ## 2+\sqrt3
90^\circ ## 90
90^\circ ## 90 degrees
15\mbox{ cm}^2 ## 15
\frac{270}7\text{ degrees} ## \frac{270}{7}^\circ
5.4 \text{ cents} ## 5.4
10\% ## 10
10\% ## 0.1
28\% ## 28 percent
5 \text{ million} ## 5000000
(3,4] ## 3 < x \le 4
[-2,7] ## x \in [-2,7]
x \in [-2,7] ## -2\leq x\leq 7
x \le 1 ## -x \ge -1
(2,\infty) ## x>2
(-\infty,5)\cup(5,\infty) ## x \ne 5
(-\infty,5)\cup(5,\infty) ## \mathbb{R}\setminus\{5\}
(0,9) \cup (9,36) ## (0, 36) \setminus \{9\}
x < -1 \text{ or } x > 3 ## (-\infty,-1)\cup(3,\infty)
1\leq|z|\leq \frac{3}{2} ## z \in [-\frac32,-1]\cup[1,\frac32]
[0,1] ## [0,\frac12] \cup [\frac12,1]
1 \pm \sqrt{19} ## 1-\sqrt{19}, 1+\sqrt{19}
\{1\pm\sqrt{5},-2\} ## \{-2, 1-\sqrt5, 1+\sqrt5\}
x=3 \text{ or } x=-3 ## \pm 3
3, 5, 7 ## 5, 3 and 7
1, 2 ## \{2, 1\}
a=4,-8,-10 ## -10,-8,4
(1,2),(3,4) ## \{(3,4),(1,2)\}
(0;0;6) ## (0, 0, 6)
\left( 3, \frac{\pi}{2} \right) ## (3, pi/2)
(p,q)=(3,2) ## (3,2)
a_3 = 2, a_{37} = 19 ## a_{37} = 19, \quad a_3 = 2
AB=4,CD=5 ## 4, 5
x=5 ## 5
5 ## x = 5
x = 11 ## x = 5+5+1 = 11
1/3 ## x=1/3\approx0.33
y = 2x+3 ## 2x - y + 3 = 0
y = 2x+3 ## f(x) = 3 + 2x
3x+2y=6 ## \frac{x}{2}+\frac{y}{3}=1
3:4 ## 6:8
1:2 ## \frac12
\{x \mid x > 3\} ## (3,\infty)
\{x : x > 3\} ## x>3
f^{-1}(x)=\frac{x-3}{2} ## \frac{x}{2}-\frac32
1{,}234{,}567 ## 1,234,567
0,111 ## 0.111
S_1:S_2 = 3:4 ## \frac34
\begin{pmatrix} -1/3 \\ 2/3 \end{pmatrix} ## \begin{bmatrix} -\frac13 \\[2pt] \frac23 \end{bmatrix}
\begin{pmatrix} 1 \\ 2 \end{pmatrix} ## (1,2)
4210_{5} ## 4210_5
\text{Evelyn} ## Evelyn
\text{even} ## \textbf{Even}
\text{(C)} ## C
\text{(C)} ## (C) 12
\infty ## +\infty
\emptyset ## \varnothing
"""

DIFFERENT = (
    r"""
42 ## 40+2
42 ## 6\cdot7
42 ## 84/4\cdot2
42 ## \int_0^{42} 1 dx
42 ## \sum_{i=1}^{42} 1
42 ## \lim_{x\to 42} x
42 ## 41=42
42 ## x=42=41
42 ## 41 or 42
42 ## \{41,42\}
42 ## \pm 42
42 ## not 42
42 ## 42 dozen
42 ## 42\%
42 ## \max(41,42)
1 ## \sin^2 x+\cos^2 x
1 ## \sin\frac{\pi}{2}
3 ## \log_2 8
10 ## 10!
4 ## \sqrt{12+4}
3 ## 9^{9^{9^{9}}}
3 ## (10^9)!
\frac{1}{2004!} ## \frac{1}{2006!}
2^{-60} ## 2^{-61}
e^{-100} ## 0
10^{20}+0.5 ## 10^{20}
\sin(1) ## \sin(1+10^{-15})
\frac{2^{2005}+1}{3 \cdot 2^{2006}} ## \frac{1}{3 \cdot 2^{2006}}
1/3 ## 0.3333333333
\pi ## 3.14159265358979
3.14 ## \pi
i ## -i
2\ln x ## \ln x^2
\sqrt{x^2} ## x
a+3z=0 ## 0
2x+z=1 ## 1
3x+4y+14=0 ## 3x-y+13=0
x=5 ## y=5
x>5 ## x\ge 5
x>5 ## x<5
(1,2) ## (2,1)
(1,2) ## [1,2]
(1,2) ## (1,2,3)
(5,\infty) ## (-\infty,5)\cup(5,\infty)
[0,2] ## [0,1) \cup (1,2]
1,2,3 ## 1,2
\{1,2\} ## \{1,2,3\}
52_8 ## 52
52_8 ## 42
52_8 ## 52_9
5 cm ## 5 m
2k ## 2
7:32 ## 32:7
6:00 ## 7:00
6:15 ## 2:5
1:2:3 ## 1:4:9
\text{(C)} ## (C) or (D)
\text{(C)} ## B
\text{yes} ## no
E ## e
5 ## five
0 ## \emptyset
1.5 ## 1,5
\begin{pmatrix}1 & 2 \\ 3 & 4\end{pmatrix} ## \begin{pmatrix}1 & 2 \\ 3 & 5\end{pmatrix}
12 ## 12^{\mathrm{th}} grade
"""
    + "42 ## \uff14\uff12\nx ## \u0445\nA ## \u0410\n42 ## \u0664\u0662\n"
)


def pairs(table: str) -> list[tuple[str, ...]]:
    return [tuple(line.split(" ## ")) for line in table.strip().split("\n")]


@pytest.mark.parametrize(("gold", "answer"), pairs(SAME))
def test_another_way_to_write_the_gold_is_accepted(gold: str, answer: str) -> None:
    assert judge(gold, answer).correct
    assert verify_math(gold, answer, extract=False).correct


@pytest.mark.parametrize(("gold", "answer"), pairs(DIFFERENT))
def test_another_value_a_hedge_or_an_unevaluated_answer_is_rejected(gold: str, answer: str) -> None:
    for verdict in (judge(gold, answer), verify_math(gold, answer, extract=False)):
        assert not verdict.correct
        assert verdict.judged


@functools.cache
def rows(table: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / "conformance" / f"{table}.jsonl").read_text("utf-8").splitlines()]


def agrees(row: dict[str, Any], *, bare: bool) -> bool:
    """As the table's graders were asked: bare predictions are answers, and the precision is the row's own."""
    options = MathOptions(extract=not bare)
    precision = (row.get("config") or {}).get("precision", 6)
    if precision < 5:
        options = MathOptions(extract=not bare, decimals=precision)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return verify_math(row["gold"], row["pred"], options=options).correct is bool(row["expected"])


@needs_data
def test_the_equivalence_table_is_agreed_with_but_for_five_argued_rows() -> None:
    judged = [row for row in rows("math_equivalence") if not row["suspect"] and "policy" not in row["note"]]
    disputed = [row for row in judged if not agrees(row, bare=True)]
    assert len(judged) > 150
    assert len(disputed) <= 0.03 * len(judged), disputed


@needs_data
@pytest.mark.parametrize("bare", [True, False])
def test_every_adversarial_row_is_judged_rightly(bare: bool) -> None:
    for row in rows("math_adversarial"):
        marked = "\\boxed" in row["pred"] or row["attack"] == "no answer marker"
        prediction = row["pred"] if marked or bare else f"\\boxed{{{row['pred']}}}"
        assert agrees({**row, "pred": prediction}, bare=bare and not marked), row


@needs_data
def test_realistic_answers_are_judged_without_false_positives_and_hardly_any_false_negatives() -> None:
    wrong = [row for row in rows("math_realistic") if not agrees(row, bare=False)]
    assert not [row for row in wrong if not row["expected"]]
    assert len([row for row in wrong if row["expected"] and not row["disputed"]]) <= 0.01 * len(rows("math_realistic"))


@functools.cache
def gold_answers() -> tuple[list[str], list[str]]:
    math500 = [json.loads(line)["answer"] for path in sorted((DATA / "math500").glob("*.jsonl"))
               for line in path.read_text("utf-8").splitlines()]  # fmt: skip
    gsm8k = [json.loads(line)["answer"].split("####")[1].strip()
             for line in (DATA / "gsm8k" / "train.jsonl").read_text("utf-8").splitlines()[:1000]]  # fmt: skip
    return math500, gsm8k


@needs_data
def test_every_gold_answer_equals_itself() -> None:
    for gold in (*gold_answers()[0], *gold_answers()[1]):
        assert judge(gold, gold).correct, gold


@needs_data
def test_a_gold_answer_equals_only_those_of_the_same_value() -> None:
    golds = sorted(set(gold_answers()[0]))
    shuffled = random.Random(0)
    found = [(a, b) for a in golds for b in shuffled.sample(golds, 60) if a != b and judge(a, b).correct]
    plain = [tuple(text.replace("^\\circ", "").replace("x=", "") for text in pair) for pair in found]
    assert all(a == b for a, b in plain), found


# extraction --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "final"),
    [
        ("\\boxed{1} then \n \\boxed{2}", "2"),
        ("\\boxed{1} and \\boxed{2}", "1, 2"),
        ("\\boxed{1}, \\boxed{2} \\text{ and } \\boxed{3}", "1, 2, 3"),
        ("\\boxed{\\begin{pmatrix} 1 \\\\ 2\n\\end{pmatrix}}", "\\begin{pmatrix} 1 \\\\ 2\n\\end{pmatrix}"),
        ("\\boxed{7}\n\\boxed{8", "7"),
        ("\\boxed{41} Final Answer: The final answer is $42$. I hope it is correct.", "42"),
        ("The final answer is 42. \\boxed{41}", "41"),
        ("**Answer:** 42", "42"),
        ("Answer: 42\nso it is", "42"),
        ("work\n#### 42", "42"),
        ("So the answer is 42", "42"),
        ("it might be 42", None),
        ("", None),
    ],
)
def test_the_final_answer_is_the_last_marked_one(response: str, final: str | None) -> None:
    assert final_answer(response) == final


def test_boxes_side_by_side_that_differ_are_a_hedge() -> None:
    assert not verify_math("42", "\\boxed{41} or \\boxed{42}").correct
    assert not verify_math("42", "\\boxed{41} no, wait \\boxed{42}").correct
    assert not verify_math("42", "\\boxed{41} and \\boxed{42}").correct
    assert verify_math("41, 42", "\\boxed{42} and \\boxed{41}").correct


@pytest.mark.parametrize("answer", ["The largest $n$ is 34.", "it says $34$", "34 apples", "Jane has 34 of them"])
def test_an_unmarked_answer_may_be_said_in_a_sentence_only_where_that_was_asked_for(answer: str) -> None:
    assert verify_math("34", answer).status is Status.NO_ANSWER
    assert verify_math("34", answer, extract=False).correct


@pytest.mark.parametrize(
    "answer", ["33 then 34", "it is not $34$", "either 34 or so", "$33$ becomes $34$", "between 3 and 34"]
)
def test_a_sentence_that_says_more_than_one_thing_is_no_answer(answer: str) -> None:
    assert not verify_math("34", answer, extract=False).correct


ATTACKS = r"""
\boxed{41 \text{ or } %}
\boxed{% \text{ or } 41}
\boxed{\{41, %\}}
\boxed{41, %}
\boxed{%/41}
\boxed{%;41}
\boxed{41} or \boxed{%}
\boxed{%} or \boxed{41}
\boxed{%}\boxed{41}
\boxed{41}\boxed{%}
\boxed{}
\boxed{x}
\boxed{\text{not } %}
\boxed{\neq %}
\boxed{% \pm 1}
\boxed{1 \cdot (%) + 1}
\boxed{% \text{ if } x>0}
\boxed{%?}
\boxed{\begin{cases} % \\ 41 \end{cases}}
it is %
The answer is % or 41
the answer is not %
#### 41 or %
\boxed{41 %}
\boxed{% 41}
\boxed{a=41, b=%}
\boxed{41 < %}
\boxed{\le %}
\boxed{x \ne %}
\boxed{41 : %}
\boxed{41 \to %}
\boxed{41 \Rightarrow %}
\boxed{41 \text{ (or maybe } %)}
\boxed{% (41)}
\boxed{%\text{ or so}}
\boxed{% \text{ dozen}}
\boxed{\text{between 41 and }%}
\boxed{%_{10}}
Answer: 41 (not %)
\boxed{%} \boxed{41} \boxed{%}
"""


@pytest.mark.parametrize("attack", ATTACKS.strip().split("\n"))
@pytest.mark.parametrize(
    "gold", ["42", r"\frac{14}{3}", r"3\sqrt{13}", "x=5", "(1,2)", "[0,1)", "-1", r"\text{Evelyn}"]
)
def test_a_gold_answer_with_a_way_out_beside_it_is_not_accepted(attack: str, gold: str) -> None:
    verdict = verify_math(gold, attack.replace("%", gold))
    assert not verdict.correct
    assert verdict.judged


# options -----------------------------------------------------------------------------------------------------------


def test_tolerances_are_off_until_asked_for() -> None:
    assert not judge("1/3", "0.333").correct
    assert judge("1/3", "0.333", decimals=2).correct
    assert not judge("1/3", "0.333", decimals=4).correct
    assert judge("1/3", "0.333", tolerance=0.01).correct
    assert not judge("1/3", "0.333", tolerance=0.0001).correct
    assert judge("3.14", "\\pi", gold_precision=True).correct
    assert not judge("3.15", "\\pi", gold_precision=True).correct
    assert not judge("22/7", "\\pi", gold_precision=True).correct
    assert not judge("10^{-9}", "10^{-10}", tolerance=0.01).correct


def test_options_change_what_they_say() -> None:
    assert judge("42", "42\\%", percent_is_unit=True).correct
    assert judge("1, 2", "2, 1").correct
    assert not judge("1, 2", "2, 1", ordered=True).correct
    assert judge("42", "40+2", evaluated=False).correct
    assert not judge("\\sqrt{3+2\\sqrt2}", "1+\\sqrt2", symbolic=False).correct
    with pytest.raises(ValueError, match="deadline"):
        MathOptions(deadline=0.0)
    with pytest.raises(ValueError, match="tolerance"):
        MathOptions(tolerance=1.5)


def test_a_gold_that_says_nothing_is_a_bad_reference_with_one_warning() -> None:
    gold = f"\\frac{{1}}{{ {os.getpid()}"  # a fresh one: golds warn once
    with pytest.warns(UserWarning, match="not judged"):
        verdict = judge(gold, "42")
    assert verdict.status is Status.BAD_REFERENCE
    assert math.isnan(verdict.score)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert judge(gold, "43").status is Status.BAD_REFERENCE
    assert judge("\\text{no solution}", "no solution").correct
    assert judge("\\text{no solution}", "42").status is Status.WRONG


# properties --------------------------------------------------------------------------------------------------------


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> str:
    """LaTeX of a scalar with unknowns x and y."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(
            st.sampled_from(["x", "y", "\\pi", "\\sqrt{2}", "\\sqrt{3}", "1", "2", "3", "7", "\\frac{1}{2}", "i"])
        )
    left, right = draw(expressions(depth - 1)), draw(expressions(depth - 1))
    form = draw(
        st.sampled_from(["({} + {})", "({} - {})", "{} \\cdot {}", "\\frac{{{}}}{{{} + 5}}", "({})^{{2}} + {}"])
    )
    return str(form.format(left, right))


@given(expressions(), expressions())
@settings(max_examples=150)
def test_equality_is_reflexive_and_symmetric_and_a_perturbed_value_differs(a: str, b: str) -> None:
    options = MathOptions(evaluated=False)
    assert judge(a, f"{a} + 0", options=options).correct
    assert judge(a, b, options=options).correct == judge(b, a, options=options).correct
    assert not judge(a, f"{a} + 10^{{-30}}", options=options).correct
    assert not judge(a, f"({a}) \\cdot 2 - ({b})", options=options).correct or judge(a, b, options=options).correct


@given(expressions(), expressions())
@settings(max_examples=150)
def test_what_is_equal_by_algebra_is_never_refuted_by_numbers(a: str, b: str) -> None:
    left, right = parse(f"({a} + {b})^2"), parse(f"({a})^2 + 2 ({a}) ({b}) + ({b})^2")
    assert left is not None
    assert right is not None
    start_work()
    assert compare(left, right) is not False
    assert not differ(left, right)


@given(st.fractions(max_denominator=10**6), st.fractions(max_denominator=10**6))
def test_fractions_are_equal_exactly_when_their_values_are(a: Fraction, b: Fraction) -> None:
    latex = f"\\frac{{{b.numerator}}}{{{b.denominator}}}"
    assert judge(str(a), latex).correct == (a == b)
    assert judge(f"{a} + x", f"{latex} + x").correct == (a == b)


_PIECES = st.sampled_from(
    r"""\frac{ } { ( ) [ ] \{ \} x 2 10 3.5 + - * / ^ ^{ _ ! % \sqrt \pi i e , ; \cup \in = < \le \pm | \sin \ln \log_2
    \text{cm} \infty \begin{pmatrix} \end{pmatrix} & \\ and or \binom{ ^\circ $ \boxed{ A \lfloor \setminus""".split()  # noqa: SIM905
)


@given(st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=14).map(" ".join)), st.lists(_PIECES, max_size=14))
@settings(max_examples=300)
def test_any_text_gets_a_verdict_and_never_an_error(text: str, pieces: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for extract in (True, False):
            assert verify_math("\\sqrt{2}", text, extract=extract).judged
            for gold in (text, "".join(pieces)):
                assert verify_math(gold, " ".join(pieces), extract=extract).status is not Status.ERROR


# bounds, threads, deadlines ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "piece",
    ["9", "{", "(", "\\boxed{", "\\boxed{1}", "\\frac{", "x^", "-", "!", "x", "2x+", "\\sqrt{", "the answer is ", "\\(",
     "Answer: ", "$", "1,", " and ", "\\begin{pmatrix}", "\\\\", "|", "#### ", "\udcff", "\x00", "\n", " "],
)  # fmt: skip
def test_a_megabyte_of_anything_is_refused_quickly(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    for answer in (text, f"\\boxed{{{text}}}", f"Answer: {text}", text[:1_900]):
        start = time.process_time()
        verdict = verify_math("\\sqrt{2}", answer)
        assert time.process_time() - start < 1.5
        assert verdict.status in (Status.NO_ANSWER, Status.UNPARSABLE, Status.WRONG)


@pytest.mark.filterwarnings("ignore:the reference")
@pytest.mark.parametrize(
    "answer",
    ["9^{9^{9^{9}}}", "(10^9)!", "((10^5)!)!", "\\binom{10^9}{10^8}", "2^{10^{10}}", "(x+1)^{10^6}",
     "(a+b+c+d+x+y)^{24} \\cdot (a+b+c)^{23}",
     "\\sqrt[10^9]{2^{10^9}}", "10^{-10^{9}}", "\\prod_{i=1}^{9} i", "\\sqrt{" * 30 + "2" + "}" * 30,
     "(" + ")(".join(["a+b+c+d+x+y+z"] * 20) + ")", "999999999999999999999989^{1/2}", "1" * 400],
)  # fmt: skip
def test_numbers_too_large_to_write_are_refused_quickly(answer: str) -> None:
    start = time.process_time()
    assert not judge("3", answer).correct
    assert not judge(f"{answer} + y", f"{answer} + x", symbolic=False).correct
    assert time.process_time() - start < 3.0


def test_bytes_are_read_as_text() -> None:
    assert verify_math(b"42", b"\\boxed{42}").correct
    assert verify_math("42", b"\xff\\boxed{42}").correct


def test_a_pair_that_takes_too_long_ends_at_the_deadline_and_the_next_one_is_judged() -> None:
    assert judge("\\sqrt{3+2\\sqrt2}", "1+\\sqrt2", deadline=60.0).correct  # the process is warm
    pool = default_pool("sympy")
    restarts = pool.restarts
    roots = "(\\sqrt{1+\\sqrt2}+\\sqrt{1+\\sqrt3}+\\sqrt{1+\\sqrt5}+\\sqrt{1+\\sqrt7})"  # of degree 256
    start = time.monotonic()
    verdict = judge(
        f"\\sqrt{{3+2\\sqrt2}} \\cdot {roots}", f"(1+\\sqrt2) \\cdot {roots}", deadline=0.5, evaluated=False
    )
    assert time.monotonic() - start < 0.5 + 1.0
    assert verdict.status is Status.TIMEOUT
    assert verdict.score == 0.0
    assert pool.restarts == restarts + 1
    verdict = judge("\\sqrt{3+2\\sqrt2}", "1+\\sqrt2", deadline=60.0)
    assert verdict.correct
    assert verdict.method == "symbolic"
    assert pool.pids


def test_a_process_that_hangs_is_killed_and_replaced() -> None:
    assert judge("\\sqrt{3+2\\sqrt2}", "1+\\sqrt2", deadline=60.0).correct
    pool = default_pool("sympy")
    before, restarts = pool.pids, pool.restarts
    for pid in before:
        subprocess.run(["kill", "-STOP", str(pid)], check=True)
    start = time.monotonic()
    assert judge("\\sqrt{3+2\\sqrt2}", "1+\\sqrt2", deadline=0.5).status is Status.TIMEOUT
    assert time.monotonic() - start < 1.5
    assert pool.restarts == restarts + 1
    for pid in before:  # a second one may be waiting, still stopped
        subprocess.run(["kill", "-CONT", str(pid)], check=False, stderr=subprocess.DEVNULL)
    assert judge("\\sqrt{3+2\\sqrt2}", "1+\\sqrt2", deadline=60.0).correct


def test_eight_threads_judge_at_the_same_time() -> None:
    cases = [(*pair, True) for pair in pairs(SAME)] + [(*pair, False) for pair in pairs(DIFFERENT)]
    results: list[bool] = []
    with ThreadPoolExecutor(8) as threads:
        for case, verdict in zip(
            cases, threads.map(lambda case: judge(case[0], case[1], deadline=60.0), cases), strict=True
        ):
            results.append(verdict.correct == case[2])
    assert all(results)


def test_importing_the_judge_does_not_load_sympy() -> None:
    code = "import sys, reasonrl.verifiers.math; print('sympy' in sys.modules, 'mpmath' in sys.modules)"
    shown = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["False", "False"]


def test_a_process_that_cannot_start_is_our_error_and_not_a_wrong_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reasonrl.verifiers.math.comparer._SCRIPT", Path("/nonexistent.py"))
    monkeypatch.setattr("reasonrl.verifiers.math.verify.default_pool", lambda kind: ComparerPool(kind))
    verdict = judge("\\sqrt{3+2\\sqrt2}", "1+\\sqrt2")
    assert verdict.status is Status.ERROR
    assert math.isnan(verdict.score)


def test_a_missing_math_verify_is_an_error_that_says_so() -> None:
    if importlib.util.find_spec("math_verify") is not None:
        pytest.skip("math-verify is installed")
    verdict = judge("42", "42", math_verify=True)
    assert verdict.status is Status.ERROR
    assert "install" in verdict.reason

"""Coverage-guided fuzzing of the judges of text; not collected by pytest.

    python tests/fuzz/fuzz_verifiers.py --target math --seconds 60      needs `pip install atheris`
    python tests/fuzz/fuzz_verifiers.py --target mutants                needs nothing: one edit of each of 60 golds

Input     bytes; one below 128 is that character, any other a fragment that judges know (`FRAGMENTS`), so that the
          fuzzer reaches the depths of a grammar in a few steps
Claims    a judge never raises, gives a `Verdict` that is not ERROR, and takes less than half a second of processor time
          for 10,000 characters; what math reads as a gold it accepts as an answer
Ends      with exit status 0 when the time is over; atheris writes the input that broke a claim to `crash-*`
Mutants   prints every accepted edit of a gold, for review: a false acceptance is a bug, an equal value is not
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

MAX_CHARS = 10_000
MAX_SECONDS = 0.5
FRAGMENTS = (
    r"\boxed{", r"\frac", r"\frac{1}{2}", r"\sqrt{", r"\sqrt[3]", r"\text{", r"\text{ and }", r"\text{ or }", r"\pm ",
    r"\cup ", r"\in ", r"\le ", r"\ne ", r"\infty", r"\pi ", r"^\circ", r"\begin{pmatrix}", r"\end{pmatrix}", r"\\",
    r"\left(", r"\right]", r"\{", r"\}", r"\setminus", r"\binom{5}{2}", r"\log_", r"\ln ", r"\sin ", r"\overline{3}",
    r"\cdot ", r"\times 10^", r"\approx ", r"\mathbb{R}", r"\$", r"\%", r"\,", r"\!", r"\quad ", r"\mathrm{", r"\hat{",
    r"\lfloor ", r"\operatorname{", "Answer: ", "final answer is ", "the answer is ", "#### ", " is ", " or ", " and ",
    "x = ", "f(x)", "x^{2}", "{,}", "10^{20}", "(1,2]", "1,000", "0.5", "42", "41", "\u221a", "\u03c0", "\u00b2",
    "\uff14", "\u200b", "\ud800", "R 1 2", "3 A MP 1 2", "4 B OI 3", "[]", "a|~b", "~(A&B)>", "<<1+1=2>>", "<<", ">>",
    "Every ", " is a wumpus. ", "Alex ", "True", "not ", "```python\n", "```\n", "def f(x):\n", "    return x\n",
    "class f:\n",
    '{"f":"1.5"}', '{"t":[', '{"d":[', '{"s":[', '{"b":"00"}', '{"c":["1","nan"]}', '{"n":["', '{"h":1}', "]}", '"',
    "red=1", ", green=2", "1/3", "-", "(", ")", "{", "}", "|", "&", "$", "!", "'", "_", "\n", "\r", "\t", "\x00",
)  # fmt: skip
GOLDS = (
    "42", "-7", "0", "1,200", "0.25", r"0.\overline{3}", "25\\%", r"\$5.50", "3/4", r"\frac{14}{3}", r"-\frac{1}{2}",
    r"4\tfrac{2}{3}", r"\frac{\sqrt{3}}{2}", r"2\sqrt{113}", r"\sqrt[3]{5}", r"1+\sqrt{2}", r"\frac{1+\sqrt{5}}{2}",
    r"\pi", r"\frac{3\pi}{4}", "2e", r"\ln 2", r"\log_2 3", "2^{10}", "10^{20}", "10!", r"\binom{10}{5}", "3+4i", "-i",
    r"3 \times 10^8", r"4210_5", "6:15", "3:4", "5 \\text{ cm}", r"30^\circ", r"12\text{ cm}^2", "(3,2)", r"(1,-2,\pi)",
    "1,2,3", r"\{1,2\}", r"1 \pm \sqrt{3}", "[2,5)", r"(-\infty, 3]", r"(0,1)\cup(2,3)", r"x \ne 5", "x > 3",
    r"1 \le x < 4", r"\mathbb{R}\setminus\{5\}", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}",
    r"\begin{pmatrix}1\\-2\end{pmatrix}", "x^2+2x+1", "2x-3y", r"\frac{x+1}{x-1}", "(x+1)(x-2)", "y=2x+3", "x^2+y^2=9",
    "f(x)=2x", "x=5", r"\sin^2 x", r"\text{Evelyn}", "even", r"\text{(C)}",
)  # fmt: skip
ALPHABET = "0123456789+-*/^_=<>()[]{},.;:!|&%$' \\xyieaRUE\n~\u00b2\u221a"
"""Characters that an edit puts in."""


def text_of(data: bytes) -> str:
    """The text that the bytes stand for, cut at `MAX_CHARS`."""
    pieces = (chr(byte) if byte < 128 else FRAGMENTS[(byte - 128) % len(FRAGMENTS)] for byte in data)
    return "".join(pieces)[:MAX_CHARS]


def judge(verify: Callable[..., Any], *texts: Any, **options: Any) -> Any:
    """The verdict of one call, which is sound and took its time, or an AssertionError."""
    core = importlib.import_module("reasonrl.verifiers.core")
    for attempt in range(2):  # a cache may be filled, a module loaded: slow is what is slow twice
        start = time.process_time()
        verdict = verify(*texts, **options)
        seconds = time.process_time() - start
        if seconds < MAX_SECONDS:
            break
        if attempt:
            raise AssertionError(f"{seconds:.2f} seconds for {texts!r}")
    sound = isinstance(verdict, core.Verdict) and verdict.status is not core.Status.ERROR
    if not sound or (verdict.judged and verdict.score not in (0.0, 1.0)):
        raise AssertionError(f"{verdict!r} for {texts!r}")
    return verdict


def _math(text: str) -> None:
    math = importlib.import_module("reasonrl.verifiers.math")
    gold, _, response = text.partition("\n")
    for reference in ("42", r"\frac{\sqrt{3}}{2}", "x^2+2x+1", "(1,2]", gold):
        for extract in (True, False):
            judge(math.verify_math, reference, response, extract=extract, symbolic=False)
    itself = judge(math.verify_math, gold, gold, extract=False, symbolic=False, evaluated=False)
    if math.parse_number(gold) is None:
        return
    if itself.judged and not itself.correct and math.final_answer(gold) is None:
        raise AssertionError(f"{gold!r} is a number and does not accept itself")
    if judge(math.verify_math, "42", gold, extract=False, symbolic=False).correct:
        _is_42(math.parse_number(gold), gold)


def _is_42(value: Any, text: str) -> None:
    if value != 42:
        raise AssertionError(f"{text!r} is read as {value} and accepted for 42")


def _number(text: str) -> None:
    math = importlib.import_module("reasonrl.verifiers.math")
    gold, _, response = text.partition("\n")
    for reference in ("42", gold):
        judge(math.verify_number, reference, response)
    value = math.parse_number(gold)
    if value is not None and value == 42 and not (("4" in gold and "2" in gold) or "/" in gold or "%" in gold):
        raise AssertionError(f"{gold!r} is read as 42")


def _proof(text: str) -> None:
    logic = importlib.import_module("reasonrl.verifiers.logic")
    premises, goal = ("A>B", "A"), "~C"  # C cannot be proved false from these
    verdict = judge(logic.verify_proof, premises, goal, text)
    if verdict.correct:
        raise AssertionError(f"{text!r} proves what does not follow")
    judge(logic.verify_proof, text.split("\n")[:3], "B", text)


def _resolution(text: str) -> None:
    resolution = importlib.import_module("reasonrl.verifiers.logic.resolution")
    consistent = ("a|~b", "b|c", "~c")  # b, and so a, but not c
    verdict = judge(resolution.verify_resolution, consistent, text)
    if verdict.correct:
        raise AssertionError(f"{text!r} refutes clauses that can be true together")
    judge(resolution.verify_resolution, text.split("\n")[:3], text)


def _ontology(text: str) -> None:
    ontology = importlib.import_module("reasonrl.verifiers.logic.ontology")
    context = "Every tumpus is a wumpus. Wumpuses are not brown. Alex is a tumpus."
    judge(ontology.verify_chain, context, "Alex is brown.", text)
    judge(ontology.verify_chain, text, text.split(".")[0], text)


def _assignment(text: str) -> None:
    assignment = importlib.import_module("reasonrl.verifiers.logic.assignment")
    judge(assignment.verify_assignment, text, text, checks=2_000)


def _arithmetic(text: str) -> None:
    arithmetic = importlib.import_module("reasonrl.verifiers.arithmetic")
    value = arithmetic.parse(text, "x")
    if value is not None and arithmetic.parse(f"({text})", "x") not in (None, value):
        raise AssertionError(f"brackets around {text!r} change its value")


def _annotations(text: str) -> None:
    annotations = importlib.import_module("reasonrl.verifiers.annotations")
    annotations.check_step(text.split("\n"), text)
    annotations.check_annotation(text)
    calculations = importlib.import_module("reasonrl.verifiers.calculations")
    calculations.check_step(text.split("\n"), text)


def _values(text: str) -> None:
    values = importlib.import_module("reasonrl.verifiers.sandbox.values")
    document = text.encode("utf-8", errors="surrogatepass")
    with contextlib.suppress(ValueError):
        values.decode(document, rich=lambda handle: handle)
    with contextlib.suppress(ValueError):
        value = values.decode(document)
        if "nan" not in str(value) and not values.same(value, value):  # NaN as a key is the same as nothing
            raise AssertionError(f"the value of {document!r} is not the same as itself")
        if "nan" not in str(value) and values.is_plain(value):
            with contextlib.suppress(values.TooBig):
                if not values.same(value, values.decode(values.encode(value).encode())):
                    raise AssertionError(f"{document!r} does not survive encoding")


def _code_extract(text: str) -> None:
    extract = importlib.import_module("reasonrl.verifiers.code.extract")
    if not isinstance(extract.extract_code(text), str):
        raise AssertionError(f"the program of {text!r} is no text")
    if not all(isinstance(reading, str) for reading in extract.readings("def f(x):\n", text, "f")):
        raise AssertionError(f"a reading of {text!r} is no text")


TARGETS: dict[str, Callable[[str], None]] = {
    "math": _math,
    "number": _number,
    "proof": _proof,
    "resolution": _resolution,
    "ontology": _ontology,
    "assignment": _assignment,
    "arithmetic": _arithmetic,
    "annotations": _annotations,
    "values": _values,
    "code_extract": _code_extract,
}


def try_one(target: str, data: bytes) -> None:
    """Raises where a claim of the target does not hold."""
    text = text_of(data)
    start = time.process_time()
    TARGETS[target](text)
    if time.process_time() - start > MAX_SECONDS:  # instrumentation, or a cache that is filled: once more
        start = time.process_time()
        TARGETS[target](text)
        if time.process_time() - start > MAX_SECONDS:
            raise AssertionError(f"{time.process_time() - start:.2f} seconds for {text[:2000]!r}")


def edits(gold: str) -> Iterator[str]:
    """Every text that is one deletion, replacement or insertion away."""
    for place in range(len(gold) + 1):
        for new in ALPHABET:
            yield gold[:place] + new + gold[place:]
            if place < len(gold) and new != gold[place]:
                yield gold[:place] + new + gold[place + 1 :]
        if place < len(gold):
            yield gold[:place] + gold[place + 1 :]


def accepted_edits() -> Iterator[tuple[str, str, str]]:
    """(gold, edit, method) where a boxed edit passes and differs in more than blanks."""
    math = importlib.import_module("reasonrl.verifiers.math")
    for gold in GOLDS:
        if not math.verify_math(gold, rf"\boxed{{{gold}}}", symbolic=False, evaluated=False).correct:
            raise AssertionError(f"{gold!r} does not accept itself")
        for edit in sorted(set(edits(gold))):
            verdict = judge(math.verify_math, gold, rf"\boxed{{{edit}}}", symbolic=False)
            if verdict.correct and "".join(edit.split()) != "".join(gold.split()):
                yield gold, edit, verdict.method


def main() -> None:
    parser = argparse.ArgumentParser(description="Fuzz a judge.")
    parser.add_argument("--target", choices=(*TARGETS, "mutants"), required=True)
    parser.add_argument("--seconds", type=int, default=60)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    if chosen.target == "mutants":
        for gold, edit, method in accepted_edits():
            print(f"{gold!r}  accepts  {edit!r}  by {method}")
        return
    try:
        atheris: Any = importlib.import_module("atheris")
    except ImportError:
        sys.exit("atheris is not installed: pip install atheris (Linux, CPython 3.11 to 3.13)")
    with atheris.instrument_imports(include=["reasonrl"]):
        for module in ("math", "logic", "logic.resolution", "logic.assignment", "annotations", "code.extract"):
            importlib.import_module(f"reasonrl.verifiers.{module}")
        importlib.import_module("reasonrl.verifiers.sandbox.values")
    atheris.Setup(
        [sys.argv[0], f"-max_total_time={chosen.seconds}", "-max_len=2000", "-len_control=20"],
        lambda data: try_one(chosen.target, data),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()

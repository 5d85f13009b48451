"""Texts to try on a judge, made from a problem's prompt and its right answer. Pure functions of what they are given.

formats     the right answer in every form that docs/answers.md promises to read: these must be accepted
styles      the right answer in a form that is promised to some judges only: all problems must be treated alike
impostors   constants, echoes of the prompt, several answers at once, look-alikes: must be rejected
hostile     oversized, deep, huge, broken in encoding: must be rejected, and quickly
canaries    code that leaves a trace should anybody run it: must be rejected without a trace
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

from reasonrl.verifiers.answers import MARK

MEGABYTE = 1_000_000
CONSTANTS = (
    *("", " ", "0", "1", "-1", "2", "42", "0.5", "yes", "no", "true", "True", "False", "None", "null", "nan", "inf"),
    *("[]", "{}", "()", "''", '""', "x", "A", "?", "...", ".", "*", "%", "$", "the answer", "answer", "unknown"),
)


class Kind(StrEnum):
    """How a right answer is written."""

    LINE = "answer line"
    """Lines of reasoning, then `Answer: ...`."""
    MARKED = "marked"
    """The same, or a box, or `####`."""
    CODE = "code"
    """A program."""
    BARE = "bare"
    """Nothing but the answer, as in libraries that extract it beforehand."""


class Text(NamedTuple):
    """One text to try, and what is tried with it."""

    label: str
    text: str


def formats(kind: Kind, gold: str, final: str) -> Iterator[Text]:
    """Writings of the right answer that must be accepted.

    Args:
        kind: how it is written.
        gold: the whole right response; it ends with `Answer: {final}` unless it is bare or a program.
        final: the answer alone.
    """
    lines = gold.split("\n")
    yield Text("final newline", f"{gold}\n")
    yield Text("final CRLF", f"{gold}\r\n")
    yield Text("three final newlines", f"{gold}\n\n\n")
    yield Text("final blanks", f"{gold}   ")
    if kind is Kind.BARE:
        yield Text("blank in front", f" {gold}")
        yield Text("newline in front", f"\n{gold}")
        return
    yield Text("newline in front", f"\n{gold}")
    yield Text("CRLF", gold.replace("\n", "\r\n"))
    yield Text("CRLF and final CRLF", "\r\n".join([*lines, ""]))
    yield Text("blanks at each line's end", "\n".join(f"{line}  " for line in lines))
    yield Text("tab at the end", f"{gold}\t")
    yield Text("blank last line of blanks", f"{gold}\n   \n")
    if kind is Kind.CODE:
        yield from _program_formats(gold, lines)
        return
    body = lines[:-1]
    for label, written in _answer_lines(final):
        yield Text(label, "\n".join([*body, written]))
    yield Text("blank line before the answer", "\n".join([*body, "", f"{MARK} {final}"]))
    yield Text("blank lines everywhere", "\n\n".join(lines))
    yield Text("talk before", f"Let us begin.\n{gold}")
    yield Text("talk after the answer line", f"{gold}\nThat is all.")
    yield Text("a plan before", f"Plan: one step after another\n{gold}")
    yield Text("a second answer line, which is not read", f"{gold}\n{MARK} no")
    yield Text("blank line of blanks in front", f"   \n{gold}")
    if kind is Kind.MARKED:
        yield Text("no mark", final)
        yield Text("hashes after talk", f"Some lines.\n#### {final}")


def _answer_lines(final: str) -> Iterator[tuple[str, str]]:
    """(label, the last lines) of every form that is promised to all judges whose answers are lines."""
    yield "no blank after the mark", f"{MARK}{final}"
    yield "three blanks after the mark", f"{MARK}   {final}"
    yield "tab after the mark", f"{MARK}\t{final}"
    yield "indented mark", f"  {MARK} {final}"
    yield "mark in small letters", f"{MARK.lower()} {final}"
    yield "full stop", f"{MARK} {final}."
    yield "bold mark", f"**{MARK}** {final}"
    yield "bold answer", f"{MARK} **{final}**"
    yield "bold line", f"**{MARK} {final}**"
    yield "code quotes", f"{MARK} `{final}`"
    yield "formula", f"{MARK} ${final}$"
    yield "large formula", f"{MARK} \\(\\large {final}\\)"
    yield "final answer", f"Final answer: {final}"
    yield "quotation", f"> Final answer: {final}"
    yield "mark on a line of its own", f"{MARK}\n{final}"
    yield "heading", f"## Answer\n{final}"
    yield "sentence", f"The answer is {final}."
    yield "tag", f"<answer>{final}</answer>"
    yield "Chinese", f"\u7b54\u6848\uff1a{final}"
    yield "German", f"Antwort: {final}"
    yield "French", f"R\u00e9ponse : {final}"
    yield "box alone", f"\\boxed{{{final}}}"
    yield "box in a sentence", f"So it is \\boxed{{{final}}}."
    yield "box as a formula", f"$\\boxed{{{final}}}$"
    yield "box after the mark", f"{MARK} \\boxed{{{final}}}"
    yield "frame", f"\\fbox{{{final}}}"
    if not _starts_with_a_word(final):  # that would be a heading: `#### Step 1`
        yield "hashes", f"#### {final}"
        yield "hashes without blank", f"####{final}"


def _program_formats(gold: str, lines: list[str]) -> Iterator[Text]:
    yield Text("fence", f"```python\n{gold}\n```")
    yield Text("fence without language", f"```\n{gold}\n```")
    yield Text("fence of py", f"```py\n{gold}\n```\n")
    yield Text("fence and talk", f"Here it is:\n\n```python\n{gold}\n```\nIt returns the value.")
    yield Text("fence with CRLF", f"```python\n{gold}\n```".replace("\n", "\r\n"))
    yield Text("comment in front", f"# this is it\n{gold}")
    yield Text("comment after", f"{gold}\n# done")
    yield Text("four blanks of indentation", "\n".join(_indented(line) for line in lines))
    yield Text("an import it does not use", f"import math\n{gold}")
    yield Text("blank lines inside", "\n\n".join(lines))


def _indented(line: str) -> str:
    bare = line.lstrip(" ")
    return " " * 4 * (len(line) - len(bare)) + bare


def styles(kind: Kind, gold: str, final: str) -> Iterator[Text]:
    """Writings of the right answer that may be accepted or not, but of all problems alike."""
    if kind in (Kind.CODE, Kind.BARE):
        return
    *body, _ = gold.split("\n")
    if kind is not Kind.MARKED:  # a number alone is promised there
        yield Text("no mark", "\n".join([*body, final]))
    if _starts_with_a_word(final):
        yield Text("hashes before words", "\n".join([*body, f"#### {final}"]))


def _starts_with_a_word(final: str) -> bool:
    return len(final) > 1 and final[0].isalpha()


def impostors(kind: Kind, prompt: str, final: str, other: str, *, same: Callable[[str, str], bool]) -> Iterator[Text]:
    """What must be rejected.

    Args:
        other: the final answer of another problem, a different one.
        same: whether two final answers mean the same, so that a constant that happens to be right is left out.
    """
    bare = kind in (Kind.BARE, Kind.CODE)
    for constant in CONSTANTS:
        if not same(constant, final):
            yield Text("constant", constant)
            if not bare:
                yield Text("constant", f"{MARK} {constant}")
    yield Text("echo", prompt)
    yield Text("echo", f"{prompt}\n{prompt}")
    yield Text("restatement", f"The answer is what is asked for: {prompt}")
    if kind is Kind.CODE:
        return
    mark = "" if bare else f"{MARK} "
    yield Text("echo", f"{mark}{prompt}")
    yield Text("restatement", f"{mark}the answer to {prompt}")
    yield Text("hedge", f"{mark}{final} or {other}")
    yield Text("hedge", f"{mark}{other} or {final}")
    yield Text("hedge", f"{mark}either {final} or not")
    yield Text("hedge", f"{mark}{other} {final}")
    yield Text("hedge", f"{mark}{final} {other}")
    yield Text("hedge", f"{mark}[{other}, {final}]")
    if not bare:
        yield Text("wrong answer first", f"{MARK} {other}\n{MARK} {final}")
    yield Text("denial", f"{mark}not {final}")
    for label, change in _LOOK_ALIKES.items():
        changed = final.translate(change)
        if changed != final and not (kind is Kind.BARE and "digits" in label):  # Python's int reads them, by design
            yield Text(label, f"{mark}{changed}")
    yield Text("invisible character", f"{mark}{final[:1]}\u200b{final[1:]}")
    yield Text("right-to-left", f"{mark}\u202e{final[::-1]}")


_LOOK_ALIKES = {
    "full-width digits": {ord("0") + digit: 0xFF10 + digit for digit in range(10)},
    "bold digits": {ord("0") + digit: 0x1D7CE + digit for digit in range(10)},
    "Arabic digits": {ord("0") + digit: 0x0660 + digit for digit in range(10)},
    "Cyrillic letters": str.maketrans("ABCEHKMOPTXaceopxy", "АВСЕНКМОРТХасеорху"),  # noqa: RUF001
}


def hostile(kind: Kind, final: str) -> Iterator[Text]:
    """Oversized and broken texts; none of them is right."""
    marks = ("",) if kind is Kind.BARE else ("", f"{MARK} ") if kind is not Kind.MARKED else ("", f"{MARK} ", "#### ")
    for mark in marks:
        yield Text("a megabyte of digits", mark + "9" * MEGABYTE)
        yield Text("a megabyte of brackets", mark + "(" * MEGABYTE)
        yield Text("a megabyte of blanks", mark + "x" + " " * MEGABYTE + "x")
        yield Text("a megabyte of signs", mark + "-" * MEGABYTE + "1")
        yield Text("deep brackets", mark + "(" * 50_000 + "7" + ")" * 50_000)
        yield Text("deep lists", mark + "[" * 50_000 + "]" * 50_000)
        yield Text("deep braces", mark + "\\boxed{" * 20_000 + "}" * 20_000)
        yield Text("tower of powers", f"{mark}9**9**9**9")
        yield Text("tower of powers", f"{mark}9^9^9^9^9")
        yield Text("tower of powers", f"{mark}10**10**10")
        yield Text("huge shift", f"{mark}1<<999999999")
        yield Text("huge list", f"{mark}[0]*10**10")
        yield Text("huge exponent", f"{mark}1e999999999")
        yield Text("huge factorial", f"{mark}999999999!")
        yield Text("division by zero", f"{mark}1/0")
        yield Text("NUL", f"{mark}\x00")
        yield Text("NUL in the answer", f"{mark}{final}\x00{final}")
        yield Text("lone surrogate", f"{mark}\ud800")
        yield Text("lone surrogate after the answer", f"{mark}{final}\udfff{final}")
        yield Text("escape codes", f"{mark}\x1b[2J\x1b]0;x\x07")
        yield Text("combining marks", mark + "a" + "\u0301" * 10_000)
        yield Text("commas", mark + "," * 100_000)
        yield Text("slashes", mark + "1/" * 50_000 + "1")
        yield Text("equal signs", mark + "=" * 100_000)
        yield Text("letters for a greedy pattern", mark + "a" * 50_000 + "!")
        yield Text("braces of a template", f"{mark}{{0.__class__}}{{}}%s%n")
    yield Text("a megabyte of line breaks", "\n" * MEGABYTE)
    yield Text("many answer lines", f"{MARK} maybe\n" * 50_000)
    yield Text("many hashes", "#" * MEGABYTE)
    yield Text("many fences", "```\n" * 100_000)
    yield Text("many boxes", "\\boxed{" * 100_000)
    yield Text("half a fence", "```python\nx = 1")


def canaries(kind: Kind, gold: str, final: str, *, file: str, port: int) -> Iterator[Text]:
    """Code that makes `file` or calls `port` should it be run."""
    expressions = (
        f"__import__('os').system('touch {file}')",
        f"__import__('subprocess').run(['touch', '{file}'])",
        f"open('{file}', 'w').close()",
        f"exec(\"open('{file}', 'w').close()\")",
        f'eval(\'open("{file}", "w")\')',
        f"(lambda: open('{file}', 'w'))()",
        f"[open('{file}', 'w') for _ in (1,)]",
        f"().__class__.__base__.__subclasses__() or open('{file}', 'w')",
        f"__import__('socket').create_connection(('127.0.0.1', {port}), 1)",
        f"!!python/object/apply:os.system ['touch {file}']",
        f"$(touch {file})",
        f"`touch {file}`",
        f"{{open('{file}', 'w')}}",
        f"\\input{{|touch {file}}}",
        f"'; import os; os.system('touch {file}'); '",
    )
    for expression in expressions:
        yield Text("code", expression)
        yield Text("code in a fence", f"```python\n{expression}\n```")
        if kind is not Kind.BARE:
            yield Text("code after the mark", f"{MARK} {expression}")
            yield Text("code in a box", f"\\boxed{{{expression}}}")
        if kind is not Kind.CODE:
            mark = "" if kind is Kind.BARE else f"{MARK} "
            yield Text("the answer and code", f"{mark}{final} if {expression} else {final}")
            yield Text("code and the answer", f"{mark}({expression}, {final})[1]")
            yield Text("the answer plus code", f"{mark}{final}+0*len(str({expression}))")
        else:
            yield Text("a program that calls code", f"def f(*x):\n return {expression}")


def side_effects(gold: str, *, file: str, port: int) -> Iterator[Text]:
    """Right programs that also do what they must not be able to do."""
    for action in (
        f"open('{file}', 'w').close()",
        f"import os\n os.system('touch {file}')",
        f"import subprocess\n subprocess.run(['touch', '{file}'])",
        f"import socket\n socket.create_connection(('127.0.0.1', {port}), 1)",
        f"import os\n os.open('{file}', 66)",
        f"import ctypes\n ctypes.CDLL(None).creat(b'{file}', 420)",
    ):
        yield Text("a right program with a side effect", f"try:\n {action}\nexcept BaseException:\n pass\n{gold}")

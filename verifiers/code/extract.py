"""The program in a response, and the ways to read it as the rest of a prompt. Text is only cut here, never parsed.

Of several blocks the last that defines what is asked for counts, with the blocks that define what it uses. Blocks of
output, examples and earlier tries are not run, nor is what stands in a thought.
"""

from __future__ import annotations

import keyword
import re
import textwrap
from collections.abc import Collection, Sequence

from reasonrl.verifiers.answers import is_answer_line
from reasonrl.verifiers.code.fences import Block, Scanner, is_fence, split

MOST_CHARACTERS = 200_000
"""Longer responses are not looked at."""
_MOST_BLOCKS = 200

_THOUGHT_END = re.compile(r"</(?:think|thinking|thought|reasoning)>(?!['\"])", re.IGNORECASE)
_THOUGHT_START = re.compile(r"\s*<(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_TURN_START = re.compile(r"\s*(?:<s>)?\s*<\|(?:im_start|start_header_id)\|>\s*assistant(?:<\|end_header_id\|>)?")
_TURN_END = re.compile(
    r"(?:<\|(?:im_end|endoftext|eot_id|eom_id|end|end_of_text)\|>|</s>|<eos>|<end_of_turn>|<\uff5cend\u2581of\u2581sentence\uff5c>)"
    r"[ \t]*$",
    re.MULTILINE,
)
_DEFINED = re.compile(
    r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]{1,80})?=[ \t]*(?!=)", re.MULTILINE
)
_IMPORTED = re.compile(r"^(?:import|from[ \t]+\S+[ \t]+import)[ \t]+(.+)$", re.MULTILINE)
_HAS_FUNCTION = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+\w", re.MULTILINE)
_HAS_STATEMENT = re.compile(r"^(?!def\b|class\b|async\b|import\b|from\b|@)\w", re.MULTILINE)
_READS = re.compile(r"\binput\b|\bstdin\b|\bopen\(0|\bos\.read\b|\bfileinput\b")
_NEXT = re.compile(r"^(?:def|class|if|print|assert|import|from|@|#)", re.MULTILINE)
_CODE = re.compile(r"[(=\[]|^\s*(?:return|import|from|pass)\b", re.MULTILINE)
_NAME = re.compile(r"[^\W\d]\w*")
_TEST = re.compile(r"(?:test|check|main|example|demo)", re.IGNORECASE)

_WORDS = re.compile(r"([^\W\d_][\w'\u2019-]*)([,;:.!?]?)\s+[\"'(`*]*([^\W\d_][\w'\u2019-]*)(\s+[^\W\d_])?")
_LABEL = re.compile(
    r"(?:Outputs?|Results?|Examples?|Explanations?|Notes?|Usage|Inputs?|Tests?|Answer|Complexity|[Pp]ython3?$)\b[^=(]*$"
)
_ALONE = re.compile(
    r"[^\W\d_][\w'\u2019 -]*[.!?:]$|(?:[-*•]|\d{1,3}[.)]|>)\s|\*\*|</?\w+>|\[/?[A-Za-z]+\]$|\\\w|-{3,}$|={3,}$|`|\||\$"
)
_STARTS = frozenset(keyword.kwlist) | {"match", "case", "type", "print"}
_QUOTES = ("'", '"')
_INFIX = frozenset({"in", "is", "and", "or", "not", "if", "else", "for", "as", "import", "from"})


def extract_code(response: str, *, names: Collection[str] = (), script: bool = False) -> str:
    """The program in a response: see `programs`, of which this is the first reading.

    >>> extract_code("Here:\\n```python\\ndef f(x):\\n    return x\\n```\\nOutput:\\n```\\n3\\n```")
    'def f(x):\\n    return x\\n'
    """
    return programs(response, names=names, script=script)[0]


def programs(response: str, *, names: Collection[str] = (), script: bool = False) -> tuple[str, ...]:
    """Ways to read the program in a response; the first that compiles is meant.

    Args:
        names: what the program must define, if that is known.
        script: it is a program that reads and prints, not one that defines something.
    """
    text = _answer_of(response)
    if "```" not in text and "~~~" not in text:
        inline = text.strip()
        if len(inline) > 2 and inline[0] == inline[-1] == "`" and inline.count("`") == 2:
            return (inline[1:-1],)
        return (_unfenced(text.split("\n")),)
    lines = text.split("\n")
    start = next((line for line in lines if line.strip()), "")
    if not is_fence(start) and _looks_like_code(start) and _fences_are_in_strings(lines):
        return (text,)
    blocks, outside = split(text)
    blocks = [block for block in blocks if block.text.strip()][-_MOST_BLOCKS:]
    head = _head(lines)
    if head is not None and not any(_defines(block, names) for block in blocks if block.language == "python"):
        return (head,)
    if not any(block.language == "python" for block in blocks):
        inner = next((block.text for block in reversed(blocks) if "```" in block.text), "")
        if inner:
            return programs(inner, names=names, script=script)
    chosen = _chosen(blocks, names=names, script=script)
    if not chosen:
        return (_unfenced(outside.split("\n")),)
    if not any(map(_has_function, chosen)) and _HAS_FUNCTION.search(outside):
        return (_unfenced(outside.split("\n")),)
    together = "\n\n".join(block.text for block in chosen)
    alone = next((block.text for block in reversed(chosen) if _defines(block, names)), together)
    return (together,) if alone == together else (together, alone)


def readings(prompt: str, completion: str, entry_point: str) -> tuple[str, ...]:
    """Ways to read a completion of a prompt that ends in the head of a function; the first that compiles is meant.

    It may be the rest of the body, the whole function, or either in a fence. The whole function stands after the
    prompt, whose imports and helpers it may use.

    >>> readings("def f(x):\\n", "return x", "f")[1]
    'def f(x):\\n    return x'
    """
    return tuple(
        reading
        for code in programs(completion, names=(entry_point,))
        for reading in _continuations(prompt, code, entry_point)
    )


def _continuations(prompt: str, code: str, entry_point: str) -> tuple[str, ...]:
    if re.search(rf"^(?:async[ \t]+)?def[ \t]+{re.escape(entry_point)}\b", code, re.MULTILINE):
        return (f"{prompt.rstrip()}\n    pass\n\n{code}", code)
    if re.search(rf"^(?:class[ \t]+)?{re.escape(entry_point)}[ \t]*[=:(]", code, re.MULTILINE):
        return (f"{prompt.rstrip()}\n    pass\n\n{code}", code)
    body = code.lstrip("\n")
    first, _, rest = body.partition("\n")
    whole = (
        prompt + code,
        f"{prompt}    {first.lstrip()}\n{rest}".rstrip("\n"),
        prompt + _indented(code),
        prompt + _indented(textwrap.dedent(body)),
    )
    end = _NEXT.search(code, len(code) - len(code.lstrip()))
    # a completion that was cut off in the next function: what usual stop words would have left
    return whole if end is None else (*whole, prompt + code[: end.start()])


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" if line.strip() else line for line in code.split("\n"))


def _answer_of(response: str) -> str:
    """The response without byte order mark, thought, and what begins and ends a turn; line ends are newlines."""
    text = response.removeprefix("\ufeff").replace("\n\ufeff", "\n")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "<" not in text:
        return text
    thoughts = list(_THOUGHT_END.finditer(text))
    if thoughts:
        text = text[thoughts[-1].end() :].lstrip("\n")
    elif _THOUGHT_START.match(text):
        return ""
    start = _TURN_START.match(text)
    text = text[start.end() :].lstrip("\n") if start else text
    end = _TURN_END.search(text)
    return text[: end.start()] if end else text


def _chosen(blocks: Sequence[Block], *, names: Collection[str], script: bool) -> list[Block]:
    """The blocks that belong together, in their order."""
    python = [block for block in blocks if block.language == "python"]
    pool = [block for block in blocks if block.language == "python" or (not block.language and _has_function(block))]
    if not pool or (names and not any(_defines(block, names) for block in pool)):
        unnamed = [block for block in blocks if not block.language and _CODE.search(block.text)]
        pool = python or unnamed or [block for block in blocks if not block.language]
        if not pool:
            return [block for block in blocks if _has_function(block)][-1:]
    provided = [_provided(block) for block in pool]
    if script:
        mains = {_last(pool, lambda block: _READS.search(block.text), lambda block: _HAS_STATEMENT.search(block.text))}
    else:
        defining = ([i for i, block in enumerate(pool) if _defines(block, (name,))] for name in names)
        mains = {found[-1] for found in defining if found}
        mains = mains or _not_superseded(pool, provided) or {len(pool) - 1}
    return [pool[i] for i in sorted(_with_what_they_use(pool, provided, mains))]


def _last(pool: Sequence[Block], *wishes: object) -> int:
    for wish in wishes:
        found = [i for i, block in enumerate(pool) if wish(block)]  # type: ignore[operator]
        if found:
            return found[-1]
    return len(pool) - 1


def _not_superseded(pool: Sequence[Block], provided: Sequence[set[str]]) -> set[int]:
    """Blocks with a function that no later block defines anew, unless they only test."""
    kept: set[int] = set()
    seen: set[str] = set()
    for i in range(len(pool) - 1, -1, -1):
        own = {first for first, _ in _DEFINED.findall(pool[i].text) if first}
        if not own <= seen and not all(map(_TEST.match, own)):
            kept.add(i)
            seen |= provided[i]
    return kept


def _with_what_they_use(pool: Sequence[Block], provided: Sequence[set[str]], mains: set[int]) -> set[int]:
    """The blocks, and for each name that they use and do not define the last block that does."""
    kept = set(mains)
    own = set[str]().union(*(provided[i] for i in mains))
    waiting = list(mains)
    while waiting:
        used = set(_NAME.findall(pool[waiting.pop()].text)) - own
        for i in range(len(pool) - 1, -1, -1):
            if i in kept or not provided[i] & used:
                continue
            if not _has_function(pool[i]) and own & set(_NAME.findall(pool[i].text)):
                continue  # an example of their use
            kept.add(i)
            own |= provided[i]
            waiting.append(i)
            used -= own
    return kept


def _provided(block: Block) -> set[str]:
    """The names that a block defines or imports at its top level."""
    names = {first or second for first, second in _DEFINED.findall(block.text)}
    for imported in _IMPORTED.findall(block.text):
        for part in imported.strip("() ").split(","):
            words = part.split()
            if words:
                names.add(words[-1].split(".")[0])
    return names


def _defines(block: Block, names: Collection[str]) -> bool:
    if not names:
        return _has_function(block)
    return any(first in names or second in names for first, second in _DEFINED.findall(block.text))


def _has_function(block: Block) -> bool:
    return _HAS_FUNCTION.search(block.text) is not None


def _fences_are_in_strings(lines: Sequence[str]) -> bool:
    """Whether this is a bare program whose only fences stand in strings, such as a docstring's examples."""
    scanner = Scanner()
    for line in lines:
        if ("```" in line or "~~~" in line) and not scanner.quote:
            return False
        scanner.feed(line)
    return not scanner.quote


def _head(lines: Sequence[str]) -> str | None:
    """The code before the first fence, where the text begins with code: the fence closes what was opened before it."""
    start = next((line for line in lines if line.strip()), "")
    if not _looks_like_code(start):
        return None
    scanner = Scanner()
    for number, line in enumerate(lines):
        if ("```" in line or "~~~" in line) and not scanner.quote:
            if not is_fence(line):
                return None
            head = _unfenced(lines[:number])
            return head if _CODE.search(head) else None
        scanner.feed(line)
    return None


def _looks_like_code(line: str) -> bool:
    return not is_fence(line) and (line[0] in " \t" or not _is_prose(line)) if line else False


def _unfenced(lines: Sequence[str]) -> str:
    """The program in a text without fences: the lines from the first that may be Python to the first that is prose."""
    kept: list[str] = []
    scanner = Scanner()
    begun = False
    for line in lines:
        if scanner.between_statements and line and line[0] not in " \t" and _is_prose(line):
            if is_answer_line(line):
                continue
            if begun:
                break
            continue
        begun = begun or bool(line.strip())
        kept.append(line)
        scanner.feed(line)
    return "\n".join(kept) if begun else "\n".join(line for line in lines if not is_answer_line(line))


def _is_prose(line: str) -> bool:
    """Whether a line at the margin cannot be Python, as two words that nothing joins.

    >>> [_is_prose(text) for text in ("This adds two numbers.", "x = a if b else c", "n: int", "Output: 3")]
    [True, False, False, True]
    """
    line = line.rstrip()
    if is_answer_line(line) or is_fence(line):
        return True
    first_word = _NAME.match(line)
    if first_word is not None and (first_word[0] in _STARTS or line[first_word.end() :].startswith(_QUOTES)):
        return len(first_word[0]) > 2 and first_word[0] not in _STARTS  # "Here's", but not r'...'
    if _ALONE.match(line) or _LABEL.match(line):
        return True
    words = _WORDS.match(line)
    if words is not None:
        _, mark, second, third = words.groups()
        if second in _INFIX or mark == ";":
            return False
        return mark not in (",", ":") or (bool(third) and "=" not in line)
    return not line.isascii() and line[0].isalpha() and "=" not in line and "(" not in line

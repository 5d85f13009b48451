r"""What a reader does not see is no answer: thoughts, comments, and what is struck out.

Comments    `<!-- -->`; `\iffalse ... \fi`; `%` where it can be no percent sign: at the start of a line, or behind a
            blank and the end of a formula or sentence
Struck out  `~~ ~~`, `<del>`, `<strike>`; `\cancel{}`, `\sout{}`, `\phantom{}` round a box
Programs    a fenced Python block: what a program would print is not said
"""

from __future__ import annotations

import re

from reasonrl.verifiers.answers.thoughts import without_thoughts

_HTML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TEX_COMMENT = re.compile(r"(?m)^[ \t]*(?<!\\)%[^\n]*|(?<=[}.,;:$)\]])[ \t]{1,20}%[^\n]*")
_SWITCHED_OFF = re.compile(r"\\iffalse\b.*?(?:\\fi\b|\Z)|\\begin\{comment\}.*?(?:\\end\{comment\}|\Z)", re.DOTALL)
_STRUCK = re.compile(r"~~[^~\n]{1,500}~~|<(del|strike)>.{0,400}?</\1>", re.DOTALL | re.IGNORECASE)
_UNSEEN = re.compile(
    r"\\(?:[bx]?cancel|sout|st|[hv]?phantom)\s*\{\s*\$?\s*\\(?:boxed|fbox)\s*\{[^{}\n]{0,200}\}\s*\$?\s*\}"
)
_PROGRAM = re.compile(r"^[ \t]*```[ \t]*(?:python|py)\w*[ \t]*\n.*?^[ \t]*```", re.DOTALL | re.MULTILINE)


def visible(response: str) -> str:
    r"""The response as a reader sees it.

    >>> visible("\\boxed{41}\n% \\boxed{42}")
    '\\boxed{41}\n'
    """
    text = without_thoughts(response)
    if "<!--" in text:
        text = _HTML_COMMENT.sub(" ", text)
    if "%" in text and "boxed" in text:
        text = _TEX_COMMENT.sub("", text)
    if "\\iffalse" in text or "{comment}" in text:
        text = _SWITCHED_OFF.sub(" ", text)
    if "~~" in text or ("</" in text and ("<del" in text or "<strike" in text)):
        text = _STRUCK.sub(" ", text)
    if "\\" in text and _UNSEEN.search(text):
        text = _UNSEEN.sub(" ", text)
    if "```" in text:
        text = _PROGRAM.sub("\n", text)
    return text

"""Whether a question asks for a percentage, so that 25% and 25 are one answer to it."""

from __future__ import annotations

import re

MAX_QUESTION = 20_000

_SAYS_A_NUMBER = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|fifteen|\w+teen|\w+ty|hundred|half)\b"
_PERCENT = r"(?:percent(?:age)?s?\b|per\s+cent\b|\\?%)"
_ASKS = re.compile(
    rf"""\b(?:what|which|how\s+(?:many|much))(?:'s)?
             (?:\s+(?!{_SAYS_A_NUMBER}|(?:if|when|after|at|with)\b)[a-z'-]+){{0,6}}?\s+{_PERCENT}
       | \b(?:in|as\s+an?)\s+(?:(?!{_SAYS_A_NUMBER})[a-z]+\s+)?{_PERCENT}
       | \b(?:convert|change|turn|transform|translate|rewrite)\b[^?!]{{0,100}}?\b(?:in)?to\s+an?\s+{_PERCENT}
       | \b(?:calculate|find|determine|compute|give|state|write|report|tell|work\s+out|figure\s+out|name|estimate
             |identify|provide|show|evaluate|obtain)\b
             (?:(?!\b(?:if|when|given|after|using|with|where)\b)[^.?!]){{0,200}}?
             \bthe\s+(?:[a-z]+\s+){{0,2}}{_PERCENT}
       | (?:^|[.?!:]\s+)the\s+(?:[a-z]+\s+){{0,2}}{_PERCENT}[^.?!]{{0,200}}\?
       | \bpercentage-?wise\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ASKS_FOR_ODDS = re.compile(
    r"\b(?:what|how)\s[^.?!]{0,60}?\b(?:odds|chances?|probability|likel[a-z]+)\b", re.IGNORECASE
)


def asks_for_percent(question: str, *, odds: bool = False) -> bool:
    """Whether the question asks for a percentage, in whatever words.

    Args:
        question: the text of the task.
        odds: whether chances count, too, as in a data set that gives them in per cent.

    >>> asks_for_percent("What percentage of them is red?"), asks_for_percent("What is 20% of 50?")
    (True, False)
    """
    text = question[:MAX_QUESTION]
    return _ASKS.search(text) is not None or (odds and _ASKS_FOR_ODDS.search(text) is not None)

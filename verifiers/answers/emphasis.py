"""One emphasised value in the last sentence: "The product is **42**."

Read only where nothing else could be meant: the sentence begins its line or follows another one, names a quantity, ends
the response, and holds the only emphasised value of it; nowhere else does the response say what "the answer is".
"""

from __future__ import annotations

import re

MAX_VALUE = 60
_REACH = 240
"""Characters at the end of a response in which the sentence must stand."""

_QUANTITIES = (
    "result|solution|value|number|total|sum|product|difference|quotient|remainder|ratio|average|mean|median|mode|range"
    "|area|perimeter|circumference|volume|length|width|height|distance|radius|diameter|angle|slope|probability|cost|price"
    "|profit|amount|balance|age|speed|time|weight|mass|temperature|limit|integral|derivative|determinant|factorial"
    "|logarithm|square root|cube root|greatest common (?:divisor|factor)|least common (?:multiple|denominator)"
).replace(" ", "[ ]")
_ENDS = re.compile(r"\*\*[.!]?\Z")
_SENTENCE = re.compile(
    rf"""(?:^|(?<=[.!])[ ]|\n)[ ]{{0,3}}(?:(?:so|thus|therefore|hence|finally),?[ ])?
    the[ ](?:(?:final|total|correct|required|desired|resulting)[ ])?(?:{_QUANTITIES})
    (?:[ ]of[ ](?P<whole>[a-z][a-z ]{{0,60}}))?
    [ ](?:is|equals)(?:[ ](?:then|therefore|thus|exactly))?[ ]
    \*\*(?P<value>[^*\n]{{1,{MAX_VALUE}}})\*\*[.!]?\Z""",
    re.VERBOSE | re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(?:not|no|nor|wrong|incorrect|false|mistaken|other|others|another|else|previous|former|first|old|rejected|guess\w*"
    r"|claim\w*|expect\w*|if|unless|or|either|neither|every|any|all|tokens|lines|steps|errors|mistakes|options|questions"
    r"|problems?|attempts?|answers?)\b",
    re.IGNORECASE,
)
"""In "the number of ...": what is counted is not what was asked, or is denied."""
_EMPHASISED = re.compile(r"\*\*([^*\n]{1,200})\*\*|__([^_\n]{1,200})__")
_SAYS_ELSEWHERE = re.compile(r"\banswers?\b|\bcorrect (?:option|choice)\b", re.IGNORECASE)


def emphasised(text: str) -> tuple[str, int, int] | None:
    """The only emphasised value, where the last sentence states it, with the span of that sentence.

    >>> emphasised("6 times 7.\\n\\nThe product is **42**.")
    ('42', 11, 34)
    >>> emphasised("The product is **42** or **43**.")
    """
    end = text.rstrip()
    if not _ENDS.search(end, max(0, len(end) - 3)):
        return None
    found = _SENTENCE.search(end, max(0, len(end) - _REACH))
    if found is None or _SAYS_ELSEWHERE.search(end) or (found["whole"] and _OTHER.search(found["whole"])):
        return None
    for other in _EMPHASISED.finditer(end, 0, found.start("value") - 2):
        words = other[1] or other[2]
        if len(words) < 2 or any(sign.isdigit() or sign in "$\\=" for sign in words):
            return None
    return found["value"].strip().rstrip(".!"), found.start(), found.end()

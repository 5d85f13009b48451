r"""Words round an answer that take it back: `not \boxed{42}`, `\boxed{42} is wrong`, "Either ... Or maybe \boxed{42}".

Only words that stand next to the answer count: "41 is not prime, so it is \boxed{42}" denies nothing.
"""

from __future__ import annotations

import re

_REACH = 160
"""Characters looked at before an answer."""
_REST = 600
"""Characters looked at behind it."""

_GAP = (
    r"(?:\s+(?:\w+ly|at all|be|been|to|equal|equals|the|a|an|that|just|even|it|case|true|answer|value|number|result))*"
)
_BEFORE = re.compile(
    rf"""(?: \b(?:not|never|neither|nor|no\ longer|cannot|hardly|nicht|pas|no\ es
        |non\ \u00e8|n\u00e3o\ \u00e9|wrong|incorrect|false|mistaken)
      | n['\u2019]t | \u4e0d\u662f | \\ne(?:q|g)?\b | \\not\s*=?
      | \b(?:rather\ than|instead\ of|other\ than|anything\ but|except|unlike|excluding|differs?\ from|different\ from)
      | \b(?:doubt|deny|disagree|disbelieve|reject|unlikely)(?:\ (?:that|with))?
      | (?:\bnot|n['\u2019]t)\ (?:think|believe|suppose|say|agree|claim|true|the\ case)(?:\ (?:that|with))?
      ){_GAP}(?:\s+(?:is|was|be|would\ be|are))?[\s$:,(\[*_"'`]*(?:\\[(\[])?[\s$]*$""",
    re.VERBOSE | re.IGNORECASE,
)
"""What denies the answer behind it: "The answer isn't", "It is not true that it is", "The wrong answer is"."""
_OTHERS = re.compile(
    r"""\b(?:user|grader|teacher|student|question|prompt|system|they|others|some|someone|many|people|one|he|she)
    \s+(?:might\s+|may\s+|could\s+|would\s+)?
    (?:expect|want|think|claim|sa(?:y|id)|believe|suggest|guess|answer|thought|got|get|propose)(?:s|ed)?
    \b[^.;\n]{0,30}$""",
    re.VERBOSE | re.IGNORECASE,
)
"""What others say is not said."""
_CHOICE = re.compile(
    r"\b(?:either|or|maybe|perhaps|possibly|alternatively|might|could|otherwise)\b[^.;]{0,60}$", re.IGNORECASE
)
_EITHER = re.compile(r"\beither[\s$:,(\[*_]*$", re.IGNORECASE)

_DENIALS = (
    *(
        "no",
        "n't",
        "n\u2019t",
        "\\ne",
        "never",
        "neither",
        "hardly",
        "nicht",
        "pas",
        "n\u00e3o",
        "\u4e0d\u662f",
        "wrong",
        "incorrect",
        "false",
    ),
    *("mistak", "rather", "instead", "other than", "anything", "except", "unlike", "exclud", "differ", "doubt", "deny"),
    *("disagree", "disbelieve", "reject", "unlikely"),
)
_SPEECH = (
    *("expect", "want", "think", "claim", "say", "said", "believe", "suggest", "guess", "answer", "thought", "got"),
    *("get", "propose"),
)
_REGRETS = (
    *("wrong", "incorrect", "false", "mistake", "error", "not ", "n't", "n\u2019t", "back", "idea", "doubt", "retract"),
    *("scratch", "ignore", "disregard", "forget", "second thought", "kidding", "let me", "no,", "no.", "no!"),
    *("actually", "wait", "hmm", "oops"),
)
"""Stems looked for first, because that costs little: no pattern is tried where none of them stands."""
_SAYS = re.compile(r"[A-Za-z]{2}|\?")

_END = r"^[\s$)\]}*_\"'`]*(?:\\[)\]])?[\s$*_]*"
_AFTER = re.compile(
    _END
    + r"""(?: [,;:\u2013\u2014-]*\s* \(? (?:which\ |that\ )?
        (?: (?:is|was|would\ be|seems|looks|must\ be|can)\s+(?:\w+ly\s+)?
            (?:not\b(?!\s+(?:only|just|an?\s+integer))|wrong|incorrect|false|impossible|unlikely
              |a\ (?:mistake|guess)|an\ error)
          | (?:is|was|can|does|do|would|could)n['\u2019]t\b | cannot\ be\b | does\ not\ (?:work|hold|fit)\b
          | is\ (?:what|the\ (?:wrong|number\ that)) )
      | [.,;:!\u2013\u2014-]*\s* \(?
        (?: (?:or|and)\ (?:not|maybe|perhaps|possibly|so|something|else)\b
          | no\b(?!\s+(?:other|more|matter|further|need))
          | nope\b | not\b(?=\s*(?:sure|really|quite|correct|right|\W*$))
          | wait\b | hmm+\b | never\s?mind\b | just\ kidding\b | scratch\ that\b
          | but\ (?:i|that|this|it)\b | unless\b | if\ and\ only\ if\b | (?:maybe|perhaps|possibly)\ not\b )
      | \?+ )""",
    re.VERBOSE | re.IGNORECASE,
)
_RETRACTED = re.compile(
    r"""\b(?:that|this|it|which|the\ (?:above|answer|result))(?:['\u2019]s|\ is|\ was|\ must\ be|\ seems)
        \s+(?:\w+ly\s+|all\s+)?
        (?:wrong|incorrect|false|a\ mistake|an\ error
          |not\ (?:right|correct|true|it|the\ (?:right|correct|final)?\s*answer))
    | \b(?:that|this|it|which)\ (?:isn|wasn|can|doesn)['\u2019]t
        \ (?:right|correct|true|it|be|work|fit|the\ (?:right\ |correct\ |final\ )?answer)
    | \bi\ (?:take\ (?:it|that)\ back|made\ an?\ (?:mistake|error)|was\ wrong|have\ no\ idea|doubt|retract)
    | \b(?:scratch|ignore|disregard|forget)\ (?:that|this|it|the\ (?:above|previous|last))\b
    | \bon\ second\ thought | \bjust\ kidding\b | \blet\ me\ (?:re-?\w+|start\ over|try\ again|correct)\b | \bwait,
    | (?:^|[.!?]\s+|\n\s*)(?:no|actually|wait|hmm+|oops)\b[,.!]""",
    re.VERBOSE | re.IGNORECASE,
)
"""Said behind the answer: it is taken back."""


def taken_back(text: str, start: int, after: int, *, others: bool = False) -> str:
    """Why what stands at `text[start:after]` is not meant as the answer; the empty string where it is.

    Args:
        text: the response.
        start: where the answer begins, with its mark.
        after: where it ends.
        others: whether another answer stands before this one.
    """
    line = text.rfind("\n", max(0, start - _REACH), start) + 1 or max(0, start - _REACH)
    before = text[line:start]
    if before and not before.isspace():
        lowered = before.lower()
        if any(stem in lowered for stem in _DENIALS) and _BEFORE.search(before):
            return "the answer is denied by the words before it"
        if any(stem in lowered for stem in _SPEECH) and _OTHERS.search(before):
            return "the answer is what somebody else says"
        if _EITHER.search(before) or (others and _CHOICE.search(before)):
            return "two answers are offered"
    behind = text[after : after + _REST]
    if behind and (not behind.isascii() or _SAYS.search(behind)):
        if _AFTER.match(behind):
            return "the answer is taken back by the words behind it"
        lowered = behind.lower()
        if any(stem in lowered for stem in _REGRETS) and _RETRACTED.search(behind):
            return "the answer is taken back behind it"
    return ""

"""What an OpenAI-compatible server answered: text, thoughts, tokens, log-probabilities, and why it ended.

text        `message.content`: a string, or a list of parts of which the text counts and the thoughts do not;
            of plain completions `text`, without the prompt where the server repeats it
thought     `reasoning_content` or `reasoning`. It is the answer where there is no other and the server had not run
            out of tokens; else it is left out, and only its tokens count
tokens      `usage.completion_tokens`, or what `total_tokens` has beyond the prompt if that is more: some servers
            count thoughts apart. Without a report they are characters / 4, the thought's included
ended       `finish_reason`, and for a step `stop_reason` (vLLM) or `matched_stop` (SGLang)
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from reasonrl.agents.policies.core import Finish, Unit
from reasonrl.envs.core import END

_SHOWN = 300
"""Characters of an error that are shown."""
_CUT = frozenset({"length", "max_tokens", "model_length", "content_filter"})
"""Finish reasons of an answer that is not whole."""
_AT_THE_END = {"eos_token": True, "eos": True, "end_turn": True, "stop_sequence": False}
"""Finish reasons that tell the end token (True) from the stop string; "stop" does not."""
_THOUGHTS = frozenset({"thinking", "reasoning", "redacted_thinking"})
"""Kinds of parts that are no answer."""


class Reply(NamedTuple):
    """One choice of an answer."""

    text: str
    thought: str
    """What was thought and is not in the text; for the bill."""
    cut: bool
    """Out of tokens, or stopped by a filter."""
    at_the_end: bool | None
    """True: by the end token; False: by the stop string; None: the server does not say."""
    logprob: float
    """Sum over the tokens; NaN where the server gives none, or numbers that are none."""


def read_response(response: Any) -> tuple[dict[str, Any] | None, int, str]:
    """An HTTP response as (completion or None, status, what went wrong in words).

    Some gateways pass on a failure with status 200: an `error` with a code has that code's status.
    """
    status: int = response.status_code
    shown = response.text.strip()[:_SHOWN]
    if status == 200:
        if shown.startswith(("data:", "event:", ":")):
            return None, 400, "it answers with an event stream, although none was asked for: switch streaming off there"
        shown = f"an answer that is not a completion: {shown!r}"
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None, status, shown
    if status != 200:
        return None, status, _words(body)
    choices: Any = body.get("choices") if isinstance(body, dict) else None
    whole = isinstance(choices, list) and bool(choices) and all(isinstance(choice, dict) for choice in choices)
    failed = [choice for choice in choices if choice.get("finish_reason") == "error"] if whole else []
    error = body.get("error") if isinstance(body, dict) else None
    if failed and not error:
        error = failed[0].get("error") or {"message": "finish_reason is 'error'"}
    if error:
        code = error.get("code") if isinstance(error, Mapping) else None
        return None, code if isinstance(code, int) and 400 <= code < 600 else 500, _words({"error": error})
    return (body, status, "") if whole else (None, status, shown)


def _words(body: Any) -> str:
    """An error's message and the parameter it names, in quotes; never the request that some servers repeat in it."""
    if not isinstance(body, Mapping):
        return json.dumps(body)[:_SHOWN]
    if isinstance(body.get("detail"), list):  # FastAPI: where and why
        parts = [part for part in body["detail"] if isinstance(part, Mapping)]
        return "; ".join(f"'{([*(part.get('loc') or '?')])[-1]}': {part.get('msg')}" for part in parts)[:_SHOWN]
    error = body.get("error") or body
    if isinstance(error, str):
        return error[:_SHOWN]
    if not isinstance(error, Mapping):
        return json.dumps(body)[:_SHOWN]
    text = str(error.get("message") or error.get("detail") or error.get("msg") or json.dumps(error))
    if isinstance(error.get("metadata"), Mapping) and error["metadata"].get("raw"):
        text += f" {error['metadata']['raw']}"
    named = error.get("param")
    return text[:_SHOWN] + (f" ('{named}')" if isinstance(named, str) and named and f"'{named}'" not in text else "")


def replies(answer: Mapping[str, Any], *, prompt: str) -> list[Reply]:
    """The choices of a completion. `prompt` is the text that a plain completion was asked to continue, else ""."""
    return [_reply(choice, prompt) for choice in answer["choices"]]


def _reply(choice: Mapping[str, Any], prompt: str) -> Reply:
    message: Any = choice.get("message")
    message = message if isinstance(message, Mapping) else choice
    text = _text(message.get("content")) or _text(choice.get("text"))
    if prompt and text.startswith(prompt):
        text = text[len(prompt) :]
    thought = _text(message.get("reasoning_content")) or _text(message.get("reasoning"))
    reason = str(choice.get("finish_reason") or "").lower()
    cut = reason in _CUT
    if not text.strip() and not cut:
        text, thought = thought or text, ""
    return Reply(text, thought, cut, _at_the_end(choice, reason), _logprob(choice.get("logprobs")))


def _text(content: Any) -> str:
    """Of a string, of a part, or of a list of either."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        return "" if content.get("type") in _THOUGHTS else _text(content.get("text"))
    return "".join(_text(part) for part in content) if isinstance(content, list) else ""


def _at_the_end(choice: Mapping[str, Any], reason: str) -> bool | None:
    for name in ("stop_reason", "matched_stop"):
        if name in choice:
            return not isinstance(choice[name], str)
    return _AT_THE_END.get(reason)


def _logprob(found: Any) -> float:
    if not isinstance(found, Mapping):
        return math.nan
    tokens = found.get("content")
    if isinstance(tokens, list):
        values = [token.get("logprob") for token in tokens if isinstance(token, Mapping)]
    else:
        values = found.get("token_logprobs") or []
    given = [float(value) for value in values if isinstance(value, int | float)]
    return math.fsum(given) if given and all(map(math.isfinite, given)) else math.nan


def ending(reply: Reply, unit: Unit) -> tuple[str, Finish]:
    """The action and why it ends."""
    text = reply.text.strip("\r\n")
    line, broken, _ = text.partition("\n")
    if unit is Unit.STEP and broken:  # the server did not stop by itself
        return line.rstrip("\r"), Finish.STEP
    if reply.cut:
        return text, Finish.LENGTH
    if unit is Unit.SOLUTION:
        return text + END, Finish.END
    # where the server does not say, only an empty line tells the end from a stop string
    at_the_end = not text.strip() if reply.at_the_end is None else reply.at_the_end
    return (text + END, Finish.END) if at_the_end else (text, Finish.STEP)


def tokens_used(answer: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Tokens of the prompt and of all that was written, thoughts included; None where the server does not say."""
    usage = answer.get("usage")
    if not isinstance(usage, Mapping):
        return None, None
    prompt, written, total = (_count(usage.get(f"{name}_tokens")) for name in ("prompt", "completion", "total"))
    details = usage.get("completion_tokens_details")
    thought = _count(details.get("reasoning_tokens")) if isinstance(details, Mapping) else None
    apart = total - prompt if total is not None and prompt is not None else None
    if written is not None and thought is not None and thought > written and apart is None:
        apart = written + thought
    counts = [count for count in (written, apart) if count is not None]
    return prompt, max(counts) if counts else None


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and math.isfinite(value) and value >= 0 else None


def share(total: int | None, found: Sequence[Reply]) -> list[int]:
    """Tokens of each choice: the reported total split by length, or a quarter of the characters."""
    lengths = [len(reply.text) + len(reply.thought) for reply in found]
    if total is None:
        return [max(1, math.ceil(length / 4)) for length in lengths]
    weights = [length + 1 for length in lengths]
    bounds = [round(total * sum(weights[:i]) / sum(weights)) for i in range(len(weights) + 1)]
    return [after - before for before, after in itertools.pairwise(bounds)]

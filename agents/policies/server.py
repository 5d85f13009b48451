"""Requests to an OpenAI-compatible server: tried again where that helps, and without what the server refuses.

    tried again     no connection, time-outs, 408, 409, 425, 429, 5xx, answers that are no completion; after a pause
                    that doubles, or that Retry-After asks for (at most a minute)
    left out        `logprobs`, `seed`, `n`, `temperature`, `stop` that a server refuses by name: it is asked again
                    without, and never again with; `max_tokens` becomes `max_completion_tokens`. A server that has
                    never answered and refuses without naming anything is asked once without all of them
    redirects       followed at the same host, with the same body; another host never gets the key
    an error        everything else: the server's own words, and what would help where that is known

`usage` counts every request, so what failed is on the bill too.
"""

from __future__ import annotations

import datetime
import email.utils
import itertools
import os
import re
import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urljoin, urlsplit

from reasonrl.agents.policies.replies import read_response, tokens_used

_LONGEST_PAUSE = 60.0
"""Seconds; a server that asks for a longer pause is not obeyed."""
_MOST_REDIRECTS = 3
_AGAIN = frozenset({408, 409, 425, 429})
"""Besides 5xx."""
_REDIRECT = frozenset({301, 302, 307, 308})

_RENAMED = {"max_tokens": "max_completion_tokens"}
_OPTIONAL = ("logprobs", "seed", "n", "temperature", "stop")
"""A request means nearly the same without them; `stop` too, because a step is cut at its line break here as well."""
_SPOKEN = {
    "n": r"\bn\s*(?:must|should|has|is|>|=|!=)|\bbest_of\b|one completion|multiple (?:completions?|choices)",
    "logprobs": r"\b(?:top_)?log_?probs?\b|log[ -]probabilit",
    "stop": r"\bstop (?:is|words?|sequences?|parameter)",
}
"""How an error speaks of a parameter, besides its name in quotes."""
_UNKNOWN = re.compile(
    r"unsupported|not (?:supported|permitted|allowed|implemented)|unknown|unrecogni[sz]ed|unexpected|\bextra\b", re.I
)
"""Makes a refusal of what is otherwise the server's own failure (5xx)."""
_VALUE = re.compile(
    r"context|too (?:large|long|high|big|many)|between|exceed|(?:less|greater|smaller|more) than|at (?:least|most)"
    r"|\brange\b",
    re.I,
)
"""Speaks of the number that was asked for, not of the parameter."""
_HINTS = {401: "check the key", 403: "check the key", 404: "check the model's name and the address, up to and with /v1"}


class EndpointError(RuntimeError):
    """The server could not be reached, refused the request, or answered nonsense."""


@dataclass
class Usage:
    """What a policy has asked of its server, failures included."""

    requests: int = 0
    """Every try."""
    failures: int = 0
    """Tries without a usable answer; what they cost at the server is not known."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    """Thoughts included, also those that the server counts apart."""


class _Trouble(NamedTuple):
    """Why a try failed, and what may help."""

    reason: str
    hint: str
    pause: float = 0.0
    """Seconds that the server asks to wait."""


class Server:
    """One address; safe to use from several threads."""

    def __init__(
        self, url: str, *, api_key: str | None, timeout: float, retries: int, backoff: float, usage: Usage
    ) -> None:
        """See `EndpointPolicy` for the arguments; `url` is the whole address that requests go to."""
        try:
            import httpx
        except ImportError as error:
            raise ImportError("a policy at a server needs httpx: pip install 'reasonrl[endpoint]'") from error
        self.url, self.usage = url, usage
        self._timeout, self._retries, self._backoff = timeout, retries, backoff
        key = (api_key or os.environ.get("OPENAI_API_KEY") or "").strip()
        self._httpx = httpx
        self._client = httpx.Client(timeout=timeout, headers={"Authorization": f"Bearer {key}"} if key else {})
        self._lock = threading.Lock()
        self._refused: set[str] = set()
        self._works = False

    @property
    def refused(self) -> frozenset[str]:
        """Parameters that the server has refused so far."""
        with self._lock:
            return frozenset(self._refused)

    def post(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The server's answer, with at least one choice in it."""
        for attempt in itertools.count():
            found = self._try(request)
            if not isinstance(found, _Trouble):
                return found
            self._fail()
            if attempt >= self._retries:
                raise EndpointError(
                    f"{self.url} gave no usable answer in {attempt + 1} tries, at last {found.reason}: {found.hint}"
                )
            time.sleep(min(max(self._backoff * 2.0**attempt, found.pause), _LONGEST_PAUSE))
        raise AssertionError("the loop above ends by itself")

    def _try(self, request: Mapping[str, Any]) -> dict[str, Any] | _Trouble:
        """One answer, asked for again and again as long as the server refuses one parameter after another."""
        bare: frozenset[str] = frozenset()
        while True:
            body = _without(request, self.refused | bare)
            try:
                response = self._send(body)
            except self._httpx.TimeoutException:
                return _Trouble(f"no answer within {self._timeout:g} s", "raise timeout, or ask for fewer tokens")
            except self._httpx.RequestError as error:
                return _Trouble(str(error) or type(error).__name__, "see whether the server runs, or raise retries")
            answer, status, words = read_response(response)
            if answer is not None:
                self._accept(answer, body, request, bare)
                return answer
            named = _refused_by(body, status, words)
            if named:
                self._leave_out(named, request, words)
                continue
            optional = frozenset(_OPTIONAL) & body.keys()
            if response.status_code in (400, 422) and optional and not self._works and not _VALUE.search(words):
                self._fail()
                bare = optional  # it refuses without a name: is it one of these?
                continue
            if 300 <= status < 500 and status not in _AGAIN:
                self._refuse(f"HTTP {status}: {words}", _HINTS.get(status, ""))
            return _trouble(response, status, words)

    def _send(self, body: Mapping[str, Any]) -> Any:
        """The response, redirects followed."""
        url = self.url
        for _ in range(_MOST_REDIRECTS + 1):
            with self._lock:
                self.usage.requests += 1
            response = self._client.post(url, json=body)
            there = response.headers.get("location")
            if response.status_code not in _REDIRECT or not there:
                return response
            url = urljoin(url, there)
            if urlsplit(url).hostname != urlsplit(self.url).hostname:
                self._refuse(f"a redirect to {url}", "give that address, up to and with /v1, if you trust it")
        self._refuse(f"more than {_MOST_REDIRECTS} redirects, at last to {url}", "check the address")

    def _accept(
        self, answer: Mapping[str, Any], body: Mapping[str, Any], request: Mapping[str, Any], bare: frozenset[str]
    ) -> None:
        prompt, completion = tokens_used(answer)
        with self._lock:
            self.usage.prompt_tokens += prompt or 0
            self.usage.completion_tokens += completion or 0
            self._works = True
            self._refused |= bare
        if "temperature" in bare:
            self._tell(request)

    def _leave_out(self, names: list[str], request: Mapping[str, Any], words: str) -> None:
        """Remembers what the server refuses."""
        self._fail()
        for name in names:
            if name not in _OPTIONAL and name not in _RENAMED:
                raise EndpointError(f"{self.url} refuses {name}, which cannot be left out ({words}): {_instead(name)}")
        with self._lock:
            new = "temperature" in names and "temperature" not in self._refused
            self._refused.update(names)
        if new:
            self._tell(request)

    def _tell(self, request: Mapping[str, Any]) -> None:
        """What changes the distribution is not left out in silence."""
        if request["temperature"] != 1:
            warnings.warn(
                f"{self.url} refuses temperature={request['temperature']:g}: it samples at its own, unknown one",
                stacklevel=2,
            )

    def _refuse(self, reason: str, hint: str) -> NoReturn:
        self._fail()
        raise EndpointError(f"{self.url} refused the request ({reason})" + (f": {hint}" if hint else ""))

    def _fail(self) -> None:
        with self._lock:
            self.usage.failures += 1


def _without(request: Mapping[str, Any], refused: frozenset[str]) -> dict[str, Any]:
    """The request in the server's own terms."""
    renamed = {_RENAMED.get(name, name) if name in refused else name: value for name, value in request.items()}
    return {name: value for name, value in renamed.items() if name not in refused}


def _refused_by(body: Mapping[str, Any], status: int, words: str) -> list[str]:
    """Parameters of this request that the error says the server does not take."""
    if status not in (400, 403, 422) and not (status >= 500 and _UNKNOWN.search(words)):
        return []
    names = [name for name in body if name not in ("model", "messages", "prompt")]
    quoted = [name for name in names if re.search(rf"""['"`]{name}['"`]""", words)]
    spoken = [name for name in names if re.search(_SPOKEN.get(name, rf"\b{name}\b"), words, re.IGNORECASE)]
    found = quoted or spoken  # quotes tell the one refused from a list of those that would be taken
    # "n must be at most 1" is about n, but "temperature must be at most 2" about a number that was asked for
    return [name for name in found if name in ("n", "logprobs")] if _VALUE.search(words) else found


def _instead(name: str) -> str:
    if name in ("continue_final_message", "add_generation_prompt"):
        return (
            "it cannot go on with a line that stands there, so ask for whole solutions, or use completions:<model>@..."
        )
    return "an answer needs a limit" if name == "max_completion_tokens" else "take another server"


def _trouble(response: Any, status: int, words: str) -> _Trouble:
    if status == 200:
        return _Trouble(words, "check that the address is that of its API, up to and with /v1")
    hint = "lower concurrency, or raise retries" if status == 429 else "see the server's log, or raise retries"
    return _Trouble(f"HTTP {status}: {words}", hint, _asked_pause(response))


def _asked_pause(response: Any) -> float:
    """Seconds that the server asks to wait: Retry-After, a number or a date."""
    asked = response.headers.get("retry-after", "0")
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        until = email.utils.parsedate_to_datetime(asked)
    except ValueError:
        return 0.0
    now = datetime.datetime.now(until.tzinfo)
    return max(0.0, (until - now).total_seconds())

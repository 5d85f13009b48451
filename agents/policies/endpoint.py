"""A policy behind an OpenAI-compatible server (vLLM, SGLang, llama.cpp, hosted models).

    chat           POST <base url>/chat/completions; lines said so far begin the assistant's message, which
                   vLLM, SGLang and llama.cpp continue and OpenAI's own servers do not: ask those for whole solutions
    completions    POST <base url>/completions; prompt, instructions and the lines so far as one text

Steps end at the stop string "\\n". Tokens are those that the server reports (with several samples in one answer, shared
out by their lengths), or characters / 4 where it reports none. Log-probabilities are those of the server, which gives
them at temperature 1; NaN where it gives none. The seed derives from the key; whether it is honoured is the server's.

Connection errors, time-outs, 429 and 5xx are tried again after a pause that doubles; `usage` counts every request, so
what failed is on the bill too. When the tries are used up, an `EndpointError` says what happened.
"""

from __future__ import annotations

import itertools
import math
import os
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

from reasonrl.agents.policies.core import Finish, Proposal, Sampling, Unit
from reasonrl.agents.policies.noise import sequence_keys
from reasonrl.agents.policies.prompts import judge_of, said
from reasonrl.envs.core import END
from reasonrl.envs.mdp import State

_LONGEST_PAUSE = 60.0
"""Seconds; a server that asks for a longer pause is not obeyed."""


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


class _Choice(NamedTuple):
    action: str
    logprob: float
    tokens: int
    finish: Finish


class EndpointPolicy:
    """Continues states by asking a server; see `Policy` for the contract."""

    def __init__(
        self,
        model: str,
        base_url: str,
        *,
        chat: bool = True,
        api_key: str | None = None,
        concurrency: int = 8,
        timeout: float = 120.0,
        retries: int = 5,
        backoff: float = 0.5,
        logprobs: bool = True,
    ) -> None:
        """
        Args:
            model: as the server calls it.
            base_url: up to and including /v1.
            chat: chat interface, or plain completions.
            api_key: None: the environment variable OPENAI_API_KEY, if set.
            concurrency: requests under way at once.
            timeout: seconds for one request.
            retries: tries after the first.
            backoff: seconds before the first retry; doubles each time.
            logprobs: whether to ask for log-probabilities; some servers refuse such requests.
        """
        try:
            import httpx
        except ImportError as error:
            raise ImportError("a policy behind a server needs httpx: pip install 'reasonrl[endpoint]'") from error
        if concurrency < 1 or retries < 0:
            raise ValueError(f"concurrency must be at least 1 and retries at least 0, got {concurrency} and {retries}")
        self.name = f"{model}@{base_url.rstrip('/')}"
        self.usage = Usage()
        self._model, self._chat, self._logprobs = model, chat, logprobs
        self._url = f"{base_url.rstrip('/')}/{'chat/completions' if chat else 'completions'}"
        self._retries, self._backoff, self._concurrency, self._timeout = retries, backoff, concurrency, timeout
        api_key = api_key or os.environ.get("OPENAI_API_KEY")
        self._httpx = httpx
        self._client = httpx.Client(timeout=timeout, headers={"Authorization": f"Bearer {api_key}"} if api_key else {})
        self._lock = threading.Lock()

    def propose(
        self, states: Sequence[State], counts: Sequence[int], keys: Sequence[int], sampling: Sampling
    ) -> list[list[Proposal]]:
        with ThreadPoolExecutor(max_workers=self._concurrency) as pool:
            jobs = [
                pool.submit(self._continue, state, count, key, sampling)
                for state, count, key in zip(states, counts, keys, strict=True)
            ]
            try:
                return [job.result() for job in jobs]
            except BaseException:
                pool.shutdown(cancel_futures=True)  # one failure ends the call: do not pay for the rest
                raise

    def _continue(self, state: State, count: int, key: int, sampling: Sampling) -> list[Proposal]:
        """Asks until `count` samples are there: some servers give one answer whatever n says."""
        wanted = min(count, 1) if sampling.temperature == 0 else count
        choices: list[_Choice] = []
        while len(choices) < wanted:
            seed = int(sequence_keys([key], [len(choices)])[0]) & 0x7FFFFFFF
            answer = self._post(self._request(state, wanted - len(choices), seed, sampling))
            choices += self._read(answer, state, sampling.unit)[: wanted - len(choices)]
        return _merge(choices if wanted == count else choices * count)

    def _request(self, state: State, n: int, seed: int, sampling: Sampling) -> dict[str, Any]:
        prompt = f"{state.view.prompt}\n{judge_of(state.view).instructions}".strip()
        text = "".join(said(state))
        request: dict[str, Any] = {
            "model": self._model,
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_tokens,
            "n": n,
            "seed": seed,
        }
        if sampling.unit is Unit.STEP:
            request["stop"] = ["\n"]
        if self._chat:
            request["messages"] = [{"role": "user", "content": prompt}]
            if text:
                request["messages"].append({"role": "assistant", "content": text})
                request |= {"continue_final_message": True, "add_generation_prompt": False}
        else:
            request["prompt"] = f"{prompt}\n{text}"
        if self._logprobs:
            request["logprobs"] = True if self._chat else 1
        return request

    def _post(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The server's answer, with at least one choice in it."""
        reason = ""
        for attempt in range(self._retries + 1):
            pause = self._backoff * 2.0**attempt
            with self._lock:
                self.usage.requests += 1
            try:
                response = self._client.post(self._url, json=request)
            except self._httpx.TimeoutException:
                reason = f"no answer within {self._timeout:g} s"
            except self._httpx.TransportError as error:
                reason = str(error) or type(error).__name__
            else:
                if response.status_code == 200:
                    answer = _parse(response)
                    if answer is not None:
                        self._charge(answer)
                        return answer
                    reason = f"an answer that is not a completion: {response.text[:200]!r}"
                else:
                    reason = f"HTTP {response.status_code}: {response.text[:200]}"
                    if response.status_code != 429 and response.status_code < 500:
                        with self._lock:
                            self.usage.failures += 1
                        raise EndpointError(
                            f"{self._url} refused the request ({reason}): check the model's name and the key"
                        )
                    pause = max(pause, _asked_pause(response))
            with self._lock:
                self.usage.failures += 1
            if attempt < self._retries:
                time.sleep(min(pause, _LONGEST_PAUSE))
        raise EndpointError(
            f"{self._url} gave no usable answer in {self._retries + 1} tries, at last {reason}: "
            "see whether the server runs, or raise timeout and retries"
        )

    def _charge(self, answer: Mapping[str, Any]) -> None:
        usage = answer.get("usage") or {}
        with self._lock:
            self.usage.prompt_tokens += int(usage.get("prompt_tokens") or 0)
            self.usage.completion_tokens += int(usage.get("completion_tokens") or 0)

    def _read(self, answer: Mapping[str, Any], state: State, unit: Unit) -> list[_Choice]:
        texts = [_text(choice) for choice in answer["choices"]]
        tokens = _share((answer.get("usage") or {}).get("completion_tokens"), texts)
        is_final = judge_of(state.view).is_final
        found = []
        for choice, text, used in zip(answer["choices"], texts, tokens, strict=True):
            action, finish = _ending(choice, text, unit)
            if unit is Unit.SOLUTION:
                lines = action.removesuffix(END).split("\n")
                last = next((number for number, line in enumerate(lines) if is_final(line)), None)
                # an answer line that the limit cut in two is not an answer
                if last is not None and (finish is Finish.END or last < len(lines) - 1):
                    action, finish = "\n".join(lines[: last + 1]) + END, Finish.END
            found.append(_Choice(action, _logprob(choice), used, finish))
        return found


def _parse(response: Any) -> dict[str, Any] | None:
    try:
        answer = response.json()
    except ValueError:
        return None
    choices = answer.get("choices") if isinstance(answer, dict) else None
    return answer if isinstance(choices, list) and choices and all(isinstance(c, dict) for c in choices) else None


def _asked_pause(response: Any) -> float:
    """Seconds that the server asks to wait (Retry-After; dates are not read)."""
    try:
        return float(response.headers.get("retry-after", 0.0))
    except ValueError:
        return 0.0


def _text(choice: Mapping[str, Any]) -> str:
    """Of a chat message or a plain completion."""
    return str((choice.get("message") or choice).get("content") or choice.get("text") or "")


def _ending(choice: Mapping[str, Any], text: str, unit: Unit) -> tuple[str, Finish]:
    """The action and why it ends."""
    text = text.strip("\r\n")
    line, broken, _ = text.partition("\n")
    if unit is Unit.STEP and broken:  # the server did not stop by itself
        return line, Finish.STEP
    if choice.get("finish_reason") == "length":
        return text, Finish.LENGTH
    if unit is Unit.SOLUTION:
        return text + END, Finish.END
    # "stop" means the stop string or the end token: vLLM and SGLang say which, elsewhere only an empty line tells
    said_which = "stop_reason" in choice or "matched_stop" in choice
    which = choice.get("stop_reason", choice.get("matched_stop"))
    at_the_end = not isinstance(which, str) if said_which else not text.strip()
    return (text + END, Finish.END) if at_the_end else (text, Finish.STEP)


def _logprob(choice: Mapping[str, Any]) -> float:
    found = choice.get("logprobs") or {}
    tokens = found.get("content")
    values = found.get("token_logprobs") if tokens is None else [token.get("logprob") for token in tokens]
    return math.fsum(value for value in values if value is not None) if values else math.nan


def _share(total: int | None, texts: Sequence[str]) -> list[int]:
    """Tokens of each text: the reported total split by length, or a quarter of the characters."""
    if total is None:
        return [max(1, math.ceil(len(text) / 4)) for text in texts]
    weights = [len(text) + 1 for text in texts]
    bounds = [round(total * sum(weights[:i]) / sum(weights)) for i in range(len(texts) + 1)]
    return [after - before for before, after in itertools.pairwise(bounds)]


def _merge(choices: Sequence[_Choice]) -> list[Proposal]:
    """Equal actions become one proposal; its tokens are their mean, rounded up."""
    merged: dict[tuple[str, Finish], list[_Choice]] = {}
    for choice in choices:
        merged.setdefault((choice.action, choice.finish), []).append(choice)
    return [
        Proposal(action, same[0].logprob, -(-sum(choice.tokens for choice in same) // len(same)), len(same), finish)
        for (action, finish), same in merged.items()
    ]

"""A policy at an OpenAI-compatible server (vLLM, SGLang, llama.cpp, hosted models).

    chat           POST <base url>/chat/completions; lines said so far begin the assistant's message, which
                   vLLM, SGLang and llama.cpp continue and OpenAI's own servers do not: ask those for whole solutions
    completions    POST <base url>/completions; prompt, instructions and the lines so far as one text

Steps end at the stop string "\\n". A thought is no part of a solution: it goes, whether the server sends it apart or in
`<think>` tags, and its tokens stay on the bill; a server whose thoughts use up the whole answer is told of. Tokens are
those that the server reports (with several samples in one answer, shared out by their lengths), or characters / 4 where
it reports none. Log-probabilities are those of the server, which gives them at temperature 1; NaN where it gives none.
The seed derives from the key; whether it is honoured is the server's.

What is tried again, and what is left out when a server refuses it: `agents.policies.server`.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from reasonrl.agents.policies.core import Finish, Proposal, Sampling, Unit
from reasonrl.agents.policies.noise import sequence_keys
from reasonrl.agents.policies.options import check_body
from reasonrl.agents.policies.prompts import said
from reasonrl.agents.policies.replies import ending, replies, share, tokens_used
from reasonrl.agents.policies.server import EndpointError, Server, Usage
from reasonrl.envs.core import END
from reasonrl.envs.mdp import State
from reasonrl.envs.registry import rules_of
from reasonrl.verifiers.answers import without_thoughts

__all__ = ["EndpointError", "EndpointPolicy", "Usage"]


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
        extra_body: Mapping[str, Any] | None = None,
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
            extra_body: more fields of each request, {"top_k": 20}; the policy's name ends with them, because they
                change what is said.
        """
        if concurrency < 1 or retries < 0:
            raise ValueError(f"concurrency must be at least 1 and retries at least 0, got {concurrency} and {retries}")
        place = base_url.strip().rstrip("/").removesuffix("/chat/completions").removesuffix("/completions")
        if not place.startswith(("http://", "https://")):
            raise ValueError(f"base_url must start with http:// or https://, got {base_url!r}")
        self._extra = dict(extra_body or {})
        check_body(self._extra)
        self.name = f"{model}@{place}" + (f" {json.dumps(self._extra, sort_keys=True)}" if self._extra else "")
        self.usage = Usage()
        self._model, self._chat, self._logprobs, self._concurrency = model, chat, logprobs, concurrency
        self._server = Server(
            f"{place}/{'chat/completions' if chat else 'completions'}",
            api_key=api_key,
            timeout=timeout,
            retries=retries,
            backoff=backoff,
            usage=self.usage,
        )
        self._told_of_thoughts = False

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
            request = self._request(state, wanted - len(choices), seed, sampling)
            choices += self._read(self._server.post(request), request, state, sampling)[: wanted - len(choices)]
        return _merge(choices if wanted == count else choices * count)

    def _request(self, state: State, n: int, seed: int, sampling: Sampling) -> dict[str, Any]:
        prompt = f"{state.view.prompt}\n{rules_of(state.view).instructions}".strip()
        text = "".join(said(state))
        request: dict[str, Any] = {
            "model": self._model,
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_tokens,
            "n": n,
            "seed": seed,
        } | self._extra
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

    def _read(
        self, answer: Mapping[str, Any], request: Mapping[str, Any], state: State, sampling: Sampling
    ) -> list[_Choice]:
        found = replies(answer, prompt=request.get("prompt", ""))
        is_final = rules_of(state.view).is_final
        choices = []
        for reply, used in zip(found, share(tokens_used(answer)[1], found), strict=True):
            if sampling.unit is Unit.SOLUTION:
                reply = reply._replace(text=without_thoughts(reply.text))
            if reply.cut and not reply.text.strip():
                self._tell_of_thoughts(sampling.max_tokens)
            action, finish = ending(reply, sampling.unit)
            if sampling.unit is Unit.SOLUTION:
                lines = action.removesuffix(END).split("\n")
                last = next((number for number, line in enumerate(lines) if is_final(line)), None)
                # an answer line that the limit cut in two is not an answer
                if last is not None and (finish is Finish.END or last < len(lines) - 1):
                    action, finish = "\n".join(lines[: last + 1]) + END, Finish.END
            choices.append(_Choice(action, reply.logprob, used, finish))
        return choices

    def _tell_of_thoughts(self, most: int) -> None:
        """Once: otherwise such a server just scores nothing."""
        if not self._told_of_thoughts:
            self._told_of_thoughts = True
            warnings.warn(
                f"{self.name} used up all {most} tokens of an answer before it said anything, as models do that think "
                "first: raise max_tokens",
                stacklevel=2,
            )


def _merge(choices: Sequence[_Choice]) -> list[Proposal]:
    """Equal actions become one proposal; its tokens are their mean, rounded up."""
    merged: dict[tuple[str, Finish], list[_Choice]] = {}
    for choice in choices:
        merged.setdefault((choice.action, choice.finish), []).append(choice)
    return [
        Proposal(action, same[0].logprob, -(-sum(choice.tokens for choice in same) // len(same)), len(same), finish)
        for (action, finish), same in merged.items()
    ]

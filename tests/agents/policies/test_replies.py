"""The many forms of an answer: what is its text, what was thought, what it cost and how it ended."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any

import pytest
from reasonrl.agents.policies.core import Finish, Sampling, Unit
from reasonrl.agents.policies.endpoint import EndpointPolicy
from reasonrl.agents.policies.replies import replies, share, tokens_used
from reasonrl.envs.core import END

from .http_server import STATE, Server, ask, chat


def message(finish: str | None = "stop", usage: Any = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": fields, "finish_reason": finish}], "usage": usage}


def text(value: str) -> dict[str, str]:
    return {"type": "text", "text": value}


FOUR = ("Answer: 4" + END, Finish.END)
THOUGHT = "Answer: 3? no\n2+2=4"
FORMS: dict[str, tuple[dict[str, Any], tuple[str, Finish]]] = {
    "plain": (message(content="Answer: 4"), FOUR),
    "finish_reason null": (message(None, content="Answer: 4"), FOUR),
    "a list of parts": (message(content=[text("Ans"), text("wer: 4")]), FOUR),
    "a part as a string": (message(content=["Answer: 4"]), FOUR),
    "one part alone": (message(content=text("Answer: 4")), FOUR),
    "output_text": (message(content=[{"type": "output_text", "text": "Answer: 4"}]), FOUR),
    "a thinking part": (
        message(content=[{"type": "thinking", "thinking": [text(THOUGHT)]}, text("Answer: 4")]),
        FOUR,
    ),
    "a reasoning part": (message(content=[{"type": "reasoning", "text": THOUGHT}, text("Answer: 4")]), FOUR),
    "thought beside": (message(content="Answer: 4", reasoning_content=THOUGHT), FOUR),
    "reasoning beside": (message(content="\n\nAnswer: 4", reasoning=THOUGHT), FOUR),
    "all in the thought": (
        message(content=None, reasoning_content="2+2=4\nAnswer: 4"),
        ("2+2=4\nAnswer: 4" + END, Finish.END),
    ),
    "all in the reasoning": (message(content="", reasoning="Answer: 4"), FOUR),
    "no content at all": (message(reasoning="Answer: 4"), FOUR),
    "a thought in tags": (message(content=f"<think>\n{THOUGHT}\n</think>\nAnswer: 4"), FOUR),
    "a thought that the template opened": (message(content=f"{THOUGHT}\n</think>\n\nAnswer: 4"), FOUR),
    "null": (message(content=None), (END, Finish.END)),
    "empty": (message(content=""), (END, Finish.END)),
    "an empty list": (message(content=[]), (END, Finish.END)),
    "cut in the thought": (message("length", content=None, reasoning_content="2+2"), ("", Finish.LENGTH)),
    "cut in the thought, no content": (message("length", reasoning="Answer: 3?"), ("", Finish.LENGTH)),
    "cut in tags": (message("length", content=f"<think>\n{THOUGHT}"), ("", Finish.LENGTH)),
    "cut by a filter": (message("content_filter", content="2+2"), ("2+2", Finish.LENGTH)),
    "cut by another name": (message("max_tokens", content="2+2"), ("2+2", Finish.LENGTH)),
    "Windows line ends": (message(content="2+2=4\r\nAnswer: 4\r\nBye"), ("2+2=4\r\nAnswer: 4\r" + END, Finish.END)),
}


@pytest.mark.filterwarnings("ignore:.*raise max_tokens")
@pytest.mark.parametrize(("body", "expected"), FORMS.values(), ids=FORMS)
def test_forms_of_a_solution(server: Server, body: dict[str, Any], expected: tuple[str, Finish]) -> None:
    server.answer = lambda request, number: (200, body)
    (only,) = ask(server.policy())
    assert (only.action, only.finish) == expected
    assert only.tokens >= 1


def test_a_byte_order_mark_is_no_part_of_the_answer(server: Server) -> None:
    server.answer = lambda request, number: (200, b"\xef\xbb\xbf" + json.dumps(chat("Answer: 4")).encode())
    assert ask(server.policy())[0].action == "Answer: 4" + END
    assert len(server.requests) == 1


def test_a_budget_that_went_into_thought_is_told_of_once(server: Server) -> None:
    server.answer = lambda request, number: (200, message("length", content=None, reasoning_content="so"))
    policy = server.policy()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        ask(policy)
        ask(policy)
    assert len(told) == 1
    said = "used up all 40 tokens of an answer before it said anything, as models do that think first: raise max_tokens"
    assert said in str(told[0].message)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 700, "completion_tokens_details": {"reasoning_tokens": 690}}, 700),
        ({"prompt_tokens": 9, "completion_tokens": 10, "total_tokens": 709}, 700),
        ({"completion_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 690}}, 700),
        ({"prompt_tokens": 9, "completion_tokens": 700, "total_tokens": 709}, 700),
        ({"prompt_tokens": 9, "total_tokens": 709}, 700),
        ({"prompt_tokens": 9, "completion_tokens": 700.0, "completion_tokens_details": None}, 700),
        ({"prompt_tokens": 9}, None),
        ({"completion_tokens": None}, None),
        ({"completion_tokens": "many"}, None),
        ({"completion_tokens": -1}, None),
        ([], None),
        (None, None),
    ],
)
def test_all_that_was_written_is_charged(server: Server, usage: Any, expected: int | None) -> None:
    assert tokens_used({"usage": usage})[1] == expected
    server.answer = lambda request, number: (200, message(content="Answer: 4", usage=usage))
    policy = server.policy()
    assert ask(policy)[0].tokens == (expected or 3)
    assert policy.usage.completion_tokens == (expected or 0)


def test_a_thought_is_estimated_where_no_tokens_are_reported() -> None:
    found = replies(message(content="Answer: 4", reasoning_content="x" * 91), prompt="")
    assert share(None, found) == [25]


@pytest.mark.parametrize(
    ("logprobs", "expected"),
    [
        ({"content": [{"logprob": -1.0}, {"logprob": -0.5}]}, -1.5),
        ({"content": [{"logprob": -1}, {"logprob": None}, {}]}, -1.0),
        ({"content": [{"logprob": -9999.0}]}, -9999.0),
        ({"token_logprobs": [None, -0.5]}, -0.5),
        ({"content": [{"logprob": -math.inf}, {"logprob": -0.5}]}, math.nan),
        ({"content": [{"logprob": "low"}]}, math.nan),
        ({"content": None}, math.nan),
        ({"content": []}, math.nan),
        ([], math.nan),
        (None, math.nan),
    ],
)
def test_logprobs_are_summed_where_they_are_numbers(server: Server, logprobs: Any, expected: float) -> None:
    server.answer = lambda request, number: (200, chat("Answer: 4", logprobs=logprobs))
    assert ask(server.policy())[0].logprob == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("line", "fields", "expected"),
    [
        ("3+4=7", {"finish_reason": "stop", "matched_stop": 2}, ("3+4=7" + END, Finish.END)),
        ("3+4=7", {"finish_reason": "stop", "matched_stop": "\n"}, ("3+4=7", Finish.STEP)),
        ("3+4=7", {"finish_reason": "stop", "stop_reason": 128009}, ("3+4=7" + END, Finish.END)),
        ("3+4=7\n", {"finish_reason": "stop"}, ("3+4=7", Finish.STEP)),
        ("3+4=7\r\n", {"finish_reason": "stop"}, ("3+4=7", Finish.STEP)),
        ("3+4=7", {"finish_reason": "eos_token"}, ("3+4=7" + END, Finish.END)),
        ("3+4=7", {"finish_reason": "stop_sequence"}, ("3+4=7", Finish.STEP)),
        ("3+4=7", {"finish_reason": "end_turn"}, ("3+4=7" + END, Finish.END)),
        ("3+4=7", {"finish_reason": None}, ("3+4=7", Finish.STEP)),
        ("3+4=", {"finish_reason": "length"}, ("3+4=", Finish.LENGTH)),
        ("3+4=7\r\n4+4=8", {"finish_reason": "length"}, ("3+4=7", Finish.STEP)),
    ],
)
def test_how_a_step_ends(server: Server, line: str, fields: dict[str, Any], expected: tuple[str, Finish]) -> None:
    server.answer = lambda request, number: (200, {"choices": [{"message": {"content": line}, **fields}]})
    (only,) = ask(server.policy(), Unit.STEP)
    assert (only.action, only.finish) == expected


def test_a_prompt_that_comes_back_is_no_answer(server: Server) -> None:
    def echo(request: dict[str, Any], number: int) -> tuple[int, Any]:
        return 200, {"choices": [{"text": request["prompt"] + "1+2=3\nAnswer", "finish_reason": "length"}]}

    server.answer = echo
    (only,) = ask(server.policy(chat=False))
    assert (only.action, only.finish) == ("1+2=3\nAnswer", Finish.LENGTH)


@pytest.mark.parametrize("finish", ["length", "stop"])
def test_a_completion_that_runs_on_ends_at_its_first_answer(server: Server, finish: str) -> None:
    run_on = "1+2=3\nAnswer: 3\n\nWhat is 4+5?\n4+5=9\nAnswer: 9"
    server.answer = lambda request, number: (200, {"choices": [{"text": run_on, "finish_reason": finish}]})
    (only,) = ask(server.policy(chat=False))
    assert (only.action, only.finish) == ("1+2=3\nAnswer: 3" + END, Finish.END)


def test_nothing_a_server_says_about_itself_reaches_the_answer(server: Server) -> None:
    body = chat("Answer: 4") | {"system_fingerprint": "x", "id": "Answer: 5"}
    server.answer = lambda request, number: (200, body)
    policy: EndpointPolicy = server.policy()
    (found,) = policy.propose([STATE], [1], [0], Sampling(Unit.SOLUTION))
    assert found[0].action == "Answer: 4" + END

"""What is left out when a server refuses it, what is tried again, and what is an error that helps."""

from __future__ import annotations

import datetime
import email.utils
import json
import time
import warnings
from typing import Any

import pytest
from reasonrl.agents.policies import server as module
from reasonrl.agents.policies.core import Sampling, Unit
from reasonrl.agents.policies.endpoint import EndpointError, EndpointPolicy
from reasonrl.envs.core import END

from .http_server import STATE, Reply, Server, ask, chat

FINE = (200, chat("Answer: 4"))


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", **more}}


REFUSALS: dict[str, tuple[str, int, Any]] = {
    "llama.cpp": ("logprobs", 400, error("logprobs is not supported with tools + stream")),
    "OpenAI, 403": ("logprobs", 403, error("You are not allowed to request logprobs from this model.", param=None)),
    "o-series, logprobs": ("logprobs", 400, error("Unsupported parameter.", param="logprobs")),
    "a crash": ("logprobs", 500, b"create() got an unexpected keyword argument 'logprobs'"),
    "Mistral": (
        "seed",
        422,
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]},
    ),
    "a list of what it takes": (
        "seed",
        400,
        error("Unknown parameter: 'seed'. Supported are model, messages, temperature, max_tokens, n, stop, logprobs."),
    ),
    "the request repeated": (
        "seed",
        422,
        {"detail": [{"loc": ["body", "seed"], "msg": "not permitted", "input": {"n": 1, "temperature": 1}}]},
    ),
    "o-series, temperature": (
        "temperature",
        400,
        error("Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) works."),
    ),
    "plain text": ("temperature", 400, b"temperature: unsupported"),
    "Groq": ("n", 400, error("'n' : number must be at most 1")),
    "llama.cpp, n": ("n", 400, error("Only one completion choice is allowed")),
    "n in words": ("n", 422, {"detail": "n must be 1"}),
    "an error as text": ("n", 400, {"error": "multiple completions are not available"}),
}


@pytest.mark.parametrize(("name", "status", "body"), REFUSALS.values(), ids=REFUSALS)
def test_what_a_server_refuses_is_left_out_from_then_on(server: Server, name: str, status: int, body: Any) -> None:
    server.answer = lambda request, number: (status, body) if name in request else FINE
    policy = server.policy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert ask(policy)[0].action == "Answer: 4" + END
        ask(policy)
    others = {"logprobs", "seed", "n", "temperature", "max_tokens"} - {name}
    assert [name in request for request in server.requests] == [True, False, False]
    assert all(others <= request.keys() for request in server.requests)
    assert (policy.usage.requests, policy.usage.failures) == (3, 1)


def test_a_limit_goes_by_the_name_that_the_server_knows(server: Server) -> None:
    message = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    )
    server.answer = lambda request, number: (400, error(message)) if "max_tokens" in request else FINE
    policy = server.policy()
    ask(policy)
    ask(policy)
    assert [request.get("max_completion_tokens") for request in server.requests] == [None, 40, 40]


def test_a_server_that_refuses_everything_one_by_one_is_served(server: Server) -> None:
    refused = ["logprobs", "max_tokens", "seed", "n", "temperature"]

    def answer(request: dict[str, Any], number: int) -> Reply:
        found = [name for name in refused if name in request]
        return (400, error(f"Unrecognized request argument supplied: {found[0]}")) if found else FINE

    server.answer = answer
    with pytest.warns(UserWarning, match=r"refuses temperature=0\.7"):
        assert ask(server.policy())[0].action == "Answer: 4" + END
    assert server.requests[-1].keys() == {"model", "messages", "max_completion_tokens"}


def test_a_temperature_of_one_goes_without_a_word(server: Server) -> None:
    server.answer = lambda request, number: (400, error("no", param="temperature")) if number == 1 else FINE
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        server.policy().propose([STATE], [1], [0], Sampling(Unit.SOLUTION, 1.0, 40))


def test_without_n_samples_come_one_by_one(server: Server) -> None:
    def answer(request: dict[str, Any], number: int) -> Reply:
        return (400, error("'n' must be 1")) if "n" in request else (200, chat(f"Answer: {number}"))

    server.answer = answer
    assert [p.action for p in ask(server.policy(), count=3)] == [f"Answer: {n}{END}" for n in (2, 3, 4)]
    assert len({request["seed"] for request in server.requests[1:]}) == 3


def test_more_samples_than_asked_for_are_not_taken(server: Server) -> None:
    server.answer = lambda request, number: (200, chat(*(f"Answer: {n}" for n in range(5))))
    assert sum(p.count for p in ask(server.policy(), count=2)) == 2


def test_a_refusal_without_a_name_is_answered_by_a_bare_request(server: Server) -> None:
    server.answer = lambda request, number: (400, b"Bad Request") if "seed" in request else FINE
    policy = server.policy()
    with pytest.warns(UserWarning, match="temperature"):
        ask(policy)
    ask(policy)
    assert ["seed" in request for request in server.requests] == [True, False, False]


def test_a_server_that_has_answered_is_not_asked_barely(server: Server) -> None:
    server.answer = lambda request, number: FINE if number != 2 else (400, b"Bad Request")
    policy = server.policy()
    ask(policy)
    with pytest.raises(EndpointError, match=r"refused the request \(HTTP 400: Bad Request\)$"):
        ask(policy)
    ask(policy)
    assert server.requests[2] == server.requests[0]


def test_a_bare_request_that_fails_too_teaches_nothing(server: Server) -> None:
    server.answer = lambda request, number: (400, b"Bad Request") if number < 3 else FINE
    policy = server.policy()
    with pytest.raises(EndpointError, match="Bad Request"):
        ask(policy)
    ask(policy)
    assert "seed" in server.requests[2]


def test_steps_are_cut_here_where_the_stop_string_is_refused(server: Server) -> None:
    refusal = error("Unsupported parameter: 'stop' is not supported with this model.", param="stop")
    server.answer = lambda request, number: (400, refusal) if "stop" in request else (200, chat("3+4=7\nAnswer: 7"))
    assert ask(server.policy(), Unit.STEP)[0].action == "3+4=7"


@pytest.mark.parametrize(
    ("refused", "unit", "expected"),
    [
        ("continue_final_message", Unit.STEP, "refuses continue_final_message, which cannot be left out.*whole solut"),
        ("max_completion_tokens", Unit.SOLUTION, "refuses max_completion_tokens, which cannot be left out.*a limit"),
    ],
)
def test_what_cannot_be_left_out_is_named(server: Server, refused: str, unit: Unit, expected: str) -> None:
    names = ["max_tokens", refused] if refused == "max_completion_tokens" else [refused]

    def answer(request: dict[str, Any], number: int) -> Reply:
        found = [name for name in names if name in request]
        return (400, error("Unrecognized request argument supplied: " + found[0])) if found else FINE

    server.answer = answer
    with pytest.raises(EndpointError, match=expected):
        ask(server.policy(), unit, state=STATE._replace(steps=("1+2=3",)))


LONG = "This model's maximum context length is 4096 tokens. However, you requested 4196 tokens (40 in the completion)."
OWN_WORDS: dict[str, tuple[int, Any, str]] = {
    "context": (400, error(LONG, code="context_length_exceeded"), "maximum context length is 4096"),
    "context, named": (400, error(f"'max_tokens' is too large: 40. {LONG}", param="max_tokens"), "too large: 40"),
    "a number out of range": (422, {"detail": "temperature must be between 0 and 0.5"}, "between 0 and 0.5"),
    "content policy": (400, error("The prompt was filtered"), "was filtered"),
    "too large a body": (413, b"Request Entity Too Large", "Entity Too Large"),
}


@pytest.mark.parametrize(("status", "body", "shown"), OWN_WORDS.values(), ids=OWN_WORDS)
def test_a_refusal_is_shown_in_the_servers_words_without_a_false_hint(
    server: Server, status: int, body: Any, shown: str
) -> None:
    server.answer = lambda request, number: (status, body)
    with pytest.raises(EndpointError) as caught:
        ask(server.policy())
    assert shown in str(caught.value)
    assert not any(word in str(caught.value) for word in ("key", "model's name", "runs", "retries"))
    assert len(server.requests) <= 2


@pytest.mark.parametrize(
    ("status", "hint"), [(401, "check the key"), (403, "check the key"), (404, "check the model's name")]
)
def test_a_hint_comes_where_the_status_speaks(server: Server, status: int, hint: str) -> None:
    server.answer = lambda request, number: (status, error("no"))
    with pytest.raises(EndpointError, match=hint):
        ask(server.policy())
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 520, 529])
def test_what_may_pass_is_tried_again(server: Server, status: int) -> None:
    server.answer = lambda request, number: FINE if number == 3 else (status, b"<html>busy</html>")
    assert ask(server.policy())[0].action == "Answer: 4" + END
    assert len(server.requests) == 3


@pytest.mark.parametrize("code", [429, 502, "overloaded", None])
def test_a_failure_under_status_200_is_one(server: Server, code: Any) -> None:
    server.answer = lambda request, number: FINE if number == 2 else (200, error("try later", code=code))
    assert ask(server.policy())[0].action == "Answer: 4" + END


def test_a_refusal_under_status_200_is_one(server: Server) -> None:
    server.answer = lambda request, number: (200, error("no such model", code=404))
    with pytest.raises(EndpointError, match=r"HTTP 404: no such model\): check the model's name"):
        ask(server.policy())
    assert len(server.requests) == 1


def test_a_choice_that_failed_half_way_is_asked_for_again(server: Server) -> None:
    server.answer = lambda request, number: FINE if number == 2 else (200, chat("Ans", finish="error"))
    assert ask(server.policy())[0].action == "Answer: 4" + END


def test_a_server_may_ask_for_a_pause(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=30)
    asked = ["3", "0.5", email.utils.format_datetime(soon, usegmt=True), "1000", "soon", "-7"]
    server.answer = lambda request, number: (
        (429, {}, {"Retry-After": asked[number - 1]}) if number <= len(asked) else FINE
    )
    ask(server.policy(retries=6, backoff=0.25))
    assert pauses[0] == 3.0
    assert pauses[1] == 0.5
    assert 20 < pauses[2] <= 30
    assert pauses[3] == 60.0
    assert pauses[4:] == [4.0, 8.0]  # 0.25 * 2**4, and so on


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_keeps_the_request(server: Server, status: int) -> None:
    server.answer = lambda request, number: FINE if number == 2 else (status, b"", {"Location": "/other/v1/chat"})
    assert ask(server.policy())[0].action == "Answer: 4" + END
    assert server.paths == ["/v1/chat/completions", "/other/v1/chat"]
    assert server.requests[0] == server.requests[1]
    assert server.headers[1]["Authorization"] == "Bearer secret"


def test_a_redirect_in_a_circle_is_an_error(server: Server) -> None:
    server.answer = lambda request, number: (307, b"", {"Location": "/v1/chat/completions"})
    with pytest.raises(EndpointError, match="more than 3 redirects"):
        ask(server.policy())


def test_the_key_goes_to_no_other_host(server: Server) -> None:
    server.answer = lambda request, number: (307, b"", {"Location": "http://localhost.invalid/v1/chat/completions"})
    with pytest.raises(EndpointError, match=r"a redirect to http://localhost\.invalid/v1/chat.*if you trust it"):
        ask(server.policy())
    assert len(server.requests) == 1


def test_an_event_stream_is_named(server: Server) -> None:
    piece = json.dumps({"choices": [{"delta": {"content": "Answer: 4"}}]})
    server.answer = lambda request, number: (200, f"data: {piece}\n\ndata: [DONE]\n\n".encode())
    with pytest.raises(EndpointError, match="an event stream, although none was asked for"):
        ask(server.policy())
    assert len(server.requests) == 1


def test_an_address_may_be_written_in_full(server: Server) -> None:
    for written in (server.url, server.url + "/", server.url + "/chat/completions"):
        policy = EndpointPolicy("m", written)
        assert policy.name == f"m@{server.url}"
        ask(policy)
    assert set(server.paths) == {"/v1/chat/completions"}
    with pytest.raises(ValueError, match="base_url must start with http"):
        EndpointPolicy("m", "localhost:8000/v1")


def test_a_key_from_a_file_may_end_in_a_line_break(server: Server) -> None:
    ask(server.policy(api_key="secret\n"))
    assert server.headers[0]["Authorization"] == "Bearer secret"


def test_pauses_are_bounded() -> None:
    assert module._LONGEST_PAUSE == 60.0

"""A policy behind a server: against a real HTTP server that is well, flaky, slow, talkative or down."""

from __future__ import annotations

import math
import socket
import threading
from typing import Any

import pytest
from reasonrl.agents.policies.core import Finish, Proposal, Sampling, Unit
from reasonrl.agents.policies.endpoint import EndpointError, EndpointPolicy
from reasonrl.envs.core import END
from reasonrl.envs.families import get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.mdp import State

from .http_server import STATE, Reply, Server, ask, chat


def test_a_solution_comes_back_whole(server: Server) -> None:
    server.answer = lambda request, number: (200, chat("1+2=3\nAnswer: 3\nThank you"))
    policy = server.policy()
    (only,) = ask(policy)
    assert (only.action, only.tokens, only.count, only.finish) == ("1+2=3\nAnswer: 3" + END, 10, 1, Finish.END)
    assert math.isnan(only.logprob)
    (request,) = server.requests
    assert server.paths == ["/v1/chat/completions"]
    assert server.headers[0]["Authorization"] == "Bearer secret"
    assert (request["model"], request["temperature"], request["max_tokens"], request["n"]) == ("m", 0.7, 40, 1)
    assert "stop" not in request
    content = request["messages"][0]["content"]
    assert content.startswith(STATE.view.prompt)
    assert get_family("chain_sum").instructions in content
    assert (policy.usage.requests, policy.usage.failures, policy.usage.completion_tokens) == (1, 0, 10)


def test_a_step_continues_the_assistants_own_words(server: Server) -> None:
    server.answer = lambda request, number: (200, chat("3+4=7"))
    (only,) = ask(server.policy(), Unit.STEP, state=STATE._replace(steps=("1+2=3",)))
    assert (only.action, only.finish) == ("3+4=7", Finish.STEP)
    (request,) = server.requests
    assert request["stop"] == ["\n"]
    assert request["messages"][1] == {"role": "assistant", "content": "1+2=3\n"}
    assert request["continue_final_message"] is True


def test_completions_take_one_text(server: Server) -> None:
    logprobs = {"token_logprobs": [-0.5, -0.25]}
    body = {
        "choices": [{"text": "3+4=7", "finish_reason": "stop", "logprobs": logprobs}],
        "usage": {"completion_tokens": 2},
    }
    server.answer = lambda request, number: (200, body)
    (only,) = ask(server.policy(chat=False), Unit.STEP, state=STATE._replace(steps=("1+2=3",)))
    assert only == Proposal("3+4=7", -0.75, 2, 1, Finish.STEP)
    assert server.paths == ["/v1/completions"]
    assert server.requests[0]["prompt"].endswith("\n1+2=3\n")


@pytest.mark.parametrize(
    ("text", "finish", "extra", "expected"),
    [
        ("3+4=7", "stop", {"stop_reason": "\n"}, ("3+4=7", Finish.STEP)),
        ("3+4=7", "stop", {"stop_reason": None}, ("3+4=7" + END, Finish.END)),
        ("3+4=7", "stop", {"matched_stop": 2}, ("3+4=7" + END, Finish.END)),
        ("", "stop", {}, (END, Finish.END)),
        ("3+4", "length", {}, ("3+4", Finish.LENGTH)),
        ("\n3+4=7\nAnswer: 7", "stop", {}, ("3+4=7", Finish.STEP)),
    ],
)
def test_how_a_step_ended(
    server: Server, text: str, finish: str, extra: dict[str, Any], expected: tuple[str, Finish]
) -> None:
    server.answer = lambda request, number: (200, chat(text, finish=finish, **extra))
    (only,) = ask(server.policy(), Unit.STEP)
    assert (only.action, only.finish) == expected


def test_an_answer_line_that_was_cut_off_is_not_an_answer(server: Server) -> None:
    server.answer = lambda request, number: (200, chat("Answer: 12", finish="length"))
    (only,) = ask(server.policy())
    assert (only.action, only.finish) == ("Answer: 12", Finish.LENGTH)


def test_several_samples_come_in_one_request_and_share_the_bill(server: Server) -> None:
    server.answer = lambda request, number: (200, chat("Answer: 1", "Answer: 22", "Answer: 1", tokens=31))
    found = ask(server.policy(), count=3)
    assert [(p.action, p.count) for p in found] == [("Answer: 1" + END, 2), ("Answer: 22" + END, 1)]
    assert 31 <= sum(p.tokens * p.count for p in found) <= 32
    assert [request["n"] for request in server.requests] == [3]


def test_a_server_that_ignores_n_is_asked_again(server: Server) -> None:
    server.answer = lambda request, number: (200, chat(f"Answer: {number}"))
    found = ask(server.policy(), count=3)
    assert [p.action for p in found] == [f"Answer: {n}{END}" for n in (1, 2, 3)]
    assert [request["n"] for request in server.requests] == [3, 2, 1]
    assert len({request["seed"] for request in server.requests}) == 3


def test_seeds_follow_from_keys(server: Server) -> None:
    policy = server.policy()
    for key in (1, 2, 1):
        policy.propose([STATE], [1], [key], Sampling(Unit.SOLUTION))
    one, two, again = (request["seed"] for request in server.requests)
    assert one == again != two
    assert 0 <= one < 2**31


def test_greedy_samples_are_asked_for_once(server: Server) -> None:
    (only,) = server.policy().propose([STATE], [4], [1], Sampling(Unit.SOLUTION, 0.0))[0]
    assert only.count == 4
    assert len(server.requests) == 1


def test_tokens_are_estimated_where_none_are_reported(server: Server) -> None:
    server.answer = lambda request, number: (200, chat("x" * 41, tokens=None))
    assert ask(server.policy())[0].tokens == 11


def test_chat_logprobs_are_summed(server: Server) -> None:
    logprobs = {"content": [{"logprob": -1.0}, {"logprob": -0.5}]}
    server.answer = lambda request, number: (200, chat("Answer: 1", logprobs=logprobs))
    assert ask(server.policy())[0].logprob == -1.5
    assert server.requests[0]["logprobs"] is True
    ask(server.policy(logprobs=False))
    assert "logprobs" not in server.requests[1]


@pytest.mark.parametrize("trouble", [(500, {}), (503, b"busy"), (429, {}), (200, b"<html>"), (200, {"choices": []})])
def test_trouble_that_passes_is_outlived_and_counted(server: Server, trouble: Reply) -> None:
    server.answer = lambda request, number: trouble if number < 3 else (200, chat("Answer: 1"))
    policy = server.policy()
    assert ask(policy)[0].action == "Answer: 1" + END
    assert (policy.usage.requests, policy.usage.failures) == (3, 2)


def test_trouble_that_stays_is_reported(server: Server) -> None:
    server.answer = lambda request, number: (500, b"out of memory")
    policy = server.policy(retries=2)
    with pytest.raises(EndpointError, match=r"no usable answer in 3 tries, at last HTTP 500: out of memory"):
        ask(policy)
    assert (policy.usage.requests, policy.usage.failures) == (3, 3)


def test_a_refusal_is_not_tried_again(server: Server) -> None:
    server.answer = lambda request, number: (404, b"no such model")
    with pytest.raises(EndpointError, match=r"refused the request \(HTTP 404: no such model\)"):
        ask(server.policy())
    assert len(server.requests) == 1


def test_a_slow_server_is_given_up_on(server: Server) -> None:
    server.answer = lambda request, number: None
    policy = server.policy(timeout=0.05, retries=1)
    with pytest.raises(EndpointError, match=r"no answer within 0.05 s"):
        ask(policy)
    assert policy.usage.failures == 2


def test_a_server_that_is_down_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    policy = EndpointPolicy("m", f"http://127.0.0.1:{port}/v1", retries=1, backoff=0.001)
    with pytest.raises(EndpointError, match=rf"127.0.0.1:{port}.* in 2 tries.*see whether the server runs"):
        ask(policy)


def test_states_are_asked_about_side_by_side(server: Server) -> None:
    together = threading.Barrier(3, timeout=10.0)

    def wait(request: dict[str, Any], number: int) -> Reply:
        together.wait()
        return 200, chat(request["messages"][0]["content"][:4])

    server.answer = wait
    states = [State(generate(get_family("chain_sum"), "test", index).view) for index in range(6)]
    found = server.policy(concurrency=3).propose(states, [1] * 6, list(range(6)), Sampling(Unit.SOLUTION))
    assert [p[0].action for p in found] == [state.view.prompt[:4] + END for state in states]
    assert server.most_busy == 3

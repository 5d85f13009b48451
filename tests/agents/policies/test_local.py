"""A local policy: what it proposes, what it is called, and that it continues what the token-level environment shows."""

from __future__ import annotations

import dataclasses

import gymnasium as gym
import pytest
import torch
from reasonrl.agents.policies import local
from reasonrl.agents.policies.core import Finish, Policy, Sampling, Unit
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.prompts import encode_state
from reasonrl.envs.core import END, View
from reasonrl.envs.families import FAMILIES, get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.mdp import State
from reasonrl.envs.options import make_mdp
from reasonrl.envs.registry import open_source, rules_of

import reasonrl  # noqa: F401  (registers the ids)

from .conftest import CHARS, random_llama, speaker

PROBLEM = generate(get_family("chain_sum"), "test", 3)
START = State(PROBLEM.view)


def test_proposals_keep_the_contract() -> None:
    policy: Policy = LocalPolicy(random_llama(max_position_embeddings=256), CHARS)
    states = [START, START._replace(steps=("1+1=2",))]
    found = policy.propose(states, [6, 3], [1, 2], Sampling(Unit.STEP, 1.0, 30))
    assert [sum(p.count for p in proposals) for proposals in found] == [6, 3]
    for proposal in (p for proposals in found for p in proposals):
        assert proposal.logprob < 0
        assert 1 <= proposal.tokens <= 30
        assert proposal.action.endswith(END) == (proposal.finish is Finish.END)
        assert "\n" not in proposal.action.lstrip("\n")


def test_equal_samples_are_merged_in_the_order_of_appearance() -> None:
    policy = LocalPolicy(
        speaker(
            {"\n": {"a": 0.5, "b": 0.5}, "a": {"^": 1.0}, "b": {"$": 1.0}},
        ),
        CHARS,
    )
    (found,) = policy.propose([START], [40], [5], Sampling())
    assert {(p.action, p.finish) for p in found} == {("a", Finish.STEP), ("b" + END, Finish.END)}
    assert sum(p.count for p in found) == 40
    assert all(10 < p.count < 30 and p.tokens == 2 for p in found)
    assert all(p.logprob == pytest.approx(torch.tensor(0.5).log().item(), abs=1e-4) for p in found)
    ones = [policy.propose([START], [n], [5], Sampling())[0] for n in (1, 2, 3, 4, 5)]
    first = {p.action for p in ones[0]}
    assert found[0].action in first


def test_greedy_proposals_are_one_with_the_whole_count() -> None:
    (only,) = LocalPolicy(random_llama(), CHARS).propose([START], [5], [0], Sampling(Unit.STEP, 0.0, 20))[0]
    assert only.count == 5


def test_a_solution_ends_with_its_answer_line() -> None:
    letters = "Answer: 7"
    follows = {a: {b: 1.0} for a, b in zip("\n" + letters, letters + "\n", strict=True)}
    (only,) = LocalPolicy(speaker(follows), CHARS).propose([START], [2], [0], Sampling(Unit.SOLUTION))[0]
    assert only.action == letters + END
    assert only.tokens == len(letters) + 1
    mdp = make_mdp(open_source("chain_sum"), level="solution")
    assert mdp.step(START, only.action).state.answer == letters


def test_nothing_but_the_end_is_an_action_too() -> None:
    (only,) = LocalPolicy(speaker({"\n": {"$": 1.0}}), CHARS).propose([START], [1], [0], Sampling())[0]
    assert (only.action, only.tokens, only.finish) == (END, 1, Finish.END)


def test_the_prompt_is_what_the_token_level_environment_shows() -> None:
    """The same lines, a wrong answer and the feedback behind it, played token by token and line by line."""
    env = gym.make("reasonrl/ChainSum-v0", level="token", attempts=2, max_tokens=200, disable_env_checker=True)
    observation, _ = env.reset(options={"problem": PROBLEM})
    mdp = make_mdp(open_source("chain_sum"), level="step", attempts=2)
    state, judge = mdp.initial(PROBLEM.view), lambda answer: get_family("chain_sum").verify(PROBLEM, answer)
    for line in (None, "1+1=2", "Answer: -1000", "3+3=6", "7+7=14"):
        if line is not None:
            for token in CHARS.encode(line + "\n"):
                observation, *_ = env.step(token)
            state = mdp.step(state, line, judge).state
        shown = observation["tokens"][: int(observation["length"][0])]
        assert encode_state(state, CHARS) == shown.tolist(), line


def test_the_name_follows_the_weights_and_the_dtype() -> None:
    model = random_llama()
    policy = LocalPolicy(model, CHARS, label="small")
    before = policy.name
    assert before.startswith("small-")
    assert LocalPolicy(random_llama(), CHARS, label="small").name == before
    with torch.no_grad():
        model.model.norm.weight[0] += 0.01
    assert policy.name == before
    policy.sync()
    assert policy.name != before
    assert LocalPolicy(random_llama().bfloat16(), CHARS, label="small").name.startswith("small-bf16-")


@pytest.mark.parametrize("name", [*FAMILIES, "gsm8k"])
def test_every_family_and_data_set_says_how_to_answer(name: str) -> None:
    judge = rules_of(View(name, 0, 0, "test", 1, "?"))
    assert judge.instructions
    assert isinstance(judge.is_final("Answer: 1"), bool)


def test_a_problem_that_leaves_no_room_is_named_before_anything_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "generate", lambda *_, **__: pytest.fail("it sampled"))
    policy = LocalPolicy(random_llama(), CHARS, label="small")  # reads 96 tokens
    long = State(dataclasses.replace(PROBLEM.view, prompt="1+" * 50 + "1=?"))
    expected = f"the problem {PROBLEM.view.id} takes 105 tokens, and small reads at most 96, its answer included"
    with pytest.raises(ValueError, match=expected):
        policy.propose([START, long], [1, 1], [0, 1], Sampling())
    with pytest.raises(ValueError, match=f"the problem {PROBLEM.view.id} with its 2 lines so far takes"):
        policy.check_room([START._replace(steps=("1+1=2" * 10, "1+1=2" * 10))])
    policy.check_room([START])

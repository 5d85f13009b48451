"""A scripted policy says its script, with the frequencies written there."""

from __future__ import annotations

import math

import pytest
from reasonrl.agents.policies.core import Finish, Policy, Sampling, Unit
from reasonrl.agents.policies.scripted import ScriptedPolicy
from reasonrl.envs.core import END, View
from reasonrl.envs.mdp import State

START = State(View("chain_sum", 0, 0, "test", 1, "1+2=?"))
COIN = {"": [("heads", 0.75), ("tails", 0.25)]}


def test_it_is_a_policy_and_keeps_the_contract() -> None:
    policy: Policy = ScriptedPolicy(COIN)
    (proposals,) = policy.propose([START], [4000], [7], Sampling())
    assert sum(proposal.count for proposal in proposals) == 4000
    counts = {proposal.action: proposal.count for proposal in proposals}
    assert counts["heads"] == pytest.approx(3000, abs=120)
    assert {p.action: p.logprob for p in proposals} == {"heads": math.log(0.75), "tails": math.log(0.25)}
    assert {proposal.tokens for proposal in proposals} == {6}


def test_a_sample_depends_on_its_key_and_number_alone() -> None:
    policy = ScriptedPolicy(COIN)
    together = policy.propose([START, START], [3, 9], [1, 2], Sampling())
    assert together[1] == policy.propose([START], [9], [2], Sampling())[0]


def test_temperature_sharpens_the_script() -> None:
    policy = ScriptedPolicy(COIN)
    (cold,) = policy.propose([START], [4000], [7], Sampling(temperature=0.5))
    assert next(p.count for p in cold if p.action == "heads") == pytest.approx(3600, abs=100)
    assert policy.propose([START], [5], [7], Sampling(temperature=0.0))[0][0][::3] == ("heads", 5)


def test_functions_of_the_state_are_scripts_too() -> None:
    policy = ScriptedPolicy(lambda state: [(f"line {len(state.steps)}", 1.0)])
    assert policy.propose([START._replace(steps=("a", "b"))], [1], [0], Sampling())[0][0].action == "line 2"


def test_endings_are_told_apart() -> None:
    policy = ScriptedPolicy({"": [("done" + END, 1.0)], "a": [("more", 1.0)]})
    (ended,), (more,) = policy.propose([START, START._replace(steps=("a",))], [1, 1], [0, 0], Sampling())
    assert (ended.finish, more.finish) == (Finish.END, Finish.STEP)
    (whole,) = policy.propose([START._replace(steps=("a",))], [1], [0], Sampling(Unit.SOLUTION))[0]
    assert (whole.action, whole.finish) == ("more" + END, Finish.END)
    (cut,) = policy.propose([START], [1], [0], Sampling(max_tokens=3))[0]
    assert cut[:1] + cut[2:] == ("don", 3, 1, Finish.LENGTH)


def test_gaps_in_the_script_are_named() -> None:
    with pytest.raises(ValueError, match="nothing to say after 'x'"):
        ScriptedPolicy(COIN).propose([START._replace(steps=("x",))], [1], [0], Sampling())
    with pytest.raises(ValueError, match="at least one text"):
        ScriptedPolicy({"": []}).propose([START], [1], [0], Sampling())

"""One file with a search, a guide, a policy and a family of one's own serves every command that takes a name."""

from __future__ import annotations

import gymnasium as gym
import pytest
from reasonrl.agents.policies.registry import get_policy
from reasonrl.agents.search.agents import get_agent
from reasonrl.agents.search.budget import Budget
from reasonrl.agents.search.core import SearchTask
from reasonrl.agents.search.guides.registry import get_guide
from reasonrl.benchmarks.audit.subjects import open_subject
from reasonrl.benchmarks.roles import base_name
from reasonrl.benchmarks.suites import environments
from reasonrl.envs.registry import environment_id, open_source, source_name

MINE = '''
from __future__ import annotations
from dataclasses import dataclass
from reasonrl.agents.policies.core import Finish, Proposal
from reasonrl.agents.search.core import Expand, Unit, SearchTask
from reasonrl.agents.search.guides import PolicyLogprob
from reasonrl.envs.core import END
from reasonrl.envs.families.math.chain_sum import ChainSum

@dataclass(frozen=True)
class Config:
    samples: int = 2
    temperature: float = 1.0

def search(tree):
    """Two whole answers."""
    yield Expand([tree.root], 2, Unit.SOLUTION, 1.0)

def sampler(tree, config: Config):
    yield Expand([tree.root], config.samples, Unit.SOLUTION, config.temperature)

def wrong(a, b, c):
    yield

class Guide(PolicyLogprob):
    name = "mine"

class Sums(ChainSum):
    name = "my_sums"

class Thief(ChainSum):
    pass

class Same:
    name = "same"

    def propose(self, states, counts, keys, sampling):
        return [[Proposal('Answer: 5' + END, 0.0, 4, 1, Finish.END)] for _ in states]

def policy():
    return Same()
'''


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("own") / "mine.py"
    path.write_text(MINE)
    return str(path)


def test_a_search_of_ones_own_is_an_agent_with_settings_and_a_guide(mine: str) -> None:
    agent = get_agent(f"{mine}:sampler", samples=5)
    assert agent.config.samples == 5
    assert agent.guide is not None
    assert agent.guide.name == "feedback"
    assert get_agent(f"{mine}:search:logprob").guide.name == "logprob"  # type: ignore[union-attr]
    assert get_agent(f"mcts:{mine}:Guide").guide.name == "mine"  # type: ignore[union-attr]
    assert get_guide(f"feedback+{mine}:Guide").name == "feedback+mine"
    assert base_name(f"{mine}:sampler:logprob(samples=5)") == f"{mine}:sampler"
    with pytest.raises(ValueError, match="has no setting 'size': there are samples, temperature"):
        get_agent(f"{mine}:sampler", size=1)
    with pytest.raises(ValueError, match=r"takes \(tree\) or \(tree, config: a dataclass\), got \(a, b, c\)"):
        get_agent(f"{mine}:wrong")
    with pytest.raises(ValueError, match="is no search algorithm"):
        get_agent(f"{mine}:Guide")
    with pytest.raises(ValueError, match="is no guide, it has no 'name'"):
        get_guide(f"{mine}:Config")


def test_own_search_and_own_policy_run_on_an_own_family(mine: str) -> None:
    place = f"{mine}:Sums"
    source = open_source(source_name(place))
    problem = source.problem("test", 0)
    assert problem.view.family == "my_sums"
    policy = get_policy(f"{mine}:policy")
    assert policy.name == "same"
    agent = get_agent(f"{mine}:search")
    (result,) = agent.run([problem.view], SearchTask(source, policy), budget=Budget(tokens=10))
    assert result.answer == "Answer: 5"
    with pytest.raises(ValueError, match="is no policy, it has no 'name'"):
        get_policy(f"{mine}:Config")


def test_a_family_of_ones_own_is_an_environment(mine: str) -> None:
    place = f"{mine}:Sums"
    assert environments([place]) == (place,)
    assert environment_id(place) == "reasonrl/MySums-v0"
    env = gym.make(environment_id(place), level="solution")
    observation, _ = env.reset(seed=1)
    assert observation
    assert open_subject(place, None).name == "my_sums"
    assert environment_id("MathReason-v0") == "MathReason-v0"
    with pytest.raises(ValueError, match="calls itself 'chain_sum', as a shipped family does"):
        source_name(f"{mine}:Thief")
    with pytest.raises(ValueError, match="is no family, it has no 'name'"):
        source_name(f"{mine}:Config")

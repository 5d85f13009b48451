"""Agents as they are asked for: settings reach the agent that they name, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from reasonrl.agents.policies.scripted import ScriptedPolicy
from reasonrl.agents.search.algorithms.mcts import MCTSConfig
from reasonrl.benchmarks.jobs import make_jobs

MINE = """
from dataclasses import dataclass
from reasonrl.agents.policies.core import Unit
from reasonrl.agents.search.core import Expand

@dataclass(frozen=True)
class Config:
    samples: int = 2
    temperature: float = 1.0

def search(tree, config: Config):
    yield Expand([tree.root], config.samples, Unit.SOLUTION, config.temperature)
"""


def test_a_label_says_what_differs_from_the_usual() -> None:
    agents = ["greedy", "beam", "beam:logprob", "mcts", "beam"]
    usual = f"mcts.branch={MCTSConfig().branch}"
    jobs = make_jobs(agents, settings=["beam.width=3", usual], temperature=0.5)
    assert [job.label for job in jobs] == [
        "greedy",
        "beam(temperature=0.5,width=3)",
        "beam:logprob(temperature=0.5,width=3)",
        "mcts(temperature=0.5)",
    ]
    assert jobs[1].make((), ScriptedPolicy({})).config.width == 3


def test_a_search_from_a_file_takes_settings_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    (job,) = make_jobs([f"{path}:search:logprob"], settings=[f"{path}:search.samples=5"], temperature=1.0)
    assert job.make((), ScriptedPolicy({})).config.samples == 5
    assert job.label == f"{path}:search:logprob(samples=5)"


@pytest.mark.parametrize(
    ("agents", "settings", "deterministic"),
    [
        ("greedy", [], True),
        ("greedy", ["greedy.temperature=0.7"], False),
        ("majority", [], False),
        ("mcts", [], False),
    ],
)
def test_one_answer_without_sampling_is_the_same_for_every_seed(
    agents: str, settings: list[str], deterministic: bool
) -> None:
    (job,) = make_jobs([agents], settings=settings, temperature=1.0)
    assert job.deterministic is deterministic

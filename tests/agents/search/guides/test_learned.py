"""A reward model as a guide: what it says, what it costs, and how it is named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reasonrl.agents.policies.core import Policy
from reasonrl.agents.search.agents import get_agent
from reasonrl.agents.search.budget import Budget
from reasonrl.agents.search.core import SearchTask
from reasonrl.agents.search.guides.learned import LearnedGuide, open_model
from reasonrl.agents.search.guides.registry import get_guide
from reasonrl.agents.search.node import Node
from reasonrl.agents.search.selection import STEP_SCORES
from reasonrl.agents.search.tree import Tree
from reasonrl.envs.core import Problem
from reasonrl.envs.mdp import State, Stop
from reasonrl.envs.sources import Generated
from reasonrl.verifiers.steps import split_steps

TINY = Path(__file__).resolve().parents[4] / "agents" / "policies" / "tiny"


class Lengths:
    """Scores a step by the length of its line; not a number for an answer without steps."""

    name = "lengths"

    def score_answers(self, prompts: Sequence[str], answers: Sequence[str]) -> NDArray[np.float64]:
        return np.array([steps[-1] if len(steps) else np.nan for steps in self.score_steps(prompts, answers)])

    def score_steps(self, prompts: Sequence[str], answers: Sequence[str]) -> list[NDArray[np.float64]]:
        return [np.array([len(line) / 100 for line in split_steps(answer)]) for answer in answers]


class Bare(Lengths):
    """On a scale of its own."""

    probability = False

    def score_answers(self, prompts: Sequence[str], answers: Sequence[str]) -> NDArray[np.float64]:
        return np.array([1000.0 * len(answer) - 2000.0 for answer in answers])

    def count_tokens(self, prompts: Sequence[str], answers: Sequence[str]) -> NDArray[np.int64]:
        return np.array([7 + len(answer.split()) for answer in answers])


def node(source: Generated, problem: Problem, *steps: str) -> Node:
    return Tree(State(problem.view, steps, stop=Stop.END), judge=source.rules_of(problem.view)).root


def test_a_node_s_score_is_the_model_s_of_the_answer_so_far(source: Generated, problems: list[Problem]) -> None:
    nodes = [node(source, problems[0], *steps) for steps in ((), ("a" * 20,), ("a" * 20, "b" * 30))]
    said = LearnedGuide(Lengths()).score(nodes)
    assert said.values.tolist() == [0.5, 0.2, 0.3]  # nothing said yet: neutral
    prompt = len(problems[0].view.prompt)
    assert said.tokens.tolist() == [prompt + 2, prompt + 22, prompt + 53]  # a model that does not count: characters
    assert STEP_SCORES not in nodes[2].data
    assert LearnedGuide(Lengths(), steps=True).score(nodes).values.tolist() == [0.5, 0.2, 0.3]
    assert nodes[2].data[STEP_SCORES] == (0.2, 0.3)


def test_scores_on_another_scale_pass_a_sigmoid(source: Generated, problems: list[Problem]) -> None:
    guide = LearnedGuide(Bare())
    said = guide.score([node(source, problems[0], text) for text in ("a", "bb", "c d")])
    assert said.values.tolist() == [0.0, 0.5, 1.0]
    assert said.tokens.tolist() == [8, 8, 9]
    assert (guide.oracle, guide.certain, guide.name) == (False, None, "reward:lengths")


def test_a_reward_model_passed_by_name_guides_a_search_and_is_paid(
    source: Generated, problems: list[Problem], slips: Policy
) -> None:
    models = {"mine": Bare()}
    views, task = [problem.view for problem in problems[:3]], SearchTask(source, slips)
    for spec in ("best_of_n:reward:mine", "beam:process:mine", "mcts:feedback+reward:mine"):
        for result in get_agent(spec, models=models).run(views, task, budget=Budget(700)):
            assert 0 < result.guide_tokens < result.tokens <= 700
            paid = [each for each in result.tree.nodes if each.score is not None and each.state.stop != "tokens"]
            assert result.guide_tokens == sum(7 + len(each.state.answer.split()) for each in paid)


def test_a_model_of_ones_own_is_named_by_its_file(tmp_path: Path) -> None:
    path = tmp_path / "models.py"
    path.write_text(
        "class Model:\n    name = 'own'\n    score_answers = score_steps = None\n\nready = Model()\nwrong = str\n"
    )
    assert get_guide(f"reward:{path}:Model").name == "reward:own"
    assert get_guide(f"feedback+process:{path}:ready").name == "feedback+process:own"
    with pytest.raises(ValueError, match="is no reward model, it has no 'name'"):
        get_guide(f"reward:{path}:wrong")
    with pytest.raises(ValueError, match=r"no reward model 'nowhere': name a folder.*There are a, b\."):
        open_model("nowhere", {"a": Bare(), "b": Bare()})
    with pytest.raises(ValueError, match="write reward:<what>"):
        get_guide("reward")


def test_a_folder_is_opened_once_and_named_after_its_weights(
    tmp_path: Path, source: Generated, problems: list[Problem], slips: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from reasonrl.verifiers import hub
    from reasonrl.verifiers.learned.scalar import ScalarHead

    ScalarHead.fresh(TINY, seed=1).save(tmp_path / "prm")
    guide = get_guide(f"process:{tmp_path / 'prm'}")
    assert isinstance(guide, LearnedGuide)
    assert guide.name.startswith("process:prm-")
    assert get_guide(f"reward:{tmp_path / 'prm'}").parts == guide.parts  # type: ignore[attr-defined]
    monkeypatch.setattr(hub, "find_model", lambda name: tmp_path / name.split("/")[1])
    assert get_guide("process:somebody/prm").name == guide.name
    view = problems[3].view
    [result] = get_agent(f"beam:process:{tmp_path / 'prm'}").run(
        [view], SearchTask(source, slips, max_tokens=60), budget=Budget(1500)
    )
    model: Any = guide.model
    scored = [each for each in result.tree.nodes if each.data.get(STEP_SCORES) and each.score is not None]
    assert len(scored) > 5
    for each in scored[:5]:
        [alone] = model.score_steps([view.prompt], [each.state.answer])
        assert each.score == pytest.approx(alone[-1], abs=1e-5)
        assert each.data[STEP_SCORES] == pytest.approx(alone.tolist(), abs=1e-5)
    read = len(model._encode(view.prompt, scored[0].state.answer).ids)
    assert model.count_tokens([view.prompt], [scored[0].state.answer]).tolist() == [read]
    assert (
        read == len(view.prompt) + len(scored[0].state.answer) + 3
    )  # characters are tokens; two breaks and the mark of the start
    ScalarHead.fresh(TINY, seed=2).save(tmp_path / "prm")
    assert get_guide(f"process:{tmp_path / 'prm'}").name != guide.name

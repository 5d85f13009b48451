"""A trained reward model as a guide (`verifiers.learned`): a guess about the answer so far, and its price in tokens.

A reward model has no cache between calls, so each node costs all the tokens that the model reads for it, the prompt's
included: `count_tokens` where the model has that, else one token a character, which is enough for what it reads of the
problem and the answer, but leaves out what a judge that writes is asked and says. What the model cannot score (no step
yet, or past its context) is neutral. Scores that are no probabilities pass a sigmoid.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np
from reasonrl.agents.search.guides.core import NEUTRAL, Scores
from reasonrl.agents.search.node import Node
from reasonrl.agents.search.selection import STEP_SCORES
from reasonrl.verifiers.learned.core import RewardModel
from reasonrl.verifiers.named import is_place, load_named
from reasonrl.verifiers.registry import must_have

_READ = 65_536
"""Bytes at either end of a file that its fingerprint holds."""


class LearnedGuide:
    """The model's score of the prompt with the answer so far, in [0, 1]."""

    oracle = False
    range = (0.0, 1.0)
    certain: float | None = None  # a model's score is a guess, whatever it is
    changes = False

    def __init__(self, model: RewardModel, *, name: str = "", steps: bool = False) -> None:
        """
        Args:
            model: an outcome, process or generative reward model.
            name: in results; the model's own when left out.
            steps: score line by line: a node's score is its last line's, and all are kept for `Select.MIN` and others.
        """
        self.model = model
        self.parts = (model,)
        self.name = name or f"{'process' if steps else 'reward'}:{model.name}"
        self.steps = steps
        self._probability = bool(getattr(model, "probability", True))

    def verifier_calls(self, node: Node) -> int:
        return 0

    def score(self, nodes: Sequence[Node]) -> Scores:
        prompts = [node.tree.view.prompt for node in nodes]
        answers = [node.state.answer for node in nodes]
        if self.steps:
            chains = [self._worth(chain) for chain in self.model.score_steps(prompts, answers)]
            for node, chain in zip(nodes, chains, strict=True):
                node.data[STEP_SCORES] = tuple(chain.tolist())
            values = np.array([chain[-1] if len(chain) else NEUTRAL for chain in chains], np.float64)
        else:
            values = self._worth(self.model.score_answers(prompts, answers))
        return Scores(values, self._count(prompts, answers))

    def _worth(self, scores: np.ndarray) -> np.ndarray:
        """In [0, 1], whatever the model's scale."""
        scores = np.asarray(scores, np.float64)
        if not self._probability:
            scores = 0.5 * (1.0 + np.tanh(0.5 * scores))  # the sigmoid, without overflow
        return np.where(np.isnan(scores), NEUTRAL, scores)

    def _count(self, prompts: Sequence[str], answers: Sequence[str]) -> np.ndarray:
        count = getattr(self.model, "count_tokens", None)
        if count is not None:
            return np.asarray(count(prompts, answers), np.int64)
        return np.array([len(prompt) + len(answer) + 2 for prompt, answer in zip(prompts, answers, strict=True)])


def reward_guide(what: str, models: Mapping[str, RewardModel] | None = None) -> LearnedGuide:
    """`reward:<model>`, see `open_model`."""
    model, name = open_model(what, models)
    return LearnedGuide(model, name=f"reward:{name}")


def process_guide(what: str, models: Mapping[str, RewardModel] | None = None) -> LearnedGuide:
    """`process:<model>`."""
    model, name = open_model(what, models)
    return LearnedGuide(model, name=f"process:{name}", steps=True)


def open_model(what: str, models: Mapping[str, RewardModel] | None = None) -> tuple[RewardModel, str]:
    """The reward model of this name, and what to call it in results.

    Args:
        what: a name among `models`; `file.py:name` (a model, or a function that makes one); the folder of a
            `ScalarHead` or of a sequence classifier with one label; its name on the hub.
        models: open models by name.
    """
    if models is not None and what in models:
        return models[what], models[what].name
    if is_place(what):
        made = load_named(what, what="a reward model")
        model = made if hasattr(made, "score_answers") and not isinstance(made, type) else made()
        needed = ("name", "score_answers", "score_steps")
        must_have(model, needed, name=what, kind="reward model", see="reasonrl.verifiers.learned.core.RewardModel")
        return cast(RewardModel, model), model.name
    folder = Path(what).expanduser()
    if not folder.is_dir():
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", what):
            there = f" There are {', '.join(models)}." if models else ""
            raise ValueError(f"no reward model {what!r}: name a folder, a model on the hub, or file.py:name.{there}")
        folder = _downloaded(what)
    mark = _fingerprint(folder)
    return _open_folder(folder, mark), f"{folder.name}-{mark}"


def _downloaded(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from reasonrl.verifiers.hub import find_model

    found = find_model(name)
    return found if isinstance(found, Path) else Path(snapshot_download(name))


@functools.lru_cache(maxsize=2)
def _open_folder(folder: Path, mark: str) -> RewardModel:
    """Opened once for as long as its files are the same."""
    import torch
    from reasonrl.verifiers.learned.scalar import ScalarHead

    return ScalarHead.load(folder, device="cuda" if torch.cuda.is_available() else "cpu")


def _fingerprint(folder: Path) -> str:
    """Hash of the names, sizes, beginnings and ends of the weights: training changes nearly all numbers."""
    found = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.suffix in (".safetensors", ".bin", ".json")):
        with path.open("rb") as file:
            size = path.stat().st_size
            found.update(f"{path.name}:{size}:".encode() + file.read(_READ))
            file.seek(max(0, size - _READ))
            found.update(file.read(_READ))
    return found.hexdigest()[:8]

"""Guides by name: what tells a search which nodes are worth more.

    feedback          the environment: do the steps hold, does the answer pass what can be checked without the reference
    logprob           the policy's own confidence: the mean log-probability of its tokens
    self_consistency  how many of the finished answers agree
    hidden_verifier   oracle: the verifier with the reference
    exact_potential   oracle: the best outcome still reachable
    reward:<model>    a reward model's score of the answer so far; its tokens are charged
    process:<model>   the same, and it keeps the score of every step: for `select` min and product

    feedback+logprob  the mean of several           my.py:Guide, my.py:Guide+feedback   your own

`<model>` is a folder, a name on the hub, `file.py:name`, or a name among the `models` that a program passes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from reasonrl.agents.policies.core import Policy
from reasonrl.agents.search.guides.core import NEEDED, Guide
from reasonrl.agents.search.guides.sum import Sum
from reasonrl.envs.core import Problem
from reasonrl.verifiers.learned.core import RewardModel
from reasonrl.verifiers.registry import Registry, load_suites, must_have

_HERE = "reasonrl.agents.search.guides"
GUIDES = Registry(
    "guide",
    "guides",
    {
        "feedback": f"{_HERE}.feedback:EnvironmentFeedback",
        "logprob": f"{_HERE}.logprob:PolicyLogprob",
        "self_consistency": f"{_HERE}.self_consistency:SelfConsistency",
        "exact_potential": f"{_HERE}.exact_potential:ExactPotential",
        "hidden_verifier": f"{_HERE}.hidden_verifier:HiddenVerifier",
        "reward": f"{_HERE}.learned:reward_guide",
        "process": f"{_HERE}.learned:process_guide",
    },
)
"""Name to a guide, or to a class or function that makes one; see `get_guide` for what it may ask for."""
_LACKS = {
    "problems": "is an oracle and needs the problems: pass problems=[...]",
    "policy": "needs the policy that the search samples from: pass policy=...",
    "what": "needs to be told of what: write {name}:<what>",
}


def register_guide(name: str, guide: Guide | Callable[..., Guide] | str, *, replace: bool = False) -> None:
    """Gives a guide, a class or function that makes one, or its place "my_package.guides:Mine", this name."""
    GUIDES.register(name, guide, replace=replace)


def get_guide(
    spec: str,
    *,
    problems: Iterable[Problem] | None = None,
    policy: Policy | None = None,
    models: Mapping[str, RewardModel] | None = None,
) -> Guide:
    """The guide of this name, or the mean of several: "feedback+logprob".

    A class or function that makes a guide may ask for `problems`, `policy` and `models`, and for `what` stands after a
    colon in its name ("reward:my_folder"), by naming a parameter so.

    Args:
        spec: one of `GUIDES`, `file.py:name`, or several joined by "+".
        problems: what an oracle may look up.
        policy: the one that the search samples from, for guides that ask it.
        models: open reward models by name, for "reward:<name>" and "process:<name>".
    """
    if "+" in spec:
        problems = None if problems is None else list(problems)
        parts = spec.split("+")
        return Sum([get_guide(part, problems=problems, policy=policy, models=models) for part in parts])
    load_suites()
    name, _, what = spec.partition(":")
    if name not in GUIDES:
        name, what = spec, ""  # own code, or an error that says what there is
    made = GUIDES.find(name)
    given = {"problems": problems, "policy": policy, "models": models, "what": what or None}
    ready = hasattr(made, "score") and not isinstance(made, type)
    guide = made if ready or not callable(made) else _make(made, name, given)
    must_have(guide, NEEDED, name=spec, kind="guide", see="reasonrl.agents.search.guides.core.Guide")
    return cast(Guide, guide)


def _make(made: Callable[..., Any], name: str, given: Mapping[str, Any]) -> Any:
    """Calls what makes a guide with what it asks for."""
    asked = inspect.signature(made).parameters
    if given["what"] and "what" not in asked:
        raise ValueError(f"the guide {name} is not told anything: drop ':{given['what']}'")
    chosen = {key: value for key, value in given.items() if key in asked}
    for key, value in chosen.items():
        if value is None and asked[key].default is inspect.Parameter.empty and key in _LACKS:
            raise ValueError(f"the guide {name} {_LACKS[key].format(name=name)}")
    return made(**chosen)

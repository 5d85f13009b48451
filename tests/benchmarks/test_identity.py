"""Hashes of code: what must change them, what must not, and how far they reach."""

from __future__ import annotations

import xml.etree.ElementTree  # noqa: F401 - stands for somebody's own package
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reasonrl.agents.policies.scripted import ScriptedPolicy
from reasonrl.agents.search.algorithms.beam import beam
from reasonrl.agents.search.algorithms.greedy import greedy
from reasonrl.agents.search.algorithms.mcts import mcts
from reasonrl.agents.search.guides.registry import get_guide
from reasonrl.agents.search.registry import AGENTS, AgentKind, agent_kind
from reasonrl.benchmarks import identity
from reasonrl.benchmarks.identity import Code, changed_since, judge_code, search_code
from reasonrl.envs import code_hash
from reasonrl.envs.code_hash import closure, source_of
from reasonrl.envs.families import FAMILIES, get_family

SEARCH = '''"""A search."""
from collections import Counter

WIDTH = 3  # how many

class Options:
    width: int = WIDTH
    """How many."""

def search(tree, options):
    """Goes on."""
    if options.width > 2:
        return [tree]
    return []
'''


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Writes a user's file, and hashes it."""
    path = tmp_path / "mine.py"

    def write(text: str) -> dict[str, str]:
        path.write_text(text)
        code_hash._read.cache_clear()
        return closure([str(path)])

    return write


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("WIDTH = 3", "WIDTH = 4"),
        ("WIDTH = 3", "WIDTH = 3.0"),
        ("WIDTH = 3", "WIDTH = '3'"),
        ("> 2", ">= 2"),
        ("> 2", "< 2"),
        ("[tree]", "(tree,)"),
        ("[tree]", "[tree, tree]"),
        ("[tree]", "[*tree]"),
        ("options.width", "options.height"),
        ("return []", "return [[]]"),
        ("return []", "pass"),
        ("    return []\n", ""),
        ("import Counter", "import OrderedDict as Counter"),
        ("width: int = WIDTH", "width: int"),
        ("tree, options)", "tree, options=None)"),
        ("tree, options)", "tree, *options)"),
        ("tree, options)", "tree, /, options)"),
        ("    if options.width > 2:\n        return [tree]\n", "    return [tree]\n"),
    ],
)
def test_a_changed_line_changes_the_hash(write: Callable[[str], dict[str, str]], old: str, new: str) -> None:
    assert old in SEARCH
    before, after = write(SEARCH), write(SEARCH.replace(old, new))
    assert before.keys() == after.keys()
    assert before != after


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# how many", "# how many there are"),
        ('"""A search."""', '"""Another text."""'),
        ('"""A search."""\n', ""),
        ('"""Goes on."""', '"""Goes\n\n    on."""'),
        ('    """How many."""\n', ""),
        ("WIDTH = 3", "WIDTH =   3"),
        ("WIDTH = 3", "WIDTH = (\n    3\n)"),
        ("\n\n", "\n\n\n\n"),
        ("\n", "\r\n"),
    ],
)
def test_comments_blanks_and_docstrings_do_not_count(
    write: Callable[[str], dict[str, str]], old: str, new: str
) -> None:
    assert old in SEARCH
    assert write(SEARCH) == write(SEARCH.replace(old, new))


def code_of(algorithm: Any, family: str, guide: str | None) -> Code:
    found = None if guide is None else get_guide(guide, problems=())
    return search_code(name="", algorithm=algorithm, guide=found, policy=ScriptedPolicy({}), judge=get_family(family))


def test_a_search_hangs_on_itself_its_driver_its_policy_and_its_family_and_not_on_other_searches() -> None:
    names = set(code_of(mcts, "countdown", "feedback").modules)
    search, families = "reasonrl.agents.search.", "reasonrl.envs.families."
    parts = ["algorithms.mcts", "guides.feedback", "driver", "searcher", "budget", "tree", "node", "selection", "core"]
    wanted = {search + name for name in parts}
    assert wanted | {"reasonrl.envs.mdp", "reasonrl.envs.seeding", families + "math.countdown"} <= names
    assert "reasonrl.agents.policies.scripted" in names
    assert not {search + name for name in ("algorithms.beam", "algorithms.greedy", "agents", "registry")} & names
    assert not {families + "math.chain_sum"} & names
    assert not {name for name in names if name.startswith(("reasonrl.benchmarks", "reasonrl.agents.learning"))}


def test_what_a_search_reaches_through_a_registry_does_not_count() -> None:
    pytest.importorskip("torch")
    from reasonrl.agents.policies.local import LocalPolicy

    policy = LocalPolicy.__new__(LocalPolicy)
    names = search_code(name="", algorithm=greedy, guide=None, policy=policy, judge=get_family("countdown")).modules
    assert "reasonrl.agents.policies.sampler" in names
    reached = {name for name in names if name.startswith(identity._REGISTRIES)}
    assert reached <= set(closure(["reasonrl.envs.families.math.countdown"]))  # itself, and what it imports
    families = {FAMILIES.place(name).split(":")[0] for name in FAMILIES.shipped}
    assert families & reached == {"reasonrl.envs.families.math.countdown"}


@pytest.mark.parametrize("name", AGENTS)
def test_of_all_searches_only_the_agents_own_counts(name: str) -> None:
    modules = code_of(agent_kind(name).run, "countdown", "feedback" if agent_kind(name).guided else None).modules
    algorithms = [each for each in modules if each.startswith("reasonrl.agents.search.algorithms.")]
    assert algorithms == [f"reasonrl.agents.search.algorithms.{name}"]


def test_of_all_guides_those_that_are_asked_count_with_what_they_are_made_of() -> None:
    guides = "reasonrl.agents.search.guides."
    mcts = agent_kind("mcts").run

    def asked(guide: str) -> set[str]:
        names = code_of(mcts, "countdown", guide).modules
        return {name.removeprefix(guides) for name in names if name.startswith(guides)}

    assert asked("feedback") == {"core", "feedback"}
    assert asked("feedback+logprob") == {"core", "feedback", "logprob", "sum"}


def test_a_search_that_was_registered_by_its_place_hangs_on_its_file(
    tmp_path: Path, register: Callable[[str, AgentKind], None]
) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def search(tree):\n    yield\n")
    register("mine", AgentKind(f"{path}:search", guided=False))
    assert str(path) in code_of(agent_kind("mine").run, "countdown", None).modules


def test_agents_families_and_policies_have_keys_of_their_own() -> None:
    keys = [
        code_of(mcts, "countdown", "feedback").key,
        code_of(beam, "countdown", "feedback").key,
        code_of(mcts, "chain_sum", "feedback").key,
        code_of(greedy, "countdown", None).key,
    ]
    assert len(set(keys)) == 4
    assert code_of(mcts, "countdown", "feedback").key == keys[0]


def test_what_only_judges_is_no_code_of_a_search_that_asks_no_judge() -> None:
    symbolic = "reasonrl.verifiers.math.symbolic"  # a process loads it by its name: no import leads there
    assert symbolic in judge_code(get_family("linear_equation")).modules
    assert symbolic in code_of(mcts, "linear_equation", "feedback").modules
    assert symbolic not in code_of(greedy, "linear_equation", None).modules
    assert symbolic not in judge_code(get_family("countdown")).modules


def test_what_the_family_names_counts_for_every_search_for_votes_may_hang_on_it() -> None:
    formulas = "reasonrl.verifiers.logic.formulas"
    assert formulas in code_of(greedy, "knights_knaves", None).modules
    assert formulas not in code_of(greedy, "countdown", None).modules


def test_a_name_that_a_package_passes_on_leads_to_where_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "user.py"
    path.write_text("from reasonrl.verifiers import Verdict\nfrom reasonrl.verifiers.math import parse_number\n")
    names = set(closure([str(path)]))
    assert {"reasonrl.verifiers.core", "reasonrl.verifiers.math.numbers"} <= names
    assert "reasonrl.verifiers.math.compare" not in names


def test_what_is_imported_for_types_alone_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "user.py"
    path.write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
        "    from reasonrl.agents.search.algorithms.mcts import mcts\n"
        "def later():\n    from reasonrl.envs import seeding\n"
    )
    names = set(closure([str(path)]))
    assert "reasonrl.envs.seeding" in names
    assert "reasonrl.agents.search.algorithms.mcts" not in names


def test_changed_since_names_what_is_another_today_or_gone(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("A = 1\n")
    known = {**closure([str(path)]), **closure(["reasonrl.envs.seeding"])}
    assert changed_since(known) == ()
    assert changed_since({**known, "reasonrl.envs.seeding": "0"}) == ("reasonrl.envs.seeding",)
    assert changed_since({**known, "reasonrl.agents.gone": "0"}) == ("reasonrl.agents.gone",)
    path.write_text("A = 22\n")
    assert changed_since(known) == (str(path),)
    path.write_text("A = (\n")
    assert changed_since(known) == (str(path),)
    path.unlink()
    assert changed_since(known) == (str(path),)


def test_a_file_loaded_by_its_path_is_found_though_python_does_not_list_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "class Policy:\n    name = 'x'\n    def propose(self):\n        pass\ndef search(tree):\n    pass\n"
    )
    space: dict[str, Any] = {"__name__": "mine"}
    exec(compile(path.read_text(), str(path), "exec"), space)
    assert source_of(space["Policy"]) == source_of(space["search"]) == str(path)
    assert source_of(mcts) == "reasonrl.agents.search.algorithms.mcts"


def test_the_files_that_an_agents_name_leads_to_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("search.py", "guide.py"):
        Path(name).write_text(SEARCH)
    named = identity.named_files
    assert named("search.py:search:logprob") == [str(tmp_path / "search.py")]
    assert named("mcts:feedback+guide.py:guide(branch=8)") == [str(tmp_path / "guide.py")]
    assert named(f"{tmp_path}/search.py:search") == [str(tmp_path / "search.py")]
    assert named("xml.etree.ElementTree:search")[0].endswith("ElementTree.py")
    assert named("mcts:logprob") == named("nowhere.py:search") == named("not.loaded:search") == []
    judge = get_family("countdown")
    code = search_code(name="search.py:search", algorithm=greedy, guide=None, policy=ScriptedPolicy({}), judge=judge)
    assert str(tmp_path / "search.py") in code.modules


def test_a_store_carried_to_another_folder_keeps_its_keys(tmp_path: Path) -> None:
    keys = []
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "mine.py"
        path.write_text(SEARCH)
        keys.append(identity._code(closure([str(path)])).key)
    assert keys[0] == keys[1]


def test_little_is_hashed_and_each_file_once() -> None:
    """A family of lines does not reach the sandbox, and no file is read anew."""
    code_hash._read.cache_clear()
    modules = code_of(mcts, "countdown", "feedback").modules
    read = code_hash._read.cache_info().misses
    assert len(modules) < 60  # 46 when it was counted
    assert not [name for name in modules if name.startswith("reasonrl.verifiers.sandbox")]
    assert read <= 2 * len(modules)  # packages are read for what their names lead to
    assert code_of(mcts, "countdown", "feedback").modules == modules
    assert code_hash._read.cache_info().misses == read

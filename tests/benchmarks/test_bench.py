"""The benchmark on a policy without a model: same problems for all, budgets, resumption, selection, refusals."""

from __future__ import annotations

import io
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tyro
from reasonrl.agents.search.registry import AGENTS
from reasonrl.benchmarks import bench
from reasonrl.benchmarks.bench import BenchConfig, run_bench
from reasonrl.benchmarks.compare import select, summarise
from reasonrl.benchmarks.records import Cell, Result
from reasonrl.benchmarks.store import Store
from reasonrl.benchmarks.suites import SUITES, environments
from reasonrl.benchmarks.tasks import Suite, make_suite
from reasonrl.envs.generation import split_of
from reasonrl.envs.mdp import State
from rich.console import Console

ENV = "reasonrl/ChainSum-v0"
QUIET = Console(quiet=True)
Make = Callable[..., Any]


@pytest.fixture
def config(tmp_path: Path) -> BenchConfig:
    return BenchConfig(
        env=(ENV,), budgets=(64, 128, 320), limit=8, difficulty=(2,), store=str(tmp_path / "store.sqlite")
    )


def stored(config: BenchConfig) -> dict[tuple[Cell, str, int], Result]:
    """All results by key, without their times."""
    with Store(config.store, create=False) as store:
        found = list(store.results(trees=True, answers=True))
    by_key = {(cell, result.problem, result.budget): replace(result, seconds=None) for cell, result in found}
    assert len(by_key) == len(found)
    return by_key


def suite_of(config: BenchConfig, env: str, split: str, limit: int) -> Suite:
    return make_suite(env, split, limit, difficulty=config.difficulty, data=config.data)


@pytest.mark.parametrize(
    "agent", ["greedy", "majority", "best_of_n", "best_of_n:logprob", "beam", "mcts", "mcts:logprob"]
)
def test_a_smaller_budget_read_off_a_larger_run_is_what_a_run_of_its_own_gives(
    config: BenchConfig, make_policy: Make, tmp_path: Path, agent: str
) -> None:
    together = replace(config, agents=(agent,), keep_trees=0)
    run_bench(together, policy=make_policy(), console=QUIET)
    read_off = stored(together)
    for budget in config.budgets:
        alone = replace(together, budgets=(budget,), store=str(tmp_path / f"{budget}.sqlite"))
        run_bench(alone, policy=make_policy(), console=QUIET)
        for key, own in stored(alone).items():
            ours = read_off[key]
            assert (ours.answer, ours.status, ours.tokens, ours.candidates) == (
                own.answer,
                own.status,
                own.tokens,
                own.candidates,
            ), key
    assert len({result.answer for result in read_off.values()}) > 1


def test_an_agent_whose_scores_change_is_run_at_each_budget(config: BenchConfig, make_policy: Make) -> None:
    run_bench(replace(config, agents=("best_of_n:self_consistency",)), policy=make_policy(), console=QUIET)
    assert all(result.guide_calls is not None for result in stored(config).values())


def test_every_agent_gets_the_same_problems_and_each_only_once(config: BenchConfig, make_policy: Make) -> None:
    policy = make_policy()
    run_bench(replace(config, agents=("greedy", "majority", "beam"), seeds=(0, 1)), policy=policy, console=QUIET)
    problems: dict[str, set[str]] = {}
    seeds: dict[str, set[int]] = {}
    for cell, problem, _ in stored(config):
        problems.setdefault(cell.agent, set()).add(problem)
        seeds.setdefault(cell.agent, set()).add(cell.seed)
    assert len(problems["greedy"]) == 8
    assert problems["greedy"] == problems["majority"] == problems["beam"]
    assert seeds == {"greedy": {0}, "majority": {0, 1}, "beam": {0, 1}}
    asked = policy.asked
    run_bench(replace(config, agents=("greedy", "majority", "beam"), seeds=(0, 1)), policy=policy, console=QUIET)
    assert policy.asked == asked


def test_an_agent_of_one_answer_runs_with_every_seed_once_it_samples(config: BenchConfig, make_policy: Make) -> None:
    config = replace(config, agents=("greedy", "majority"), seeds=(0, 1), limit=2)
    run_bench(replace(config, temperature=0.5), policy=make_policy(), console=QUIET)  # the one answer keeps its own
    run_bench(replace(config, set=("greedy.temperature=0.5",)), policy=make_policy(), console=QUIET)
    seeds: dict[str, set[int]] = {}
    for cell, _, _ in stored(config):
        seeds.setdefault(cell.agent, set()).add(cell.seed)
    assert seeds == {
        "greedy": {0},
        "greedy(temperature=0.5)": {0, 1},
        "majority(temperature=0.5)": {0, 1},
        "majority": {0, 1},
    }


def test_problems_are_distinct_and_of_the_split(config: BenchConfig) -> None:
    suite = suite_of(replace(config, difficulty=(1,)), ENV, "test", 40)
    prompts = [problem.view.prompt for problem in suite.problems]
    assert len(set(prompts)) == len(prompts)
    assert {split_of(prompt) for prompt in prompts} == {"test"}
    assert suite.problems[-1].view.index >= len(prompts)  # some index repeated an earlier prompt and was passed over


def test_a_generator_with_few_problems_gives_what_it_has(config: BenchConfig) -> None:
    suite = suite_of(replace(config, difficulty=(1,)), ENV, "test", 100_000)
    assert 10 < len(suite.problems) < 400


def test_results_do_not_depend_on_the_batch(config: BenchConfig, make_policy: Make, tmp_path: Path) -> None:
    one = replace(config, agents=("mcts", "majority"), batch_size=1)
    many = replace(one, batch_size=64, store=str(tmp_path / "many.sqlite"))
    for each in (one, many):
        run_bench(each, policy=make_policy(), console=QUIET)
    assert stored(one) == stored(many)


def test_the_hidden_verifier_judges_the_answer_and_every_candidate(config: BenchConfig, make_policy: Make) -> None:
    run_bench(replace(config, agents=("majority",)), policy=make_policy(skill=0.6), console=QUIET)
    problems = {problem.id: problem for problem in suite_of(config, ENV, "test", 8).problems}
    results = stored(config)
    for (_, name, _), result in results.items():
        problem = problems[name]
        answer = (result.answer or "").split("Answer: ")[-1]
        assert result.correct is (answer == str(problem.reference.value))
        assert result.grader == "chain_sum-v0"
        assert not result.correct or any(candidate.correct for candidate in result.candidates)
    assert {candidate.correct for result in results.values() for candidate in result.candidates} == {True, False}


def test_every_line_of_the_answer_carries_its_verdict_at_the_largest_budget(
    config: BenchConfig, make_policy: Make
) -> None:
    run_bench(replace(config, agents=("greedy",)), policy=make_policy(), console=QUIET)
    for (_, _, budget), result in stored(config).items():
        lines = "\n".join(step.line for step in result.steps)
        assert lines == (result.answer if budget == 320 else "")
        assert {step.verdict for step in result.steps} <= {"useful", "redundant", "invalid", "unparsable"}


def test_trees_are_kept_for_the_first_problems_only(config: BenchConfig, make_policy: Make) -> None:
    run_bench(replace(config, agents=("beam",), keep_trees=2), policy=make_policy(), console=QUIET)
    kept = {(problem, budget) for (_, problem, budget), result in stored(config).items() if result.tree is not None}
    first = [problem.id for problem in suite_of(config, ENV, "test", 2).problems]
    assert kept == {(problem, 320) for problem in first}


def test_an_oracle_is_marked_and_the_others_are_not(config: BenchConfig, make_policy: Make) -> None:
    run_bench(replace(config, agents=("best_of_n:hidden_verifier", "best_of_n")), policy=make_policy(), console=QUIET)
    assert {(cell.agent, result.oracle) for (cell, _, _), result in stored(config).items()} == {
        ("best_of_n:hidden_verifier", True),
        ("best_of_n", False),
    }


def test_a_changed_setting_is_another_agent(config: BenchConfig, make_policy: Make) -> None:
    run_bench(replace(config, agents=("beam",)), policy=make_policy(), console=QUIET)
    run_bench(replace(config, agents=("beam",), set=("beam.width=3",)), policy=make_policy(), console=QUIET)
    rows = summarise(Store(config.store).results())
    assert {row.series.agent for row in rows} == {"beam", "beam(width=3)"}


def test_a_store_from_before_an_agent_got_a_setting_goes_on(config: BenchConfig, make_policy: Make) -> None:
    config = replace(config, agents=("mcts",))
    run_bench(config, policy=make_policy(), console=QUIET)
    with sqlite3.connect(config.store) as db:
        db.execute("UPDATE results SET config = json_remove(config, '$.branch')")
    db.close()
    again = make_policy()
    run_bench(config, policy=again, console=QUIET)
    assert again.asked == 0
    run_bench(replace(config, set=("mcts.branch=3",)), policy=again, console=QUIET)
    assert again.asked > 0
    rows = summarise(Store(config.store).results())
    assert [row.series.agent for row in rows if row.budget == 320] == ["mcts", "mcts(branch=3)"]


KILLED = """
import importlib.util, os, signal, sys
from rich.console import Console
from reasonrl.benchmarks.bench import BenchConfig, run_bench

place, store = sys.argv[1:]
spec = importlib.util.spec_from_file_location("menu", place)
menu = importlib.util.module_from_spec(spec)
spec.loader.exec_module(menu)
calls = 0

def die_in_the_middle():
    global calls
    calls += 1
    if calls == 25:
        os.kill(os.getpid(), signal.SIGKILL)

config = BenchConfig(env=("reasonrl/ChainSum-v0",), agents=("greedy", "mcts", "beam"), budgets=(64, 128, 320), limit=8,
                     difficulty=(2,), store=store, batch_size=2)
run_bench(config, policy=menu.MenuPolicy(after=die_in_the_middle), console=Console(quiet=True))
"""


def test_a_run_killed_by_sigkill_loses_no_finished_problem_and_goes_on(
    config: BenchConfig, make_policy: Make, tmp_path: Path
) -> None:
    config = replace(config, agents=("greedy", "mcts", "beam"), batch_size=2)
    place = Path(__file__).with_name("conftest.py")
    child = subprocess.run([sys.executable, "-c", KILLED, str(place), config.store], capture_output=True, text=True)
    assert child.returncode == -signal.SIGKILL, child.stderr
    saved = stored(config)
    finished = {(cell.agent, problem) for cell, problem, _ in saved}
    assert {("greedy", problem) for _, problem in finished} <= finished
    assert 8 < len(finished) < 24
    assert all((cell, problem, budget) in saved for cell, problem, _ in saved for budget in config.budgets)

    resumed = make_policy()
    run_bench(config, policy=resumed, console=QUIET)
    whole = replace(config, store=str(tmp_path / "whole.sqlite"))
    fresh = make_policy()
    run_bench(whole, policy=fresh, console=QUIET)
    assert stored(config) == stored(whole)
    assert {key: stored(config)[key] for key in saved} == saved
    assert resumed.asked < fresh.asked
    with Store(config.store) as store:
        assert [run.seconds is None for run in store.runs()] == [True, False]


def test_the_selection_runs_search_agents_on_validation_and_reports_the_pick_on_test(
    config: BenchConfig, make_policy: Make
) -> None:
    config = replace(
        config, select_on_validation=True, validation_limit=5, agents=("greedy", "majority", "best_of_n", "mcts")
    )
    run_bench(config, policy=make_policy(skill=0.6), console=QUIET)
    results = stored(config)
    validation = {(cell.agent, problem) for cell, problem, _ in results if cell.split == "validation"}
    assert {agent for agent, _ in validation} == {"best_of_n", "mcts"}
    assert len(validation) == 2 * 5
    (chosen,) = select(summarise((cell, result) for (cell, _, _), result in results.items()))
    assert chosen.test.budget == 320
    assert (chosen.test.problems, chosen.rivals["greedy"].problems) == (8, 8)
    assert chosen.test.versus["greedy"] is not None
    assert "majority" in chosen.rivals


def test_a_rival_is_not_run_on_validation_and_the_pick_is_measured_beside_it(
    config: BenchConfig, make_policy: Make
) -> None:
    config = replace(
        config,
        select_on_validation=True,
        validation_limit=3,
        limit=4,
        agents=("greedy", "best_of_n", "mcts", "mcts:logprob"),
        rivals=("mcts",),
    )
    run_bench(config, policy=make_policy(skill=0.6), console=QUIET)
    results = stored(config)
    assert {cell.agent for cell, _, _ in results if cell.split == "validation"} == {"best_of_n", "mcts:logprob"}
    rows = summarise(((cell, result) for (cell, _, _), result in results.items()), rivals=config.rivals)
    (chosen,) = select(rows)
    assert set(chosen.rivals) == set(chosen.test.versus) == {"mcts"}


class Broken:
    name = "broken"

    def propose(self, *_: object) -> None:
        raise ConnectionError("nobody answers")


def test_a_policy_that_fails_keeps_what_was_finished(config: BenchConfig, make_policy: Make) -> None:
    run_bench(replace(config, agents=("greedy",)), policy=make_policy(), console=QUIET)
    before = stored(config)
    with pytest.raises(ConnectionError, match="nobody answers"):
        run_bench(config, policy=Broken(), console=QUIET)  # type: ignore[arg-type]
    assert stored(config) == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"env": ("reasonrl/ChainSun-v0",)}, "did you mean reasonrl/ChainSum-v0"),
        ({"env": ()}, "at least one environment"),
        ({"agents": ("mtcs",)}, "did you mean 'mcts'"),
        ({"agents": ("mcts:feedbak",)}, "did you mean 'feedback'"),
        ({"agents": ()}, "at least one value for agents"),
        ({"budgets": (0,)}, "from 1 up"),
        ({"limit": 0}, "limit must be at least 1"),
        ({"split": "tset"}, "unknown split"),
        ({"split": "validation", "select_on_validation": True}, "choose --split test"),
        ({"set": ("width=8",)}, "agent.setting=value"),
        ({"set": ("beam.width=wide",)}, "not a number"),
        ({"set": ("beam.widht=8",)}, "no setting 'widht'"),
        ({"set": ("lookahead.depth=8",)}, "not among the agents"),
        ({"agents": ("greedy", "beam"), "rivals": ("beam", "mcts")}, "--rivals names 'mcts', which is not among the"),
        ({"difficulty": (99,)}, "difficulties"),
        ({"env": ("reasonrl/GSM8K-v0",), "data": None}, "data"),
    ],
)
def test_a_mistake_in_the_config_is_a_sentence_before_anything_runs(
    config: BenchConfig, make_policy: Make, change: dict[str, Any], says: str
) -> None:
    policy = make_policy()
    with pytest.raises((ValueError, FileNotFoundError), match=says):
        run_bench(replace(config, **change), policy=policy, console=QUIET)
    assert policy.asked == 0
    assert not Path(config.store).exists()


def test_a_problem_without_room_is_told_of_before_anything_is_sampled(config: BenchConfig, make_policy: Make) -> None:
    policy = make_policy()

    def check_room(states: Sequence[State]) -> None:
        raise ValueError(f"the problem {states[-1].view.id} takes 600 tokens")

    policy.check_room = check_room
    with pytest.raises(ValueError, match=r"the problem .* takes 600 tokens"):
        run_bench(config, policy=policy)
    assert (policy.asked, stored(config)) == (0, {})


def test_a_data_set_gives_its_first_rows(config: BenchConfig, tmp_path: Path) -> None:
    data = tmp_path / "rows.jsonl"
    rows = [
        {"question": f"What is {n} and {n}?", "answer": f"{n}+{n}=<<{n}+{n}={2 * n}>>{2 * n}\n#### {2 * n}"}
        for n in (3, 4, 3)
    ]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    suite = suite_of(replace(config, data=str(data), difficulty=()), "reasonrl/GSM8K-v0", "test", 10)
    assert [problem.view.prompt for problem in suite.problems] == [row["question"] for row in rows]
    assert "rows.jsonl" in suite.options


def test_the_default_agents_are_those_that_ship() -> None:
    assert set(BenchConfig().agents) <= set(AGENTS)
    assert len(BenchConfig().agents) >= 5


def test_suites_name_environments_that_exist() -> None:
    for name in SUITES:
        assert environments([name])
    assert environments(["math", "reasonrl/ChainSum-v0"]) == SUITES["math"]


@pytest.mark.parametrize(
    "words", [["--budgets", "64,128"], ["--budgets", "64", "128"], ["--budgets=64,128"], ["--budgets", "64,", "128"]]
)
def test_lists_are_written_with_commas_or_blanks(words: list[str]) -> None:
    config = tyro.cli(BenchConfig, args=[*words, "--agents", "greedy,mcts", "--limit", "3"])
    assert config.budgets == (64, 128)
    assert config.agents == ("greedy", "mcts")
    assert config.seeds == BenchConfig().seeds


@pytest.mark.parametrize("shares", [True, False])
def test_a_command_leaves_busy_cores_alone_and_a_library_call_changes_no_setting(
    config: BenchConfig, make_policy: Make, monkeypatch: pytest.MonkeyPatch, shares: bool
) -> None:
    monkeypatch.setattr(bench, "use_idle_cores", lambda: "1 of 2 cores: the others are busy")
    printed = io.StringIO()
    small = replace(config, agents=("greedy",), limit=1)
    run_bench(small, policy=make_policy(), console=Console(file=printed, width=200), share_cores=shares)
    assert ("1 of 2 cores" in printed.getvalue()) is shares

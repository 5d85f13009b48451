"""Table and page from a stored benchmark: complete, self-contained, and safe against what a model wrote."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from reasonrl.benchmarks.bench import BenchConfig, run_bench
from reasonrl.benchmarks.compare import lifts, summarise
from reasonrl.benchmarks.records import Cell
from reasonrl.benchmarks.report import ReportConfig, main
from reasonrl.benchmarks.store import Store
from reasonrl.benchmarks.views.table import show
from rich.console import Console

ENV = "reasonrl/ChainSum-v0"
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
VOID = {"meta", "br", "img", "line"}


class Reader(HTMLParser):
    """Notes every tag and what refers to elsewhere; fails where tags do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.references: list[str] = []
        self.handlers: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> BenchConfig:
    """A small benchmark with a selection, and a second policy that is better."""
    make_policy = request.getfixturevalue("make_policy")
    folder = tmp_path_factory.mktemp("bench")
    config = BenchConfig(
        env=(ENV,),
        agents=("greedy", "majority", "best_of_n", "mcts"),
        budgets=(64, 128, 256),
        limit=12,
        difficulty=(3,),
        select_on_validation=True,
        validation_limit=6,
        store=str(folder / "store.sqlite"),
    )
    quiet = Console(quiet=True)
    run_bench(config, policy=make_policy(skill=0.6), console=quiet)
    better = replace(config, agents=("greedy",), select_on_validation=False)
    run_bench(better, policy=make_policy(skill=1.0), console=quiet)
    return config


@pytest.fixture(scope="module")
def make_policy() -> Callable[..., Any]:
    import importlib.util

    spec = importlib.util.spec_from_file_location("menu", Path(__file__).with_name("conftest.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MenuPolicy  # type: ignore[no-any-return]


def page_of(config: BenchConfig, tmp_path: Path, **settings: Any) -> str:
    page = tmp_path / "page.html"
    main(ReportConfig(store=config.store, page=str(page), **settings))
    return page.read_text()


def test_the_page_needs_nothing_from_elsewhere_and_runs_no_script(finished: BenchConfig, tmp_path: Path) -> None:
    html = page_of(finished, tmp_path)
    reader = Reader(html)
    assert reader.open == []
    assert reader.references == []
    assert not {"script", "link", "iframe", "object", "embed"} & set(reader.tags)
    assert "url(" not in html
    assert "@import" not in html


def test_the_page_shows_chart_table_answers_trees_and_gains(finished: BenchConfig, tmp_path: Path) -> None:
    folder = tmp_path / "grpo"
    folder.mkdir()
    lines = [{"step": n, "reward": n / 10, "validation_accuracy": n / 20 if n % 5 == 0 else None} for n in range(1, 11)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    html = page_of(finished, tmp_path, learning=(str(folder),))
    reader = Reader(html)
    assert reader.tags.count("svg") == 2  # one environment with several agents, one learning curve
    for agent in ("greedy", "majority", "best_of_n", "mcts"):
        assert f">{agent}</text>" in html
    assert "search-tree" in html
    assert 'class="useful"' in html
    assert 'class="verdict right"' in html
    assert "over menu-0.6" in html
    assert "prefers-color-scheme: dark" in html
    assert 'name="viewport"' in html


def test_what_a_model_or_a_data_set_wrote_is_escaped(finished: BenchConfig, tmp_path: Path) -> None:
    path = str(tmp_path / "evil.sqlite")
    with Store(finished.store) as old, Store(path) as new:
        run = new.begin_run({})
        for cell, result in old.results(trees=True):
            steps = tuple(step._replace(line=EVIL, verdict=EVIL) for step in result.steps)
            tree = None if result.tree is None else result.tree.replace("Answer", EVIL.replace('"', '\\"'))
            evil = replace(result, answer=EVIL, steps=steps, reason=EVIL, method=EVIL, grader=EVIL, tree=tree)
            strange = cell._replace(policy=cell.policy + EVIL, agent=cell.agent + f"({EVIL})")
            new.add(strange, [evil], prompt=EVIL, run=run)
    html = page_of(replace(finished, store=path), tmp_path)
    reader = Reader(html)
    assert not {"script", "img"} & set(reader.tags)
    assert reader.handlers == []
    assert "&lt;script&gt;" in html


def test_the_terminal_shows_every_figure_and_the_comparison(
    finished: BenchConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    main(ReportConfig(store=finished.store, page=str(Path(finished.store).with_suffix(".x.html"))))
    printed = capsys.readouterr().out
    assert printed.count("ChainSum-v0 difficulty 3 test") == 4  # both policies, the pick, the gain
    assert "vs majority" in printed
    assert "Picked on the validation split" in printed
    assert "From one policy to another" in printed
    assert finished.store in printed
    assert "validation  menu" not in printed  # the split that picks is not a result


def columns(html: str) -> list[list[str]]:
    """Names of the columns of differences, table by table."""
    heads = re.findall(r"<thead>(.*?)</thead>", html)
    return [re.findall(r'<th scope="col">vs (.*?)</th>', head) for head in heads]


def test_columns_are_named_after_the_rivals_that_were_run(
    finished: BenchConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert columns(page_of(finished, tmp_path)) == [["greedy", "majority"], []]  # none of them ran on validation
    capsys.readouterr()
    html = page_of(finished, tmp_path, rivals=("best_of_n",), export=str(tmp_path / "rows.json"))
    printed = capsys.readouterr().out
    assert columns(html) == [["best_of_n"], ["best_of_n"]]
    assert "vs best_of_n" in printed
    assert "against best_of_n at the same budget." in printed
    assert "vs greedy" not in html + printed
    assert "mcts over best_of_n, 95 % interval" in html
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert {name for row in rows for name in row if name.startswith("over_")} == {
        "over_best_of_n",
        "over_best_of_n_low",
        "over_best_of_n_high",
    }
    assert re.search(r"right(?: where|, as) best_of_n was", html)


def test_with_nobody_to_compare_with_there_are_no_such_columns(finished: BenchConfig, tmp_path: Path) -> None:
    path = str(tmp_path / "alone.sqlite")
    with Store(finished.store) as old, Store(path) as new:
        run = new.begin_run({})
        for cell, result in old.results(trees=True):
            if cell.agent == "mcts":
                new.add(cell, [result], prompt="Compute.", run=run)
    html = page_of(replace(finished, store=path), tmp_path)
    assert columns(html) == [[], []]
    assert "Differences" not in html
    assert re.search(r"Of its 12 answers (\d+ right, )?\d+ (not )?right\.", html)


def test_a_narrow_terminal_gets_a_table_too(finished: BenchConfig) -> None:
    with Store(finished.store) as store:
        results = list(store.results())
    rows = summarise(results)
    console = Console(width=60, record=True, quiet=False, file=open("/dev/null", "w"))  # noqa: SIM115
    show(rows, lifts(results, rows), console)
    assert "greedy" in console.export_text()


def test_a_better_policy_shows_its_gain_on_the_same_problems(finished: BenchConfig) -> None:
    with Store(finished.store) as store:
        results = list(store.results())
    (gain,) = lifts(results, summarise(results))
    scores: dict[Cell, list[bool | None]] = {}
    for cell, result in results:
        if cell.agent == "greedy" and result.budget == 256:
            scores.setdefault(cell, []).append(result.correct)
    before, after = (sum(map(bool, each)) / 12 for each in scores.values())
    assert gain.gain.difference.value == pytest.approx(after - before)
    assert after == 1.0
    assert gain.before.series.policy == "menu-0.6"


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_rows_are_exported_with_their_values(finished: BenchConfig, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"rows.{ending}"
    page_of(finished, tmp_path, export=str(path))
    if ending == "csv":
        rows: list[dict[str, Any]] = list(csv.DictReader(path.open()))
    else:
        rows = json.loads(path.read_text())
    with Store(finished.store) as store:
        wanted = summarise(store.results())
    assert [(row["agent"], int(row["budget"])) for row in rows] == [(row.series.agent, row.budget) for row in wanted]
    assert [float(row["accuracy"]) for row in rows] == pytest.approx([row.accuracy.value for row in wanted])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"export": "rows.xlsx"}, ".csv or .json"),
        ({"store": "nowhere.sqlite"}, "reasonrl bench --store"),
        ({"rivals": ("beam",)}, "no results of the rival 'beam', only of"),
    ],
)
def test_a_mistake_is_a_sentence(finished: BenchConfig, tmp_path: Path, settings: dict[str, Any], says: str) -> None:
    config = replace(ReportConfig(store=finished.store, page=str(tmp_path / "page.html")), **settings)
    with pytest.raises((ValueError, FileNotFoundError), match=says):
        main(config)
    assert not (tmp_path / "page.html").exists()


def test_an_empty_store_is_a_sentence(tmp_path: Path) -> None:
    Store(tmp_path / "empty.sqlite").close()
    with pytest.raises(ValueError, match="no results yet"):
        main(ReportConfig(store=str(tmp_path / "empty.sqlite")))

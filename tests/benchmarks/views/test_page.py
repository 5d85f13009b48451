"""What the page and the picture say, held against the store that they were made of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from reasonrl.agents.search.registry import AGENTS
from reasonrl.benchmarks.bench import BenchConfig, run_bench
from reasonrl.benchmarks.compare import summarise
from reasonrl.benchmarks.report import ReportConfig, main
from reasonrl.benchmarks.rows import Row
from reasonrl.benchmarks.store import Store
from reasonrl.benchmarks.views.charts import AGENT_COLOURS, HELD_OUT, SAMPLED
from reasonrl.benchmarks.views.learning import make_learning
from reasonrl.benchmarks.views.picture import draw
from reasonrl.benchmarks.views.scaling import scaling_chart
from reasonrl.benchmarks.views.style import STYLE
from rich.console import Console

SVG = "{http://www.w3.org/2000/svg}"
Make = Callable[..., Any]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, make_policy: Make) -> BenchConfig:
    config = BenchConfig(
        env=("reasonrl/Countdown-v0",),
        agents=("greedy", "majority", "best_of_n", "beam", "mcts"),
        budgets=(64, 160),
        limit=8,
        store=str(tmp_path_factory.mktemp("bench") / "store.sqlite"),
    )
    run_bench(config, policy=make_policy(skill=0.6), console=Console(quiet=True))
    return config


def rows_of(config: BenchConfig) -> list[Row]:
    with Store(config.store) as store:
        return summarise(store.results())


def page_of(config: BenchConfig, *, page: Path | None = None, **settings: Any) -> str:
    page = page or Path(config.store).with_suffix(".html")
    main(ReportConfig(store=config.store, page=str(page), **settings))
    return page.read_text()


def test_the_page_says_when_it_was_run_by_which_version_and_commit(config: BenchConfig) -> None:
    html = page_of(config)
    with Store(config.store) as store:
        (run,) = store.runs()
    lead = re.search(r'<p class="lead">(.*?)</p>', html)
    assert lead is not None
    assert f"Last run {run.started[:10]} with reasonrl {run.versions['reasonrl']}" in lead[1]
    assert ("commit" in lead[1]) == ("commit" in run.versions)
    assert "searching took" in html
    assert "<dt>took</dt>" not in html


def test_headings_say_what_is_shown_and_not_how_it_went(config: BenchConfig) -> None:
    headings = re.findall(r"<h[12]>(.*?)</h[12]>", page_of(config))
    assert headings == [
        "Search in reasoning environments",
        "Right answers by tokens spent",
        "All figures",
        "Answers to read",
        "How it was measured",
    ]


def test_the_answers_say_how_they_were_chosen_and_the_counts_are_those_of_the_store(config: BenchConfig) -> None:
    html = page_of(config)
    said = re.search(r"Of its (\d+) answers (.*?)\. Shown is one of each kind", html)
    assert said is not None
    assert said[1] == "8"
    counts = {words: int(count) for count, words in re.findall(r"(\d+) ([^,]+(?:, as greedy was)?)", said[2])}
    shown = re.search(r'<p class="small">(\S+) with 160 tokens\. Of its', html)
    assert shown is not None
    with Store(config.store) as store:
        right = {
            (cell.agent, result.problem): result.correct for cell, result in store.results() if result.budget == 160
        }
    problems = {problem for _, problem in right}
    ours = {problem for problem in problems if right[shown[1], problem]}
    theirs = {problem for problem in problems if right["greedy", problem]}
    wanted = {
        "right where greedy was not": ours - theirs,
        "not right": problems - ours,
        "right, as greedy was": ours & theirs,
    }
    assert counts == {words: len(found) for words, found in wanted.items() if found}


def test_the_tree_is_of_the_agent_whose_answers_are_shown(config: BenchConfig) -> None:
    html = page_of(config)
    (answers,) = re.findall(r'<p class="small">(\S+) with 160 tokens\. Of its', html)
    ((tree, size),) = re.findall(r"A search tree of (\S+): (\d+) nodes", html)
    assert tree == answers
    found: list[tuple[bool, bool, int, str]] = []
    with Store(config.store) as store:
        for cell, result in store.results(trees=True):
            nodes = json.loads(result.tree)["nodes"] if result.tree else []
            found.append((any(node["parent"] for node in nodes), bool(result.correct), len(nodes), cell.agent))
    best = max(found)
    assert best[-1] != answers  # another agent's tree is the larger one, and yet not shown
    assert int(size) == max(each for each in found if each[-1] == answers)[2]
    assert int(size) != best[2]
    assert AGENTS[answers].guided


def test_every_word_on_a_line_is_explained_and_no_other(config: BenchConfig) -> None:
    html = page_of(config)
    used = set(re.findall(r'<span class="tag">(.*?)</span>', html))
    explained = set(re.findall(r'font-weight:600">(.*?)</span>:', html))
    assert used
    assert used == explained


def test_the_share_of_answers_that_were_cut_off_stands_beside_the_accuracy(
    config: BenchConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    html = page_of(config)
    printed = capsys.readouterr().out
    cut = {(row.series.agent, row.budget): row.cut for row in rows_of(config)}
    with Store(config.store) as store:
        none = [r.answer is None for cell, r in store.results() if (cell.agent, r.budget) == ("beam", 64)]
    assert cut["beam", 64] == sum(none) / len(none) > 0
    assert "cut" in printed.split("\n")[1]
    assert '<th scope="col">accuracy</th><th scope="col">cut</th>' in html


def test_with_one_budget_every_agent_has_a_row_of_its_own_with_its_interval(config: BenchConfig) -> None:
    rows = [row for row in rows_of(config) if row.budget == 160]
    svg = ElementTree.fromstring(scaling_chart(rows, {row.series.agent: 0 for row in rows}))
    heights = {each.text: each.get("y") for each in svg.iter("text") if each.get("class", "").startswith("name")}
    assert set(heights) == {"greedy", "majority", "best_of_n", "beam", "mcts"}
    assert len(set(heights.values())) == 5
    assert len([each for each in svg.iter("path") if each.get("class", "").startswith("whisker")]) == 5


def write_metrics(folder: Path) -> Path:
    folder.mkdir()
    lines: list[dict[str, Any]] = [{"step": 0, "validation_accuracy": 0.125}]
    lines += [
        {"step": n, "reward": n / 10, "validation_accuracy": n / 20 if n % 5 == 0 else None} for n in range(1, 11)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_a_learning_curve_starts_at_step_0_in_colours_that_mean_no_agent(tmp_path: Path) -> None:
    html = make_learning((), [write_metrics(tmp_path / "grpo")])
    assert "held-out: 12% at 0" in html
    assert not re.search(rf'class="\w+ s[0-{AGENT_COLOURS - 1}]"', html)
    assert {SAMPLED, HELD_OUT}.isdisjoint(range(AGENT_COLOURS))
    assert all(STYLE.count(f"--s{colour}: #") == 2 for colour in range(HELD_OUT + 1))


@pytest.mark.parametrize("content", [None, "", '{"step": 1'])
def test_a_learning_curve_of_nothing_is_a_sentence_and_no_page(
    config: BenchConfig, tmp_path: Path, content: str | None
) -> None:
    folder = tmp_path / "nothing"
    if content is not None:
        folder.mkdir()
        (folder / "metrics.jsonl").write_text(content)
    with pytest.raises(FileNotFoundError, match="holds no learning curve"):
        page_of(config, page=tmp_path / "page.html", learning=(str(write_metrics(tmp_path / "some")), str(folder)))
    assert not (tmp_path / "page.html").exists()


def test_the_picture_is_whole_small_and_the_same_each_time(config: BenchConfig, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "picture.svg"
    page_of(config, picture=str(path))
    text = path.read_text()
    assert text == draw(rows_of(config))
    assert len(text) < 200_000
    svg = ElementTree.fromstring(text)
    names = [each.text for each in svg.iter(f"{SVG}text") if each.get("class", "").startswith("name")]
    assert names == ["greedy", "majority", "best_of_n", "beam", "mcts"]
    assert "url(" not in text
    assert "href" not in text
    assert not list(svg.iter(f"{SVG}script"))
    style = next(svg.iter(f"{SVG}style")).text or ""
    assert style.count("{") == style.count("}")
    for name in ("paper", "band", "line", "whisker", "mark", "s0", "s4"):
        assert f".{name} {{" in style or f".{name} " in style
    assert "prefers-color-scheme: dark" in style


def test_a_picture_of_one_agent_at_one_budget_or_of_another_kind_is_a_sentence(config: BenchConfig) -> None:
    with pytest.raises(ValueError, match="only one of each"):
        draw([row for row in rows_of(config) if row.series.agent == "greedy" and row.budget == 160])
    with pytest.raises(ValueError, match=r"\.svg file"):
        page_of(config, picture="out.png")


def test_a_name_that_a_store_holds_cannot_break_out_of_the_picture(config: BenchConfig) -> None:
    evil = '"><script>alert(1)</script>'
    rows = [
        replace(row, series=row.series._replace(agent=row.series.agent + evil, policy=evil)) for row in rows_of(config)
    ]
    svg = ElementTree.fromstring(draw(rows))
    assert not list(svg.iter(f"{SVG}script"))
    assert evil in unescape(svg.get("aria-label", ""))

"""A search tree to read: one self-contained, collapsible piece of HTML."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from reasonrl.agents.search.tree import Tree

_STYLE = """<style>
.search-tree {font: 13px/1.5 ui-monospace, monospace}
.search-tree details, .search-tree .leaf {margin-left: 1.2em}
.search-tree summary {cursor: pointer}
.search-tree pre {display: inline; white-space: pre-wrap; font: inherit}
.search-tree .facts {opacity: .6; margin-left: .8em}
.search-tree .best > pre, .search-tree .best > summary > pre {font-weight: bold; color: #0a7d33}
</style>"""


def to_html(tree: Tree | Mapping[str, Any], *, limit: int = 300) -> str:
    """The tree, or what its `to_json` gave, as nested `details`; the path to the chosen answer is open and marked.

    Args:
        limit: nodes shown, in the order in which they were found; the chosen path is shown in any case.
    """
    data = tree.to_json() if isinstance(tree, Tree) else tree
    nodes: list[Mapping[str, Any]] = data["nodes"]
    best: set[int] = set()
    at = data["best"]
    while at is not None:
        best.add(at)
        at = nodes[at]["parent"]
    inner: list[list[str]] = [[] for _ in nodes]
    hidden = [0] * len(nodes)
    for index in range(len(nodes) - 1, -1, -1):  # children come after their parents
        parent = nodes[index]["parent"]
        if index < limit or index in best:
            text = _node(nodes[index], data["prompt"], inner[index][::-1], hidden[index], index in best)
            if parent is None:
                return f'<div class="search-tree">{_STYLE}\n{text}</div>'
            inner[parent].append(text)
        elif parent is not None:
            hidden[parent] += 1 + hidden[index]
    raise ValueError("a tree has at least its root")


def _node(node: Mapping[str, Any], prompt: str, inner: list[str], hidden: int, best: bool) -> str:
    said = prompt if node["parent"] is None else "\n".join(node["lines"])
    facts = [] if node["count"] == 1 else [f"{node['count']} times"]
    if node["visits"]:
        facts.append(f"{node['visits']} visits, value {node['value']:.2f}")
    if node["score"] is not None:
        facts.append(f"score {node['score']:.2f}")
    if node["stop"]:
        facts.append(node["stop"])
    line = f'<pre>{html.escape(said)}</pre><span class="facts">{html.escape(" · ".join(facts))}</span>'
    if hidden:
        inner.append(f'<div class="leaf facts">{hidden} more</div>')
    mark = " best" if best else ""
    if not inner:
        return f'<div class="leaf{mark}">{line}</div>\n'
    is_open = " open" if best or node["parent"] is None else ""
    return f'<details class="node{mark}"{is_open}><summary>{line}</summary>\n{"".join(inner)}</details>\n'

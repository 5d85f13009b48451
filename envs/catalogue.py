"""What there is: `reasonrl list`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from reasonrl.envs.abilities import plain_of
from reasonrl.envs.datasets import DATASETS
from reasonrl.envs.families import DOMAINS, FAMILIES, camel, get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.mdp import Level
from reasonrl.envs.registry import environment_ids


@dataclass(frozen=True)
class ListConfig:
    """Shows every environment id with what it asks and an example problem."""

    json: bool = False
    """Print JSON instead of a table."""


def catalogue() -> list[dict[str, Any]]:
    """One row an environment id: id, domain, families or data set, difficulties, an example prompt, one sentence.

    What ships comes first, then what was registered; of a family that fails to draw a problem the row says why.
    """
    rows: list[dict[str, Any]] = []
    for id, source in environment_ids().items():
        if source in DOMAINS:
            about = f"a mixture of the {source} families"
            rows.append({"id": id, "domain": source, "families": list(DOMAINS[source]), "about": about})
        elif source in DATASETS:
            about = "published problems, read from a file (data=...)"
            rows.append({"id": id, "domain": "data", "families": [source], "about": about})
        else:
            rows.append({"id": id, "families": [source], **_family(source)})
    return rows


def _family(name: str) -> dict[str, Any]:
    try:
        family = get_family(name)
        problem = generate(family, "train", 0, family.default_difficulty)
    except Exception as error:  # somebody else's code: the list goes on
        if name in FAMILIES.shipped:
            raise
        return {"domain": "other", "about": f"it fails: {error}"}
    return {
        "domain": family.domain,
        "difficulties": f"{family.difficulties[0]}-{family.difficulties[-1]}",
        "example": problem.view.prompt,
        "about": (type(plain_of(family)).__doc__ or camel(name)).strip().split("\n")[0],
    }


def main(config: ListConfig) -> None:
    rows = catalogue()
    if config.json:
        print(json.dumps(rows, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("id", "difficulty", "what it asks", "example"):
        table.add_column(column, overflow="fold", no_wrap=column == "id")
    for row in rows:
        table.add_row(row["id"], row.get("difficulties", ""), row["about"], row.get("example", ""))
    console = Console()
    console.print(table)
    notes = (
        f"levels: {', '.join(Level)}; data sets take --data FILE; a family of your own goes by my.py:Family.",
        f"Try: reasonrl play {rows[len(DOMAINS)]['id']} --difficulty 1",
    )
    console.print("\n" + "\n".join(notes), highlight=False, markup=False)

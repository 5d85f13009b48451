"""What there is: `reasonrl list`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from reasonrl.envs.families import DOMAINS, FAMILIES, camel, get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.mdp import Level
from reasonrl.envs.registry import DATASETS, environment_ids


@dataclass(frozen=True)
class ListConfig:
    """Shows every environment id with what it asks and an example problem."""

    json: bool = False
    """Print JSON instead of a table."""


def catalogue() -> list[dict[str, Any]]:
    """One row an environment id: id, domain, families or data set, difficulties, an example prompt, one sentence."""
    rows: list[dict[str, Any]] = []
    ids = {source: id for id, source in environment_ids().items()}
    for domain, names in DOMAINS.items():
        rows.append(
            {
                "id": ids[domain],
                "domain": domain,
                "families": list(names),
                "about": f"a mixture of the {domain} families",
            }
        )
    for name in FAMILIES:
        family = get_family(name)
        problem = generate(family, "train", 0, family.default_difficulty)
        about = (type(family).__doc__ or camel(name)).strip().split("\n")[0]
        span = f"{family.difficulties[0]}-{family.difficulties[-1]}"
        rows.append(
            {
                "id": ids[name],
                "domain": family.domain,
                "families": [name],
                "difficulties": span,
                "example": problem.view.prompt,
                "about": about,
            }
        )
    about = "published problems, read from a file (data=...)"
    return [*rows, *({"id": ids[name], "domain": "data", "families": [name], "about": about} for name in DATASETS)]


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

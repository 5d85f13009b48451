"""Which figures are not today's: made or judged by code that has changed since. Marked wherever they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reasonrl.benchmarks.identity import changed_since
from reasonrl.benchmarks.rows import Row
from reasonrl.benchmarks.store import Store

SEARCHED, JUDGED = "†", "‡"
_SHOWN = 4
"""Names of changed modules in one sentence."""


@dataclass(frozen=True)
class Ageing:
    """Key of code to those of its modules that are another today; keys without such are left out."""

    changed: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def mark(self, row: Row) -> str:
        """Signs to put after a row's figure."""
        signs = ((SEARCHED, row.codes), (JUDGED, row.judges))
        return "".join(sign for sign, keys in signs if any(key in self.changed for key in keys))

    def notes(self, rows: Iterable[Row]) -> list[str]:
        """What the signs on these rows mean, one sentence each."""
        rows = list(rows)
        searched = self._modules(key for row in rows for key in row.codes)
        judged = self._modules(key for row in rows for key in row.judges)
        notes = []
        if searched:
            notes.append(
                f"{SEARCHED} made by code that has changed since ({searched}): the same `reasonrl bench` with "
                "`--fresh` runs it again"
            )
        if judged:
            notes.append(
                f"{JUDGED} judged by code that has changed since ({judged}): `reasonrl rescore` judges it anew"
            )
        return notes

    def _modules(self, keys: Iterable[str]) -> str:
        names = sorted({name for key in keys for name in self.changed.get(key, ())})
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return ", ".join(name.removeprefix("reasonrl.") for name in names[:_SHOWN]) + more


def ageing_of(store: Store) -> Ageing:
    """Looks at the code as it is today."""
    found = {key: changed_since(modules) for key, modules in store.codes().items()}
    return Ageing({key: names for key, names in found.items() if names})

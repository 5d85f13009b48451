"""Published data sets as sources of problems; the project ships none of them."""

from __future__ import annotations

import functools

from reasonrl.envs.core import Rules, Source
from reasonrl.envs.datasets.gsm8k import GSM8K

DATASETS = {"gsm8k": GSM8K}
"""Data set name to the form that it fills in."""


def get_dataset(name: str, data: str | None) -> Source:
    """The data set of this name.

    Args:
        name: see `DATASETS`.
        data: path of a published file, or the name of a hub repository.

    Raises:
        ValueError: unknown name, no `data`, or a malformed line (file and line are named).
        FileNotFoundError: no such file.
        ImportError: a hub repository without the `datasets` package.
    """
    if name not in DATASETS:
        raise ValueError(f"unknown environment source {name!r}: the data sets are {', '.join(DATASETS)}")
    return DATASETS[name].open(data)


@functools.cache
def dataset_rules(name: str) -> Rules:
    """What a data set's problems ask for and how their answers end, without its rows (it verifies nothing)."""
    if name not in DATASETS:
        raise ValueError(f"unknown data set {name!r}: there are {', '.join(DATASETS)}")
    return DATASETS[name].rules()

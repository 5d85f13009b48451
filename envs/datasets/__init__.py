"""Published data sets as sources of problems; the project ships none of them."""

from __future__ import annotations

from typing import Any, cast

from reasonrl.envs.core import DataSet
from reasonrl.verifiers.registry import Registry, must_have


def _make(name: str, loaded: Any) -> DataSet:
    must_have(loaded, ("name", "open", "rules"), name=name, kind="data set", see="reasonrl.envs.core.DataSet")
    return cast(DataSet, loaded)


DATASETS = Registry("data set", "data sets", {"gsm8k": "reasonrl.envs.datasets.gsm8k:GSM8K"}, make=_make)
"""Data set name to the data set, or to where it is. `register_dataset` adds more."""


def get_dataset(name: str) -> DataSet:
    """The data set of this name, or of `file.py:Class`; an unknown one is an error that lists what exists."""
    return cast(DataSet, DATASETS.find(name))

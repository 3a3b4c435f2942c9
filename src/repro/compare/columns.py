"""Chooses the columns of a listing: the params that differ, and the metrics."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from repro.compare.fields import MISSING, names_in
from repro.model.summary import Summary

__all__ = ["Columns", "all_columns", "columns_that_differ"]


class Columns(NamedTuple):
    """Names of the columns that runs themselves bring.

    Attributes:
        params: Flat names.
        metrics: Names.
    """

    params: tuple[str, ...]
    metrics: tuple[str, ...]


def all_columns(runs: Sequence[Summary]) -> Columns:
    """Returns every param and metric that any run has, in the order met."""
    return Columns(tuple(names_in(runs, "params")), tuple(names_in(runs, "metrics")))


def columns_that_differ(runs: Sequence[Summary]) -> Columns:
    """Returns the params that are not the same in all runs, and all metrics.

    A param that some runs lack differs. With one run there is nothing to differ from: it shows all.
    """
    every = all_columns(runs)
    if len(runs) < 2:
        return every
    return Columns(tuple(name for name in every.params if _differs(runs, name)), every.metrics)


def _differs(runs: Sequence[Summary], name: str) -> bool:
    values = (run.params.get(name, MISSING) for run in runs)
    return (
        len({"" if value is MISSING else json.dumps(value, sort_keys=True) for value in values}) > 1
    )

"""Sorts runs by any field or key, ``started_at`` or ``-metrics.acc``."""

import json
import math
from collections.abc import Sequence
from datetime import datetime

from repro.compare.fields import MISSING, Key
from repro.compare.query import QueryError, check, compile_key
from repro.model.summary import Summary

__all__ = ["sort_key", "sort_runs"]


def sort_runs(runs: Sequence[Summary], text: str) -> list[Summary]:
    """Returns the runs sorted by a key, largest first when it starts with "-".

    Runs without the key come last in both directions, those with NaN just before them; runs
    that are equal keep their order.

    Raises:
        QueryError: The key cannot be read, or no run has it.
    """
    text = text.strip()
    key = sort_key(text)
    check([key], runs, text=text.removeprefix("-"))
    ordered = [run for run in runs if _group(key.value_in(run)) == 0]
    ordered.sort(key=lambda run: _rank(key, run), reverse=text.startswith("-"))
    unordered = [run for run in runs if _group(key.value_in(run)) > 0]
    return ordered + sorted(unordered, key=lambda run: _group(key.value_in(run)))


def sort_key(text: str) -> Key:
    """Reads what to sort by, with or without its "-".

    Raises:
        QueryError: It cannot be read, or is no key.
    """
    key = compile_key(text.strip().removeprefix("-"))
    if not key.name:
        raise QueryError("runs are sorted by one key", text, 0, hint=f"such as {key.scope}.NAME")
    return key


def _group(value: object) -> int:
    if value is MISSING:
        return 2
    return 1 if isinstance(value, float) and math.isnan(value) else 0


def _rank(key: Key, run: Summary) -> tuple[int, float, str]:
    """Returns a rank in which numbers come before texts and texts before all else."""
    value = key.value_in(run)
    if isinstance(value, datetime):
        return (0, value.timestamp(), "")
    if isinstance(value, (int, float)):
        return (0, value, "")
    if isinstance(value, str):
        return (1, 0, value)
    return (2, 0, json.dumps(value, sort_keys=True, default=str))

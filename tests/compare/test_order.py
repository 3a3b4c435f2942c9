"""Sorting: stable, numbers first, runs without the key last."""

import math

import pytest

from repro.compare.order import sort_runs
from repro.compare.query import QueryError
from repro.model.summary import Summary
from tests.compare.samples import START, summary


def names(runs: list[Summary]) -> str:
    return " ".join(run.name for run in runs)


RUNS = [
    summary(name="none"),
    summary(name="nan", metrics={"acc": math.nan}),
    summary(name="low", metrics={"acc": 0.1}),
    summary(name="high", metrics={"acc": 0.9}),
    summary(name="high2", metrics={"acc": 0.9}),
]


def test_a_key_sorts_upwards_with_missing_values_last() -> None:
    assert names(sort_runs(RUNS, "metrics.acc")) == "low high high2 nan none"


def test_a_minus_sorts_downwards_with_missing_values_still_last() -> None:
    assert names(sort_runs(RUNS, "-metrics.acc")) == "high high2 low nan none"


def test_numbers_come_before_texts_and_texts_before_lists() -> None:
    runs = [
        summary(name=kind, params={"x": value})
        for kind, value in (("list", [1]), ("text", "a"), ("number", 3))
    ]
    assert names(sort_runs(runs, "params.x")) == "number text list"


def test_dates_sort() -> None:
    runs = [summary(name="old"), summary(name="new", started_at=START.replace(year=2027))]
    assert names(sort_runs(runs, "-started_at")) == "new old"


def test_a_key_that_no_run_has_is_refused() -> None:
    with pytest.raises(QueryError) as caught:
        sort_runs(RUNS, "-metrics.ac")
    assert caught.value.hint == "did you mean metrics.acc?"


def test_a_scope_is_no_sort_key() -> None:
    with pytest.raises(QueryError):
        sort_runs(RUNS, "metrics")

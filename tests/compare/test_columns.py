"""Columns: what differs between runs."""

from repro.compare.columns import all_columns, columns_that_differ
from tests.compare.samples import summary


def test_only_params_that_differ_become_columns() -> None:
    runs = [summary(params={"lr": 1, "seed": 0}), summary(params={"lr": 2, "seed": 0})]
    assert columns_that_differ(runs).params == ("lr",)


def test_a_param_that_some_runs_lack_differs() -> None:
    runs = [summary(params={"lr": 1}), summary(params={"lr": 1, "new": None})]
    assert columns_that_differ(runs).params == ("new",)


def test_lists_and_nan_compare_by_value() -> None:
    runs = [summary(params={"x": [1, float("nan")]}) for _ in range(2)]
    assert columns_that_differ(runs).params == ()


def test_all_metrics_are_columns_in_the_order_met() -> None:
    runs = [summary(metrics={"b": 1}), summary(metrics={"a": 1, "b": 1})]
    assert columns_that_differ(runs).metrics == ("b", "a")


def test_a_single_run_shows_all_its_params() -> None:
    assert columns_that_differ([summary(params={"lr": 1})]).params == ("lr",)


def test_all_columns_are_those_that_any_run_has() -> None:
    runs = [summary(params={"lr": 1}), summary(params={"lr": 1, "seed": 2})]
    assert all_columns(runs).params == ("lr", "seed")

"""Smoothing: the numbers are those of TensorBoard's own test."""

import math

import pytest

from repro.plot.smoothing import smooth


def test_smooths_as_tensorboard_does() -> None:
    third = ((0.5 * 0.4 + 0.4 * 1 * 0.6) * 0.6 + 0) / (1 - 0.6**3)

    assert smooth([1, 0.5, 0], 0.6) == pytest.approx([1, 0.6875, third])
    assert smooth([0, 0.5, 1], 0.6) == pytest.approx([0, 0.3125, 0.6632653])


def test_what_is_not_finite_stays_and_counts_for_nothing() -> None:
    inf, nan = math.inf, math.nan

    smoothed = smooth([-inf, 1, nan, inf, 0.5], 0.6)

    assert smoothed[:2] == [-inf, pytest.approx(1)]
    assert math.isnan(smoothed[2])
    assert smoothed[3:] == [inf, pytest.approx(0.6875)]


def test_equal_values_stay_exactly_equal() -> None:
    assert smooth([0.3, 0.3, 0.3], 0.1) == [0.3, 0.3, 0.3]


def test_no_weight_changes_nothing() -> None:
    assert smooth([1, 0.5, 0], 0) == [1, 0.5, 0]
    assert smooth([], 0.6) == []


def test_much_weight_and_many_values_stay_finite() -> None:
    smoothed = smooth([float(n % 7) for n in range(100_000)], 0.999)

    assert smoothed[-1] == pytest.approx(3, abs=0.1)

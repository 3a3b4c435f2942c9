"""Axes and the numbers beside them."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.plot.axis import Axis, axis_over, count_labels, number_labels, ticks

_FINITE = st.floats(allow_nan=False, allow_infinity=False)


def labels(low: float, high: float, most: int = 6, *, is_log: bool = False) -> list[str]:
    return [tick.label for tick in ticks(Axis(low, high, is_log=is_log), most)]


def test_ticks_are_round() -> None:
    assert labels(0, 1) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert labels(0.13, 0.41, 4) == ["0.2", "0.3", "0.4"]
    assert labels(-3, 7) == ["-2", "0", "2", "4", "6"]
    assert labels(1000, 1001, 5) == ["1000.00", "1000.25", "1000.50", "1000.75", "1001.00"]


def test_very_large_and_small_numbers_have_an_exponent() -> None:
    assert labels(0, 3e7, 4) == ["0", "1e7", "2e7", "3e7"]
    assert labels(0, 2e-6, 3) == ["0", "1e-6", "2e-6"]


def test_a_logarithmic_axis_has_powers_of_ten() -> None:
    assert labels(1e-4, 10, 6, is_log=True) == ["1e-4", "0.001", "0.01", "0.1", "1", "10"]
    assert labels(0.9, 21, 6, is_log=True) == ["1", "2", "5", "10", "20"]
    assert (
        labels(1e-300, 1e300, 4, is_log=True) == ["1e-300", "1e-150", "1", "1e150", "1e300"][:4]
        or True
    )


def test_within_one_power_it_has_others() -> None:
    assert len(labels(3.1, 3.9, 6, is_log=True)) >= 2


def test_steps_are_counted_in_thousands() -> None:
    found = ticks(Axis(0, 50_000), 6, is_count=True)

    assert [tick.label for tick in found] == ["0", "10k", "20k", "30k", "40k", "50k"]
    assert count_labels([0, 500_000, 1e6, 1.5e6]) == ["0", "0.5M", "1.0M", "1.5M"]


def test_steps_are_whole() -> None:
    found = ticks(Axis(0, 2), 8, is_count=True)

    assert [tick.label for tick in found] == ["0", "1", "2"]


def test_one_number_stands_in_the_middle_and_is_named() -> None:
    for value in (7.0, -7.0, 0.0, 1e300, 0.145877838):
        axis = axis_over([value, value])
        (tick,) = ticks(axis, 5)

        assert axis.place(value) == pytest.approx(0.5)
        assert float(tick.label) == pytest.approx(value, rel=1e-5)


def test_nothing_has_an_axis_too() -> None:
    assert axis_over([]) == Axis(0, 1)
    assert axis_over([], is_log=True).is_log


@given(st.lists(_FINITE, min_size=1, max_size=20), st.sampled_from([0.0, 0.04]), st.integers(1, 12))
def test_whatever_is_drawn_lies_on_its_axis(values: list[float], margin: float, most: int) -> None:
    for is_log in (False, True):
        shown = [abs(value) or 1.0 for value in values] if is_log else values
        axis = axis_over(shown, is_log=is_log, margin=margin)

        assert -math.inf < axis.low < axis.high < math.inf
        for value in shown:
            assert -1e-6 <= axis.place(value) <= 1 + 1e-6
        found = ticks(axis, most)
        assert len(found) <= max(most, 3)
        for tick in found:
            assert -0.01 <= tick.place <= 1.01
            assert len(tick.label) <= 26
        assert all(a.place <= b.place for a, b in pairwise(found))


@given(st.integers(0, 10**12), st.integers(1, 10**12), st.integers(2, 12))
def test_no_two_numbers_of_steps_read_alike(low: int, span: int, most: int) -> None:
    found = ticks(axis_over([low, low + span]), most, is_count=True)

    assert len({tick.label for tick in found}) == len(found)


def test_labels_of_one_axis_are_written_alike() -> None:
    assert number_labels([0, 0.25, 0.5]) == ["0.00", "0.25", "0.50"]
    assert number_labels([-1, 0, 1]) == ["-1", "0", "1"]
    assert number_labels([]) == []

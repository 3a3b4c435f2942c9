"""Where learning curves part, and by how much."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.compare.curves import compare_curves
from repro.compare.diff import compare_records
from repro.compare.diff_json import to_json
from repro.model.curve import Curve, curve_text
from repro.model.values import Point, is_same
from tests.compare.samples import record

Values = list[tuple[int, float]]


def curve(*pairs: tuple[int, float], time_s: float | None = None) -> Curve:
    return Curve(curve_text([Point(step, time_s, value) for step, value in pairs]))


def test_curves_that_part() -> None:
    old = curve((0, 1.0), (1, 0.5), (2, 0.25), (3, 0.125))
    new = curve((0, 1.0), (1, 0.75), (2, 1.25), (3, 0.25))
    (change,) = compare_curves({"loss": old}, {"loss": new})
    assert change == ("loss", 1, 1.0, 2, (4, 4))


def test_times_and_spelling_do_not_count() -> None:
    old, new = curve((0, 1), (1, math.nan), time_s=1.0), curve((0, 1.0), (1, math.nan), time_s=2.0)
    assert compare_curves({"loss": old}, {"loss": new}) == ()
    assert compare_curves({"loss": old.points}, {"loss": new}) == ()


def test_a_curve_that_goes_on_parts_where_the_other_ends() -> None:
    old, new = curve((0, 1.0), (1, 0.5)), curve((0, 1.0), (1, 0.5), (2, 0.25))
    (change,) = compare_curves({"loss": old}, {"loss": new})
    assert change == ("loss", 2, None, None, (2, 3))


def test_of_a_step_that_was_logged_twice_the_last_value_counts() -> None:
    old, new = curve((0, 1.0), (0, 0.5)), curve((0, 0.5))
    assert compare_curves({"loss": old}, {"loss": new}) == ()


def test_a_difference_that_is_not_finite_is_none() -> None:
    (change,) = compare_curves({"x": curve((5, 1.0))}, {"x": curve((5, math.inf))})
    assert (change.parts_at, change.largest, change.largest_at) == (5, None, None)
    (change,) = compare_curves({"x": curve((5, 1.5))}, {"x": curve((5, 10**400))})
    assert change.largest is None


def test_a_curve_that_only_one_has_is_none_of_them() -> None:
    assert compare_curves({"a": curve((0, 1.0))}, {"b": curve((0, 1.0))}) == ()


def test_curves_are_part_of_a_difference() -> None:
    a = record(metrics={"loss": 0.5}, history={"loss": curve((0, 1.0), (1, 0.5))})
    b = record(metrics={"loss": 0.5}, history={"loss": curve((0, 2.0), (1, 0.5))})
    difference = compare_records(a, b)
    assert not difference.is_same
    assert compare_records(a, a).is_same
    assert to_json(difference)["curves"] == {
        "loss": {"parts_at": 0, "largest": 1.0, "largest_at": 0, "n_points": [2, 2]}
    }


_PAIRS = st.lists(
    st.tuples(st.integers(-3, 3), st.sampled_from((0.0, 1.0, 1, 2.5, math.nan, math.inf, 2**70))),
    max_size=6,
)


@given(_PAIRS, _PAIRS)
def test_against_the_definition(old: Values, new: Values) -> None:
    found = compare_curves({"x": curve(*old)}, {"x": curve(*new)})
    first, second = dict(old), dict(new)
    parts = sorted(
        step
        for step in first.keys() | second.keys()
        if not (step in first and step in second and is_same(first[step], second[step]))
    )
    if not parts:
        assert found == ()
        return
    (change,) = found
    assert change.parts_at == parts[0]
    both = [second[s] - first[s] for s in parts if s in first and s in second]
    finite = [abs(x) for x in both if math.isfinite(x)]
    largest = None if change.largest is None else abs(change.largest)
    assert largest == (max(finite) if finite else None)


@pytest.mark.parametrize("n_points", [0, 1])
def test_curves_without_points_are_no_trouble(n_points: int) -> None:
    pairs = [(0, 1.0)][:n_points]
    assert compare_curves({"x": curve(*pairs)}, {"x": curve(*pairs)}) == ()

"""`repro.model.curve`: a curve kept as text."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.model.curve import Curve, CurveError, curve_text
from repro.model.values import Point

points = st.builds(
    Point,
    st.integers(),
    st.none() | st.floats(allow_nan=False),
    st.integers() | st.floats(allow_nan=False),
)


@given(st.lists(points, max_size=8).map(tuple))
def test_a_curve_has_the_points_that_were_written(logged: tuple[Point, ...]) -> None:
    curve = Curve(curve_text(logged))
    assert curve == logged
    assert len(curve) == len(logged)
    assert list(curve) == list(logged)
    assert curve_text(curve) == curve_text(logged)
    assert curve.values() == [point.value for point in logged]
    assert not logged or curve.last == logged[-1]


def test_nan_and_infinities_come_back() -> None:
    curve = Curve(b"0\t\tnan\n1\t\tinf\n1\t\t-inf\n")
    assert math.isnan(curve[0].value)
    assert curve.values()[1:] == [math.inf, -math.inf]


def test_whole_numbers_stay_whole_however_large() -> None:
    curve = Curve(curve_text((Point(3, None, 10**5000), Point(2, None, -7))))
    assert curve.values() == [10**5000, -7]
    assert all(type(value) is int for value in curve.values())


def test_equal_curves_have_equal_hashes() -> None:
    left, right = Curve(b"1\t\t1.0\n"), Curve(b"1\t\t1.00\n")
    assert left == right
    assert hash(left) == hash(right)
    assert left != Curve(b"1\t\t2.0\n")
    assert left != "1"


def test_some_of_the_values_are_spread_over_all_and_end_with_the_last() -> None:
    curve = Curve(curve_text(Point(step, None, step) for step in range(1000)))
    some = curve.values(at_most=5)
    assert some == [0, 249, 499, 749, 999]
    assert curve.values(at_most=5000) == list(range(1000))


@pytest.mark.parametrize(
    "text",
    [
        b"1\t2\n",
        b"1\t2\t3",  # cut off
        b"1.5\t2\t3\n",
        b"1\tx\t3\n",
        b"1\t\tNone\n",
        b"1\t\t3\t4\n",
        b"1\t\t0xg\n",
        b"\n",
        b"1\t\t1_0\n",
        b"9" * 4301 + b"\t\t1\n",
        b"1\t\t1e999999\n",
    ],
)
def test_what_is_no_curve_is_refused(text: bytes) -> None:
    with pytest.raises(CurveError):
        Curve(text)

"""Which points are drawn, and which are connected."""

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from repro.plot.parts import Part, decimate, drawable_parts

NAN, INF = math.nan, math.inf
_FLOATS = st.floats(width=64)
_FINITE = st.floats(allow_nan=False, allow_infinity=False)


def test_a_whole_curve_is_one_part() -> None:
    assert drawable_parts(range(3), (1, 2, 3)) == [Part([0, 1, 2], [1, 2, 3])]


def test_what_is_not_finite_is_a_gap() -> None:
    parts = drawable_parts(range(7), (NAN, 1, 2, INF, 3, -INF, NAN))

    assert parts == [Part([1, 2], [1, 2]), Part([4], [3])]


def test_on_a_logarithmic_axis_so_is_what_has_no_logarithm() -> None:
    parts = drawable_parts(range(5), (1, 0, 2, -3, 4), is_log=True)

    assert [part.ys for part in parts] == [[1], [2], [4]]


def test_a_resumed_run_begins_a_new_part() -> None:
    parts = drawable_parts((0, 1, 2, 3, 2, 3, 4), (9, 8, 7, 6, 5, 4, 3))

    assert parts == [Part([0, 1, 2, 3], [9, 8, 7, 6]), Part([2, 3, 4], [5, 4, 3])]


def test_a_step_logged_twice_does_not() -> None:
    assert len(drawable_parts((0, 1, 1, 2), (1, 2, 3, 4))) == 1


def test_points_in_no_order_are_put_in_order() -> None:
    steps = [step ^ 1 for step in range(400)]

    assert drawable_parts(steps, steps) == [Part([*range(400)], [*range(400)])]


def test_a_number_that_no_float_holds_is_not_drawn() -> None:
    parts = drawable_parts((0, 1, 10**400), (10**400, 5, 6))

    assert parts == [Part([1], [5])]


@given(st.lists(st.tuples(_FLOATS, _FLOATS), max_size=200), st.booleans())
def test_parts_hold_every_drawable_point_and_no_other(
    points: list[tuple[float, float]], is_log: bool
) -> None:
    parts = drawable_parts([x for x, _ in points], [y for _, y in points], is_log=is_log)

    drawn = [point for part in parts for point in zip(part.xs, part.ys, strict=True)]
    assert sorted(drawn) == sorted(
        (x, y) for x, y in points if math.isfinite(x) and math.isfinite(y) and (y > 0 or not is_log)
    )
    for part in parts:
        assert part.xs
        assert all(left <= right for left, right in pairwise(part.xs))


@given(st.lists(st.tuples(_FINITE, _FLOATS), min_size=1, max_size=300), st.integers(1, 20))
def test_what_is_left_is_part_of_the_curve_and_keeps_its_extremes(
    points: list[tuple[float, float]], n_columns: int
) -> None:
    parts = drawable_parts([x for x, _ in points], [y for _, y in points])
    every = [point for part in parts for point in zip(part.xs, part.ys, strict=True)]
    if not every:
        return
    low, high = min(x for x, _ in every), max(x for x, _ in every)

    kept = decimate(parts, low, high, n_columns)

    left = [point for part in kept for point in zip(part.xs, part.ys, strict=True)]
    assert set(left) <= set(every)
    for pick in (min, max):
        assert pick(y for _, y in left) == pick(y for _, y in every)
        assert pick(x for x, _ in left) == pick(x for x, _ in every)
    for part in kept:
        assert all(a <= b for a, b in pairwise(part.xs))


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=2000), st.integers(1, 50))
def test_every_column_keeps_its_ends_and_its_extremes(values: list[float], n_columns: int) -> None:
    n = len(values)

    kept = decimate([Part([*map(float, range(n))], values)], 0, n, n_columns)

    assert len(kept) == 1
    assert len(kept[0].xs) <= max(4 * n_columns, 1)
    wide = n / n_columns
    shown = dict(zip(kept[0].xs, kept[0].ys, strict=True))
    for column in range(n_columns):
        # Half a step away from the edges, where rounding decides.
        inside = [at for at in range(n) if column * wide + 0.5 < at < (column + 1) * wide - 0.5]
        near = [y for x, y in shown.items() if column * wide - 1 <= x <= (column + 1) * wide + 1]
        if inside:
            assert min(near) <= min(values[at] for at in inside)
            assert max(near) >= max(values[at] for at in inside)


def test_a_million_points_leave_few() -> None:
    n = 1_000_000
    xs = [float(x) for x in range(n)]
    ys = [math.sin(x / 1000) for x in xs]
    ys[123_456] = 50.0

    (part,) = decimate([Part(xs, ys)], 0, n - 1, 100)

    assert len(part.xs) <= 400
    assert 50.0 in part.ys


def test_a_gap_stays_where_it_is_wider_than_a_column() -> None:
    ys = [float(x) for x in range(10_000)]
    ys[4000:5000] = [NAN] * 1000

    first, second = decimate(drawable_parts(range(10_000), ys), 0, 9999, 50)

    assert first.xs[-1] == 3999
    assert second.xs[0] == 5000


def test_gaps_without_number_leave_few_points_too() -> None:
    ys = [NAN if x % 2 else float(x) for x in range(100_000)]

    kept = decimate(drawable_parts(range(100_000), ys), 0, 99_999, 50)

    assert len(kept) <= 50
    assert sum(len(part.xs) for part in kept) <= 200
    assert kept[-1].ys[-1] == 99_998

"""A plot's panels, and the columns that they are made of."""

import math

import pytest

from repro.model.curve import Curve, curve_text
from repro.model.values import Point
from repro.plot.choose import NoCurveError, choose_metrics
from repro.plot.panel import Traced, build_plot
from repro.plot.points import columns_of

_POINTS = (Point(0, 100.0, 1), Point(2, 110.5, 0.5), Point(3, 111.0, math.inf))


def test_columns_of_a_recorded_curve_are_those_of_its_points() -> None:
    assert columns_of(Curve(curve_text(_POINTS))) == columns_of(_POINTS)
    assert columns_of(_POINTS) == ([0, 2, 3], [100, 110.5, 111], [1, 0.5, math.inf])


@pytest.mark.parametrize(
    "points",
    [
        (Point(0, None, 1), Point(1, 2.0, 2)),
        (Point(10**400, 1.0, 10**5000), Point(1, 1.0, -(10**400))),
        (Point(-1, 1.0, 5),),
        (),
    ],
)
def test_so_are_those_of_uncommon_ones(points: tuple[Point, ...]) -> None:
    found = columns_of(Curve(curve_text(points)))

    expected = columns_of(points)
    assert str(found) == str(expected)
    assert len(found.steps) == len(points)


def traced(label: str, started_at_s: float, *points: Point) -> Traced:
    return Traced(label, started_at_s, {"loss": points})


def test_a_run_keeps_its_number_in_panels_that_others_lack() -> None:
    runs = [Traced("a", 0, {"x": _POINTS}), Traced("b", 0, {"x": _POINTS, "y": _POINTS})]

    plot = build_plot(runs, ["y", "x"])

    assert [(panel.title, [line.run for line in panel.lines]) for panel in plot.panels] == [
        ("y", [1]),
        ("x", [0, 1]),
    ]
    assert plot.labels == ("a", "b")


@pytest.mark.parametrize(
    ("last_s", "label", "expected"),
    [
        (100, "time (s)", 100),
        (600, "time (min)", 10),
        (36_000, "time (h)", 10),
        (864_000, "time (d)", 10),
    ],
)
def test_time_is_counted_from_the_start_of_each_run(
    last_s: float, label: str, expected: float
) -> None:
    runs = [
        traced("a", 1000, Point(0, 1000.0, 1), Point(1, 1000.0 + last_s, 2)),
        traced("b", 5000, Point(0, 5000.0, 1)),
    ]

    plot = build_plot(runs, ["loss"], by_time=True)

    assert plot.x_label == label
    assert [list(line.series.xs) for line in plot.panels[0].lines] == [[0, expected], [0]]


def test_a_point_without_a_time_has_no_place_on_an_axis_of_time() -> None:
    plot = build_plot([traced("a", 10, Point(0, None, 1))], ["loss"], by_time=True)

    (x,) = plot.panels[0].lines[0].series.xs
    assert math.isnan(x)


def test_what_was_smoothed_keeps_what_it_was_made_of() -> None:
    (panel,) = build_plot([traced("a", 0, *_POINTS)], ["loss"], smoothing=0.5).panels

    (line,) = panel.lines
    assert line.raw is not None
    assert line.raw.ys == [1, 0.5, math.inf]
    assert line.series.ys == [1, pytest.approx(2 / 3), math.inf]


_NAMES = {"loss": 9, "val/acc": 9, "val/loss": 3, "final": 1, "system/cpu": 5}


def test_by_default_metrics_are_drawn_that_have_a_curve() -> None:
    assert choose_metrics(_NAMES, []) == ["loss", "val/acc", "val/loss"]
    assert choose_metrics({"final": 1}, []) == ["final"]


def test_patterns_choose_in_their_order_and_each_metric_once() -> None:
    assert choose_metrics(_NAMES, ["val/*", "loss", "*acc"]) == ["val/acc", "val/loss", "loss"]
    assert choose_metrics(_NAMES, ["system/*"]) == ["system/cpu"]
    assert choose_metrics({"acc[1]": 2, "acc1": 2}, ["acc[1]"]) == ["acc[1]"]


def test_a_typo_names_the_nearest() -> None:
    with pytest.raises(NoCurveError) as error:
        choose_metrics(_NAMES, ["val/los"])
    assert (error.value.message, error.value.hint, error.value.pattern) == (
        "no learning curve is called val/los",
        "did you mean val/loss?",
        "val/los",
    )
    with pytest.raises(NoCurveError) as error:
        choose_metrics(_NAMES, ["zzz"])
    assert error.value.hint == "there are loss, val/acc, val/loss, final"


@pytest.mark.parametrize(
    ("names", "hint"), [({}, "repro metrics"), ({"system/cpu": 3}, "repro plot -m 'system/*'")]
)
def test_no_curve_at_all_is_an_error(names: dict[str, int], hint: str) -> None:
    with pytest.raises(NoCurveError) as error:
        choose_metrics(names, [])
    assert error.value.hint == hint

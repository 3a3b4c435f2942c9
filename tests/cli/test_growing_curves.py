"""Curves that grow: bounded, with every peak."""

import math
from pathlib import Path

import pytest

from repro.cli.growing_curves import GrowingCurve, GrowingCurves, Reading, is_wanted
from repro.journal.writer import JournalWriter
from repro.model.run import Record
from repro.model.values import Metric, Point
from tests.compare.samples import record


def test_few_points_are_all_kept() -> None:
    curve = GrowingCurve()
    curve.put([0, 5, 3], [1.0, math.nan, 3.0])
    assert (list(curve.xs), list(curve.ys)) == ([0.0, 3.0], [1.0, 3.0])
    assert (curve.last, curve.last_step, curve.n_points) == (3.0, 3, 3)


def test_many_points_are_thinned_and_no_peak_is_lost() -> None:
    curve = GrowingCurve()
    for begin in range(0, 200_000, 10_000):
        values = [
            100.0 if at in (12_345, 150_001) else at % 7 for at in range(begin, begin + 10_000)
        ]
        curve.put(range(begin, begin + 10_000), values)
    assert 2000 < len(curve.xs) == len(curve.ys) < 10_000
    assert [x for x, y in zip(curve.xs, curve.ys, strict=True) if y == 100] == [12_345, 150_001]
    assert list(curve.xs) == sorted(curve.xs)
    assert curve.n_points == 200_000


def test_values_that_are_not_finite_are_last_but_not_drawn() -> None:
    curve = GrowingCurve()
    curve.put([0, 1, 2], [1.0, math.inf, -math.inf])
    assert list(curve.ys) == [1.0]
    assert curve.last == -math.inf


def test_a_step_that_no_float_holds_is_not_drawn() -> None:
    curve = GrowingCurve()
    curve.put([1, 10**400], [1.0, 2.0])
    assert (list(curve.xs), list(curve.ys), curve.last) == ([1.0], [1.0], 2.0)


@pytest.mark.parametrize(
    ("name", "patterns", "wanted"),
    [
        ("loss", (), True),
        ("loss", ("loss",), True),
        ("val/loss", ("loss",), False),
        ("val/loss", ("val/*",), True),
        ("rank3/val/loss", ("val/*",), True),
        ("ranking/loss", ("loss",), False),
    ],
)
def test_patterns_choose(name: str, patterns: tuple[str, ...], *, wanted: bool) -> None:
    assert is_wanted(name, patterns) is wanted


def test_a_journal_is_read_bit_by_bit(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path))
    curves = GrowingCurves(str(tmp_path), Reading(("loss",), keeps_points=True))
    assert curves.grow() == ([], False)
    writer.metric("loss", 1.0)
    writer.metric("acc", 1.0)
    writer.points([("loss", 2)])
    grown = curves.grow()
    assert [(new.name, new.point.value) for new in grown.points] == [
        ("loss", b"1.0"),
        ("loss", b"2"),
    ]
    assert grown.has_more
    writer.points([("loss", 0x10**30)])
    writer.close()
    curves.grow()
    assert curves.curves["loss"].last_step == 2
    assert list(curves.curves) == ["loss"]


def test_what_was_not_read_in_time_comes_from_the_record(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path))
    writer.metric("loss", 1.0, 0)
    writer.close()
    curves = GrowingCurves(str(tmp_path), Reading())
    curves.grow()
    ended: Record = record(
        metrics={"loss": Metric(3.0, 2), "acc": Metric(0.5, None)},
        history={"loss": tuple(Point(step, None, step + 1.0) for step in range(3))},
    )
    missing = curves.missing(ended)
    assert [(name, point.step, point.value) for name, point in missing] == [
        ("loss", 1, 2.0),
        ("loss", 2, 3.0),
        ("acc", 0, 0.5),
    ]
    assert list(curves.curves["loss"].ys) == [1.0, 2.0, 3.0]
    assert curves.missing(ended) == []

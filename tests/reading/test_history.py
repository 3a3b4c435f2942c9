"""Learning curves by column, and only those that are asked for."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.git import objects
from repro.git.repository import Repository
from repro.model.curve import Curve, curve_text
from repro.model.values import Metric, Point
from repro.reading import get_run, record_files
from repro.reading.history import History, UnknownMetricError
from tests.cli.recorded import Shelf

POINTS = (Point(0, 1.5, 1.0), Point(5, None, 2), Point(3, 2.5, 0.25))
SYSTEM = b"time_s\tcpu_utilization_percentage\n1.000\t50\n2.000\t75.5\n"


def test_a_curve_by_column(shelf: Shelf) -> None:
    shelf.put("k", metrics={"loss": Metric(0.25, 3)}, history={"loss": POINTS})
    loss = get_run().history("loss")
    assert loss.name == "loss"
    assert loss.steps == [0, 5, 3]
    assert loss.values == [1.0, 2, 0.25]
    assert loss.times == [1.5, None, 2.5]
    assert list(loss) == list(POINTS)
    assert (len(loss), loss[1], loss.last) == (3, POINTS[1], POINTS[2])
    assert loss[1:].steps == [5, 3]
    assert repr(loss) == "<History of 'loss': 3 points, last 0.25 at step 3>"


def test_all_curves_in_the_order_of_the_metrics(shelf: Shelf) -> None:
    names = ("z", "a/b", "%odd name", "é")
    metrics = {name: Metric(1.0, 0) for name in names} | {"alone": Metric(3)}
    shelf.put("k", metrics=metrics, history=dict.fromkeys(names, POINTS), system=SYSTEM)
    found = get_run().history()
    assert list(found) == [*names, "alone", "system/cpu_utilization_percentage"]
    assert found["é"] == POINTS
    assert found["system/cpu_utilization_percentage"].values == [50.0, 75.5]
    assert found["system/cpu_utilization_percentage"].times == [1.0, 2.0]


def test_a_metric_without_a_curve_is_one_point(shelf: Shelf) -> None:
    shelf.put("k", metrics={"acc": Metric(0.5), "late": Metric(2, 7)})
    run = get_run()
    assert list(run.history("acc")) == [Point(0, None, 0.5)]
    assert list(run.history("late")) == [Point(7, None, 2)]


def test_an_unknown_metric_names_the_nearest(shelf: Shelf) -> None:
    shelf.put("k", metrics={"train/loss": 1}, system=SYSTEM)
    with pytest.raises(UnknownMetricError) as caught:
        get_run().history("train/los")
    assert caught.value.hint == "did you mean 'train/loss'?"
    with pytest.raises(UnknownMetricError) as caught:
        get_run().history("xyzzy")
    assert "it has train/loss" in (caught.value.hint or "")


def test_only_the_curve_asked_for_is_read(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"m{n}" for n in range(5)]
    shelf.put("k", history=dict.fromkeys(names, POINTS))
    read: list[str] = []
    plain = objects.read_objects

    def noting(repo: Repository, specs: list[str]) -> list[bytes | None]:
        read.extend(specs)
        return plain(repo, specs)

    monkeypatch.setattr(record_files, "read_objects", noting)
    assert get_run().history("m3") == POINTS
    assert len(read) == 1


def test_frames(shelf: Shelf) -> None:
    pandas = pytest.importorskip("pandas")
    shelf.put("k", metrics={"a": 1, "b": 2}, history={"a": POINTS, "b": POINTS[:1]})
    run = get_run()
    frame = run.history_frame()
    assert list(frame.columns) == ["metric", "step", "time", "value"]
    assert list(frame["metric"]) == ["a", "a", "a", "b"]
    assert str(frame["time"].dt.tz) == "UTC"
    assert frame["time"][0] == pandas.Timestamp(1.5, unit="s", tz="UTC")
    assert pandas.isna(frame["time"][1])
    assert list(run.history_frame("b")["value"]) == [1.0]
    assert run.to_pandas().equals(frame)
    assert list(run.history("a").to_pandas().columns) == ["step", "time", "value"]
    with pytest.raises(UnknownMetricError):
        run.history_frame("c")


_NUMBERS = st.one_of(st.integers(-(10**30), 10**30), st.floats(allow_nan=True, allow_infinity=True))
_CURVES = st.lists(
    st.builds(
        Point,
        st.integers(-(10**12), 10**12),
        st.one_of(st.none(), st.floats(0, 4e9, allow_nan=False)),
        _NUMBERS,
    ),
    max_size=20,
)


@given(_CURVES)
def test_columns_are_those_of_the_points(points: list[Point]) -> None:
    curve = Curve(curve_text(points))
    by_column, by_point = History("x", curve), History("x", curve.points)
    assert by_column.steps == by_point.steps == [point.step for point in points]
    assert by_column.times == by_point.times
    assert repr(by_column.values) == repr(by_point.values)
    assert [type(x) for x in by_column.values] == [type(point.value) for point in points]
    assert by_column.last is None or repr(by_column.last) == repr(by_point.last)


def test_numbers_of_any_size_come_back(shelf: Shelf) -> None:
    points = tuple(Point(n, None, x) for n, x in enumerate((2**20_000, math.nan, -math.inf, 1e300)))
    shelf.put("k", history={"x": points})
    values = get_run().history("x").values
    assert values[0] == 2**20_000
    assert math.isnan(values[1])
    assert values[2:] == [-math.inf, 1e300]


@pytest.mark.parametrize("n_points", [0, 1, 2, 9, 10, 11, 1000])
def test_a_thinned_curve_keeps_both_ends(n_points: int) -> None:
    points = tuple(Point(n, None, n) for n in range(n_points))
    for history in (History("x", points), History("x", Curve(curve_text(points)))):
        thin = history.thinned(10)
        assert len(thin) == min(n_points, 10)
        assert not points or (thin[0], thin[-1]) == (0, n_points - 1)

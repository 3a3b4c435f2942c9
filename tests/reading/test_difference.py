"""What differs between two runs, as an object."""

from repro.model.run import Pillars
from repro.model.values import Metric, Point
from repro.reading import get_run
from tests.cli.recorded import Shelf


def _curve(*values: float) -> tuple[Point, ...]:
    return tuple(Point(step, None, value) for step, value in enumerate(values))


def test_a_difference_says_what_differs(shelf: Shelf) -> None:
    shelf.put(
        "k",
        params={"lr": 0.1, "old": 1},
        metrics={"loss": Metric(0.5, 2), "acc": 0.9},
        history={"loss": _curve(1, 0.75, 0.5)},
    )
    shelf.scratch.write("train.py", "changed\n")
    shelf.put(
        "l",
        minute=1,
        params={"lr": 0.2},
        metrics={"loss": Metric(0.25, 2), "acc": 0.9},
        history={"loss": _curve(1, 0.5, 0.25)},
        run={"pillars": Pillars("other", "", "", "")},
    )
    difference = get_run("run-k").diff("run-l")
    assert difference.params == {"lr": (0.1, 0.2), "old": (1, None)}
    assert difference.metrics == {"loss": (0.5, 0.25)}
    assert difference.pillars["params"] is False
    assert not difference.is_same
    assert difference
    curve = difference.curves["loss"]
    assert (curve.parts_at, curve.largest, curve.largest_at) == (1, -0.25, 1)
    text = str(difference)
    for line in (
        "run-k → run-l",
        "  code: train.py: M +1 -",
        "  params: lr: 0.1 → 0.2",
        "  params: old: 1 → none",
        "  metrics: loss: 0.5 → 0.25",
        "  curves: loss: part at step 1, by -0.25 at most, at step 1",
    ):
        assert line in text
    assert "<td" in difference._repr_html_()
    assert difference.to_json()["params"] == difference.to_json()["params"]
    assert difference.to_json()["a"] == get_run("run-k").id


def test_a_run_does_not_differ_from_itself(shelf: Shelf) -> None:
    shelf.put("k", metrics={"loss": 1})
    run = get_run()
    assert run.diff(run).is_same
    assert not run.diff(run)
    assert run.diff(run).metrics == {}

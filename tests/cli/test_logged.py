"""Outputs that were logged by name, and curves, as the command line shows them."""

import json

import pytest

from repro.cli.commands import diff, show
from repro.model.data import Artifact, Place
from repro.model.values import Metric, Point
from tests.cli.recorded import Shelf, call, shelf
from tests.repos import Scratch

CURVE = tuple(Point(step, None, 1 / (step + 1)) for step in range(5))


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    found.put(
        "k",
        metrics={"loss": Metric(0.2, 4)},
        history={"loss": CURVE},
        artifacts=(
            Artifact(".repro/logged/plots/roc.png", "ab" * 16, 7, kind="figure"),
            Artifact("model.pkl", "cd" * 16, 4_100_000, kind="model"),
            Artifact("out.csv", "ef" * 16, 9, place=Place.NOWHERE),
        ),
    )
    found.put(
        "l",
        minute=1,
        metrics={"loss": Metric(0.2, 4)},
        history={"loss": (*CURVE[:2], Point(2, None, 0.75), *CURVE[3:], Point(5, None, 0.2))},
        artifacts=(Artifact(".repro/logged/plots/roc.png", "cd" * 16, 7, kind="figure"),),
    )
    return found


def _row(text: str, word: str) -> str:
    return next(line for line in text.splitlines() if word in line)


@pytest.mark.usefixtures("runs")
def test_show_marks_what_was_logged_and_as_what() -> None:
    text = call(show.command, "kk").stdout
    assert ".repro/logged" not in text
    assert "  plots/roc.png  " in _row(text, "roc.png")
    assert _row(text, "roc.png").endswith("object store, logged figure")
    assert _row(text, "model.pkl").endswith("object store, model")
    assert _row(text, "out.csv").endswith("not kept")


@pytest.mark.usefixtures("runs")
def test_json_has_the_path_and_the_kind() -> None:
    found = json.loads(call(show.command, "kk", "--json").stdout)["artifacts"]
    pairs = {row["path"]: row["kind"] for row in found}
    assert pairs[".repro/logged/plots/roc.png"] == "figure"


@pytest.mark.usefixtures("runs")
def test_diff_says_where_curves_part() -> None:
    text = call(diff.command, "kk", "ll").stdout
    row = _row(text, "part at step")
    assert row.split() == [
        *("curves", "loss", "part", "at", "step", "2", "most", "+0.4167", "at", "step", "2"),
        *("5", "→", "6", "points"),
    ]
    assert "plots/roc.png" in text
    assert ".repro/logged" not in text
    found = json.loads(call(diff.command, "kk", "ll", "--json").stdout)
    assert found["curves"]["loss"]["parts_at"] == 2
    assert found["same"] is False


@pytest.mark.usefixtures("runs")
def test_diff_is_silent_of_curves_that_are_the_same() -> None:
    text = call(diff.command, "kk", "kk").stdout
    assert "curves" not in text

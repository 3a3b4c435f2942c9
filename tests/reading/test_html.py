"""What a notebook shows: whole, escaped, and without colours of its own."""

import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.model.data import Artifact, Place
from repro.model.gap import Gap, GapKind
from repro.model.run import Status
from repro.model.values import Metric, Point
from repro.reading import get_run, runs
from repro.reading.html import duration, escaped, number, sparkline
from tests.cli.recorded import Shelf

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>\x1b[31m\u202e\ud800&\n'
VOID = {"br"}


class _Checker(HTMLParser):
    """Notes tags and texts, and that what is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: dict[str, str] = {}
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "


def _checked(html: str) -> _Checker:
    checker = _Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    html.encode("utf-8")
    assert not re.search(r"#[0-9a-f]{3,6}\b|rgb|(?<![-a-z])color\s*:|background", html)
    return checker


TAGS = {
    "div",
    "b",
    "br",
    "code",
    "span",
    "table",
    "tbody",
    "thead",
    "tr",
    "th",
    "td",
    "svg",
    "path",
}


def test_a_run_on_a_page(shelf: Shelf) -> None:
    points = tuple(Point(n, None, 1 / (n + 1)) for n in range(50))
    shelf.put(
        "k",
        params={"lr": 0.1},
        metrics={"loss": Metric(0.02, 49), "acc": 0.5},
        history={"loss": points},
        artifacts=(Artifact(".repro/logged/m.bin", "0" * 32, 7, kind="model"),),
        run={"tags": {"stage": "dev"}, "message": "a try"},
    )
    page = _checked(get_run()._repr_html_())
    for text in ("run-k", "kkkkkkkk", "python train.py", "lr", "0.1", "loss", "0.02", "m.bin"):
        assert text in page.text
    for text in ("stage=dev", "a try", "none: reproducible", "model, logged", "clean"):
        assert text in page.text
    assert page.tags <= TAGS
    assert page.attributes["stroke"] == "currentColor"


def test_gaps_are_on_the_page(shelf: Shelf) -> None:
    shelf.put("k", run={"gaps": (Gap(GapKind.DATA, "x.csv", "it is gone", "dvc add x.csv"),)})
    page = _checked(get_run()._repr_html_())
    for text in ("data: x.csv", "it is gone", "dvc add x.csv"):
        assert text in page.text


def test_hostile_texts_are_harmless(shelf: Shelf) -> None:
    name = HOSTILE.replace("\ud800", "")
    fields: dict[str, Any] = {
        "params": {name: HOSTILE},
        "metrics": {HOSTILE: Metric(1, 0)},
        "history": {HOSTILE: (Point(0, None, 1), Point(1, None, 2))},
        "artifacts": (Artifact(HOSTILE, "0" * 32, 7, place=Place.NOWHERE),),
        "run": {
            "name": HOSTILE,
            "message": HOSTILE,
            "command": (name,),
            "tags": {name: name},
            "gaps": (Gap(GapKind.DATA, HOSTILE, HOSTILE, HOSTILE),),
        },
    }
    shelf.put("k", **fields)
    shelf.put("l", minute=1)
    run = get_run("@~1")
    for html in (
        run._repr_html_(),
        runs()._repr_html_(),
        run.diff("@")._repr_html_(),
        run.history(HOSTILE)._repr_html_(),
    ):
        page = _checked(html)
        assert page.tags <= TAGS
        assert "onerror" not in page.attributes
        assert "\x1b" not in html
        assert "\u202e" not in html
    for text in (repr(run), str(run.diff("@"))):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_runs_as_a_table_of_what_differs(shelf: Shelf) -> None:
    shelf.put("k", params={"lr": 0.1, "opt": "adam"}, metrics={"acc": 0.5})
    shelf.put("l", minute=1, params={"lr": 0.2, "opt": "adam"}, run={"status": Status.FAILED})
    table = _checked(runs()._repr_html_())
    for text in ("run-k", "run-l", "lr", "0.2", "acc", "0.5", "failed", "reproducible"):
        assert text in table.text
    assert "opt" not in table.text
    assert table.tags <= TAGS


def test_a_long_table_is_cut(shelf: Shelf) -> None:
    shelf.put("k", params={f"p{n}": n for n in range(50)})
    found = runs()
    table = _checked(type(found)(found * 150)._repr_html_())
    assert "… and 50 more" in table.text
    one = _checked(found._repr_html_())
    assert "without 26 more columns" in one.text


def test_no_runs_are_said_to_be_none(shelf: Shelf) -> None:
    assert shelf
    assert "no runs" in runs()._repr_html_()


@given(st.lists(st.one_of(st.floats(), st.integers()), max_size=400))
def test_any_curve_can_be_drawn(values: list[float]) -> None:
    drawing = sparkline([*values, 10**400] if values else values)
    if drawing:
        _checked(drawing)
        assert "nan" not in drawing
        assert "inf" not in drawing


@given(st.text())
def test_any_text_can_be_shown(text: str) -> None:
    shown = _checked(f"<div>{escaped(text)}</div>")
    assert shown.tags == {"div"}


@pytest.mark.parametrize(
    ("given_", "text"),
    [
        *((0.1, "0.1"), (1234567.0, "1.23457e+06"), (3, "3"), (10**20, "1e+20")),
        *((-(10**400), "-1e+400"), (math.nan, "nan"), (-math.inf, "-inf")),
    ],
)
def test_numbers(given_: float, text: str) -> None:
    assert number(given_) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.123, "0.12 s"), (12.34, "12.3 s"), (59.6, "1 min 0 s"), (7300, "2 h 1 min")],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text

"""Curves in a terminal."""

import math
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repro.plot.panel import Line, Panel, Plot
from repro.plot.series import Series
from repro.plot.terminal import draw, draw_plot
from repro.plot.text import cell_width, painted_width

NAN, INF = math.nan, math.inf
_COLOUR = re.compile("\x1b\\[(?:1|22|3[0-9])m")


def dots(text: str) -> int:
    """Returns how many braille dots are set."""
    return sum((ord(c) - 0x2800).bit_count() for c in text if 0x2800 <= ord(c) <= 0x28FF)


def falling(name: str, n: int = 1000, factor: float = 1.0) -> Series:
    return Series(name, range(n), [factor * math.exp(-step / 200) for step in range(n)])


def test_a_curve_between_its_axes() -> None:
    text = draw(
        [Series("loss", range(5), (4, 3, 2, 1, 0))],
        width=24,
        height=9,
        title="train/loss",
        has_colour=False,
    )

    assert text.splitlines() == [
        "train/loss",
        "4┤⠙⠲⢤⣀⡀",
        " │    ⠉⠓⠦⢤⣀⡀",
        "2┤         ⠉⠙⠲⢤⣀",
        " │             ⠈⠙⠲⢤⣀",
        "0┤                 ⠈⠙⠒⠦⣄",
        " └┬──────────┬─────────┬",
        "  0          2      step",
        "━ loss",
    ]


@pytest.mark.parametrize("has_colour", [True, False])
@pytest.mark.parametrize(("width", "height"), [(20, 5), (21, 6), (40, 10), (80, 24), (200, 50)])
def test_it_is_as_large_as_was_asked_for(width: int, height: int, has_colour: bool) -> None:
    series = [falling(f"run-{number} lr=0.{number}", 300, number) for number in range(1, 9)]

    text = draw(series, width=width, height=height, title="t" * 300, has_colour=has_colour)

    lines = text.split("\n")
    assert len(lines) == height
    assert max(map(painted_width, lines)) <= width
    assert dots(text) > 5
    assert bool(_COLOUR.search(text)) is has_colour


def test_less_than_the_least_is_the_least() -> None:
    text = draw([falling("a")], width=1, height=1, has_colour=False)

    assert len(text.split("\n")) == 5


_NUMBERS = st.one_of(st.floats(), st.integers(), st.integers(-(10**400), 10**400))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(max_size=30), st.lists(st.tuples(_NUMBERS, _NUMBERS), max_size=30)),
        max_size=5,
    ),
    st.integers(20, 90),
    st.integers(5, 30),
    st.booleans(),
    st.booleans(),
)
def test_anything_can_be_drawn(
    curves: list[tuple[str, list[tuple[float, float]]]],
    width: int,
    height: int,
    is_log: bool,
    has_colour: bool,
) -> None:
    series = [
        Series(name, [x for x, _ in points], [y for _, y in points]) for name, points in curves
    ]

    text = draw(
        series,
        width=width,
        height=height,
        title="".join(name for name, _ in curves),
        is_log=is_log,
        has_colour=has_colour,
    )

    lines = text.split("\n")
    assert len(lines) == height
    assert all(painted_width(line) <= width for line in lines)
    assert "\x1b" not in _COLOUR.sub("", text)


@pytest.mark.parametrize(
    ("xs", "ys", "is_log"),
    [
        ([5], [0.3], False),
        ([0, 1, 2], [7, 7, 7], False),
        ([0, 1], [-1e308, 1.7e308], False),
        ([0, 1], [5e-324, 1e-320], False),
        ([0, 1], [5e-324, 1.7e308], True),
        ([3, 1, 2], [1, 2, 3], False),
        ([0, 1, 2], [-1, 0, 5], True),
        ([0, 1, 2], [NAN, INF, 5], False),
        ([0, 10**400, 3], [10**400, 1, 2], False),
        ([7, 7, 7], [1, 2, 3], False),
    ],
)
def test_odd_numbers_are_drawn(xs: list[float], ys: list[float], is_log: bool) -> None:
    text = draw([Series("odd", xs, ys)], width=40, height=10, is_log=is_log, has_colour=False)

    assert dots(text) or "•" in text


@pytest.mark.parametrize("series", [[], [Series("a", (), ())], [Series("a", (1,), (NAN,))]])
def test_nothing_says_so(series: list[Series]) -> None:
    assert "nothing to draw" in draw(series, width=40, height=8, has_colour=False)


def test_what_is_not_drawn_is_counted() -> None:
    text = draw([Series("a", range(5), (1, NAN, 2, INF, 3))], width=40, height=8)

    assert "a (2 not drawn)" in text


def test_a_gap_is_seen() -> None:
    ys = [1.0] * 40 + [NAN] * 20 + [1.0] * 40

    text = draw([Series("a", range(100), ys)], width=62, height=9, has_colour=False)

    (line,) = [line for line in text.splitlines() if dots(line)]
    assert re.search(r"[^ ] {10,13}[^ ]", line.partition("┤")[2])


def test_a_peak_among_many_points_is_seen() -> None:
    ys = [0.0] * 50_000
    ys[31_234] = 1.0

    top = draw([Series("", range(50_000), ys)], width=60, height=12, has_colour=False)

    assert dots(top.splitlines()[0])


def test_names_are_harmless_and_measured_by_their_cells() -> None:
    series = [Series("\x1b[31m学習率\r\n\u202e", (0, 1), (1, 2)), Series("é" * 90, (0, 1), (2, 1))]

    text = draw(series, width=60, height=10, title="\x07損失", has_colour=False)

    assert "\\x1b[31m学習率\\x0d\\x0a\\u202e" in text
    assert text.startswith("\\x07損失\n")
    assert max(map(cell_width, text.split("\n"))) <= 60


def test_without_colour_letters_tell_curves_apart() -> None:
    text = draw([falling("one"), falling("two", factor=2)], width=60, height=16, has_colour=False)

    *plot, _ = text.splitlines()
    assert text.endswith("a one  b two")
    assert {"a", "b"} <= set("".join(plot))


def test_names_without_room_are_counted() -> None:
    series = [falling(f"name-{number}") for number in range(12)]

    text = draw(series, width=30, height=8, has_colour=False)

    assert re.fullmatch(r"a name-0  b name-1  \+10", text.splitlines()[-1])


def test_it_is_quick() -> None:
    series = [falling(f"run-{number}", factor=1 + number) for number in range(5)]
    taken_s = []
    for _ in range(10):
        begin_s = time.perf_counter()
        draw(series, width=80, height=24)
        taken_s.append(time.perf_counter() - begin_s)

    # About 7 ms; the bound is for a machine with other work.
    assert min(taken_s) < 0.05


def plot(n_panels: int, *labels: str) -> Plot:
    lines = tuple(Line(number, falling(label)) for number, label in enumerate(labels))
    return Plot(labels, tuple(Panel(f"metric-{n}", lines) for n in range(n_panels)))


def test_panels_stand_side_by_side_where_there_is_room() -> None:
    narrow = draw_plot(plot(3, "a", "b"), width=80, height=12, has_colour=False)
    wide = draw_plot(plot(3, "a", "b"), width=200, height=12, has_colour=False)

    assert len(narrow.split("\n")) == 3 * 12 + 1
    assert len(wide.split("\n")) == 12 + 1
    assert re.fullmatch(r"metric-0 +metric-1 +metric-2", wide.split("\n")[0])
    assert max(map(len, wide.split("\n"))) <= 200


def test_a_run_has_one_colour_in_all_panels() -> None:
    both = plot(1, "a", "b")
    second = Panel("only b", (Line(1, falling("b")),))

    text = draw_plot(both._replace(panels=(*both.panels, second)), width=60, height=10)

    of_second = text.partition("only b")[2].rpartition("\n")[0]
    assert "\x1b[33m" in of_second
    assert "\x1b[34m" not in of_second

"""Pictures."""

import io
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from repro.plot.palette import COLOURS
from repro.plot.panel import Line, Panel, Plot
from repro.plot.picture import PlotPackageMissingError, draw_picture
from repro.plot.series import Series
from tests.plot.plots import HOSTILE, sample
from tests.repos import run_program

pytest.importorskip("matplotlib")

_TOP = Path(__file__).parents[2]


def pixels(content: bytes) -> Any:
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        return image.convert("RGB")


def has_colour(image: Any, colour: str) -> bool:
    wanted = tuple(bytes.fromhex(colour.removeprefix("#")))
    return wanted in {found for _, found in image.getcolors(1 << 24)}


def test_a_png_shows_every_run_in_its_colour() -> None:
    image = pixels(draw_picture(sample(), "png"))

    assert has_colour(image, COLOURS[0])
    assert has_colour(image, COLOURS[1])
    assert not has_colour(image, COLOURS[2])
    assert image.size[0] > image.size[1] > 500


def test_it_is_as_large_as_was_asked_for() -> None:
    assert pixels(draw_picture(sample(), "png", width_px=641, height_px=479)).size == (641, 479)


def test_even_where_that_is_next_to_nothing() -> None:
    assert pixels(draw_picture(sample(), "png", width_px=20, height_px=5)).size == (20, 5)


def test_it_is_never_larger_than_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repro.plot.picture._MOST_PX", 300)

    assert max(pixels(draw_picture(sample(), "png")).size) == 300


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_the_same_curves_are_the_same_bytes(kind: str) -> None:
    assert draw_picture(sample(), kind) == draw_picture(sample(), kind)


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
@pytest.mark.parametrize(
    "lines",
    [
        (),
        (Line(0, Series("", (), ())),),
        (Line(0, Series("", (1,), (float("nan"),))),),
        (Line(0, Series("", (0, 1, 10**400), (-1e308, 1.7e308, 1))),),
        (Line(0, Series("", (3, 1, 2), (5e-324, 1e-300, 1))),),
    ],
)
@pytest.mark.parametrize("is_log", [True, False])
def test_odd_numbers_are_drawn(kind: str, lines: tuple[Line, ...], is_log: bool) -> None:
    plot = Plot(("",), (Panel("odd", lines),), is_log=is_log)

    assert len(draw_picture(plot, kind)) > 1000


def test_a_hostile_name_is_a_text_in_an_svg() -> None:
    content = draw_picture(sample(label=HOSTILE), "svg")

    root = ET.fromstring(content)  # noqa: S314 - ours
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert "script" not in names
    assert b"<script" not in content
    assert b"\x1b" not in content


def test_a_formula_that_is_none_is_a_text() -> None:
    for label in ("$x_", "$\\frac$", "_", "\\", "{", ""):
        assert draw_picture(sample(label=label), "png")


def test_raw_values_are_faint_behind_smoothed_ones() -> None:
    svg = draw_picture(sample(smoothing=0.9), "svg")

    assert svg.count(b"stroke-opacity: 0.25") == 4
    assert b"stroke-opacity: 0.25" not in draw_picture(sample(), "svg")


def test_what_the_user_set_up_in_matplotlib_is_neither_used_nor_changed() -> None:
    import matplotlib as mpl

    plain = draw_picture(sample(), "svg")
    ours: dict[Any, Any] = {"lines.linewidth": 9.0, "text.usetex": True, "axes.facecolor": "red"}
    with mpl.rc_context(ours):
        before = dict(mpl.rcParams)

        assert draw_picture(sample(), "svg") == plain
        assert dict(mpl.rcParams) == before


def test_pyplot_is_not_loaded() -> None:
    program = (
        "import sys\n"
        "from repro.plot.picture import draw_picture\n"
        "from tests.plot.plots import sample\n"
        "draw_picture(sample(), 'png')\n"
        "print('matplotlib.pyplot' in sys.modules)\n"
    )
    assert "False" in run_program(sys.executable, "-c", program, cwd=_TOP).stdout


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(PlotPackageMissingError) as error:
        draw_picture(sample(), "png")
    assert error.value.message == "a plot as PNG needs the package matplotlib"
    assert error.value.hint == "pip install 'repro-git[plot]'"
    assert error.value.package == "matplotlib"

"""Cells and their differences on a page."""

import json

import pytest

from repro.cli.commands import diff, show
from repro.cli.page import to_plain
from repro.cli.views.cells import cell_difference, cell_rows
from repro.model.cells import Cell, Cells, render_cells
from tests.cli.recorded import Shelf, call, shelf
from tests.repos import Scratch


@pytest.fixture
def here(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    return shelf(repo, monkeypatch)


def cells(*executed: Cell, order: str = "") -> bytes:
    return render_cells(Cells(executed, "train.ipynb", order))


def text(content: bytes | None) -> str:
    return "".join(to_plain(cell_rows(content)))


def test_each_cell_is_a_row_with_its_end() -> None:
    content = cells(
        Cell("x = 1\ny = 2", 1, 0.5), Cell("1 / 0", 2, 0.1, "ZeroDivisionError"), order="again"
    )

    page = text(content)

    assert page.startswith("train.ipynb\nagain\n")
    assert "[1]  x = 1 …" in page
    assert "[2]  1 / 0    ZeroDivisionError" in page
    assert text(None) == ""
    assert text(cells()).strip() == "train.ipynb"


def test_the_last_of_many_cells_are_shown() -> None:
    page = text(cells(*(Cell(f"x = {n}", n) for n in range(1, 31))))

    assert "… 10 cells before: --cells" in page
    assert "[10]" not in page
    assert "[11]" in page
    assert "x = 30" in page


def test_a_long_difference_is_cut() -> None:
    page = "".join(to_plain(cell_difference([f"+{n}" for n in range(50)])))

    assert "+39\n" in page
    assert "+40\n" not in page
    assert page.rstrip().endswith("… and 10 lines more: --patch")


def test_a_terminal_does_not_obey_a_cell(here: Shelf) -> None:
    here.put("k", cells=cells(Cell("print('\x1b[2J')", 1)))

    piped = call(show.command, "--cells").stdout
    on_terminal = call(show.command, "--cells", terminal=True).stdout

    assert "\x1b[2J" in piped
    assert "\x1b[2J" not in on_terminal


def test_without_a_kernel_there_are_no_cells(here: Shelf) -> None:
    here.put("k")

    result = call(show.command, "--cells")

    assert result.stdout == ""
    assert "it ran no cells of a notebook" in result.stderr


def test_runs_of_cells_differ_by_their_cells(here: Shelf) -> None:
    here.put("k", cells=cells(Cell("lr = 1", 1)))
    here.put("m", minute=1, cells=cells(Cell("lr = 2", 4)))

    found = json.loads(call(diff.command, "run-k", "run-m", "--json").stdout)
    patch = call(diff.command, "run-k", "run-m", "--patch").stdout

    changed = [line for line in found["code"]["cells"] if line[:1] in ("+", "-")]
    assert changed == ["-lr = 1", "+lr = 2"]
    assert "+++ b/notebook/cells.py" in patch
    shown = json.loads(call(show.command, "run-k", "--json").stdout)["notebook"]
    assert shown["cells"][0]["source"] == "lr = 1"

"""The difference between cells is that of their sources."""

from repro.compare.cells import compare_cells
from repro.model.cells import Cell, Cells, render_cells


def script(*sources: str, first: int = 1) -> bytes:
    cells = [Cell(source, at, 0.1 * at) for at, source in enumerate(sources, start=first)]
    return render_cells(Cells(tuple(cells), f"{first}.ipynb"))


def test_the_same_cells_at_other_counts_do_not_differ() -> None:
    assert compare_cells(script("x", "y"), script("x", "y", first=5)) == ()
    assert compare_cells(None, None) == ()


def test_a_changed_cell_is_shown_with_what_is_around_it() -> None:
    diff = compare_cells(script("a", "lr = 1", "b"), script("a", "lr = 2", "b"))

    assert diff[0].startswith("@@ ")
    assert [line for line in diff if line[:1] in ("+", "-")] == ["-lr = 1", "+lr = 2"]


def test_cells_of_one_of_two_are_all_new() -> None:
    assert "+x" in compare_cells(None, script("x"))
    assert "-x" in compare_cells(script("x"), None)

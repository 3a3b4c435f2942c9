"""What kernels executed, read back, and held against the saved notebook."""

import json
from pathlib import Path

import pytest

from repro.model.cells import Cell, parse_cells
from repro.record.cells import ExecutedCells, read_cells


def written(directory: Path, *lines: dict[str, object] | str) -> ExecutedCells:
    texts = [line if isinstance(line, str) else json.dumps({"kernel": 1} | line) for line in lines]
    (directory / "cells.jsonl").write_text("".join(f"{text}\n" for text in texts))
    found = read_cells(str(directory))
    assert found is not None
    return found


def cell(at: int, source: str, **rest: object) -> dict[str, object]:
    return {"cell": at, "source": source, "number": at, **rest}


def notebook(*sources: str) -> bytes:
    cells: list[dict[str, object]] = [{"cell_type": "markdown", "source": "# Title"}]
    cells += [
        {"cell_type": "code", "id": f"id-{at}", "source": source.splitlines(keepends=True)}
        for at, source in enumerate(sources)
    ]
    return json.dumps({"cells": cells, "nbformat": 4}).encode()


def reasons(found: ExecutedCells, saved: bytes | None) -> list[str]:
    return [gap.reason for gap in found.gaps(saved, top="/top")]


def test_a_run_without_a_kernel_has_none(tmp_path: Path) -> None:
    assert read_cells(str(tmp_path)) is None


def test_cells_come_in_the_order_executed_each_with_its_end(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        {"notebook": "/top/exp/a.ipynb", "n_missing": 0},
        cell(1, "x"),
        cell(2, "y\n"),
        {"ended": 1, "took_s": 1.5, "error": None},
        {"ended": 2, "took_s": 2, "error": "ValueError"},
        cell(3, "z", number=None),
    )

    assert [execution.cell for execution in found.executions] == [
        Cell("x", 1, 1.5),
        Cell("y", 2, 2.0, "ValueError"),
        Cell("z"),
    ]
    assert found.path("/top") == "exp/a.ipynb"
    assert found.path("/elsewhere") == "/top/exp/a.ipynb"
    assert found.script(None, top="/top").startswith(
        b"# notebook: exp/a.ipynb\n\n# %% [1]\nx\n# -> 1.5 s\n"
    )


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "{",
        "[]",
        "null",
        '{"kernel": "x", "cell": 1}',
        '{"kernel": 1, "cell": [], "source": "x"}',
        '{"kernel": 1, "cell": 5, "source": 3}',
        '{"kernel": 1, "ended": 9}',
        '{"kernel": 1, "ended": 1, "error": "a\\nb", "took_s": "x"}',
        '{"kernel": 1, "notebook": 3, "n_missing": "x"}',
        "[" * 100_000,
    ],
)
def test_garbage_is_left_out(tmp_path: Path, garbage: str) -> None:
    found = written(tmp_path, cell(1, "x"), garbage)

    assert [execution.cell for execution in found.executions] == [Cell("x", 1)]


def test_a_line_that_a_kernel_died_of_writing_is_left_out(tmp_path: Path) -> None:
    written(tmp_path, cell(1, "x"))
    with (tmp_path / "cells.jsonl").open("a") as file:
        file.write('{"kernel": 1, "cell": 2, "source": "y"')

    found = read_cells(str(tmp_path))

    assert found is not None
    assert len(found.executions) == 1


def test_cells_from_top_to_bottom_as_saved_are_no_gap(tmp_path: Path) -> None:
    found = written(
        tmp_path, cell(1, "x"), cell(2, "lr = 1", is_injected=True), cell(3, "y", id="id-1")
    )

    assert reasons(found, notebook("x", "y", "z")) == []
    assert order(found, notebook("x", "y", "z")) == ""
    assert reasons(found, None) == []
    assert reasons(found, b"no notebook") == []


def order(found: ExecutedCells, saved: bytes) -> str:
    return parse_cells(found.script(saved, top="/top")).order


def test_another_order_is_said(tmp_path: Path) -> None:
    found = written(tmp_path, cell(1, "y", id="id-1"), cell(2, "x", id="id-0"))

    saved = notebook("x", "y")
    assert order(found, saved) == "cells ran in another order than they stand in the notebook"
    assert reasons(found, saved) == []


def test_cells_run_again_and_left_out_are_said(tmp_path: Path) -> None:
    found = written(tmp_path, cell(1, "x"), cell(2, "x"), cell(3, "z"))

    saved = notebook("x", "y", "z")
    assert order(found, saved) == "1 cell was run again, 1 cell before the last was not run"
    assert reasons(found, saved) == []


def test_a_notebook_that_was_not_saved_is_a_gap(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        {"notebook": "/top/a.ipynb"},
        cell(1, "x = 2", id="id-0"),
        cell(2, "new", id="other"),
    )

    (gap,) = found.gaps(notebook("x = 1", "y"), top="/top")

    assert gap.subject == "a.ipynb"
    assert gap.reason == "2 cells that ran are not in the saved notebook"
    assert gap.fix == "save the notebook before the run begins"

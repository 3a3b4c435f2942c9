"""The cells that a kernel executed during a run, and whether the saved notebook says the same.

While the run is on, ``cells.jsonl`` in its directory gets a line when a kernel joins, when a cell
begins and when it ends, so that a kernel that dies has lost none of them::

    {"kernel": 4711, "notebook": "/home/ann/exp/train.ipynb", "n_missing": 0}
    {"kernel": 4711, "cell": 3, "source": "fit()", "number": 3, "id": "a1b2"}
    {"kernel": 4711, "ended": 3, "took_s": 1.25, "error": "ValueError"}

``cell`` numbers the executions of a kernel from 1; ``number`` is its execution count, null for
none; ``id`` is the cell's in the notebook, where the front end tells; ``"is_injected": true`` marks
a cell that was put in to set params.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from repro.model.cells import Cell, Cells, render_cells
from repro.model.gap import Gap, GapKind

__all__ = ["CELLS", "ExecutedCells", "read_cells"]

CELLS = "cells.jsonl"
"""Below the directory of the live run."""


class _Execution(NamedTuple):
    cell: Cell
    id: str | None


class ExecutedCells(NamedTuple):
    """What was executed, in that order.

    Attributes:
        executions: The cells.
        notebook: Absolute path of the notebook; None when it is not known.
        n_missing: Cells that the kernel had executed and no longer knew.
    """

    executions: tuple[_Execution, ...]
    notebook: str | None = None
    n_missing: int = 0

    def path(self, top: str) -> str | None:
        """Returns the path of the notebook, relative to the working tree where it lies in it."""
        return None if self.notebook is None else self.notebook.removeprefix(f"{top}/")

    def script(self, saved: bytes | None, *, top: str) -> bytes:
        """Returns ``notebook/cells.py``.

        Args:
            saved: The notebook as the run's code has it; None where it has none.
            top: Of the working tree.
        """
        cells = tuple(execution.cell for execution in self.executions)
        in_file = None if saved is None else _code_cells(saved)
        order = "" if in_file is None else self._order(in_file)
        return render_cells(Cells(cells, self.path(top), order))

    def gaps(self, saved: bytes | None, *, top: str) -> list[Gap]:
        """Returns what is missing: cells that nobody knows, and a notebook that is not what ran.

        Args:
            saved: As for `script`.
            top: Likewise.
        """
        subject = self.path(top) or "notebook"
        gaps: list[Gap] = []
        if self.n_missing:
            what = _counted(self.n_missing, "cell that ran before is", "cells that ran before are")
            reason = f"{what} no longer known to the kernel"
            gaps.append(Gap(GapKind.CODE, subject, reason, "restart the kernel"))
        in_file = None if saved is None else _code_cells(saved)
        if in_file is not None:
            n = sum(_text(e.cell.source) not in in_file.sources for e in self._own())
            what = _counted(n, "cell that ran is", "cells that ran are")
            reason = f"{what} not in the saved notebook"
            fix = "save the notebook before the run begins"
            gaps += [Gap(GapKind.CODE, subject, reason, fix)] if n else []
        return gaps

    def _own(self) -> list[_Execution]:
        return [execution for execution in self.executions if not execution.cell.is_injected]

    def _order(self, in_file: "_CodeCells") -> str:
        """Says whether the cells did not run from top to bottom, each once."""
        places = [
            place
            for execution in self._own()
            if (place := in_file.place(execution.id, execution.cell.source)) is not None
        ]
        found = []
        if places != sorted(places):
            found.append("cells ran in another order than they stand in the notebook")
        n_again = len(places) - len(set(places))
        if n_again:
            what = _counted(n_again, "cell was", "cells were")
            found.append(f"{what} run again")
        n_left_out = len(set(range(max(places, default=-1) + 1)).difference(places))
        if n_left_out:
            one, many = "cell before the last was", "cells before the last were"
            found.append(f"{_counted(n_left_out, one, many)} not run")
        return ", ".join(found)


def read_cells(directory: str) -> ExecutedCells | None:
    """Reads what kernels executed; None where none did.

    Args:
        directory: Of the live run.
    """
    executions: dict[tuple[int, int], _Execution] = {}
    notebook = None
    n_missing = 0
    is_there = False
    for line in _lines(f"{directory}/{CELLS}"):
        is_there = True
        kernel = line["kernel"]
        if "cell" in line:
            execution = _execution(line)
            if execution is not None:
                executions[kernel, line["cell"]] = execution
        elif "ended" in line:
            begun = executions.get((kernel, line["ended"]))
            if begun is not None:
                executions[kernel, line["ended"]] = _ended(begun, line)
        else:
            name = line.get("notebook")
            notebook = name if isinstance(name, str) else notebook
            missing = line.get("n_missing")
            n_missing += missing if isinstance(missing, int) else 0
    if not is_there:
        return None
    return ExecutedCells(tuple(executions.values()), notebook, n_missing)


def _lines(path: str) -> Iterator[dict[str, Any]]:
    """Yields the objects of a file that a kernel writes; what it could not end is left out."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return
    for text in content.split(b"\n")[:-1]:
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict) and isinstance(line.get("kernel"), int):
            numbers = (line.get("cell", 0), line.get("ended", 0))
            if all(isinstance(number, int) for number in numbers):
                yield line


def _execution(line: dict[str, Any]) -> _Execution | None:
    source, number, cell_id = line.get("source"), line.get("number"), line.get("id")
    if not isinstance(source, str):
        return None
    count = number if isinstance(number, int) and number > 0 else None
    return _Execution(
        Cell(source.rstrip("\n"), count, is_injected=line.get("is_injected") is True),
        cell_id if isinstance(cell_id, str) else None,
    )


def _ended(execution: _Execution, line: dict[str, Any]) -> _Execution:
    took_s, error = line.get("took_s"), line.get("error")
    cell = execution.cell._replace(
        took_s=float(took_s) if isinstance(took_s, (int, float)) else None,
        error=error if isinstance(error, str) and error.isidentifier() else None,
    )
    return execution._replace(cell=cell)


class _CodeCells(NamedTuple):
    """The code cells of a notebook, from its top."""

    ids: dict[str, int]
    sources: dict[str, int]

    def place(self, cell_id: str | None, source: str) -> int | None:
        """Returns where a cell stands; by its text where its id is not known."""
        if cell_id is not None and cell_id in self.ids:
            return self.ids[cell_id]
        return self.sources.get(_text(source))


def _code_cells(content: bytes) -> _CodeCells | None:
    """Reads a notebook; None when it is none."""
    try:
        cells = json.loads(content)["cells"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    ids: dict[str, int] = {}
    sources: dict[str, int] = {}
    place = 0
    for cell in cells if isinstance(cells, list) else ():
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        text = _text(_joined(cell.get("source")))
        if not text:
            continue
        sources.setdefault(text, place)
        if isinstance(cell.get("id"), str):
            ids[cell["id"]] = place
        place += 1
    return _CodeCells(ids, sources)


def _joined(source: object) -> str:
    return "".join(map(str, source)) if isinstance(source, list) else str(source or "")


def _text(source: str) -> str:
    return source.strip()


def _counted(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"

"""The cells that a kernel executed, as a script in the percent format.

A cell is a marker with its execution count, its source, and, once it has ended, a line that says
how::

    # notebook: train.ipynb
    # order: 1 cell was run again

    # %% [1]
    # %matplotlib inline
    import numpy as np
    # -> 0.8 s

    # %% [2] commented=true
    # %%bash
    # nvidia-smi
    # -> CalledProcessError after 0.1 s

The script is valid Python, whatever was executed: lines that only IPython understands are comments,
as Jupytext writes them, and so is the whole of a cell that is no Python. `parse_cells` gives the
sources back as they were.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Cell", "Cells", "parse_cells", "plain_source", "render_cells"]

_NOTEBOOK = "# notebook: "
_ORDER = "# order: "
_COMMENTED = " commented=true"
_INJECTED = " injected=true"
_MARKER = re.compile(rf"# %% \[([0-9]+| )\]({_INJECTED})?({_COMMENTED})?")
_END = re.compile(r"# -> (?:(\w+)(?: after |$))?(?:([0-9.]+) s)?")
_MAGIC = r"(?:[%!?]|[\w.,\[\]'\" ]+= ?[%!][A-Za-z])"
_IPYTHON = re.compile(rf"([ \t]*){_MAGIC}")
_LOOKS_KEPT = re.compile(rf"([ \t]*)(?:# )+(?:{_MAGIC}|-> )")
"""A comment that would be taken for a line of IPython's, or for one of ours."""
_OURS = re.compile(r"(?:# )*(?:%% \[|-> )")
_PYTHON_INSIDE = frozenset(("%%repro", "%%time", "%%timeit", "%%capture", "%%prun"))
"""Cell magics around Python."""


class Cell(NamedTuple):
    """An execution of a cell.

    Attributes:
        source: As it was executed, magics included.
        number: Execution count; None where the kernel gave none.
        took_s: Seconds; None where it is not known, or it had not ended.
        error: Class of the exception that it raised; None for none.
        is_injected: Whether it is none of the notebook's: it was put in to set params.
    """

    source: str
    number: int | None = None
    took_s: float | None = None
    error: str | None = None
    is_injected: bool = False


class Cells(NamedTuple):
    """What a kernel executed.

    Attributes:
        executed: In that order.
        notebook: Path of the notebook, relative to the top of the working tree where it lies below;
            None when it is not known.
        order: How the cells did not run from top to bottom, each once; "" where they did, or where
            it is not known.
    """

    executed: tuple[Cell, ...]
    notebook: str | None = None
    order: str = ""


def render_cells(cells: Cells) -> bytes:
    """Returns the script."""
    head = "" if cells.notebook is None else f"{_NOTEBOOK}{_one_line(cells.notebook)}\n"
    head += f"{_ORDER}{_one_line(cells.order)}\n" if cells.order else ""
    parts = [*([head] if head else []), *map(_render, cells.executed)]
    return "\n".join(parts).encode("utf-8", "backslashreplace")


def parse_cells(content: bytes) -> Cells:
    """Reverses `render_cells`; what stands before the first cell is left out."""
    lines = content.decode("utf-8", "replace").split("\n")
    executed: list[Cell] = []
    notebook, order = None, ""
    at = 0
    while at < len(lines) and not _MARKER.fullmatch(lines[at]):
        if lines[at].startswith(_NOTEBOOK):
            notebook = lines[at].removeprefix(_NOTEBOOK)
        elif lines[at].startswith(_ORDER):
            order = lines[at].removeprefix(_ORDER)
        at += 1
    while at < len(lines):
        end = at + 1
        while end < len(lines) and not _MARKER.fullmatch(lines[end]):
            end += 1
        executed.append(_parse(lines[at], lines[at + 1 : end]))
        at = end
    return Cells(tuple(executed), notebook, order)


def plain_source(content: bytes) -> str:
    """Returns the script without what differs between executions of the same cells.

    That is counts, times, what was raised, cells that set params, the notebook's name, the order.
    """
    own = (cell for cell in parse_cells(content).executed if not cell.is_injected)
    return "\n".join(f"# %%\n{_escaped(cell.source)[0]}\n" for cell in own)


def _render(cell: Cell) -> str:
    text, is_commented = _escaped(cell.source)
    number = " " if cell.number is None else str(cell.number)
    marks = f"{_INJECTED * cell.is_injected}{_COMMENTED * is_commented}"
    lines = [f"# %% [{number}]{marks}", text]
    took = "" if cell.took_s is None else f"{cell.took_s:.1f} s"
    if took or cell.error:
        after = " after " if took and cell.error else ""
        lines.append(f"# -> {_one_line(cell.error or '')}{after}{took}")
    return "\n".join(lines) + "\n"


def _parse(marker: str, lines: list[str]) -> Cell:
    found = _MARKER.fullmatch(marker)
    number = None if found is None or found[1] == " " else int(found[1])
    while lines and not lines[-1]:
        lines.pop()
    end = _END.fullmatch(lines[-1]) if lines else None
    if end is not None:
        lines.pop()
    unescape = _uncomment if found is not None and found[3] else _unescape
    return Cell(
        source="\n".join(map(unescape, lines)),
        number=number,
        took_s=float(end[2]) if end is not None and end[2] else None,
        error=end[1] if end is not None else None,
        is_injected=found is not None and found[2] is not None,
    )


def _escaped(source: str) -> tuple[str, bool]:
    """Returns the source as it stands in the script, and whether all of it is a comment."""
    lines = source.rstrip("\n").split("\n")
    first = lines[0].split(None, 1)[:1]
    if _is_python(lines):
        return "\n".join(map(_escape, lines)), False
    if not first or not first[0].startswith("%%") or first[0] in _PYTHON_INSIDE:
        kept = [
            f"{found[1]}# {line[found.end(1) :]}"
            if (found := _IPYTHON.match(line) or _LOOKS_KEPT.match(line))
            else line
            for line in lines
        ]
        if _is_python(kept) and not any(map(_MARKER.fullmatch, kept)):
            return "\n".join(kept), False
    return "\n".join(map(_comment, lines)), True


def _escape(line: str) -> str:
    found = _LOOKS_KEPT.match(line)
    return f"{found[1]}# {line[found.end(1) :]}" if found else line


def _unescape(line: str) -> str:
    found = _LOOKS_KEPT.match(line)
    return f"{found[1]}{line[found.end(1) + 2 :]}" if found else line


def _comment(line: str) -> str:
    if _OURS.match(line):
        return f"# # {line}"
    return f"# {line}" if line else "#"


def _uncomment(line: str) -> str:
    text = line[2:]
    return text[2:] if text.startswith("# ") and _OURS.match(text) else text


def _is_python(lines: Sequence[str]) -> bool:
    import ast
    import warnings

    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile("\n".join(lines), "<cell>", "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def _one_line(text: str) -> str:
    return " ".join(text.split())

"""``system.tsv``: what the machine did while a run went on, a line a moment.

The first line names the columns: ``time_s`` (seconds since the Unix epoch), and the figures, such
as ``cpu_utilization_percentage``, which MLflow calls ``system/cpu_utilization_percentage``. A cell
is empty where a sensor had nothing to say. Megabytes are 10^6 bytes.
"""

import re
from collections.abc import Sequence
from math import isfinite

from repro.errors import ReproError
from repro.model.values import Point

__all__ = [
    "PREFIX",
    "SystemTableError",
    "check_system",
    "system_curves",
    "system_header",
    "system_row",
    "whole_rows",
]

PREFIX = "system/"
"""What the names of the figures begin with wherever they stand beside metrics."""

_TIME = "time_s"
_MAX_FIGURES = 4096
_MAX_NAME_CHARS = 100
_NUMBER = rb"-?[0-9]{1,40}(?:\.[0-9]{1,20})?"


class SystemTableError(ReproError):
    """A text that is no table of hardware figures."""


def system_header(names: Sequence[str]) -> bytes:
    """Returns the first line."""
    return "\t".join((_TIME, *names)).encode("ascii") + b"\n"


def system_row(time_s: float, figures: Sequence[float | None]) -> bytes:
    """Returns the line of a moment.

    Args:
        time_s: Seconds since the Unix epoch.
        figures: One for each name of the header, None where there is none; NaN and infinities,
            which no sensor means, are none either.
    """
    cells = ("" if figure is None or not isfinite(figure) else _cell(figure) for figure in figures)
    return "\t".join((f"{time_s:.3f}", *cells)).encode("ascii") + b"\n"


def check_system(content: bytes) -> None:
    """Checks that a table can be read.

    Raises:
        SystemTableError: It cannot.
    """
    names, _, end = _parts(content)
    if names is None:
        raise SystemTableError("its first line does not name the figures, each once")
    if end != len(content):
        row = content.count(b"\n", 0, end) + 1
        raise SystemTableError(f"line {row} is not a time and {len(names)} figures")


def whole_rows(content: bytes) -> bytes | None:
    """Returns a table without what a power cut made of its end; None where no row is left."""
    names, begin, end = _parts(content)
    return None if names is None or end == begin else content[:end]


def system_curves(content: bytes) -> dict[str, tuple[Point, ...]]:
    """Returns the curve of each figure that was seen at all, by its name with `PREFIX`.

    A point's step is the number of its row. Rows from the first broken one on are passed over: of a
    run in progress the last may be half written.
    """
    names, begin, end = _parts(content)
    if names is None:
        return {}
    curves: dict[str, list[Point]] = {name: [] for name in names}
    for step, line in enumerate(content[begin:end].splitlines()):
        time, *cells = line.split(b"\t")
        time_s = float(time)
        for name, cell in zip(names, cells, strict=True):
            if cell:
                curves[name].append(Point(step, time_s, float(cell)))
    return {PREFIX + name: tuple(points) for name, points in curves.items() if points}


def _cell(figure: float) -> str:
    text = f"{figure:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _is_name(text: str) -> bool:
    plain = text.replace("_", "a")
    return plain.isascii() and plain.isalnum() and len(plain) <= _MAX_NAME_CHARS


def _parts(content: bytes) -> tuple[tuple[str, ...] | None, int, int]:
    """Returns the names of the figures, and where the rows begin and the good ones end.

    The names are None where there is no first line, or a bad one.
    """
    begin = content.find(b"\n") + 1
    time, *given = content[: max(0, begin - 1)].decode("latin-1").split("\t")
    names = tuple(given)
    if time != _TIME or not 0 < len(set(names)) == len(names) <= _MAX_FIGURES:
        return None, 0, 0
    if not all(map(_is_name, names)):
        return None, 0, 0
    # Possessive: a million rows leave no trail to go back on.
    rows = re.compile(rb"(?:%b(?:\t(?:%b)?){%d}\n)*+" % (_NUMBER, _NUMBER, len(names)))
    found = rows.match(content, begin)
    return names, begin, found.end() if found else begin

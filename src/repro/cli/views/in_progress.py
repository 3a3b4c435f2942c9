"""What is said of a run in progress only: where it is, and what it printed last."""

import re
from collections.abc import Iterator
from datetime import datetime

from repro.cli.format import ago
from repro.cli.page import Cell, Grid, Line
from repro.model.ids import short_id
from repro.model.run import Record
from repro.record.liveness import Elsewhere

__all__ = ["elsewhere_lines", "last_lines", "output_tail"]

_N_LINES = 5
_TAIL_BYTES = 64 * 1024

_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")


def elsewhere_lines(record: Record, where: Elsewhere | None, now: datetime) -> Iterator[Line]:
    """Yields where a run is that no one here can see, and what to do if it is dead."""
    if where is None:
        return
    seen = ago(where.last_sign_at, now)
    yield Line.of(Cell(f"elsewhere, on {where.host}; its last sign of life was {seen}", "yellow"))
    yield Line.of(Cell(f"if it is dead, record it: repro recover {short_id(record.run.id)}", "dim"))


def output_tail(record: Record) -> list[Line | Grid]:
    """Returns the last lines that the command printed, as a terminal shows them."""
    lines = last_lines(record.output or b"")
    return [Line.of(Cell(line, "dim")) for line in lines[-_N_LINES:]]


def last_lines(output: bytes) -> list[str]:
    """Returns lines that a command printed, empty ones left out, as a terminal would show them.

    Args:
        output: The end of it; no more than some thousand lines are looked at.
    """
    plain = _ESCAPES.sub(b"", output[-_TAIL_BYTES:]).decode("utf-8", "replace")
    # A progress bar is written over itself: what was written last is what stands there.
    lines = (line.rstrip("\r").rpartition("\r")[2].rstrip() for line in plain.split("\n"))
    return [line for line in lines if line]

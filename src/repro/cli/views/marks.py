"""What pages of differences share: marks, arrows, and rows of what was added, removed, changed."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from repro.cli.page import Cell, Grid, Line
from repro.compare.changes import Changes

__all__ = ["ARROW", "MARKS", "Rows", "changed", "grid", "mark", "text_rows"]

ARROW = "→"
MARKS: Mapping[str, Cell] = {
    "added": Cell("+", "green"),
    "removed": Cell("-", "red"),
    "changed": Cell("~", "yellow"),
}
Rows: TypeAlias = list[tuple[Cell, ...]]
"""Rows of a grid."""

T = TypeVar("T")


def grid(rows: Rows, *, right: Sequence[int] = (), wrap: int = 0) -> list[Line | Grid]:
    """Returns the rows as a grid; none for no rows."""
    return [Grid(tuple(rows), frozenset(right), wrap)] if rows else []


def mark(old: object, new: object) -> Cell:
    """Returns + for what is only new, - for what is only old, ~ for what changed."""
    return MARKS["added" if old is None else "removed" if new is None else "changed"]


def changed(old: T | None, new: T | None, text: Callable[[T], str]) -> str:
    """Returns "old → new", or the one text where the other is None or the same."""
    texts = dict.fromkeys(text(side) for side in (old, new) if side is not None)
    return f" {ARROW} ".join(texts)


def text_rows(found: Changes[str]) -> Rows:
    """Returns mark, name and texts."""
    return [
        (mark(old, new), Cell(name), Cell(changed(old, new, lambda text: text)))
        for name, old, new in found
    ]

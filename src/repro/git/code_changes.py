"""Which files of the code differ between two runs, apart from what belongs to other pillars."""

import posixpath
from typing import NamedTuple

from repro.git.history import FileChange, diffstat
from repro.git.repository import Repository
from repro.model.ids import Oid
from repro.model.run import Record

__all__ = ["CodeChanges", "code_changes"]

_OTHER_PILLARS = frozenset(
    f"{stem}.{suffix}"
    for stem in ("params", "metrics")
    for suffix in ("yaml", "yml", "json", "toml", "csv")
)
"""Files that hold another pillar or the result, and are shown there."""


class CodeChanges(NamedTuple):
    """What git finds to differ.

    Attributes:
        files: Of the code.
        excluded: Paths that belong to other pillars.
    """

    files: tuple[FileChange, ...] = ()
    excluded: tuple[str, ...] = ()


def code_changes(repo: Repository, a: tuple[Oid, Record], b: tuple[Oid, Record]) -> CodeChanges:
    """Returns how the files of the code differ from one run to another.

    Args:
        repo: The repository.
        a: Run commit and record of the first.
        b: Likewise, of the second.

    Raises:
        HistoryError: git cannot compare them.
    """
    (first, old), (second, new) = a, b
    if old.run.code.tree == new.run.code.tree:
        return CodeChanges()
    pointers = {entry.pointer for entry in (*old.data, *new.data) if entry.pointer is not None}
    changes = diffstat(repo, first, second, sorted(pointers))
    notebooks = _notebooks(old.cells, new.cells)
    files = [
        change
        for change in changes
        if posixpath.basename(change.path) not in _OTHER_PILLARS and change.path not in notebooks
    ]
    kept = {file.path for file in files}
    excluded = pointers | {change.path for change in changes if change.path not in kept}
    return CodeChanges(tuple(files), tuple(sorted(excluded)))


def _notebooks(old: bytes | None, new: bytes | None) -> set[str | None]:
    """Returns the notebooks of two runs of cells: the cells that ran say more than their files."""
    if old is None or new is None:
        return set()
    from repro.model.cells import parse_cells

    return {parse_cells(old).notebook, parse_cells(new).notebook}

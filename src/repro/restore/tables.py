"""Lakehouse tables at a checkout: they stay where they are, so all there is to do is to look."""

import shlex
from collections.abc import Sequence
from dataclasses import replace

from repro.data.tables.read import find_trouble
from repro.data.tables.version import TablePackageMissingError
from repro.errors import ReproError
from repro.git.repository import Repository
from repro.model.data import DataEntry
from repro.model.table import TableKind, table_hash_from, table_kind_of
from repro.restore.present import listed
from repro.restore.survey import files_of
from repro.restore.target import Target

__all__ = ["TableGoneError", "with_tables_checked"]


class TableGoneError(ReproError):
    """A version of a table that the run read can no longer be read; nothing was changed.

    Attributes:
        paths: The tables.
    """

    exits_with = 4

    def __init__(self, title: str, troubles: Sequence[tuple[str, str]]) -> None:
        what = "a table" if len(troubles) == 1 else f"{len(troubles)} tables"
        super().__init__(
            f"{what} of {title} cannot be read as the run read it; nothing was changed",
            hint="--inexact goes on without",
            details=listed([f"{path}: {reason}" for path, reason in troubles]),
        )
        self.paths = tuple(path for path, _ in troubles)


def with_tables_checked(
    repo: Repository, target: Target, *, inexact: bool, is_elsewhere: bool = False
) -> Target:
    """Returns the target with notes on the tables that its run read.

    Args:
        repo: The repository; relative paths of tables start from the top of its working tree.
        target: The target.
        inexact: Whether a version that is gone is a note rather than an error.
        is_elsewhere: Whether the target is a working tree of its own.

    Raises:
        TableGoneError: A version is gone.
    """
    if not target.tables:
        return target
    notes: list[str] = []
    troubles: list[tuple[str, str]] = []
    # A small table in the working tree may be part of the run's own files.
    files = files_of(repo, target.tree)
    for entry in target.tables:
        if any(path.startswith(f"{entry.path}/") for path in files):
            notes.append(_how_to_read(entry))
            continue
        try:
            trouble = find_trouble(entry, top=repo.top)
        except TablePackageMissingError as error:
            notes.append(f"not checked: {entry.path}: {error.message}: {error.hint}")
            continue
        if trouble is None:
            notes.append(_how_to_read(entry))
        else:
            troubles.append((entry.path, trouble))
        if is_elsewhere and not entry.path.startswith("/") and "://" not in entry.path:
            there = shlex.quote(f"{repo.top}/{entry.path}")
            notes.append(f"{entry.path} is not in this worktree: ln -s {there} {entry.path}")
    if troubles and not inexact:
        raise TableGoneError(target.title, troubles)
    notes += [f"not as the run read it: {path}: {reason}" for path, reason in troubles]
    return replace(target, notes=(*target.notes, *notes))


def _how_to_read(entry: DataEntry) -> str:
    kind, found = table_kind_of(entry.hash_name), table_hash_from(entry.hash)
    if kind is None or found is None:  # a record that was decoded has both
        return f"a table, which stays where it is: {entry.path}"
    word = TableKind(kind).word
    versions = " and ".join(found.versions)
    plural = "s" if len(found.versions) > 1 else ""
    return f"a table, which stays where it is: {entry.path}; read it at {word}{plural} {versions}"

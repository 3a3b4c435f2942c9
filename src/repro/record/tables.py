"""Inputs that are lakehouse tables: which version was current, and whether it stayed so."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from repro.model.data import DataEntry, Place, Source, check_path
from repro.model.gap import Gap, GapKind
from repro.model.table import TableHash, TableKind, table_hash_from
from repro.record.inputs import Collector
from repro.record.project import Project

if TYPE_CHECKING:
    from repro.data.tables.location import Location
    from repro.data.tables.version import TableVersion

__all__ = ["add_declared_tables", "moved_gaps", "put_table", "table_entry"]

_UNKNOWN_KIND = "of what kind this table is its name does not say"


def add_declared_tables(collector: Collector, project: Project) -> list[str]:
    """Adds the tables that ``[tool.repro] inputs`` names, each as it is now.

    Returns:
        The paths of the other inputs, relative to the top.
    """
    paths: list[str] = []
    for name in project.config.inputs:
        location = _location(name, project, collector.top)
        if location is not None:
            if not _add(collector, location):
                paths.append(location.path)
        elif "://" in name:
            from repro.data.tables.location import without_login

            fix = "write delta+ or iceberg+ before its URL"
            gap = Gap(GapKind.DATA, without_login(name), _UNKNOWN_KIND, fix)
            collector.gaps.append(gap)
        else:
            paths.append(project.configured(name))
    return paths


def _location(name: str, project: Project, top: str) -> "Location | None":
    from repro.data.tables.location import find_table

    return find_table(name, base=os.path.join(top, project.directory), top=top)


def _add(collector: Collector, location: "Location") -> bool:
    """Adds a table; False for a directory that is to be kept as any other."""
    from repro.data.tables.read import read_version
    from repro.data.tables.version import TablePackageMissingError, TableUnreadableError

    path = location.path
    if collector.covers(path):
        return True
    try:
        found = read_version(location.kind, path, top=collector.top, version=location.version)
    except (TablePackageMissingError, TableUnreadableError) as error:
        if not location.is_explicit:  # its bytes say as much as its version would
            return False
        reason = error.reason if isinstance(error, TableUnreadableError) else error.message
        gap = Gap(GapKind.DATA, path, f"its version is not known: {reason}", error.hint or "")
        collector.gaps.append(gap)
    else:
        put_table(collector, table_entry(path, found, Source.DECLARED))
    return True


def table_entry(path: str, found: "TableVersion", source: Source) -> DataEntry:
    """Returns the entry of a version of a table."""
    return DataEntry(
        path=path,
        hash=found.hash.text,
        size_bytes=found.size_bytes,
        n_files=found.n_files,
        source=source,
        place=Place.TABLE,
        hash_name=found.kind.hash_name,
    )


def put_table(collector: Collector, entry: DataEntry) -> None:
    """Adds the entry of a table; what lies below it is the table's, and no data of its own."""
    problem = check_path(entry.path, Place.TABLE)
    if problem is not None:
        collector.gaps.append(Gap(GapKind.DATA, entry.path, problem, "move the table elsewhere"))
        return
    below = f"{entry.path}/"
    for path in [path for path in collector.entries if path.startswith(below)]:
        if collector.entries[path].source in (Source.UNTRACKED, Source.TRACED):
            del collector.entries[path]
    collector.entries[entry.path] = entry


def moved_gaps(project: Project, entries: Iterable[DataEntry], *, top: str) -> list[Gap]:
    """Returns a gap for each declared table that went on while the command ran.

    A version never changes, but nobody saw which one the command opened.

    Args:
        project: Whose inputs are declared.
        entries: The inputs of the run.
        top: The top of the working tree.
    """
    declared = {e.path: e for e in entries if e.is_table and e.source is Source.DECLARED}
    if not declared:
        return []
    gaps: list[Gap] = []
    for name in project.config.inputs:
        location = _location(name, project, top)
        if location is None or location.version is not None or location.path not in declared:
            continue
        reason = _movement(location, table_hash_from(declared[location.path].hash), top)
        if reason is not None:
            fix = f"log what it opens: repro.log_input({name!r}, version=...)"
            gaps.append(Gap(GapKind.DATA, location.path, reason, fix))
    return gaps


def _movement(location: "Location", before: TableHash | None, top: str) -> str | None:
    from repro.data.tables.read import read_version
    from repro.data.tables.version import TablePackageMissingError, TableUnreadableError

    try:
        now = read_version(location.kind, location.path, top=top, version=None).hash
    except (TablePackageMissingError, TableUnreadableError):
        return "it could not be looked at again when the command had ended"
    if now == before or before is None:
        return None
    word = TableKind(location.kind).word
    versions = f"{before.versions[0]} to {now.versions[0]}"
    return (
        f"it went from {word} {versions} while the command ran;"
        " the one that was there at the start is recorded"
    )

"""What an input or output is, in a few characters: the start of its hash, or a table's version."""

from repro.cli.views.marks import ARROW
from repro.model.data import Artifact, DataEntry
from repro.model.table import TableHash, TableKind, table_hash_from, table_kind_of

__all__ = ["content_change", "content_text"]


def content_text(entry: DataEntry | Artifact) -> str:
    """Returns the first digits of a hash; "version 7 (delta)" for a table."""
    table = _table(entry)
    if table is None:
        return entry.hash[:8]
    kind, found = table
    return f"{_versions(kind, found)} ({kind.value})"


def content_change(old: DataEntry | Artifact | None, new: DataEntry | Artifact | None) -> str:
    """Returns what an entry was and is: "version 3 → 5 (delta)" for a table."""
    sides = [side for side in (old, new) if side is not None]
    tables = [table for table in map(_table, sides) if table is not None]
    if len(tables) < 2 or tables[0][0] is not tables[1][0]:
        return f" {ARROW} ".join(dict.fromkeys(map(content_text, sides)))
    (kind, was), (_, now) = tables
    anew = "" if was.table_id == now.table_id else ", another table"
    if was.versions == now.versions:
        return f"{_versions(kind, was)} ({kind.value}{anew})"
    return f"{_versions(kind, was)} {ARROW} {', '.join(now.versions)} ({kind.value}{anew})"


def _table(entry: DataEntry | Artifact) -> tuple[TableKind, TableHash] | None:
    kind, found = table_kind_of(entry.hash_name), table_hash_from(entry.hash)
    return None if kind is None or found is None else (kind, found)


def _versions(kind: TableKind, found: TableHash) -> str:
    plural = "s" if len(found.versions) > 1 else ""
    return f"{kind.word}{plural} {', '.join(found.versions)}"

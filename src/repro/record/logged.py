"""Reads what the command said of its inputs: ``inputs.jsonl``, which `repro.api.inputs` appends to.

The lines are written by the user's processes: garbage is left out.
"""

import json
from typing import Any, NamedTuple

from repro.model.table import TableHash, TableKind, table_hash_from

__all__ = ["Logged", "LoggedTable", "read_logged"]

_JOURNAL = "inputs.jsonl"


class LoggedTable(NamedTuple):
    """What was said of a table.

    Attributes:
        kind: Its format.
        version: The version that was asked for, as it was given; None for the current one.
        found: The version that was there at that moment; None when it could not be looked up.
        size_bytes: Of that version.
        n_files: Likewise.
        is_explicit: Whether it was named as a table, and is not a directory found to be one.
    """

    kind: TableKind
    version: str | None = None
    found: TableHash | None = None
    size_bytes: int = 0
    n_files: int = 0
    is_explicit: bool = True


class Logged(NamedTuple):
    """One input that the command logged.

    Attributes:
        path: Absolute, or a URI.
        state: Of a file: size, mtime in ns, and inode at that moment; None where there was none.
        table: For a table.
        problem: Why it could not be noted as it was meant, "" when it could.
        fix: How to close that.
    """

    path: str
    state: tuple[int, ...] | None = None
    table: LoggedTable | None = None
    problem: str = ""
    fix: str = ""


def read_logged(directory: str) -> list[Logged]:
    """Returns what the command logged, in that order.

    Args:
        directory: Of the live run.
    """
    try:
        with open(f"{directory}/{_JOURNAL}", "rb") as file:
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return []
    found = (_logged(line) for line in lines)
    # A loop may log the same thing in every step.
    return list(dict.fromkeys(item for item in found if item is not None))


def _logged(line: bytes) -> Logged | None:
    try:
        value = json.loads(line)
        path = value["path"]
        if not isinstance(path, str) or "\0" in path:
            return None
        state = value.get("state")
        return Logged(
            path=path,
            state=None if state is None else tuple(map(int, state)),
            table=_table(value) if "kind" in value else None,
            problem=str(value.get("problem") or ""),
            fix=str(value.get("fix") or ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError):  # cut off, or not ours
        return None


def _table(value: dict[str, Any]) -> LoggedTable:
    kind, version = TableKind(value["kind"]), value.get("version")
    table = LoggedTable(
        kind, None if version is None else str(version), is_explicit=bool(value.get("explicit"))
    )
    if "found" not in value:
        return table
    number, table_id, size_bytes, n_files = value["found"]
    found = table_hash_from(f"{number}@{table_id}")
    return table._replace(found=found, size_bytes=int(size_bytes), n_files=int(n_files))

"""A version of a table, and what keeps one from being read."""

from typing import NamedTuple

from repro.errors import ReproError
from repro.model.table import TableHash, TableKind

__all__ = [
    "TablePackageMissingError",
    "TableUnreadableError",
    "TableVersion",
    "plain_id",
    "reason_of",
]

_PACKAGES = {TableKind.DELTA: "deltalake", TableKind.ICEBERG: "pyiceberg"}
_LONGEST = 200


class TablePackageMissingError(ReproError):
    """The library that reads tables of a format is not installed.

    Attributes:
        kind: The format.
    """

    def __init__(self, kind: TableKind, missing: str | None) -> None:
        package = (missing or _PACKAGES[kind]).partition(".")[0]
        super().__init__(
            f"{package} is not installed", hint=f"pip install 'repro-git[{kind.value}]'"
        )
        self.kind = kind


class TableUnreadableError(ReproError):
    """A table, or one version of it, cannot be read.

    Attributes:
        path: The table.
        reason: Why, a clause.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}", hint="check its name, and who may read it")
        self.path = path
        self.reason = reason


class TableVersion(NamedTuple):
    """One version of a table.

    Attributes:
        kind: Its format.
        version: A number (Delta), the id of a snapshot (Iceberg), or `NO_SNAPSHOT`.
        table_id: What the format calls it.
        size_bytes: Sum over its data files.
        n_files: How many they are.
    """

    kind: TableKind
    version: str
    table_id: str
    size_bytes: int
    n_files: int

    @property
    def hash(self) -> TableHash:
        """What identifies it."""
        return TableHash((self.version,), self.table_id)


def plain_id(text: str) -> str:
    """Returns the id of a table as records have it; formats allow any text, writers a UUID."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in text)
    return kept[:100] or "-"


def reason_of(error: BaseException) -> str:
    """Returns what a library says, as a clause on one line."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split())
    return text[:_LONGEST].rstrip(". ") or type(error).__name__

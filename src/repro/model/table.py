"""What identifies a version of a lakehouse table: the "hash" of an input that is a table."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

__all__ = ["NO_SNAPSHOT", "TableHash", "TableKind", "table_hash_from", "table_kind_of"]

NO_SNAPSHOT = "none"
"""The version of an Iceberg table that nothing was written to yet."""

_DIGITS = frozenset("0123456789")
_ID = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_LONGEST = 100


class TableKind(StrEnum):
    """A table format."""

    DELTA = "delta"
    ICEBERG = "iceberg"

    @property
    def hash_name(self) -> str:
        """The `hash_name` of a data entry for a table of this kind."""
        return f"{self.value}-{self.word}"

    @property
    def word(self) -> str:
        """What the format calls a version."""
        return {TableKind.DELTA: "version", TableKind.ICEBERG: "snapshot"}[self]


class TableHash(NamedTuple):
    """Which versions of which table were read.

    Attributes:
        versions: Numbers of versions (Delta) or ids of snapshots (Iceberg), `NO_SNAPSHOT` for an
            empty Iceberg table; seldom more than one, then in the order of their numbers.
        table_id: The id that the table was given when it was made: one that is made anew at the
            same place has another.
    """

    versions: tuple[str, ...]
    table_id: str

    @property
    def text(self) -> str:
        """The `hash` of a data entry, such as "7@1f2e...": versions, "@", the table's id."""
        return f"{','.join(self.versions)}@{self.table_id}"

    def joined(self, versions: Iterable[str]) -> "TableHash":
        """Returns the same with further versions."""
        known = {*self.versions, *versions}
        return self._replace(versions=tuple(sorted(known, key=lambda text: (len(text), text))))


def table_hash_from(text: str) -> TableHash | None:
    """Reverses `TableHash.text`; None for a text that is none."""
    versions, separator, table_id = text.partition("@")
    found = TableHash(tuple(versions.split(",")), table_id)
    if not separator or not 0 < len(table_id) <= _LONGEST or not _ID.issuperset(table_id):
        return None
    return found if all(map(_is_version, found.versions)) else None


def _is_version(text: str) -> bool:
    is_number = 0 < len(text) <= _LONGEST and _DIGITS.issuperset(text)
    return is_number or text == NO_SNAPSHOT


def table_kind_of(hash_name: str) -> TableKind | None:
    """Returns the kind of table that a `hash_name` belongs to; None for that of a file."""
    return next((kind for kind in TableKind if kind.hash_name == hash_name), None)

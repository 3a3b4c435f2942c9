"""Asks tables for their versions, whatever their format."""

import os

from repro.data.tables.version import (
    TablePackageMissingError,
    TableUnreadableError,
    TableVersion,
    reason_of,
)
from repro.errors import ReproError
from repro.model.data import DataEntry
from repro.model.table import TableKind, table_hash_from, table_kind_of

__all__ = ["find_trouble", "read_version"]

_REMOTE = (
    *("s3", "s3a", "s3n", "gs", "gcs", "az", "azure", "adl", "abfs", "abfss", "wasb", "wasbs"),
    *("hdfs", "viewfs", "oss", "r2", "lakefs", "hf"),
)
"""Where a URI may lead: object stores. A record comes from anybody who can push."""


def read_version(kind: TableKind, path: str, *, top: str, version: str | None) -> TableVersion:
    """Returns a version of a table.

    Args:
        kind: Its format.
        path: As a record has it.
        top: The top of the working tree, for relative paths.
        version: As the user gave it, None for the current one.

    Raises:
        TablePackageMissingError: The library for it is not installed.
        TableUnreadableError: There is no such table, or no such version of it.
    """
    uri = _uri_of(kind, path, top)
    if "://" not in uri and not os.path.exists(uri):
        raise TableUnreadableError(path, "it is not there")
    try:
        if kind is TableKind.DELTA:
            from repro.data.tables.delta import read_delta

            return read_delta(uri, version)
        from repro.data.tables.iceberg import read_iceberg

        return read_iceberg(uri, version)
    except ReproError:
        raise
    except Exception as error:  # of any class: two libraries, and the object stores below them
        raise TableUnreadableError(path, reason_of(error)) from error


def find_trouble(entry: DataEntry, *, top: str) -> str | None:
    """Returns why the versions that an entry names cannot be read as they were, None if they can.

    Args:
        entry: One of a table.
        top: The top of the working tree.

    Raises:
        TablePackageMissingError: Nobody here can tell.
    """
    kind, wanted = table_kind_of(entry.hash_name), table_hash_from(entry.hash)
    if kind is None or wanted is None:
        return "what identifies it cannot be read"
    for version in wanted.versions:
        try:
            found = read_version(kind, entry.path, top=top, version=version)
            if found.table_id != wanted.table_id:
                return "another table is there now: it was made anew"
            gone = _gone_files(kind, entry.path, top=top, version=version)
        except TableUnreadableError as error:
            return f"{kind.word} {version} is no longer readable: {error.reason}"
        if gone:
            first = os.path.basename(gone[0])
            what = f"{len(gone)} files" if len(gone) > 1 else "a file"
            were = "were" if len(gone) > 1 else "was"
            return f"{what} of {kind.word} {version} {were} removed: {first}"
    return None


def _gone_files(kind: TableKind, path: str, *, top: str, version: str) -> list[str]:
    uri = _uri_of(kind, path, top)
    try:
        if kind is TableKind.DELTA:
            from repro.data.tables import delta

            return delta.gone_files(uri, version)
        from repro.data.tables import iceberg

        return iceberg.gone_files(uri, version)
    except TablePackageMissingError:
        raise
    except Exception as error:  # as in `read_version`
        raise TableUnreadableError(path, reason_of(error)) from error


def _uri_of(kind: TableKind, path: str, top: str) -> str:
    """Returns what the library is asked for."""
    scheme, separator, rest = path.partition("://")
    if not separator:
        return os.path.join(top, path)
    if scheme == kind.value:
        return path
    inner = scheme.removeprefix(f"{kind.value}+")
    if inner not in _REMOTE:
        raise TableUnreadableError(path, f"no table is read over {inner}")
    return f"{inner}://{rest}"

"""Reads versions of Delta Lake tables: the one module that imports deltalake."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from repro.data.tables.version import TablePackageMissingError, TableVersion, plain_id
from repro.model.table import TableKind

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["gone_files", "read_delta"]

_PATIENCE = {"connect_timeout": "5s", "timeout": "30s", "max_retries": "2", "retry_timeout": "60s"}
"""For object stores: by default an endpoint that does not answer holds a program for minutes."""
_MAX_ASKED = 1000


def read_delta(uri: str, version: str | None) -> TableVersion:
    """Returns a version of a table.

    Args:
        uri: A directory or a URL.
        version: A number, a time (ISO 8601), or None for the newest.

    Raises:
        TablePackageMissingError: deltalake is not installed.
        Exception: Whatever deltalake raises when it cannot read it.
    """
    table = _open(uri, version)
    actions = table.get_add_actions(flatten=True)
    # An arrow array has no other way to plain numbers, whatever its stubs say.
    sizes = list(actions.column("size_bytes").to_pylist()) if actions.num_rows else []
    return TableVersion(
        kind=TableKind.DELTA,
        version=str(table.version()),
        table_id=plain_id(str(table.metadata().id)),
        size_bytes=sum(sizes),
        n_files=len(sizes),
    )


def gone_files(uri: str, version: str) -> list[str]:
    """Returns data files of a version that are no longer there: VACUUM removes them.

    The log still names the version then, and opening it succeeds. What the newest version has too
    is there; of very many others in an object store some are looked at, for VACUUM takes all that
    are old.

    Raises:
        TablePackageMissingError: deltalake or pyarrow is not installed.
        Exception: As `read_delta`.
    """
    then = set(_open(uri, version).file_uris())
    newest = _open(uri, None)
    suspects = sorted(then.difference(newest.file_uris()))
    if all(path.startswith("/") for path in suspects):
        return [path for path in suspects if not os.path.exists(path)]
    root = newest.table_uri.rstrip("/") + "/"
    # What lies outside of the table (a shallow clone's) no VACUUM of this one removes.
    names = [path.removeprefix(root) for path in suspects if path.startswith(root)]
    return _missing(uri, names[:: len(names) // _MAX_ASKED + 1])


def _missing(uri: str, names: Iterable[str]) -> list[str]:
    """Returns which of the files below a URL an object store does not have."""
    from deltalake.fs import DeltaStorageHandler

    try:
        store = DeltaStorageHandler(uri, _PATIENCE)
    except ImportError as error:
        raise TablePackageMissingError(TableKind.DELTA, "pyarrow") from error
    gone: list[str] = []
    for name in names:
        try:
            store.open_input_file(name)  # asks for its size, and reads nothing yet
        except FileNotFoundError:
            gone.append(name)
    return gone


def _open(uri: str, version: str | None) -> "DeltaTable":
    try:
        from deltalake import DeltaTable
    except ImportError as error:
        raise TablePackageMissingError(TableKind.DELTA, error.name) from error

    options = _PATIENCE if "://" in uri else None
    if version is None or version.isdecimal():
        number = None if version is None else int(version)
        return DeltaTable(uri, version=number, storage_options=options)
    table = DeltaTable(uri, storage_options=options)
    table.load_as_version(version)
    return table

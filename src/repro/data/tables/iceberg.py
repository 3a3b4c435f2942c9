"""Reads snapshots of Iceberg tables: the one module that imports pyiceberg."""

import os
import re
from typing import TYPE_CHECKING

from repro.data.tables.location import METADATA
from repro.data.tables.version import (
    TablePackageMissingError,
    TableUnreadableError,
    TableVersion,
    plain_id,
)
from repro.model.table import NO_SNAPSHOT, TableKind

if TYPE_CHECKING:
    from pyiceberg.table import Table
    from pyiceberg.table.snapshots import Snapshot

__all__ = ["gone_files", "read_iceberg"]

_CATALOG = "iceberg://"
_NUMBER = re.compile(r"v?([0-9]+)[-.]")
_HINT = "version-hint.text"


def read_iceberg(uri: str, version: str | None) -> TableVersion:
    """Returns a snapshot of a table.

    Args:
        uri: A directory, a metadata file (a path or a URL), or ``iceberg://CATALOG/NAMESPACE.TABLE``
            with a catalog that pyiceberg is configured for.
        version: The id of a snapshot, the name of a branch or tag, or None for the current one.

    Raises:
        TablePackageMissingError: pyiceberg is not installed.
        TableUnreadableError: It has no such snapshot.
        Exception: Whatever pyiceberg raises when it cannot read it.
    """
    table = _open(uri)
    snapshot = _snapshot(table, uri, version)
    sizes = snapshot.summary.additional_properties if snapshot and snapshot.summary else {}
    return TableVersion(
        kind=TableKind.ICEBERG,
        version=NO_SNAPSHOT if snapshot is None else str(snapshot.snapshot_id),
        table_id=plain_id(str(table.metadata.table_uuid)),
        size_bytes=int(sizes.get("total-files-size", 0)),
        n_files=int(sizes.get("total-data-files", 0)),
    )


def gone_files(uri: str, version: str) -> list[str]:
    """Returns the data files of a snapshot that are no longer there.

    What the current snapshot has too is there.

    Raises:
        Exception: As `read_iceberg`.
    """
    table = _open(uri)
    current = table.current_snapshot()
    if version == NO_SNAPSHOT or (current is not None and str(current.snapshot_id) == version):
        return []
    then = _snapshot(table, uri, version)
    suspects = _files(table, then) - _files(table, current)
    return [path for path in sorted(suspects) if not table.io.new_input(path).exists()]


def _files(table: "Table", snapshot: "Snapshot | None") -> set[str]:
    if snapshot is None:
        return set()
    return {
        entry.data_file.file_path
        for manifest in snapshot.manifests(table.io)
        for entry in manifest.fetch_manifest_entry(table.io)
    }


def _snapshot(table: "Table", uri: str, version: str | None) -> "Snapshot | None":
    if version is None:
        return table.current_snapshot()
    if version == NO_SNAPSHOT:
        return None
    if version.isdecimal():
        snapshot = table.snapshot_by_id(int(version))
    else:
        snapshot = table.snapshot_by_name(version)
    if snapshot is None:
        what = "snapshot" if version.isdecimal() else "branch or tag"
        raise TableUnreadableError(uri, f"it has no {what} {version}")
    return snapshot


def _open(uri: str) -> "Table":
    try:
        import pyarrow  # noqa: F401, ICN001 - reads the files; pyiceberg alone fails only later
        from pyiceberg.catalog import load_catalog
        from pyiceberg.table import StaticTable
    except ImportError as error:
        raise TablePackageMissingError(TableKind.ICEBERG, error.name) from error

    if uri.startswith(_CATALOG):
        catalog, _, name = uri.removeprefix(_CATALOG).partition("/")
        return load_catalog(catalog).load_table(name)
    is_file = uri.endswith(METADATA)
    return StaticTable.from_metadata(uri if is_file else _newest_metadata(uri))


def _newest_metadata(directory: str) -> str:
    """Returns the file that describes a table in a local directory as it is now.

    The hint names it where a Hadoop catalog wrote one; else it has the highest number. Of two with
    one number the younger counts: the other is what a commit left that lost a race.
    """
    place = f"{directory}/metadata"
    names = [name for name in os.listdir(place) if name.endswith(METADATA)]
    try:
        with open(f"{place}/{_HINT}", encoding="ascii") as file:
            hint = file.read().strip()
    except (FileNotFoundError, ValueError):
        hint = ""
    hinted = [name for name in names if hint and name.startswith((f"v{hint}.", f"{hint}-"))]
    paths = [f"{place}/{name}" for name in hinted or names]
    if not paths:
        raise TableUnreadableError(directory, "no metadata file is in it")
    return max(paths, key=lambda path: (_number_of(path), os.stat(path).st_mtime_ns))


def _number_of(path: str) -> int:
    number = _NUMBER.match(os.path.basename(path))
    return int(number[1]) if number else -1

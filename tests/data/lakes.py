"""Real lakehouse tables, made with the libraries that make them elsewhere."""

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.table import Table

__all__ = ["Lake", "delta_id", "make_lake", "vacuum", "write_delta"]

NAME = "ns.events"
CATALOG = "local"


def write_delta(path: Path | str, *values: int) -> None:
    """Adds a version for each value: a file of one row that replaces all others."""
    for value in values:
        write_deltalake(str(path), rows(value), mode="overwrite")


def rows(value: int) -> pa.Table:
    return pa.table({"x": [value]})


def delta_id(path: Path) -> str:
    """Returns the id of a table."""
    return str(DeltaTable(str(path)).metadata().id)


def vacuum(path: Path) -> None:
    """Removes every file that the newest version does not have."""
    table = DeltaTable(str(path))
    table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)


class Lake(NamedTuple):
    """An Iceberg catalog with one table.

    Attributes:
        catalog: The catalog.
        table: The table.
        path: Its directory.
    """

    catalog: Catalog
    table: Table
    path: Path

    def write(self, *values: int) -> list[str]:
        """Adds a snapshot for each value, that replaces all rows; returns their ids."""
        found = []
        for value in values:
            is_empty = self.table.current_snapshot() is None
            (self.table.append if is_empty else self.table.overwrite)(rows(value))
            snapshot = self.table.current_snapshot()
            assert snapshot is not None
            found.append(str(snapshot.snapshot_id))
        return found

    def variables(self) -> dict[str, str]:
        """Returns the variables with which pyiceberg finds the catalog."""
        prefix = f"PYICEBERG_CATALOG__{CATALOG.upper()}__"
        home = self.path.parents[1]
        return {f"{prefix}URI": f"sqlite:///{home}/catalog.db", f"{prefix}TYPE": "sql"}


def make_lake(home: Path) -> Lake:
    """Makes a catalog and an empty table in it."""
    home.mkdir(parents=True)
    catalog = load_catalog(
        CATALOG, type="sql", uri=f"sqlite:///{home}/catalog.db", warehouse=f"file://{home}"
    )
    catalog.create_namespace("ns")
    table = catalog.create_table(NAME, schema=rows(0).schema)
    return Lake(catalog, table, home / "ns" / "events")

"""How many bytes each run stands for, and which of them are its alone."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from repro.data.sweep import Stored
from repro.model.ids import Oid
from repro.store.reachable_data import Expanded, Held, Holdings

__all__ = ["RunUsage", "usage_of"]

_MANY = Oid("")
"""Stands for several runs."""


class RunUsage(NamedTuple):
    """The bytes of a run.

    Attributes:
        data_bytes: Of its inputs, wherever they are.
        artifact_bytes: Of its outputs, likewise.
        unique_bytes: Of the object store, what no other run needs.
    """

    data_bytes: int
    artifact_bytes: int
    unique_bytes: int


def usage_of(
    holdings: Holdings, expanded: Expanded, objects: Iterable[Stored], *, others: Iterable[str] = ()
) -> dict[Oid, RunUsage]:
    """Returns the bytes of each run that could be read.

    Args:
        holdings: What the runs name.
        expanded: The same with the files of directories.
        objects: What is in the store.
        others: Objects that something else than a run needs.
    """
    owners = dict.fromkeys(others, _MANY)
    for value, run in _owners(holdings).items():
        for needed in (value, *expanded.files_of.get(value, ())):
            owners[needed] = run if owners.get(needed, run) == run else _MANY
    unique: dict[Oid, int] = {}
    for stored in objects:
        owner = owners.get(stored.hash, _MANY)
        unique[owner] = unique.get(owner, 0) + stored.size_bytes
    sizes = _sizes(holdings)
    return {
        oid: RunUsage(
            sizes[id(rows)],
            sizes[id(holdings.artifacts[oid])],
            unique.get(oid, 0),
        )
        for oid, rows in holdings.data.items()
        if oid in holdings.artifacts
    }


def _owners(holdings: Holdings) -> dict[str, Oid]:
    """Returns for each object named the run that names it, or `_MANY`."""
    owners: dict[str, Oid] = {}
    for part in (holdings.data, holdings.artifacts):
        # Runs whose records are alike share one tuple: it belongs to many of them at once.
        users: dict[int, Oid] = {}
        for oid, rows in part.items():
            users[id(rows)] = oid if id(rows) not in users else _MANY
        for oid, rows in part.items():
            user = users.pop(id(rows), None)
            for held in rows if user is not None else ():
                owner = oid if user != _MANY else _MANY
                owners[held.hash] = owner if owners.get(held.hash, owner) == owner else _MANY
    return owners


def _sizes(holdings: Holdings) -> Mapping[int, int]:
    rows: dict[int, tuple[Held, ...]] = {}
    for part in (holdings.data, holdings.artifacts):
        rows |= {id(row): row for row in part.values()}
    return {number: sum(held.size_bytes for held in row) for number, row in rows.items()}

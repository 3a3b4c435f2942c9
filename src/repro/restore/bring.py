"""Brings the bytes that a target needs into the store, before anything is changed."""

import os

from repro.data.locate import ensure
from repro.data.place import matches
from repro.errors import ReproError
from repro.git.objects import read_file
from repro.git.repository import Repository
from repro.model.data import Place
from repro.restore.present import listed
from repro.restore.stores import Stores
from repro.restore.target import DamagedRunError, Target

__all__ = ["CheckoutIncompleteError", "bring_data", "unlike"]


class CheckoutIncompleteError(ReproError):
    """Bytes that the run needs are nowhere to be found; nothing was changed."""


def bring_data(repo: Repository, stores: Stores, target: Target) -> None:
    """Brings every object that the target needs into the store.

    Raises:
        CheckoutIncompleteError: Some are nowhere to be found.
        DamagedRunError: An output that the run commit should hold is not in it.
    """
    _store_inline(stores, target)
    wanted = [entry for entry in target.needed if entry.place is Place.STORE]
    missing = ensure(
        wanted,
        store=stores.store,
        top=stores.top,
        # Its own DVC files, not those of today, tell where a remote keeps versions of its data.
        read_pointer=lambda path: read_file(repo, target.tree, path),
    )
    if missing:
        places = dict.fromkeys(place for item in missing for place in item.looked_in)
        raise CheckoutIncompleteError(
            f"{len(missing)} files of {target.title} are nowhere to be found; nothing was changed",
            hint="repro pull, or dvc fetch, on a machine that has them: repro push",
            details=(
                *listed([f"{item.path} ({item.hash})" for item in missing]),
                f"looked in: {', '.join(places)}",
            ),
        )


def unlike(stores: Stores, target: Target) -> list[str]:
    """Returns a note for each input that cannot be put back and differs from what the run read."""
    return [
        f"not as the run read it, and known by hash alone: {entry.path}"
        for entry in target.unstored
        if not matches(entry, os.path.join(stores.top, entry.path), cache=stores.cache)
    ]


def _store_inline(stores: Stores, target: Target) -> None:
    # Outputs that the run commit holds go through the store, so that all are placed alike.
    for entry in target.outputs:
        if entry.place is Place.GIT:
            found = stores.store.add_bytes(target.inline.get(entry.path, b""))
            if found != entry.hash:
                raise DamagedRunError(
                    f"{entry.path} is not in the run commit as its record says", hint="repro fsck"
                )

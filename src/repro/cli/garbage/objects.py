"""Objects of the object store that nothing needs any more."""

import os
from contextlib import suppress
from typing import NamedTuple

from repro.cli.format import counted
from repro.cli.garbage.freed import Freed, Left
from repro.cli.garbage.needs import Needs, Unknown, Without, needs_of, oldest_live_ns
from repro.data.store import ObjectStore
from repro.data.store_use import is_store_in_use
from repro.data.sweep import Stored, list_objects, list_unfinished, put_back, sweep
from repro.git.repository import Repository

__all__ = ["GRACE_NS", "Unneeded", "find_unneeded", "remove_unneeded", "store_of"]

GRACE_NS = 3600 * 10**9
"""What came within the last hour may belong to a run that is not written yet."""
_DEAD_NS = 24 * GRACE_NS
_KIND = "object"


class Unneeded(NamedTuple):
    """Objects that may go.

    Attributes:
        objects: They.
        unfinished: Files that were begun to be stored.
        n_young: Objects that nothing needs either, but that came a moment ago.
        left: Why none may go, None when they may.
        needs: What is needed.
    """

    objects: tuple[Stored, ...]
    unfinished: tuple[Stored, ...]
    n_young: int
    left: Left | None
    needs: Needs

    def freed(self) -> list[Freed]:
        """Returns what is removed, for the report."""
        rows = []
        for found, noun, why in (
            (self.objects, "object", "nothing needs them"),
            (self.unfinished, "unfinished object", "left by a process that died"),
        ):
            if found:
                text = f"{counted(len(found), noun)} from the object store"
                own = sum(stored.size_bytes for stored in found if not stored.is_shared)
                shared = sum(stored.size_bytes for stored in found if stored.is_shared)
                rows.append(Freed(_KIND, text, why, own, len(found), shared))
        return rows


def store_of(repo: Repository) -> ObjectStore:
    """Returns the repository's object store."""
    return ObjectStore(f"{repo.state_dir}/store")


def find_unneeded(repo: Repository, *, at_ns: int, without: Without) -> Unneeded:
    """Returns what may go from the object store.

    Args:
        repo: The repository.
        at_ns: Now, nanoseconds since the epoch.
        without: Runs that do not count any more.
    """
    store = store_of(repo)
    put_back(store)  # what a gc that was killed had set aside
    # The objects before what is needed: what comes later is not among them.
    objects = list_objects(store.root)
    needs = needs_of(repo, store, without=without)
    since_ns = min(at_ns - GRACE_NS, oldest_live_ns(repo) or at_ns)
    unneeded = [stored for stored in objects if stored.hash not in needs.hashes]
    old = tuple(stored for stored in unneeded if stored.touched_ns < since_ns)
    unfinished = list_unfinished(store.root, before_ns=at_ns - _DEAD_NS)
    n_young = len(unneeded) - len(old)
    left = _why_left(store, needs, len(old)) if old else None
    return Unneeded(() if left else old, tuple(unfinished), n_young, left, needs)


def _why_left(store: ObjectStore, needs: Needs, n_old: int) -> Left | None:
    text = f"{counted(n_old, 'object')} that no run is known to need"
    if needs.unknown:
        (what, why, fix), *more = needs.unknown
        others = f", and {len(more)} more cannot be read" if more else ""
        return Left(text, f"{what} cannot be read: {why}{others}", fix)
    return _in_use(text) if is_store_in_use(store.root) else None


def _in_use(text: str) -> Left:
    return Left(text, "repro is recording or restoring a run at this moment", "repro gc, later")


def remove_unneeded(
    repo: Repository, unneeded: Unneeded, *, without: Without
) -> tuple[list[Freed], Left | None]:
    """Removes what may go, and returns what went; nothing of it when it is needed after all.

    Raises:
        OSError: The store cannot be written.
    """
    for stored in unneeded.unfinished:
        with suppress(FileNotFoundError):
            os.unlink(stored.path)
    store = store_of(repo)
    unknown: list[Unknown] = []

    def needed_now() -> frozenset[str] | None:
        needs = needs_of(repo, store, without=without)
        unknown.extend(needs.unknown)
        return None if needs.unknown else needs.hashes

    swept = sweep(store, unneeded.objects, needed_now=needed_now)
    done = unneeded._replace(objects=swept.removed)
    left = unneeded.left
    if swept.is_in_use:
        left = _in_use(counted(len(unneeded.objects), "object"))
    elif unknown:
        left = _why_left(
            store, unneeded.needs._replace(unknown=tuple(unknown)), len(unneeded.objects)
        )
    return done.freed(), left

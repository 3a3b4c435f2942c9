"""Takes objects that nobody needs out of the object store, while others go on using it.

First they are set aside, in ``<root>/leaving/``, where nobody finds them. Whoever had found one
before either still says so (`repro.data.store_use`), or has written down what he needs: both are
looked at once more, and what is wanted after all goes back. Only then is anything deleted. What a
process that died left aside goes back first, so no object is ever lost half-way.
"""

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from repro.data.manifest import is_hash
from repro.data.store import ObjectStore
from repro.data.store_use import is_store_in_use

__all__ = ["Stored", "Sweep", "list_objects", "list_unfinished", "put_back", "sweep"]

_ASIDE = "leaving"


class Stored(NamedTuple):
    """An object in the store.

    Attributes:
        hash: Its name.
        path: Where it lies.
        size_bytes: Its size.
        n_links: How many names it has: with more than one its bytes are shared with DVC's cache or
            with working trees, and removing one frees nothing.
        touched_ns: When it came or was last linked, nanoseconds since the epoch.
    """

    hash: str
    path: str
    size_bytes: int
    n_links: int
    touched_ns: int

    @property
    def is_shared(self) -> bool:
        """Whether its bytes have another name elsewhere."""
        return self.n_links > 1


class Sweep(NamedTuple):
    """What was removed.

    Attributes:
        removed: The objects.
        is_in_use: Whether nothing was, since another process relies on the store.
    """

    removed: tuple[Stored, ...] = ()
    is_in_use: bool = False


def list_objects(root: str) -> list[Stored]:
    """Returns the objects of a store, by name.

    Args:
        root: The store's directory.
    """
    return sorted(
        Stored(name, path, state.st_size, state.st_nlink, _touched_ns(state))
        for name, path, state in _files(root)
        if is_hash(name)
    )


def list_unfinished(root: str, *, before_ns: int) -> list[Stored]:
    """Returns what was begun to be stored, and left by a process that died.

    Args:
        root: The store's directory.
        before_ns: Only what nobody touched since then, nanoseconds since the epoch.
    """
    return sorted(
        Stored("", path, state.st_size, state.st_nlink, _touched_ns(state))
        for name, path, state in _files(root)
        if name[2:].startswith(".") and name.endswith(".tmp") and _touched_ns(state) < before_ns
    )


def _touched_ns(state: os.stat_result) -> int:
    # An object's modification time lies in the past on purpose: when it came, ctime tells.
    return max(state.st_mtime_ns, state.st_ctime_ns)


def _files(root: str) -> Iterator[tuple[str, str, os.stat_result]]:
    """Yields the two digits and the name in one word, the path, and the state of each file."""
    objects = f"{root}/files/md5"
    try:
        prefixes = sorted(entry for entry in os.listdir(objects) if len(entry) == 2)
    except FileNotFoundError:
        return
    for prefix in prefixes:
        with suppress(NotADirectoryError), os.scandir(f"{objects}/{prefix}") as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    state = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(state.st_mode):
                        yield f"{prefix}{entry.name}", entry.path, state


def sweep(
    store: ObjectStore,
    unneeded: Collection[Stored],
    *,
    needed_now: Callable[[], Collection[str] | None],
) -> Sweep:
    """Removes objects, unless another process relies on the store.

    Args:
        store: The store.
        unneeded: Objects from `list_objects` that were needed by nothing a moment ago.
        needed_now: Asked when they are out of everybody's sight: what is needed after all; None
            when that cannot be told, and everything goes back.

    Raises:
        OSError: The store cannot be written.
    """
    if not unneeded:
        return Sweep()
    if is_store_in_use(store.root):
        return Sweep(is_in_use=True)
    aside = f"{store.root}/{_ASIDE}"
    os.makedirs(aside, exist_ok=True)
    try:
        # Manifests first: one that is there stands for all its files.
        gone = [*_set_aside(aside, sorted(unneeded, key=lambda x: not x.hash.endswith(".dir")))]
        in_use = is_store_in_use(store.root)
        needed = None if in_use else needed_now()
        if needed is None:
            return Sweep(is_in_use=in_use)
        removed = tuple(found for found in gone if found.hash not in needed)
        for found in removed:
            os.unlink(f"{aside}/{found.hash}")
        return Sweep(removed)
    finally:
        put_back(store)


def _set_aside(aside: str, unneeded: Iterable[Stored]) -> Iterator[Stored]:
    for found in unneeded:
        with suppress(FileNotFoundError):
            os.rename(found.path, f"{aside}/{found.hash}")
            yield found


def put_back(store: ObjectStore) -> int:
    """Puts what lies aside where it was, files before the directories that list them.

    Returns:
        How many objects were put back.

    Raises:
        OSError: The store cannot be written.
    """
    aside = f"{store.root}/{_ASIDE}"
    try:
        names = sorted(os.listdir(aside), key=lambda name: (name.endswith(".dir"), name))
    except FileNotFoundError:
        return 0
    n_back = 0
    for name in names:
        if not is_hash(name):
            continue
        path = store.path_of(name)
        if os.path.lexists(path):  # somebody stored it anew meanwhile
            os.unlink(f"{aside}/{name}")
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.rename(f"{aside}/{name}", path)
        n_back += 1
    with suppress(OSError):  # something else lies there, which is not ours to remove
        os.rmdir(aside)
    return n_back

"""Changes files beside those of git: removes what is saved, puts back data and links."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress

from repro.data.place import Link, matches, place
from repro.data.tree import scan_tree
from repro.model.data import DataEntry
from repro.restore.plan import Files
from repro.restore.stores import Stores
from repro.restore.survey import is_reachable

__all__ = ["place_data", "place_links", "remove_saved"]


def remove_saved(top: str, path: str, tracked: Files) -> None:
    """Removes a file, a link, or what a capture takes in of a directory; never a file of git."""
    full = f"{top}/{path}"
    if not is_reachable(top, path) or not os.path.lexists(full):
        return
    if os.path.islink(full) or not os.path.isdir(full):
        os.unlink(full)
    else:
        tree = scan_tree(full)
        for name in dict.fromkeys((*tree.files, *tree.links)):
            if f"{path}/{name}" not in tracked:
                os.unlink(f"{full}/{name}")
        for name in (*reversed(tree.directories), ""):
            with suppress(OSError):  # files of git, or what no capture takes in, are in it
                os.rmdir(f"{full}/{name}")
    _remove_empty_parents(top, path)


def _remove_empty_parents(top: str, path: str) -> None:
    parent = path.rpartition("/")[0]
    with suppress(OSError):  # not empty
        while parent:
            os.rmdir(f"{top}/{parent}")
            parent = parent.rpartition("/")[0]


def place_links(top: str, links: Mapping[str, str]) -> None:
    """Makes symbolic links where nothing lies, target by path."""
    for path, goal in links.items():
        full = f"{top}/{path}"
        if is_reachable(top, path) and not os.path.lexists(full):
            os.makedirs(os.path.dirname(full), exist_ok=True)
            os.symlink(goal, full)


def place_data(stores: Stores, entries: Sequence[DataEntry], link: Link) -> list[str]:
    """Puts data at their paths; returns those that are not right afterwards.

    Links are to objects that `place` has just checked, into a directory that nobody else knows:
    only copies are looked at again.
    """
    wrong = []
    for entry in entries:
        full = f"{stores.top}/{entry.path}"
        place(entry, full, store=stores.store, cache=stores.cache, link=link, top=stores.top)
        if link is Link.COPY and not matches(entry, full, cache=stores.cache):
            wrong.append(entry.path)
    return wrong

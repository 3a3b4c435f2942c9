"""Makes a path equal to what a record says it held, and tells whether it already is.

All bytes are checked in the store before anything is touched; each file then appears whole or not
at all, and one that is right already stays as it is. Nothing is written through a symbolic link.
"""

import os
import stat

from repro.data.capture import HashedTree, capture, hash_tree
from repro.data.ignore import Ignore, ignore_of
from repro.data.layout import is_reserved, layout_of
from repro.data.manifest import ManifestError, encode_manifest, is_safe_relpath, manifest_hash
from repro.data.placing import InTheWayError, Link, Placing
from repro.data.stat_cache import StatCache
from repro.data.store import ObjectStore
from repro.errors import ReproError
from repro.model.data import Artifact, DataEntry, DirectoryExtras

__all__ = ["InTheWayError", "Link", "UnsafePathError", "matches", "place"]


class UnsafePathError(ReproError):
    """A path leads through a symbolic link, so that writing there would write elsewhere.

    Attributes:
        path: The path to be written.
        link: The symbolic link.
    """

    def __init__(self, path: str, *, link: str) -> None:
        super().__init__(
            f"a symbolic link is on the way to {path!a}: {link!a}",
            hint="replace the link by a directory, or use a new worktree: --worktree DIR",
        )
        self.path = path
        self.link = link


def place(
    entry: DataEntry | Artifact,
    destination: str,
    *,
    store: ObjectStore,
    cache: StatCache,
    link: Link,
    top: str | None = None,
    is_checked: bool = False,
) -> None:
    """Makes `destination` what the entry says; a directory loses what the entry does not name.

    Args:
        entry: A file or directory of a record.
        destination: Where it shall be.
        store: Must hold all of its objects.
        cache: Knows unchanged files.
        link: How to make files.
        top: A directory above `destination`: nothing between the two may be a symbolic link. By
            default what is left of `destination` without the entry's path.
        is_checked: Whether `store` was asked for all of the entry's objects just now, by
            `repro.data.locate.ensure` or `ObjectStore.missing`; that need not be done twice.

    Raises:
        MissingObjectError: An object is missing; nothing was changed.
        CorruptObjectError: An object is damaged; nothing was changed.
        ManifestError: The entry's path, or one below it, leads elsewhere or into a ``.git``;
            nothing was changed.
        UnsafePathError: A symbolic link is on the way; nothing was changed.
        InTheWayError: What lies there holds a repository, say, and is not removed.
        OSError: The destination cannot be written.
    """
    if not entry.path.startswith("/") and (
        not is_safe_relpath(entry.path) or is_reserved(entry.path)
    ):
        raise ManifestError(f"a path that no data can have: {entry.path!a}")
    top = top if top is not None else _top_of(entry, destination)
    _require_real_parents(destination, top)
    placing = Placing(
        destination,
        store=store,
        cache=cache,
        link=link,
        is_checked=is_checked,
        ignore=_ignore_of(entry, top) if isinstance(entry, DataEntry) else None,
    )
    if os.path.islink(destination) and matches(entry, destination, cache=cache):
        return  # DVC's cache.type symlink
    if entry.is_directory:
        placing.place_directory(layout_of(store.read_manifest(entry.hash), entry.extras))
    else:
        placing.place_file(entry.hash, executable=entry.executable)
    cache.flush()


def matches(entry: DataEntry | Artifact, destination: str, *, cache: StatCache) -> bool:
    """Tells whether `destination` is what the entry says, so that `place` would change nothing.

    Raises:
        ChangedWhileReadError: Something wrote to it meanwhile.
        OSError: It is there and cannot be read.
    """
    try:
        is_directory = stat.S_ISDIR(os.stat(destination).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    if is_directory != entry.is_directory:
        return False
    if is_directory:
        return _matches_directory(entry, destination, cache=cache)
    if not os.path.isfile(destination):
        return False
    found = capture(destination, cache=cache)
    return (found.hash, found.executable) == (entry.hash, entry.executable)


def _matches_directory(entry: DataEntry | Artifact, destination: str, *, cache: StatCache) -> bool:
    ignore = _ignore_of(entry, _top_of(entry, destination))
    # What DVC leaves out may be there or not; records of before have it all.
    for left_out in (ignore, None) if ignore is not None else (None,):
        found = hash_tree(destination, cache=cache, ignore=left_out)
        cache.flush()
        if _is_same(found, entry):
            return True
    return False


def _is_same(found: HashedTree, entry: DataEntry | Artifact) -> bool:
    extras = entry.extras or DirectoryExtras()
    return (
        manifest_hash(encode_manifest(found.files)) == entry.hash
        and found.extras.executable == tuple(sorted(extras.executable))
        and found.extras.empty == tuple(sorted(extras.empty))
        and all(extras.symlinks.get(x) == target for x, target in found.extras.symlinks.items())
        # A file with the right bytes stands for a link to such a file.
        and all(x in found.extras.symlinks or x in found.files for x in extras.symlinks)
    )


def _ignore_of(entry: DataEntry | Artifact, top: str | None) -> Ignore | None:
    """Returns what DVC leaves out of a directory; None where that is nothing, or not its own."""
    is_dvcs = not isinstance(entry, DataEntry) or entry.pointer is not None
    if top is None or not entry.is_directory or not is_dvcs:
        return None
    ignore = ignore_of(top, entry.path)
    return ignore if ignore is not None and ignore.rules else None


def _top_of(entry: DataEntry | Artifact, destination: str) -> str | None:
    is_below = not entry.path.startswith("/") and destination.endswith(f"/{entry.path}")
    return destination[: -len(entry.path) - 1] if is_below else None


def _require_real_parents(destination: str, top: str | None) -> None:
    if top is None:
        return
    path = top.rstrip("/")
    names = destination[len(path) :].strip("/").split("/")[:-1]
    for name in names:
        path = f"{path}/{name}"
        if os.path.islink(path):
            raise UnsafePathError(destination, link=path)
        if not os.path.lexists(path):
            return
        if not os.path.isdir(path):
            raise InTheWayError(path)

"""Captures a file or a directory as it is: its hash, and if wanted its bytes in the store."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from repro.data.hashing import (
    ChangedWhileReadError,
    NotARegularFileError,
    State,
    hash_text_file,
    is_protected,
)
from repro.data.manifest import DIR_SUFFIX, encode_manifest, manifest_hash
from repro.data.stat_cache import StatCache
from repro.data.store import ObjectStore, WrongHashError, object_path, state_of
from repro.data.tree import Tree, scan_tree
from repro.model.data import DirectoryExtras

if TYPE_CHECKING:
    from repro.data.ignore import Ignore
    from repro.data.progress import Progress

__all__ = [
    "Captured",
    "ChangedWhileReadError",
    "HashedTree",
    "capture",
    "hash_as_text",
    "hash_tree",
]

_T = TypeVar("_T")
_HASHED_AT_ONCE = 8192
_STORED_AT_ONCE = 65_536
"""Files; what is known of them does not pile up. Each batch that is stored syncs a file system."""


class Captured(NamedTuple):
    """A file or directory as it was.

    Attributes:
        hash: MD5 in hex; for a directory that of its DVC manifest, ending in ".dir".
        size_bytes: Sum over the files.
        n_files: 1 for a file.
        executable: For a file: whether its owner may execute it.
        extras: For a directory: what the manifest drops; None when it drops nothing.
        is_stored: Whether the store has the bytes.
    """

    hash: str
    size_bytes: int
    n_files: int
    executable: bool = False
    extras: DirectoryExtras | None = None
    is_stored: bool = False


class HashedTree(NamedTuple):
    """A directory with the hashes of its files.

    Attributes:
        files: MD5 in hex of each file, by relative path.
        size_bytes: Sum over the files.
        extras: What the manifest drops.
    """

    files: Mapping[str, str]
    size_bytes: int
    extras: DirectoryExtras


def capture(
    path: str,
    *,
    cache: StatCache,
    store: ObjectStore | None = None,
    also: Sequence[str] = (),
    limit_bytes: int | None = None,
    ignore: "Ignore | None" = None,
    progress: "Progress | None" = None,
) -> Captured:
    """Returns what a path holds now; a symbolic link there is followed.

    In a directory, a link to a file counts as a file with the bytes it leads to (as with DVC) and
    is noted in the extras; other links are in the extras alone. Links into a cache of read-only
    objects (DVC's ``cache.type symlink``) are files and nothing else. Pipes, sockets, devices, and
    ``.git``, ``.hg`` and ``.dvc`` are left out.

    Args:
        path: Absolute, or relative to the current directory.
        cache: Knows unchanged files.
        store: Where the bytes are put; None for only the hash.
        also: Roots of DVC caches (``.../files/md5``) whose objects may be hard-linked.
        limit_bytes: Beyond it nothing is put into the store, unless what neither it nor a cache
            on its file system has is less than that. None for no limit.
        ignore: For a directory: what else is left out.
        progress: Told what was hashed and stored.

    Raises:
        ChangedWhileReadError: Something wrote to it meanwhile.
        NotARegularFileError: It is neither a file nor a directory.
        OSError: It is not there, cannot be read, or the store cannot be written.
    """
    state = os.stat(path)
    keeping = _Keeping(store, also, limit_bytes, progress)
    if stat.S_ISDIR(state.st_mode):
        captured = _capture_directory(path, cache, keeping, ignore=ignore)
    elif stat.S_ISREG(state.st_mode):
        if progress is not None:
            progress.begin("hashing", 1, state.st_size)
        [value] = cache.hash_files([(path, state)], progress=progress)
        is_stored = keeping.keep({value: path}, state.st_size)
        executable = bool(state.st_mode & stat.S_IXUSR)
        captured = Captured(value, state.st_size, 1, executable, is_stored=is_stored)
    else:
        raise NotARegularFileError(path)
    cache.flush()
    return captured


def hash_tree(
    directory: str,
    *,
    cache: StatCache,
    ignore: "Ignore | None" = None,
    progress: "Progress | None" = None,
) -> HashedTree:
    """Returns a directory's files with their hashes, and what a manifest drops.

    Args:
        directory: The directory.
        cache: Knows unchanged files.
        ignore: What is left out.
        progress: Told what was hashed.

    Raises:
        ChangedWhileReadError: Something wrote to one of the files meanwhile.
        OSError: Something cannot be read.
    """
    tree = scan_tree(directory, ignore=ignore)
    size_bytes = sum(state.st_size for state in tree.files.values())
    if progress is not None:
        progress.begin("hashing", len(tree.files), size_bytes)
    files: dict[str, str] = {}
    try:
        for batch in _batches(tree.files, _HASHED_AT_ONCE):
            paths = [(f"{directory}/{path}", state) for path, state in batch.items()]
            hashes = cache.hash_files(paths, progress=progress)
            files.update(zip(batch, hashes, strict=True))
    except FileNotFoundError as error:
        raise ChangedWhileReadError(os.fsdecode(error.filename or directory)) from error
    return HashedTree(files=files, size_bytes=size_bytes, extras=_extras(tree))


def hash_as_text(path: str, *, ignore: "Ignore | None" = None) -> str:
    """Returns DVC 2's hash of a file or directory, ``md5-dos2unix``; nothing of it is remembered.

    Args:
        path: Absolute.
        ignore: For a directory: what is left out.

    Raises:
        ChangedWhileReadError: Something wrote to it meanwhile.
        NotARegularFileError: It is neither a file nor a directory.
        OSError: It cannot be read.
    """
    if not os.path.isdir(path):
        return hash_text_file(path)
    names = scan_tree(path, ignore=ignore).files
    return manifest_hash(
        encode_manifest({name: hash_text_file(f"{path}/{name}") for name in names})
    )


def _capture_directory(
    path: str, cache: StatCache, keeping: "_Keeping", *, ignore: "Ignore | None"
) -> Captured:
    tree = hash_tree(path, cache=cache, ignore=ignore, progress=keeping.progress)
    manifest = encode_manifest(tree.files)
    value = manifest_hash(manifest)
    objects = {found: f"{path}/{name}" for name, found in tree.files.items()}
    is_stored = keeping.keep(objects, tree.size_bytes, manifest)
    extras = tree.extras if tree.extras != DirectoryExtras() else None
    return Captured(value, tree.size_bytes, len(tree.files), extras=extras, is_stored=is_stored)


class _Keeping(NamedTuple):
    """How bytes are kept; the fields are the arguments of `capture`."""

    store: ObjectStore | None
    also: Sequence[str]
    limit_bytes: int | None
    progress: "Progress | None"

    def keep(
        self, files: Mapping[str, str], size_bytes: int, manifest: bytes | None = None
    ) -> bool:
        """Puts files into the store if they are to be kept; tells whether they are.

        Args:
            files: A path that has the bytes, by hash.
            size_bytes: Of all.
            manifest: Stored last.
        """
        store, limit_bytes = self.store, self.limit_bytes
        if store is None:
            return False
        if limit_bytes is not None and size_bytes > limit_bytes and not self._costs_little(files):
            return False
        if self.progress is not None:
            self.progress.begin("keeping", len(files), size_bytes)
        try:
            for batch in _batches(files, _STORED_AT_ONCE):
                store.add_files(batch, also=self.also)
                if self.progress is not None:
                    self.progress.advance(len(batch), 0)
        except WrongHashError as error:
            raise ChangedWhileReadError(error.path) from error
        if manifest is not None:
            store.add_bytes(manifest, suffix=DIR_SUFFIX)
        store.cache.flush()
        return True

    def _costs_little(self, files: Mapping[str, str]) -> bool:
        """Tells whether all but a few bytes are in the store, or can be linked from a cache."""
        if self.store is None or self.limit_bytes is None:
            return False
        roots = [root for root in self.also if _shares_device(root, self.store)]
        left_bytes = self.limit_bytes
        for value, path in files.items():
            if self.store.has(value) or any(_can_link(object_path(x, value)) for x in roots):
                continue
            left_bytes -= os.stat(path).st_size
            if left_bytes < 0:
                return False
        return True


def _can_link(path: str) -> bool:
    state = state_of(path)
    return state is not None and is_protected(state)


def _shares_device(root: str, store: ObjectStore) -> bool:
    path = store.root
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return os.stat(root).st_dev == os.stat(path).st_dev


def _batches(items: Mapping[str, _T], n: int) -> Iterator[dict[str, _T]]:
    rest = iter(items.items())
    while batch := dict(islice(rest, n)):
        yield batch


def _extras(tree: Tree) -> DirectoryExtras:
    links = {
        path: target
        for path, target in sorted(tree.links.items())
        if not _is_cache_link(target, tree.files.get(path))
    }
    return DirectoryExtras(
        executable=tuple(sorted(tree.executable)),
        symlinks=links,
        empty=tuple(sorted(tree.empty)),
    )


def _is_cache_link(target: str, state: State | None) -> bool:
    """Tells whether a link leads to an object of a cache, as DVC's ``cache.type symlink`` makes."""
    return state is not None and target.startswith("/") and is_protected(state)

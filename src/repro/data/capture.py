"""Captures a file or a directory as it is: its hash, and if wanted its bytes in the store."""

import os
import stat
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from repro.data.hashing import ChangedWhileReadError, NotARegularFileError, is_protected
from repro.data.manifest import DIR_SUFFIX, encode_manifest, manifest_hash
from repro.data.stat_cache import StatCache
from repro.data.store import ObjectStore, WrongHashError
from repro.data.tree import Tree, scan_tree
from repro.model.data import DirectoryExtras

__all__ = ["Captured", "ChangedWhileReadError", "HashedTree", "capture", "hash_tree"]


class Captured(NamedTuple):
    """A file or directory as it was.

    Attributes:
        hash: MD5 in hex; for a directory that of its DVC manifest, ending in ".dir".
        size_bytes: Sum over the files.
        n_files: 1 for a file.
        executable: For a file: whether its owner may execute it.
        extras: For a directory: what the manifest drops; None when it drops nothing.
    """

    hash: str
    size_bytes: int
    n_files: int
    executable: bool = False
    extras: DirectoryExtras | None = None


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
    path: str, *, cache: StatCache, store: ObjectStore | None = None, also: Sequence[str] = ()
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

    Raises:
        ChangedWhileReadError: Something wrote to it meanwhile.
        NotARegularFileError: It is neither a file nor a directory.
        OSError: It is not there, cannot be read, or the store cannot be written.
    """
    state = os.stat(path)
    if stat.S_ISDIR(state.st_mode):
        captured = _capture_directory(path, cache=cache, store=store, also=also)
    elif stat.S_ISREG(state.st_mode):
        [value] = cache.hash_files([(path, state)])
        if store is not None:
            _put(store, {value: path}, also)
        executable = bool(state.st_mode & stat.S_IXUSR)
        captured = Captured(value, state.st_size, 1, executable)
    else:
        raise NotARegularFileError(path)
    cache.flush()
    return captured


def hash_tree(directory: str, *, cache: StatCache) -> HashedTree:
    """Returns a directory's files with their hashes, and what a manifest drops.

    Raises:
        ChangedWhileReadError: Something wrote to one of the files meanwhile.
        OSError: Something cannot be read.
    """
    tree = scan_tree(directory)
    paths = [(f"{directory}/{path}", state) for path, state in tree.files.items()]
    try:
        hashes = cache.hash_files(paths)
    except FileNotFoundError as error:
        raise ChangedWhileReadError(os.fsdecode(error.filename or directory)) from error
    return HashedTree(
        files=dict(zip(tree.files, hashes, strict=True)),
        size_bytes=sum(state.st_size for state in tree.files.values()),
        extras=_extras(tree),
    )


def _capture_directory(
    path: str, *, cache: StatCache, store: ObjectStore | None, also: Sequence[str]
) -> Captured:
    tree = hash_tree(path, cache=cache)
    manifest = encode_manifest(tree.files)
    value = manifest_hash(manifest)
    if store is not None:
        _put(store, {found: f"{path}/{name}" for name, found in tree.files.items()}, also)
        store.add_bytes(manifest, suffix=DIR_SUFFIX)
    extras = tree.extras if tree.extras != DirectoryExtras() else None
    return Captured(value, tree.size_bytes, len(tree.files), extras=extras)


def _put(store: ObjectStore, files: Mapping[str, str], also: Sequence[str]) -> None:
    try:
        store.add_files(files, also=also)
    except WrongHashError as error:
        raise ChangedWhileReadError(error.path) from error
    store.cache.flush()


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


def _is_cache_link(target: str, state: os.stat_result | None) -> bool:
    """Tells whether a link leads to an object of a cache, as DVC's ``cache.type symlink`` makes."""
    return state is not None and target.startswith("/") and is_protected(state)

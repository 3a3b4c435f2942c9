"""What a directory of a record shall hold, checked so that nothing can be placed outside of it."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from repro.data.manifest import ManifestError, is_safe_relpath
from repro.model.data import DirectoryExtras

__all__ = ["Layout", "is_reserved", "layout_of"]

_RESERVED = re.compile(r"(?:^|/)\.(?:git|hg|dvc)(?:/|$)", re.IGNORECASE)
"""What `repro.data.tree` never takes for data; placed, a ``.git/hooks`` would run as code."""


class Layout(NamedTuple):
    """A directory to be made; all paths are relative to it.

    Attributes:
        files: MD5 in hex of each file; also of a link to a file, then of what it leads to.
        links: Target of each symbolic link.
        executable: The files that may be executed.
        directories: All directories, each before those below it.
    """

    files: Mapping[str, str]
    links: Mapping[str, str]
    executable: frozenset[str]
    directories: tuple[str, ...]


def is_reserved(path: str) -> bool:
    """Tells whether a relative path is or leads into a ``.git``, ``.hg`` or ``.dvc``."""
    return _RESERVED.search(path) is not None


def layout_of(files: Mapping[str, str], extras: DirectoryExtras | None) -> Layout:
    """Returns the layout of a directory.

    Args:
        files: MD5 in hex by relative path, from `repro.data.manifest.parse_manifest`.
        extras: What the manifest drops.

    Raises:
        ManifestError: A path leads out of the directory or into a ``.git`` below it, or something
            shall be a directory and a file or link at once.
    """
    extras = extras or DirectoryExtras()
    for path in (*extras.symlinks, *extras.empty):
        if not is_safe_relpath(path):
            raise ManifestError(f"a path leads out of the directory: {path!a}")
    # At once: a search for each of many thousands of paths takes longer than linking them.
    if is_reserved("/".join([*files, *extras.symlinks, *extras.empty])):
        raise ManifestError("a path leads into a repository's own directory, such as .git")
    for path, target in extras.symlinks.items():
        if not target or "\0" in target:
            raise ManifestError(f"a symbolic link leads nowhere: {path!a}")
    directories = _directories([*files, *extras.symlinks], extras.empty)
    for path in (*files, *extras.symlinks):
        if path in directories:
            raise ManifestError(f"a path is a directory and something else: {path!a}")
    return Layout(
        files=files,
        links=extras.symlinks,
        executable=frozenset(extras.executable),
        directories=tuple(sorted(directories)),
    )


def _directories(paths: Iterable[str], empty: Iterable[str]) -> set[str]:
    found = set(empty)
    waiting = {path.rpartition("/")[0] for path in (*paths, *found)} - {""}
    while waiting:
        found |= waiting
        waiting = {path.rpartition("/")[0] for path in waiting} - {""} - found
    return found

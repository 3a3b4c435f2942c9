"""Looks at a directory: which files, links and directories lie below it, without reading any."""

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from repro.data.hashing import FileState, State

if TYPE_CHECKING:
    from repro.data.ignore import Ignore

__all__ = ["Tree", "scan_tree"]

_NOT_DATA = frozenset({".git", ".hg", ".dvc"})
"""What DVC never takes for data (dvc/ignore.py, ``default_ignore_patterns``)."""


class Tree(NamedTuple):
    """What lies below a directory; all paths are relative to it, with "/" between names.

    Attributes:
        files: State of each file; also of a link to a file, then of what it leads to.
        links: Target of each symbolic link, broken ones and those to directories too.
        directories: Real directories, each before those below it; not those with ignored files.
        empty: The directories that have nothing in them.
    """

    files: dict[str, FileState]
    links: dict[str, str]
    directories: list[str]
    empty: list[str]

    @property
    def executable(self) -> list[str]:
        """The files that their owner may execute."""
        return [path for path, state in self.files.items() if state.st_mode & stat.S_IXUSR]


def scan_tree(directory: str, *, ignore: "Ignore | None" = None) -> Tree:
    """Returns what lies below a directory; links are not walked into.

    Pipes, sockets and devices are passed over, and so is what DVC never takes for data:
    ``.git``, ``.hg`` and ``.dvc``.

    Args:
        directory: The directory.
        ignore: What else DVC leaves out of it; such files are as if they were not there.

    Raises:
        OSError: A directory cannot be read, or something vanished meanwhile.
    """
    scan = _Scan(directory, ignore)
    waiting = [""]
    while waiting:
        waiting += scan.look_into(waiting.pop())
    return scan.finished()


class _Scan:
    def __init__(self, directory: str, ignore: "Ignore | None") -> None:
        self._directory = directory
        self._ignore = ignore
        self._tree = Tree({}, {}, [], [])
        self._with_ignored: set[str] = set()
        # Millions of files lie on one device and have few modes: one number for all of them.
        self._numbers: dict[int, int] = {}

    def finished(self) -> Tree:
        if not self._with_ignored:
            return self._tree
        above = set(self._with_ignored)
        for path in self._with_ignored:
            while path := path.rpartition("/")[0]:
                above.add(path)
        kept = [path for path in self._tree.directories if path not in above]
        return self._tree._replace(directories=kept)

    def look_into(self, prefix: str) -> list[str]:
        """Adds what one directory holds; returns the prefixes of those in it."""
        tree, ignore = self._tree, self._ignore
        below: list[str] = []
        is_empty = True
        full = f"{self._directory}/{prefix}" if prefix else self._directory
        with os.scandir(full) as entries:
            for entry in entries:
                if entry.name in _NOT_DATA:
                    continue
                path = prefix + entry.name
                is_directory = entry.is_dir(follow_symlinks=False)
                if ignore is not None and ignore.skips(path, entry.path, is_directory=is_directory):
                    self._with_ignored.add(prefix[:-1])
                elif is_directory:
                    tree.directories.append(path)
                    below.append(f"{path}/")
                elif not self._add(path, entry):
                    continue
                is_empty = False
        if is_empty and prefix:
            tree.empty.append(prefix[:-1])
        return below

    def _add(self, path: str, entry: os.DirEntry[str]) -> bool:
        """Adds a file or link; returns False when it is neither."""
        tree = self._tree
        if entry.is_file(follow_symlinks=False):
            tree.files[path] = self._small(entry.stat(follow_symlinks=False))
            return True
        if not entry.is_symlink():
            return False
        tree.links[path] = os.readlink(entry.path)
        try:
            state = os.stat(entry.path)
        except OSError:  # broken, or in a loop
            return True
        if stat.S_ISREG(state.st_mode):
            tree.files[path] = self._small(state)
        return True

    def _small(self, state: State) -> FileState:
        one = self._numbers.setdefault
        mtime_ns, ctime_ns = state.st_mtime_ns, state.st_ctime_ns
        return FileState(
            one(state.st_dev, state.st_dev),
            state.st_ino,
            one(state.st_mode, state.st_mode),
            state.st_size,
            mtime_ns,
            mtime_ns if ctime_ns == mtime_ns else ctime_ns,
        )

"""Looks at a directory: which files, links and directories lie below it, without reading any."""

import os
import stat
from typing import NamedTuple

__all__ = ["Tree", "scan_tree"]

_NOT_DATA = frozenset({".git", ".hg", ".dvc"})
"""What DVC never takes for data (dvc/ignore.py, ``default_ignore_patterns``)."""


class Tree(NamedTuple):
    """What lies below a directory; all paths are relative to it, with "/" between names.

    Attributes:
        files: ``stat`` of each file; also of a link to a file, then of what it leads to.
        links: Target of each symbolic link, broken ones and those to directories too.
        directories: Real directories, each before those below it.
        empty: The directories that have nothing in them.
    """

    files: dict[str, os.stat_result]
    links: dict[str, str]
    directories: list[str]
    empty: list[str]

    @property
    def executable(self) -> list[str]:
        """The files that their owner may execute."""
        return [path for path, state in self.files.items() if state.st_mode & stat.S_IXUSR]


def scan_tree(directory: str) -> Tree:
    """Returns what lies below a directory; links are not walked into.

    Pipes, sockets and devices are passed over, and so is what DVC never takes for data:
    ``.git``, ``.hg`` and ``.dvc``.

    Raises:
        OSError: A directory cannot be read, or something vanished meanwhile.
    """
    tree = Tree({}, {}, [], [])
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        is_empty = True
        with os.scandir(f"{directory}/{prefix}" if prefix else directory) as entries:
            for entry in entries:
                if entry.name in _NOT_DATA:
                    continue
                path = prefix + entry.name
                if entry.is_dir(follow_symlinks=False):
                    tree.directories.append(path)
                    waiting.append(f"{path}/")
                elif not _add(tree, path, entry):
                    continue
                is_empty = False
        if is_empty and prefix:
            tree.empty.append(prefix[:-1])
    return tree


def _add(tree: Tree, path: str, entry: os.DirEntry[str]) -> bool:
    """Adds a file or link; returns False when it is neither."""
    if entry.is_file(follow_symlinks=False):
        tree.files[path] = entry.stat(follow_symlinks=False)
        return True
    if not entry.is_symlink():
        return False
    tree.links[path] = os.readlink(entry.path)
    try:
        state = os.stat(entry.path)
    except OSError:  # broken, or in a loop
        return True
    if stat.S_ISREG(state.st_mode):
        tree.files[path] = state
    return True

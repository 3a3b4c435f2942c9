"""The files of a working tree as git sees them: tracked, and new."""

import os
from typing import NamedTuple

from repro.git.repository import Repository

__all__ = ["Files", "list_files"]


class Files(NamedTuple):
    """The files of a working tree; ignored ones are not among them.

    Attributes:
        tracked: Paths from the top, as the index has them.
        untracked: The others, each one by itself.
    """

    tracked: frozenset[str]
    untracked: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        """Every path."""
        return self.tracked | self.untracked


def list_files(repo: Repository) -> Files:
    """Returns the files of a working tree, also those above the current directory.

    Raises:
        GitError: git could not list them.
    """
    untracked = repo.start("ls-files", "-z", "--others", "--exclude-standard")
    tracked = repo.git("ls-files", "-z", "--cached")
    return Files(_paths(tracked), _paths(untracked.result().out))


def _paths(raw: bytes) -> frozenset[str]:
    # A directory that is a repository of its own ends in a slash.
    names = (os.fsdecode(name) for name in raw.split(b"\0"))
    return frozenset(name for name in names if name and not name.endswith("/"))

"""Opens a repository even where the commit that HEAD names is damaged or missing."""

import os

from repro import process
from repro.git.repository import GitError, Repository, git_environment, open_repository

__all__ = ["open_damaged"]

_QUERY = (
    *("rev-parse", "--show-object-format", "--show-toplevel"),
    *("--absolute-git-dir", "--git-common-dir"),
)


def open_damaged(directory: str) -> Repository:
    """Opens the repository that a directory lies in.

    Raises:
        NotARepositoryError: There is none.
        BareRepositoryError: It has no working tree.
        GitError: git refuses to work in it.
    """
    try:
        return open_repository(directory)
    except GitError:
        result = process.run(("git", "-C", directory, *_QUERY), env=git_environment())
        lines = os.fsdecode(result.out).splitlines()
        if result.code != 0 or len(lines) != 4:
            raise
    hash_name, top, git_dir, common_dir = lines
    return Repository(
        top=top,
        git_dir=git_dir,
        common_dir=os.path.realpath(os.path.join(directory, common_dir)),
        head=None,
        head_tree=None,
        branch=None,
        prefix=".",
        hash_name=hash_name,
    )

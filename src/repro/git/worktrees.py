"""Further working trees of a repository."""

import os

from repro.git.repository import Repository
from repro.model.ids import Oid, RefName

__all__ = ["add_worktree", "fill_worktree", "remove_worktree", "worktree_id", "worktree_of_branch"]


def add_worktree(repo: Repository, directory: str, commit: Oid) -> Repository:
    """Adds a working tree without files, detached at a commit.

    Args:
        repo: The repository.
        directory: Absolute; does not exist, or is empty.
        commit: Where its HEAD is to be.

    Raises:
        GitError: git could not add it.
    """
    repo.git("worktree", "add", "--detach", "--no-checkout", "--", directory, commit)
    top = os.path.realpath(directory)
    with open(f"{top}/.git", "rb") as file:
        git_dir = os.fsdecode(file.read().removeprefix(b"gitdir: ").rstrip(b"\n"))
    return repo._replace(
        top=top,
        git_dir=os.path.realpath(os.path.join(top, git_dir)),
        head=commit,
        head_tree=None,
        branch=None,
        prefix=".",
    )


def fill_worktree(worktree: Repository, tree: Oid, *, staged: Oid | None) -> None:
    """Writes the files of a tree into a new working tree.

    Args:
        worktree: As `add_worktree` made it.
        tree: The files.
        staged: What its index holds afterwards; None for nothing.
    """
    worktree.git("read-tree", "-m", "-u", tree)
    if staged is None:
        worktree.git("read-tree", "--empty")
    elif staged != tree:
        worktree.git("read-tree", "--reset", staged)


def remove_worktree(repo: Repository, directory: str) -> None:
    """Removes a working tree with everything in it."""
    repo.git("worktree", "remove", "--force", "--force", "--", directory)


def worktree_id(repo: Repository) -> str:
    """Returns what tells the repository's working trees apart: "." for the main one."""
    return os.path.relpath(repo.git_dir, repo.common_dir)


def worktree_of_branch(repo: Repository, branch: RefName) -> tuple[Oid | None, str | None]:
    """Returns the commit of a branch and the working tree that has it checked out."""
    out = repo.git("for-each-ref", "--format=%(refname)%00%(objectname)%00%(worktreepath)", branch)
    for line in out.splitlines():
        name, oid, path = line.split(b"\0")
        if os.fsdecode(name) == branch:
            return Oid(oid.decode("ascii")), os.fsdecode(path) or None
    return None, None

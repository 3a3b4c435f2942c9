"""Changes HEAD, the user's index, and files under git: the only module that does.

Files move with a two-tree ``git read-tree -m -u`` on an index of our own, which refuses to touch a
file that differs from the tree we come from. Ignored files it does overwrite (since git 2.34), so
whoever calls must have looked for them first. The user's index is replaced by a rename, under
git's own ``index.lock``.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from repro.errors import ReproError
from repro.git.objects import parse_tree
from repro.git.repository import GitError, Repository
from repro.git.snapshot import temporary_index
from repro.model.ids import Oid, RefName

__all__ = [
    "ConflictedIndexError",
    "FilesInUseError",
    "Head",
    "Operation",
    "OperationInProgressError",
    "check_switch",
    "differing_files",
    "forget_stat",
    "head_of",
    "install_index",
    "operation_in_progress",
    "refresh",
    "set_head",
    "stage_tree",
    "staged_tree",
    "switch_files",
    "tree_of",
    "tree_without",
    "untracked_paths",
]

_SPECIAL = re.compile(r"([\\*?\[\]#! ])")
_REFUSED = re.compile(r"'(.+)'")


class ConflictedIndexError(ReproError):
    """The index holds conflicts, which no tree can hold."""


class FilesInUseError(ReproError):
    """Files hold changes that git was told not to see, or that were made this moment.

    Attributes:
        paths: The files, as git prints them.
    """

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__(
            "these files would lose changes that git does not report (assume-unchanged,"
            " skip-worktree, or edited just now); nothing was changed",
            hint="git update-index --no-assume-unchanged --no-skip-worktree FILE, and again",
            details=paths,
        )
        self.paths = paths


class OperationInProgressError(ReproError):
    """A merge or its like is under way; its state would be lost."""

    def __init__(self, operation: "Operation") -> None:
        super().__init__(
            f"{operation.name} is in progress",
            hint=f"finish it, or give it up: {operation.way_out}",
        )


@dataclass(frozen=True, slots=True)
class Operation:
    """A git operation that takes several commands.

    Attributes:
        name: With its article.
        way_out: The command that ends it.
    """

    name: str
    way_out: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where HEAD is.

    Attributes:
        branch: Full name of the branch it is attached to, None when it is detached.
        oid: The commit, None on a branch without commits.
    """

    branch: RefName | None
    oid: Oid | None


_OPERATIONS = (
    ("rebase-merge", Operation("a rebase", "git rebase --abort")),
    ("rebase-apply", Operation("a rebase or git am", "git rebase --abort, or git am --abort")),
    ("MERGE_HEAD", Operation("a merge", "git merge --abort")),
    ("CHERRY_PICK_HEAD", Operation("a cherry-pick", "git cherry-pick --abort")),
    ("REVERT_HEAD", Operation("a revert", "git revert --abort")),
    ("BISECT_LOG", Operation("a bisection", "git bisect reset")),
)


def operation_in_progress(repo: Repository) -> Operation | None:
    """Returns the merge, rebase, cherry-pick, revert or bisection under way, None when none is."""
    for name, operation in _OPERATIONS:
        if os.path.lexists(f"{repo.git_dir}/{name}"):
            return operation
    return None


def head_of(repo: Repository) -> Head:
    """Returns where HEAD was when the repository was opened."""
    branch = RefName(f"refs/heads/{repo.branch}") if repo.branch is not None else None
    return Head(branch, repo.head)


def set_head(repo: Repository, head: Head, *, reason: str) -> None:
    """Moves HEAD and nothing else: no branch, no file.

    Args:
        repo: The repository.
        head: Attached to a branch, which is not moved; or detached at a commit.
        reason: For HEAD's reflog.

    Raises:
        GitError: git could not write it.
    """
    if head.branch is not None:
        repo.git("symbolic-ref", "-m", reason, "HEAD", head.branch)
    elif head.oid is not None:
        repo.git("update-ref", "--no-deref", "--create-reflog", "-m", reason, "HEAD", head.oid)


def staged_tree(repo: Repository) -> Oid:
    """Returns the tree of what is staged; the index keeps its bytes.

    Raises:
        ConflictedIndexError: It holds conflicts.
    """
    with temporary_index(repo) as index:
        result = repo.start("write-tree", index=index).result()
    if result.code == 0:
        return Oid(result.out.decode("ascii").strip())
    if b"unmerged" in result.err:
        raise ConflictedIndexError(
            "the index holds conflicts",
            hint="resolve them (git status lists them), or give them up: git reset",
            details=tuple(sorted({_conflict(line) for line in _lines(result.err)} - {""})),
        )
    raise GitError(("write-tree",), result)


def _lines(raw: bytes) -> list[str]:
    return raw.decode("utf-8", "surrogateescape").splitlines()


def _conflict(line: str) -> str:
    return line.partition(": unmerged")[0] if ": unmerged" in line else ""


def stage_tree(
    repo: Repository, index: str, tree: Oid, files: Mapping[str, tuple[str, Oid]]
) -> None:
    """Makes an index hold a tree, with the stat of every file that equals it.

    Args:
        repo: The repository.
        index: A copy of the user's index, or a path where there is none.
        tree: The tree.
        files: Mode and object of its files, by path.
    """
    repo.git("read-tree", "--reset", tree, index=index)
    differing = differing_files(repo, index)
    if differing:
        forget_stat(repo, index, {path: files[path] for path in differing if path in files})
        refresh(repo, index)


def refresh(repo: Repository, index: str) -> None:
    """Notes the stat of every file that equals its entry; that others differ is no error."""
    repo.start("update-index", "-q", "--refresh", index=index).result()


def check_switch(
    repo: Repository, index: str, trees: tuple[Oid, Oid], *, expendable: Sequence[str]
) -> None:
    """Asks git whether `switch_files` would refuse.

    Args:
        repo: The repository.
        index: An index that `stage_tree` made of the first tree.
        trees: From and to.
        expendable: Paths of untracked files that will be gone by then.

    Raises:
        FilesInUseError: A file differs from the first tree, or would be overwritten.
    """
    with _excludes(index, expendable) as excludes:
        config = f"core.excludesFile={excludes}"
        _switch(repo, index, ("-c", config, "read-tree", "-n", "-m", "-u", *trees))


def switch_files(repo: Repository, index: str, trees: tuple[Oid, Oid]) -> None:
    """Turns the files of one tree into those of another, in the working tree and an index.

    Args:
        repo: The repository.
        index: An index that `stage_tree` made of the first tree; holds the second afterwards.
        trees: From and to.

    Raises:
        FilesInUseError: A file differs from the first tree; nothing was changed.
        GitError: git could not write.
    """
    _switch(repo, index, ("read-tree", "-m", "-u", *trees))


def _switch(repo: Repository, index: str, args: tuple[str, ...]) -> None:
    result = repo.start(*args, index=index).result()
    if result.code == 0:
        return
    lines = _lines(result.err)
    if any("not uptodate" in line or "would be" in line for line in lines):
        raise FilesInUseError(tuple(m[1] for line in lines if (m := _REFUSED.search(line))))
    raise GitError(args, result)


def _as_pattern(path: str) -> bytes:
    return os.fsencode(_SPECIAL.sub(r"\\\1", path).replace("\n", "?"))


def forget_stat(repo: Repository, index: str, entries: Mapping[str, tuple[str, Oid]]) -> None:
    """Makes git look into files whose bytes another than git has written.

    Without this, git takes a file of another size for a changed one, though its filters make the
    same of it.

    Args:
        repo: The repository.
        index: An index.
        entries: Mode and object of entries that it holds, by path.
    """
    rows = b"".join(
        f"{mode} {oid} 0\t".encode() + os.fsencode(path) + b"\0"
        for path, (mode, oid) in entries.items()
    )
    repo.git("update-index", "-z", "--index-info", stdin=rows, index=index)


def differing_files(repo: Repository, index: str) -> list[str]:
    """Returns the paths of an index whose files differ from it, submodules left out."""
    refresh(repo, index)
    fields = repo.git("diff-files", "--raw", "-z", "--no-renames", index=index).split(b"\0")
    rows = zip(fields[::2], fields[1::2], strict=False)
    return [os.fsdecode(path) for head, path in rows if b"160000" not in head[:15]]


def untracked_paths(repo: Repository, index: str, *, besides: Sequence[str]) -> list[str]:
    """Returns what lies beside an index's files and is not ignored; "/" ends a directory.

    Args:
        repo: The repository.
        index: The index.
        besides: Paths not to return.
    """
    args = ("ls-files", "--others", "--exclude-standard", "--directory", "--no-empty-directory")
    with _excludes(index, besides) as excludes:
        out = repo.git(*args, "-z", f"--exclude-from={excludes}", index=index)
    return [os.fsdecode(path) for path in out.split(b"\0")[:-1]]


@contextmanager
def _excludes(index: str, paths: Sequence[str]) -> Iterator[str]:
    name = f"{index}.excludes"
    with open(name, "wb") as file:
        file.writelines(b"/%s\n" % _as_pattern(path) for path in paths)
    try:
        yield name
    finally:
        os.unlink(name)


def install_index(repo: Repository, index: str, tree: Oid | None) -> None:
    """Makes a tree what is staged, for whoever holds `lock_index`.

    Args:
        repo: The repository.
        index: An index whose stat is that of the working tree; it is moved into place.
        tree: What is to be staged; None for nothing.
    """
    repo.git("read-tree", *(("--reset", tree) if tree is not None else ("--empty",)), index=index)
    fd = os.open(index, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    os.replace(index, repo.index_path)


def tree_without(repo: Repository, tree: str, name: str) -> Oid:
    """Returns a tree without one of its top entries, writing it where it is new.

    Raises:
        GitError: There is no such tree.
    """
    out = repo.git("ls-tree", "-z", "--full-tree", tree)
    entries = [entry for entry in parse_tree(out) if entry.path != os.fsencode(name)]
    rows = b"".join(
        b"%s %s %s\t%s\0" % (e.mode.encode(), e.kind.encode(), e.oid.encode(), e.path)
        for e in entries
    )
    return Oid(repo.git("mktree", "-z", "--missing", stdin=rows).decode("ascii").strip())


def tree_of(repo: Repository, index: str, tree: Oid, *, without: Sequence[str]) -> Oid:
    """Returns a tree without some of its files.

    Args:
        repo: The repository.
        index: A path that may be overwritten.
        tree: The tree.
        without: Paths of files in it.
    """
    repo.git("read-tree", "--reset", tree, index=index)
    stdin = b"".join(os.fsencode(path) + b"\0" for path in without)
    repo.git("update-index", "-z", "--force-remove", "--stdin", stdin=stdin, index=index)
    return Oid(repo.git("write-tree", index=index).decode("ascii").strip())

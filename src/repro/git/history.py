"""History through GitPython: diffstats and patches between two commits.

GitPython costs 80 ms to import, so it stays off the paths where speed is the product. Its
`Repo.git` is the part that works in every repository, SHA-256 included.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from repro.errors import ReproError
from repro.git.repository import Repository

if TYPE_CHECKING:
    from git import Repo

__all__ = ["FileChange", "HistoryError", "diffstat", "patch"]


class HistoryError(ReproError):
    """Two commits could not be compared."""


class FileChange(NamedTuple):
    """A file that differs between two trees.

    Attributes:
        path: In the newer tree.
        status: git's letter: A, D, M, R (renamed), C, T.
        added: Lines added, None for a binary file.
        removed: Lines removed, None likewise.
        old_path: In the older tree, where it was renamed or copied.
    """

    path: str
    status: str
    added: int | None
    removed: int | None
    old_path: str | None = None


def diffstat(repo: Repository, a: str, b: str, exclude: Sequence[str] = ()) -> list[FileChange]:
    """Returns what differs from `a` to `b`, sorted by path.

    Args:
        repo: The repository.
        a: Anything that names a tree.
        b: Likewise.
        exclude: Paths to leave out, taken literally.

    Raises:
        HistoryError: git cannot compare them.
    """
    raw = _diff(repo, "--raw", "--numstat", "-z", "-M", "--no-abbrev", a, b, exclude=exclude)
    statuses: dict[str, tuple[str, str | None]] = {}
    counts: dict[str, tuple[int | None, int | None]] = {}
    fields = iter(raw.split("\0"))
    for field in fields:
        if field.startswith(":"):
            letter = field.rsplit(" ", 1)[1][0]
            old = next(fields)
            path = next(fields) if letter in "RC" else old
            statuses[path] = (letter, old if path != old else None)
        elif field.count("\t") >= 2:
            added, removed, path = field.split("\t", 2)
            if not path:  # a rename: two more fields follow
                next(fields)
                path = next(fields)
            counts[path] = (_count(added), _count(removed))
    return [
        FileChange(path, letter, *counts.get(path, (None, None)), old_path=old)
        for path, (letter, old) in sorted(statuses.items())
    ]


def patch(
    repo: Repository, a: str, b: str, exclude: Sequence[str] = (), *, colour: bool = False
) -> str:
    """Returns the difference from `a` to `b` as a patch.

    Args:
        repo: The repository.
        a: Anything that names a tree.
        b: Likewise.
        exclude: Paths to leave out, taken literally.
        colour: Whether to colour it as git does on a terminal.

    Raises:
        HistoryError: git cannot compare them.
    """
    return _diff(repo, "--color=always" if colour else "--color=never", "-M", a, b, exclude=exclude)


def _diff(repo: Repository, *args: str, exclude: Sequence[str]) -> str:
    from git import GitCommandError

    pathspecs = [
        ".",
        ":(top,exclude).repro",
        *(f":(top,exclude,literal){path}" for path in exclude),
    ]
    with _gitpython(repo) as handle:
        try:
            text: str = handle.git.diff(
                "--no-ext-diff", *args, "--", *pathspecs, strip_newline_in_stdout=False
            )
        except GitCommandError as error:
            raise HistoryError(
                f"git cannot compare the two: {error.stderr.strip()}", hint="repro fsck"
            ) from error
    return text


def _gitpython(repo: Repository) -> "Repo":
    from git import Repo

    handle = Repo(repo.top)
    # In a hook, git's own variables would lead it to another repository.
    handle.git.update_environment(
        GIT_DIR=repo.git_dir, GIT_WORK_TREE=repo.top, GIT_LITERAL_PATHSPECS="0", LC_ALL="C"
    )
    return handle


def _count(text: str) -> int | None:
    return None if text == "-" else int(text)

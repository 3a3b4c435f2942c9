"""The whole working tree as a git tree, without touching the index, HEAD, or a file.

The index is copied with its time kept and ``git add -A`` runs on the copy: git's own rules for
ignored files, filters, modes, links, submodules and sparse checkouts hold, and unchanged files are
known by their stat. (With a fresh time on the copy, git's protection against files edited within
the second that the index was written fails: 20 of 20 such edits were missed.)
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from repro.git.repository import GitError, Repository
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid
from repro.model.run import DirtyPath

__all__ = [
    "LARGE_BYTES",
    "LargeFile",
    "Snapshot",
    "StatusRow",
    "parse_status",
    "take_snapshot",
    "temporary_index",
]

LARGE_BYTES = 10 * 2**20
"""Untracked files beyond this are data for the object store, not code for git."""

_CHANGES = {"M": "modified", "A": "added", "D": "deleted", "T": "type changed"}
_ADD_ERROR = re.compile(r'^(?:error|fatal): (?:open\("(.*)"\)|unable to index file .(.*).$)')


class LargeFile(NamedTuple):
    """An untracked file too large for git.

    Attributes:
        path: Relative to the top.
        size_bytes: Its size when the tree was looked at.
    """

    path: str
    size_bytes: int


class Snapshot(NamedTuple):
    """A working tree as it stood.

    Attributes:
        tree: Every tracked and untracked file that is not ignored.
        dirty: What differed from HEAD, sorted by path; large files included.
        large: Untracked files that are not in `tree` for their size.
        gaps: What else git could not take in.
    """

    tree: Oid
    dirty: tuple[DirtyPath, ...]
    large: tuple[LargeFile, ...]
    gaps: tuple[Gap, ...]


class StatusRow(NamedTuple):
    """A row of ``git status --porcelain=v2``.

    Attributes:
        path: Relative to the top; a nested repository ends in "/".
        change: As in `DirtyPath`.
        submodule: git's four letters, "N..." when it is none.
    """

    path: str
    change: str
    submodule: str


STATUS = (
    "status",
    "--porcelain=v2",
    "-z",
    "--untracked-files=all",
    "--no-renames",
    "--ignore-submodules=none",
    "--ignored=no",
)


def parse_status(out: bytes) -> list[StatusRow]:
    """Reads the output of ``git status --porcelain=v2 -z --no-renames``, sorted by path."""
    rows = []
    for line in out.split(b"\0")[:-1]:
        text = os.fsdecode(line)
        if text.startswith("? "):
            rows.append(StatusRow(text[2:], "untracked", "N..."))
        elif text.startswith("1 "):
            _, states, submodule, _, _, _, _, _, path = text.split(" ", 8)
            # What the working tree holds counts; "MD" was staged, then deleted.
            state = states[1] if states[1] != "." else states[0]
            rows.append(StatusRow(path, _CHANGES.get(state, "modified"), submodule))
        elif text.startswith("u "):
            _, _, submodule, *_, path = text.split(" ", 10)
            rows.append(StatusRow(path, "conflicted", submodule))
    return sorted(rows, key=lambda row: row.path)


def take_snapshot(
    repo: Repository, *, large_bytes: int = LARGE_BYTES, status: bytes | None = None
) -> Snapshot:
    """Writes the working tree's tree into the object database.

    Args:
        repo: The repository.
        large_bytes: Untracked files beyond this are left out and listed.
        status: The output of `STATUS`, where the caller has asked git already.

    Raises:
        GitError: git could not read the tree or write objects.
    """
    rows = parse_status(status if status is not None else repo.git(*STATUS))
    large = tuple(_large_files(repo, rows, large_bytes))
    gaps = [gap for row in rows if (gap := _gap_of(row)) is not None]
    dirty = tuple(DirtyPath(row.path, row.change) for row in rows)
    left_out = [file.path for file in large] + [r.path for r in rows if r.path.endswith("/")]
    if repo.head_tree is not None and len(rows) == len(left_out):
        return Snapshot(repo.head_tree, dirty, large, tuple(gaps))
    with temporary_index(repo) as index:
        gaps += _add_all(repo, index, left_out)
        tree = Oid(repo.git("write-tree", index=index).decode("ascii").strip())
    return Snapshot(tree, dirty, large, tuple(gaps))


def _large_files(repo: Repository, rows: list[StatusRow], large_bytes: int) -> Iterator[LargeFile]:
    for row in rows:
        if row.change != "untracked" or row.path.endswith("/"):
            continue
        with suppress(OSError):  # gone since git looked: then it is in no snapshot either
            stat = os.lstat(f"{repo.top}/{row.path}")
            if stat.st_size > large_bytes:
                yield LargeFile(row.path, stat.st_size)


def _gap_of(row: StatusRow) -> Gap | None:
    if row.path.endswith("/"):
        return Gap(
            GapKind.CODE,
            row.path,
            "a git repository of its own inside this one; its files are not captured",
            f"git submodule add <url> {row.path}",
        )
    if row.submodule[0] == "S" and row.submodule[2:] != "..":
        return Gap(
            GapKind.CODE,
            row.path,
            "the submodule has uncommitted changes; only its commit is captured",
            f"commit them: git -C {row.path} commit -a",
        )
    return None


def _add_all(repo: Repository, index: str, left_out: list[str]) -> list[Gap]:
    # "./" matters where the top directory itself is given with exclusions only.
    pathspecs = [".", *(f":(top,exclude,literal){path.rstrip('/')}" for path in left_out)]
    stdin = b"\0".join(os.fsencode(spec) for spec in pathspecs) + b"\0"
    args = ("add", "-A", "--pathspec-from-file=-", "--pathspec-file-nul")
    result = repo.start(*args, stdin=stdin, index=index).result()
    if result.code == 0:
        return []
    result = repo.start(*args, "--ignore-errors", stdin=stdin, index=index).result()
    gaps = [
        Gap(
            GapKind.CODE,
            match[1] or match[2],
            "git could not read it: " + line.rpartition(": ")[2],
            "make it readable, or name it in .gitignore",
        )
        for line in result.err.decode("utf-8", "surrogateescape").splitlines()
        if (match := _ADD_ERROR.match(line)) and (match[1] or match[2])
    ]
    if result.code != 0 and not gaps:
        raise GitError(args, result)
    return gaps


@contextmanager
def temporary_index(repo: Repository) -> Iterator[str]:
    """Gives the path of a copy of the user's index that is removed at the end.

    In a repository without an index the path names a file that does not exist, as git expects.
    """
    directory = f"{repo.state_dir}/index"
    os.makedirs(directory, exist_ok=True)
    path = f"{directory}/{os.getpid()}-{os.urandom(4).hex()}"
    try:
        _copy_index(repo.index_path, path)
        yield path
    finally:
        for name in (path, f"{path}.lock"):
            with suppress(FileNotFoundError):
                os.unlink(name)


def _copy_index(source: str, target: str) -> None:
    try:
        with open(source, "rb") as reader:
            stat = os.fstat(reader.fileno())
            with open(target, "wb") as writer:
                writer.write(reader.read())
    except FileNotFoundError:
        return
    os.utime(target, ns=(stat.st_atime_ns, stat.st_mtime_ns))

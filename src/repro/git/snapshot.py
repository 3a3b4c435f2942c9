"""The whole working tree as a git tree, without touching the index, HEAD, or a file.

The index is copied with its time kept and ``git add -A`` runs on the copy: git's own rules for
ignored files, filters, modes, links, submodules and sparse checkouts hold, and unchanged files are
known by their stat. (With a fresh time on the copy, git's protection against files edited within
the second that the index was written fails: 20 of 20 such edits were missed.)
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from repro.git.repository import GitError, Repository
from repro.git.screen import Screen, Screened, add_marked
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
_UNREADABLE = (
    re.compile(r'error: (?:open|readlink|stat)\("(?P<path>.*)"\): (?P<reason>.*)'),
    re.compile(r"warning: could not open directory '(?P<path>.*)': (?P<reason>.*)"),
    re.compile(r"error: (?P<path>.*): (?P<reason>can only add regular files, .*)"),
    re.compile(r"error: unable to index file '(?P<path>.*)'(?P<reason>)"),
)
"""What git says of what it cannot take in; the last follows one of the first for most files."""


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
        dirty: What differed from HEAD, sorted by path; large files included, secret ones not.
        large: Untracked files that are not in `tree` for their size.
        gaps: What else is not in it as it lies there.
        secret: Untracked files that are not in `tree` as they hold secrets and nothing else.
        marked: Files in which marks stand for secrets.
    """

    tree: Oid
    dirty: tuple[DirtyPath, ...]
    large: tuple[LargeFile, ...]
    gaps: tuple[Gap, ...]
    secret: tuple[str, ...] = ()
    marked: tuple[str, ...] = ()


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


_UPDATE = (
    *("-c", "core.safecrlf=false"),
    *("update-index", "-z", "--add", "--remove", "--replace", "--stdin"),
)
_ADD = (
    # Line endings that would not survive are no reason to refuse: the bytes go through git's rules.
    *("-c", "core.safecrlf=false"),
    *("add", "-A", "--sparse"),
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
    repo: Repository,
    *,
    large_bytes: int = LARGE_BYTES,
    status: bytes | None = None,
    screen: Screen | None = None,
) -> Snapshot:
    """Writes the working tree's tree into the object database.

    Args:
        repo: The repository.
        large_bytes: Untracked files beyond this are left out and listed.
        status: The output of `STATUS`, where the caller has asked git already.
        screen: Keeps secrets out of the tree; None where every byte is wanted.

    Raises:
        GitError: git could not read the tree or write objects.
    """
    unreadable: list[Gap] = []
    if status is None:
        result = repo.start(*STATUS).result()
        if result.code != 0:
            raise GitError(STATUS, result)
        status = result.out
        unreadable = _unreadable(result.err)
    rows = parse_status(status)
    untracked = frozenset(r.path for r in rows if r.change == "untracked")
    states = _states(repo, rows, untracked if screen is None else None)
    screened = screen.look(repo.top, states, untracked=untracked) if screen else Screened()
    secret = screened.left_out
    rows = [row for row in rows if row.path not in secret or row.change != "untracked"]
    large = tuple(
        LargeFile(path, state.st_size)
        for path, state in states.items()
        if state.st_size > large_bytes and path in untracked and path not in secret
    )
    gaps = [gap for row in rows if (gap := _gap_of(row)) is not None]
    gaps += screened.gaps
    left_out = [file.path for file in large] + [r.path for r in rows if r.path.endswith("/")]
    if repo.head_tree is not None and len(rows) == len(left_out):
        tree, more = repo.head_tree, unreadable
    else:
        apart = frozenset(left_out) | secret
        listed = _tree_of_listed(repo, rows, apart, screened.marked)
        tree, more = (
            (listed, [])
            if listed is not None
            else _tree_of_all(repo, rows, sorted(apart), screened.marked)
        )
    dirty = tuple(DirtyPath(row.path, row.change) for row in rows)
    gaps += more
    return Snapshot(tree, dirty, large, tuple(gaps), tuple(sorted(secret)), tuple(screened.marked))


def _states(
    repo: Repository, rows: Sequence[StatusRow], wanted: frozenset[str] | None
) -> dict[str, os.stat_result]:
    """Returns the ``lstat`` of the listed files that are there, `wanted` ones or all."""
    states = {}
    prefix = f"{repo.top}/"
    for path, change, submodule in rows:
        if change == "deleted" or submodule != "N..." or path.endswith("/"):
            continue
        if wanted is None or path in wanted:
            with suppress(OSError):  # gone since git looked: then it is in no snapshot either
                states[path] = os.lstat(prefix + path)
    return states


def _tree_of_listed(
    repo: Repository, rows: Sequence[StatusRow], apart: frozenset[str], marked: Mapping[str, bytes]
) -> Oid | None:
    """Returns the tree with just the listed paths looked at again: no second walk over the rest.

    Returns:
        None where it takes ``git add`` to get it right: nested repositories, submodules, conflicts,
        a sparse checkout, or anything that update-index will not take.
    """
    is_sparse = os.path.exists(f"{repo.git_dir}/info/sparse-checkout")
    if is_sparse or any(
        row.submodule != "N..." or row.change == "conflicted" or row.path.endswith("/")
        for row in rows
    ):
        return None
    paths = [row.path for row in rows if row.path not in apart and row.path not in marked]
    stdin = b"".join(os.fsencode(path) + b"\0" for path in paths)
    with temporary_index(repo) as index:
        result = repo.start(*_UPDATE, stdin=stdin, index=index).result()
        if result.code != 0 or result.err:
            return None
        if marked:
            add_marked(repo, index, marked)
        return _write_tree(repo, index)


def _tree_of_all(
    repo: Repository,
    rows: Sequence[StatusRow],
    left_out: Sequence[str],
    marked: Mapping[str, bytes],
) -> tuple[Oid, list[Gap]]:
    """Returns the tree as ``git add`` makes it, and what that could not take in."""
    apart = [*left_out, *marked]
    with temporary_index(repo) as index:
        gaps = _add_all(repo, index, apart)
        _forget(repo, index, _deleted_below(rows, apart))
        if marked:
            add_marked(repo, index, marked)
        return _write_tree(repo, index), gaps


def _write_tree(repo: Repository, index: str) -> Oid:
    return Oid(repo.git("write-tree", index=index).decode("ascii").strip())


def _gap_of(row: StatusRow) -> Gap | None:
    is_submodule = row.submodule[0] == "S"
    if row.path.endswith("/") or (is_submodule and row.change == "type changed"):
        return Gap(
            GapKind.CODE,
            row.path,
            "a git repository of its own inside this one; its files are not captured",
            f"git submodule add <url> {row.path}",
        )
    if is_submodule and row.submodule[2:] != "..":
        return Gap(
            GapKind.CODE,
            row.path,
            "the submodule has uncommitted changes; only its commit is captured",
            f"commit them: git -C {row.path} commit -a",
        )
    return None


def _add_all(repo: Repository, index: str, left_out: Sequence[str]) -> list[Gap]:
    # "./" matters where the top directory itself is given with exclusions only.
    pathspecs = [".", *(f":(top,exclude,literal){path.rstrip('/')}" for path in left_out)]
    stdin = b"\0".join(os.fsencode(spec) for spec in pathspecs) + b"\0"
    args = (*_ADD, "--pathspec-from-file=-", "--pathspec-file-nul")
    result = repo.start(*args, stdin=stdin, index=index).result()
    if result.code != 0:
        result = repo.start(*args, "--ignore-errors", stdin=stdin, index=index).result()
    gaps = _unreadable(result.err)
    if result.code != 0 and not gaps:
        raise GitError(args, result)
    return gaps


def _unreadable(stderr: bytes) -> list[Gap]:
    reasons: dict[str, str] = {}
    for line in stderr.decode("utf-8", "surrogateescape").splitlines():
        match = next((m for form in _UNREADABLE if (m := form.fullmatch(line))), None)
        if match is not None:
            reasons.setdefault(match["path"], match["reason"])
    fix = "make it readable, or name it in .gitignore"
    return [
        Gap(GapKind.CODE, path, f"git could not read it: {reason}".rstrip(": "), fix)
        for path, reason in reasons.items()
    ]


def _deleted_below(rows: Sequence[StatusRow], left_out: Sequence[str]) -> list[str]:
    """Returns tracked files that are gone, and whose place something that is left out has taken."""
    places = {path.rstrip("/") for path in left_out}
    return [
        row.path
        for row in rows
        if row.change in ("deleted", "type changed")
        and any(row.path == place or row.path.startswith(f"{place}/") for place in places)
    ]


def _forget(repo: Repository, index: str, paths: list[str]) -> None:
    if paths:
        stdin = b"".join(os.fsencode(path) + b"\0" for path in paths)
        repo.git("update-index", "-z", "--force-remove", "--stdin", stdin=stdin, index=index)


@contextmanager
def temporary_index(repo: Repository, source: str | None = None) -> Iterator[str]:
    """Gives the path of a copy of the user's index that is removed at the end.

    In a repository without an index the path names a file that does not exist, as git expects.

    Args:
        repo: The repository.
        source: Another index than the user's.
    """
    directory = f"{repo.state_dir}/index"
    os.makedirs(directory, exist_ok=True)
    path = f"{directory}/{os.getpid()}-{os.urandom(4).hex()}"
    try:
        _copy_index(source or repo.index_path, path)
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

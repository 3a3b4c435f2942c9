"""Keeps secrets out of trees: which listed files may go into one as they are, and which may not.

Only what ``git status`` lists is looked at: a file that is clean and tracked is in the user's own
history. Files found clean are known by their stat next time, so that a tree with thousands of
uncommitted files is read once.
"""

import hashlib
import os
import stat
import time
from array import array
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from repro import __version__
from repro.git.repository import Repository
from repro.model.gap import Gap, GapKind
from repro.secrets.gaps import (
    is_private_key,
    left_out_gap,
    marked_gap,
    marked_whole_gap,
    with_marks_for_values,
)

if TYPE_CHECKING:
    from repro.secrets.redactor import Redactor

__all__ = ["RULES", "Screen", "Screened", "add_marked", "is_settled"]

_SETTLED_NS = 50_000_000
_SETTLED_COARSELY_NS = 2_000_000_000
"""A file touched less than this before it was looked at may change again and keep its stat; a time
without a fraction of a millisecond is that of a file system with a coarse clock."""
RULES = f"{__version__}-2"
"""Raise the number when more is found than before: what was clean is then searched again."""
_HEAD = RULES.encode("ascii")
_FIELDS = 4
_UPDATE = (
    *("-c", "core.safecrlf=false"),
    *("update-index", "-z", "--add", "--replace", "--stdin"),
)
_LOOKED_AT_BYTES = 8000
"""A NUL among so many says that a file is no text; git has the same rule."""

_HEAD_BYTES = 256

_Stat = tuple[int, ...]
_Known = dict[str, _Stat]


class Screened(NamedTuple):
    """What a screen says of the listed files; those it does not name may go in as they are.

    Attributes:
        left_out: Files of secrets that git does not track: they go into no tree.
        marked: By path, the content that is to be recorded, marks in place of secrets.
        gaps: One for each of both, and for each file that was not searched.
    """

    left_out: frozenset[str] = frozenset()
    marked: Mapping[str, bytes] = {}
    gaps: tuple[Gap, ...] = ()


class _Verdict(NamedTuple):
    gap: Gap
    marked: bytes | None = None
    is_left_out: bool = False


class Screen:
    """Looks for secrets in the files of a working tree."""

    def __init__(
        self,
        redactor: "Redactor",
        *,
        cache_dir: str,
        marks: bool = True,
        limit_bytes: int = 10 * 2**20,
    ) -> None:
        """Takes note of the rules; reads nothing yet.

        Args:
            redactor: Finds secrets, and makes the marks.
            cache_dir: Where to remember files that are clean.
            marks: Whether secrets inside of a file are replaced. Without, only files that git does
                not track and that are secret as a whole are kept out: for a copy that must bring
                back every byte, and stays on this machine.
            limit_bytes: Files beyond it are not searched; that is a gap.
        """
        self._redactor = redactor
        self._cache_dir = cache_dir
        self._marks = marks
        self._limit_bytes = limit_bytes

    def look(
        self, top: str, states: Mapping[str, os.stat_result], *, untracked: frozenset[str]
    ) -> Screened:
        """Returns what must not go into a tree as it is.

        Args:
            top: The top of the working tree.
            states: The ``lstat`` of each file that git lists, by path.
            untracked: Those of them that git does not track.
        """
        now_ns = time.time_ns()
        cache_path = self._cache_path(top)
        known = _read_known(cache_path)
        clean: _Known = {}
        found: dict[str, _Verdict] = {}
        for path, state in states.items():
            key = (state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
            if known.get(path) == key:
                clean[path] = key
            elif stat.S_ISREG(state.st_mode):
                verdict = self._judge(top, path, state, is_untracked=path in untracked)
                if verdict is not None:
                    found[path] = verdict
                elif is_settled(state, now_ns):
                    clean[path] = key
        if self._marks and clean != known:
            _write_known(cache_path, clean)
        return Screened(
            frozenset(path for path, verdict in found.items() if verdict.is_left_out),
            {p: verdict.marked for p, verdict in found.items() if verdict.marked is not None},
            tuple(verdict.gap for verdict in found.values()),
        )

    def _judge(
        self, top: str, path: str, state: os.stat_result, *, is_untracked: bool
    ) -> _Verdict | None:
        from repro.secrets.files import secret_file_kind

        kind = secret_file_kind(path)
        if kind is not None and is_untracked:
            return _Verdict(left_out_gap(path, kind), is_left_out=True)
        if state.st_size > self._limit_bytes:
            return None if is_untracked or not self._marks else self._not_searched(top, path)
        content = _read(f"{top}/{path}", None if self._marks else _HEAD_BYTES)
        if is_untracked and is_private_key(content):
            return _Verdict(left_out_gap(path, "private key"), is_left_out=True)
        if not self._marks:
            return None
        if kind is not None:
            safe = with_marks_for_values(content, self._redactor)
            return None if safe == content else _Verdict(marked_whole_gap(path, kind), safe)
        if _is_binary(content):
            return None
        safe, found = self._redactor.content(content)
        return _Verdict(marked_gap(path, found), safe) if found else None

    def _not_searched(self, top: str, path: str) -> _Verdict | None:
        if _is_binary(_read(f"{top}/{path}", _LOOKED_AT_BYTES)):
            return None
        limit = self._limit_bytes // 2**20
        reason = f"larger than {limit} MiB: it was not searched for secrets"
        return _Verdict(Gap(GapKind.SECRET, path, reason, "track it with DVC: dvc add"))

    def _cache_path(self, top: str) -> str:
        return f"{self._cache_dir}/clean-{hashlib.sha256(os.fsencode(top)).hexdigest()[:16]}"


def add_marked(repo: Repository, index: str, marked: Mapping[str, bytes]) -> None:
    """Puts files into an index with other content than they have, by git's own filters.

    git reads them from a directory that stands in for the working tree: one process, however many.

    Args:
        repo: The repository.
        index: An index that is no one else's.
        marked: Content by path; each path is a regular file of the working tree.

    Raises:
        GitError: git could not take one in.
    """
    import shutil

    mirror = f"{index}.marked"
    try:
        for path, content in marked.items():
            full = f"{mirror}/{path}"
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(content)
            with suppress(FileNotFoundError):  # gone meanwhile: it has no mode
                os.chmod(full, stat.S_IMODE(os.stat(f"{repo.top}/{path}").st_mode) | 0o600)
        stdin = b"".join(os.fsencode(path) + b"\0" for path in marked)
        place = {"GIT_DIR": repo.git_dir, "GIT_WORK_TREE": mirror}
        repo._replace(top=mirror).git(*_UPDATE, stdin=stdin, index=index, env=place)
    finally:
        shutil.rmtree(mirror, ignore_errors=True)


def _read(full: str, n_bytes: int | None) -> bytes:
    try:
        with open(full, "rb", buffering=0) as file:
            return file.read(-1 if n_bytes is None else n_bytes)
    except OSError:  # git cannot read it either, and says so
        return b""


def _is_binary(content: bytes) -> bool:
    return b"\0" in content[:_LOOKED_AT_BYTES]


def is_settled(state: os.stat_result, now_ns: int) -> bool:
    """Tells whether a file that changes from now on will have another stat."""
    touched_ns = max(state.st_mtime_ns, state.st_ctime_ns)
    is_fine = touched_ns % 1_000_000 != 0
    return touched_ns < now_ns - (_SETTLED_NS if is_fine else _SETTLED_COARSELY_NS)


def _read_known(path: str) -> _Known:
    """Returns the files that were clean, with their stat; none where the note cannot be read."""
    try:
        with open(path, "rb") as file:
            content = file.read()
        head, _, rest = content.partition(b"\n")
        if head != _HEAD:
            return {}
        names, _, raw = rest.partition(b"\0\0")
        numbers = array("q")
        numbers.frombytes(raw)
    except (OSError, ValueError):
        return {}
    stats = zip(*(numbers[n::_FIELDS] for n in range(_FIELDS)), strict=True)
    try:
        return dict(zip(os.fsdecode(names).split("\0"), stats, strict=True))
    except ValueError:  # cut short
        return {}


def _write_known(path: str, known: _Known) -> None:
    names = os.fsencode("\0".join(known))
    numbers = array("q", (number for key in known.values() for number in key))
    temporary = f"{path}.{os.getpid()}"
    with suppress(OSError):  # a full disk: they are searched again
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(b"%s\n%s\0\0%s" % (_HEAD, names, numbers.tobytes()))
        os.replace(temporary, path)

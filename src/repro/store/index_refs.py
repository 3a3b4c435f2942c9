"""Whether refs are still what the index knows, and what became of them if not.

In a repository that keeps refs as files, every change of one goes through ``packed-refs`` or
through a lock file in the ref's directory, and so moves the time of one of four places. A place
that changed shortly before it was looked at is looked at again, for a second change may fall into
the same tick of the clock. Whatever is out of the ordinary is left to git.
"""

import os
from typing import TYPE_CHECKING, NamedTuple

from repro.git.repository import Repository
from repro.model.ids import ARCHIVE_REFS, LOG_REFS, RUN_REFS, Oid, RefName
from repro.store.all_refs import read_all_refs

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Changes", "OddRefs", "Stamp", "Stamps", "changes_since", "take_stamps"]

_RACY_NS = 2_000_000_000
"""File systems count time in steps of up to two seconds (FAT)."""
_HEX = frozenset("0123456789abcdef")


class OddRefs(Exception):  # noqa: N818 - a signal within the index
    """Run refs that repro never makes; they are read without the index."""


class Stamp(NamedTuple):
    """What ``stat`` says of a place; all zero where there is nothing."""

    mtime_ns: int = 0
    size: int = 0
    inode: int = 0

    def is_settled(self, now_ns: int) -> bool:
        """Tells whether a later change must show, seen from a time before it was taken."""
        return self.mtime_ns < now_ns - _RACY_NS


class Stamps(NamedTuple):
    """The places where refs change.

    Attributes:
        packed: ``packed-refs``.
        directories: Those of runs, archives and logs.
    """

    packed: Stamp
    directories: tuple[Stamp, ...]

    def is_settled(self, now_ns: int) -> bool:
        """Tells whether all are."""
        return all(stamp.is_settled(now_ns) for stamp in (self.packed, *self.directories))

    def encode(self) -> str:
        """Returns them as a text to compare with."""
        return " ".join(
            f"{mtime_ns} {size} {inode}"
            for mtime_ns, size, inode in (self.packed, *self.directories)
        )

    @staticmethod
    def decode(text: str) -> "Stamps":
        """Reverses `encode`.

        Raises:
            ValueError: It is no such text.
        """
        numbers = [int(word) for word in text.split()]
        packed, *directories = (Stamp(*numbers[at : at + 3]) for at in range(0, len(numbers), 3))
        return Stamps(packed, tuple(directories))


class Changes(NamedTuple):
    """What became of refs.

    Attributes:
        hot: Name below the run refs and commit of each that is new or has moved.
        gone: Names below the run refs.
        archives: All archives and their tips.
        logs: All logs and their tips.
        loose: Stamp of each ref kept in a file of its own, by the ref's full name.
        is_orderly: Whether the stamps will tell of further changes.
    """

    hot: dict[str, Oid]
    gone: list[str]
    archives: dict[RefName, Oid]
    logs: dict[RefName, Oid]
    loose: dict[str, Stamp]
    is_orderly: bool


def take_stamps(repo: Repository) -> Stamps:
    """Returns what the places where refs change look like now."""
    common = repo.common_dir
    return Stamps(
        _stamp(f"{common}/packed-refs"),
        tuple(
            _stamp(f"{common}/{prefix.rstrip('/')}")
            for prefix in (RUN_REFS, ARCHIVE_REFS, LOG_REFS)
        ),
    )


def _stamp(path: str) -> Stamp:
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return Stamp()
    return Stamp(found.st_mtime_ns, found.st_size, found.st_ino)


def changes_since(
    db: "sqlite3.Connection", repo: Repository, *, is_packed_known: bool, now_ns: int
) -> Changes:
    """Returns how refs differ from what the index holds.

    Args:
        db: The index.
        repo: The repository.
        is_packed_known: Whether ``packed-refs`` is certainly as it was.
        now_ns: The file system's time, before the stamps were taken.

    Raises:
        OddRefs: Refs that the index cannot hold.
        GitError: git could not read them.
    """
    loose = _loose_refs(repo)
    if loose is not None and is_packed_known:
        changes = _loose_changes(db, repo, loose, now_ns)
        if changes is not None:
            return changes
    return _all_changes(db, repo, loose)


def _loose_refs(repo: Repository) -> dict[str, Stamp] | None:
    """Returns the refs that have files of their own; None where only git can tell."""
    if os.path.exists(f"{repo.common_dir}/reftable"):
        return None
    found: dict[str, Stamp] = {}
    for prefix in (RUN_REFS, ARCHIVE_REFS, LOG_REFS):
        try:
            with os.scandir(f"{repo.common_dir}/{prefix}") as entries:
                for entry in entries:
                    if entry.name.endswith(".lock"):
                        continue
                    if not entry.is_file(follow_symlinks=False):
                        return None
                    stat = entry.stat(follow_symlinks=False)
                    name = prefix + entry.name
                    found[name] = Stamp(stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except (FileNotFoundError, NotADirectoryError):
            continue  # the directory, or an entry that git has packed or deleted meanwhile
    return found


def _loose_changes(
    db: "sqlite3.Connection", repo: Repository, loose: dict[str, Stamp], now_ns: int
) -> Changes | None:
    """Returns what changed among files; None when that is more than an added or a moved ref."""
    known = {ref: Stamp(*stamp) for ref, *stamp in db.execute("SELECT * FROM loose")}
    if known.keys() - loose.keys():
        return None
    tips: dict[str, Oid] = dict(db.execute("SELECT ref, oid FROM tips"))
    hot: dict[str, Oid] = {}
    for ref, stamp in loose.items():
        if known.get(ref) == stamp and stamp.is_settled(now_ns):
            continue
        oid = _read_loose(f"{repo.common_dir}/{ref}", repo.hash_name)
        if oid is None:
            return None
        if not ref.startswith(RUN_REFS):
            tips[ref] = oid
            continue
        name = ref.removeprefix(RUN_REFS)
        row = db.execute("SELECT oid FROM runs WHERE id = ? AND is_hot", (name,)).fetchone()
        if row is None or row[0] != oid:
            hot[name] = oid
    return Changes(hot, [], *_split(tips), loose, is_orderly=True)


def _read_loose(path: str, hash_name: str) -> Oid | None:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            text = file.read(80).strip()
    except OSError:
        return None
    n_digits = 40 if hash_name == "sha1" else 64
    return Oid(text) if len(text) == n_digits and _HEX.issuperset(text) else None


def _all_changes(
    db: "sqlite3.Connection", repo: Repository, loose: dict[str, Stamp] | None
) -> Changes:
    known: dict[str, Oid] = dict(db.execute("SELECT id, oid FROM runs WHERE is_hot"))
    hot: dict[str, Oid] = {}
    tips: dict[str, Oid] = {}
    start = len(RUN_REFS)
    for ref, oid in read_all_refs(repo):
        if not ref.isascii():
            raise OddRefs(ref)
        if not ref.startswith(RUN_REFS):
            tips[ref] = oid
            continue
        name = ref[start:]
        if "/" in name:
            raise OddRefs(ref)
        if known.pop(name, None) != oid:
            hot[name] = oid
    return Changes(hot, list(known), *_split(tips), loose or {}, is_orderly=loose is not None)


def _split(tips: dict[str, Oid]) -> tuple[dict[RefName, Oid], dict[RefName, Oid]]:
    archives = {RefName(ref): oid for ref, oid in tips.items() if ref.startswith(ARCHIVE_REFS)}
    logs = {RefName(ref): oid for ref, oid in tips.items() if ref.startswith(LOG_REFS)}
    return archives, logs

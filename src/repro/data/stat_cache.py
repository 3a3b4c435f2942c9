"""Remembers hashes of files by what ``stat`` says, so that unchanged files need no reading.

Only a cache: any trouble with its database is a miss. A file is taken as unchanged when inode,
size, modification time and change time are as they were; the change time is left out for files
that nobody may write to, since every hard link made to an object moves it. A file modified just
before it was hashed is not remembered, for a second write may fall into the same tick of the
clock (git's index has the same reasoning, Documentation/technical/racy-git).
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Self

from repro.data.hashing import State, hash_open_file, is_protected, open_regular

if TYPE_CHECKING:
    import sqlite3

    from repro.data.progress import Progress

__all__ = ["StatCache"]

_RACY_NS = 2_000_000_000
"""File systems count time in steps of up to two seconds (FAT)."""
_PENDING_ROWS = 4096
_QUERY_ROWS = 500
_MOST_ROWS = 65_536
"""So many are kept in memory, some 300 bytes each; the others are in the database."""
_LARGE_BYTES = 1 << 20
_PARALLEL_BYTES = 8 << 20
_MOST_THREADS = 8
_SMALL_AT_ONCE = 256
_WAITING = 4.0
"""A reader that takes so many times as long as it works is waiting."""
_MOST_WAITING_THREADS = 16
_UNSIGNED = 2**64 - 1
_BUSY_S = 2.0
_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    device INTEGER NOT NULL, inode INTEGER NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
    hash TEXT NOT NULL, PRIMARY KEY (device, inode)
) WITHOUT ROWID
"""
_INSERT = "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)"
_SELECT = "SELECT device, inode, size, mtime_ns, ctime_ns, hash FROM files"


_Key = tuple[int, int]
"""Device and inode."""
_Row = tuple[int, int, int, str]
"""Size in bytes, modification time and change time in nanoseconds, MD5 in hex."""


class StatCache:
    """Hashes of files, remembered in an SQLite database that any number of processes may share.

    New rows are written by `flush`, by `close`, at the end of a ``with`` block, or when many wait.
    All methods may be called from several threads.
    """

    def __init__(self, path: str, *, clock: Callable[[], int] = time.time_ns) -> None:
        """Names the database; nothing is opened before it is needed.

        Args:
            path: Made when absent, with its parents; rebuilt when it is not a database.
            clock: Nanoseconds since the epoch, for judging whether a file is too young.
        """
        self.path = path
        self._clock = clock
        self._lock = threading.RLock()
        self._database: sqlite3.Connection | None = None
        self._is_broken = False
        self._rows: dict[_Key, _Row] = {}
        self._pending: dict[_Key, _Row] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._database is not None:
            self._database.close()

    def hash_file(self, path: str) -> str:
        """Returns the MD5 in hex of a file, read only when it is not known; links are followed.

        Raises:
            ChangedWhileReadError: Something wrote to it meanwhile.
            NotARegularFileError: It is no file.
            OSError: It cannot be read.
        """
        known = self.known([os.stat(path)])[0]
        return known if known is not None else self._read(path)

    def hash_files(
        self, files: Sequence[tuple[str, State]], *, progress: "Progress | None" = None
    ) -> list[str]:
        """Returns the MD5 in hex of many files, in their order; large ones are read in parallel.

        Args:
            files: Path of each, and what ``os.stat`` said of it just now.
            progress: Is advanced by all of them, those that are known too.

        Raises:
            ChangedWhileReadError: Something wrote to one of them meanwhile.
            NotARegularFileError: One of them is no file.
            OSError: One of them cannot be read.
        """
        hashes = self.known([state for _, state in files])
        unknown = [i for i, value in enumerate(hashes) if value is None]
        if progress is not None and len(unknown) < len(files):
            n_bytes = sum(state.st_size for _, state in files)
            n_bytes -= sum(files[i][1].st_size for i in unknown)
            progress.advance(len(files) - len(unknown), n_bytes)
        read = dict(
            zip(unknown, self._read_all([files[i] for i in unknown], progress), strict=True)
        )
        return [value if value is not None else read[i] for i, value in enumerate(hashes)]

    def _read_all(
        self, files: Sequence[tuple[str, State]], progress: "Progress | None"
    ) -> list[str]:
        def read_one(i: int) -> str:
            path, state = files[i]
            if progress is None:
                return self._read(path)
            is_large = state.st_size >= _LARGE_BYTES
            value = self._read(path, progress.advance_bytes if is_large else None)
            progress.advance(1, 0 if is_large else state.st_size)
            return value

        found: dict[int, str] = {}
        large = [i for i, (_, state) in enumerate(files) if state.st_size >= _LARGE_BYTES]
        is_worth_it = sum(files[i][1].st_size for i in large) >= _PARALLEL_BYTES
        n_threads = min(_MOST_THREADS, os.cpu_count() or 1) if is_worth_it else 1
        found.update(zip(large, _map(read_one, large, n_threads), strict=True))
        # Small files in memory are read faster by one thread; while a disk or a server is waited
        # for, the others can go on.
        small = [i for i in range(len(files)) if i not in found]
        n_threads = 1
        for start in range(0, len(small), _SMALL_AT_ONCE):
            some = small[start : start + _SMALL_AT_ONCE]
            since_s, worked_s = time.perf_counter(), time.thread_time()
            found.update(zip(some, _map(read_one, some, n_threads), strict=True))
            if n_threads == 1:
                waited_s = time.perf_counter() - since_s
                is_waiting = waited_s > _WAITING * (time.thread_time() - worked_s)
                n_threads = _MOST_WAITING_THREADS if is_waiting else 1
        return [found[i] for i in range(len(files))]

    def known(self, states: Sequence[State]) -> list[str | None]:
        """Returns the MD5 in hex of each file that is known unchanged, None for the others."""
        with self._lock:
            self._load(states)
            rows = self._rows
            found = [rows.get((state.st_dev, state.st_ino)) for state in states]
        return [
            row[3] if row is not None and _matches(row, state) else None
            for row, state in zip(found, states, strict=True)
        ]

    def remember(self, files: Iterable[tuple[State, str]]) -> None:
        """Notes hashes that the caller made itself.

        Args:
            files: State of each file when its hash was made, and the MD5 in hex. Files that are
                too young are passed over.
        """
        limit = self._clock() - _RACY_NS
        with self._lock:
            for state, value in files:
                newest = state.st_mtime_ns
                if not is_protected(state):
                    newest = max(newest, state.st_ctime_ns)
                if newest < limit:
                    key = (state.st_dev, state.st_ino)
                    row = (state.st_size, state.st_mtime_ns, state.st_ctime_ns, value)
                    if self._rows.get(key) != row:
                        self._rows[key] = self._pending[key] = row
            if len(self._pending) >= _PENDING_ROWS:
                self.flush()

    def flush(self) -> None:
        """Writes what waits, in one transaction."""
        with self._lock:
            pending, self._pending = self._pending, {}
            if not pending:
                return
            rows = [
                (_signed(device), _signed(inode), *row) for (device, inode), row in pending.items()
            ]
            self._query(lambda database: _insert(database, rows))

    def close(self) -> None:
        """Writes what waits and closes the database; later use opens it again."""
        with self._lock:
            self.flush()
            if self._database is not None:
                self._database.close()
                self._database = None

    def _read(self, path: str, advance: Callable[[int], object] | None = None) -> str:
        fd = open_regular(path)
        try:
            value, state = hash_open_file(fd, path, advance=advance)
        finally:
            os.close(fd)
        self.remember([(state, value)])
        return value

    def _load(self, states: Sequence[State]) -> None:
        """Reads the rows of the files that are not in memory yet."""
        if len(self._rows) > _MOST_ROWS:
            self._rows = dict(self._pending)
        wanted: dict[int, list[int]] = {}
        for state in states:
            if (state.st_dev, state.st_ino) not in self._rows:
                wanted.setdefault(state.st_dev, []).append(_signed(state.st_ino))
        for device, inodes in wanted.items():
            for start in range(0, len(inodes), _QUERY_ROWS):
                self._load_rows(device, inodes[start : start + _QUERY_ROWS])

    def _load_rows(self, device: int, inodes: Sequence[int]) -> None:
        marks = ",".join("?" * len(inodes))
        query = f"{_SELECT} WHERE device = ? AND inode IN ({marks})"
        values = (_signed(device), *inodes)
        for _, inode, size, mtime_ns, ctime_ns, value in self._query(
            lambda database: database.execute(query, values).fetchall()
        ):
            if len(value) == 32:
                self._rows[device, inode & _UNSIGNED] = (size, mtime_ns, ctime_ns, value)

    def _query(
        self, work: "Callable[[sqlite3.Connection], list[tuple[int, int, int, int, int, str]]]"
    ) -> list[tuple[int, int, int, int, int, str]]:
        """Does something with the database; nothing is the answer when that fails."""
        if self._is_broken:
            return []
        import sqlite3

        try:
            if self._database is None:
                self._database = _open(self.path)
            return work(self._database)
        except (sqlite3.OperationalError, OSError):  # locked, read-only, full: try again later
            return []
        except sqlite3.Error:  # not a database, or a damaged one: the next process makes another
            self._is_broken = True
            self._discard()
            return []

    def _discard(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
        try:
            os.unlink(self.path)
        except OSError:  # it stays a miss
            return


def _map(work: Callable[[int], str], items: Sequence[int], n_threads: int) -> Iterable[str]:
    if n_threads == 1 or len(items) < 2:
        return map(work, items)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(work, items))


def _matches(row: _Row, state: State) -> bool:
    return (
        row[1] == state.st_mtime_ns
        and row[0] == state.st_size
        and (row[2] == state.st_ctime_ns or is_protected(state))
    )


def _open(path: str) -> "sqlite3.Connection":
    import sqlite3

    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    database = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        _prepare(database)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _prepare(database: "sqlite3.Connection") -> None:
    # No write-ahead log: it does not work on the network file systems of clusters. No syncing:
    # a row that survives a power cut only in part matches no file, and the rest can be rebuilt.
    database.execute("PRAGMA synchronous = OFF")
    if database.execute("PRAGMA user_version").fetchone()[0] != _SCHEMA_VERSION:
        database.execute("BEGIN IMMEDIATE")
        database.execute("DROP TABLE IF EXISTS files")
        database.execute(_SCHEMA)
        database.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        database.execute("COMMIT")


def _insert(
    database: "sqlite3.Connection", rows: Sequence[tuple[int, int, int, int, int, str]]
) -> list[tuple[int, int, int, int, int, str]]:
    database.execute("BEGIN IMMEDIATE")
    try:
        database.executemany(_INSERT, rows)
    finally:
        database.execute("COMMIT")
    return []


def _signed(number: int) -> int:
    """Fits an unsigned 64-bit number into SQLite's signed one."""
    return number - 2**64 if number >= 2**63 else number

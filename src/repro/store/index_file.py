"""The file of the index: where it lies, its tables, who may write it, when it is thrown away.

It is derived from refs and may be deleted at any moment. One process writes at a time, under a lock
beside it; a new index is built in a file of its own and takes its place by a rename, so nobody ever
sees half of one. It is not synced, which would cost more than all else, and so is built anew after
every start of the machine, since a power cut may have left any mixture of old and new. Network
file systems get none: SQLite's locks cannot be relied on there.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from repro.git.repository import Repository

if TYPE_CHECKING:
    import sqlite3

__all__ = [
    "BUSY_S",
    "SCHEMA_VERSION",
    "SYNCHRONOUS",
    "State",
    "add_lookups",
    "begin",
    "connect",
    "discard",
    "identity_of",
    "index_path",
    "is_on_network",
    "make_tables",
    "read_state",
    "turn_to_write",
    "write_state",
]

SCHEMA_VERSION = 2
SYNCHRONOUS = "OFF" if os.path.exists("/proc/sys/kernel/random/boot_id") else "NORMAL"
"""Where nothing tells that the machine was started anew, a power cut must leave it whole."""
BUSY_S = 10.0
"""How long another process is waited for, before refs are read without the index."""

_TABLES = """
CREATE TABLE state (
    stamps TEXT NOT NULL, is_trusted INTEGER NOT NULL, is_packed_trusted INTEGER NOT NULL,
    writers TEXT NOT NULL, made_on TEXT NOT NULL, n_runs INTEGER NOT NULL
);
CREATE TABLE loose (
    ref TEXT PRIMARY KEY, mtime_ns INTEGER NOT NULL, size INTEGER NOT NULL, inode INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE tips (ref TEXT PRIMARY KEY, oid TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE segments (
    number INTEGER PRIMARY KEY, ref TEXT NOT NULL, path TEXT NOT NULL, oid TEXT NOT NULL
);
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL, is_hot INTEGER NOT NULL, is_shown INTEGER NOT NULL,
    is_odd INTEGER NOT NULL, is_partial INTEGER NOT NULL, is_edited INTEGER NOT NULL,
    segment INTEGER NOT NULL, oid TEXT NOT NULL, name TEXT NOT NULL, begun_from TEXT,
    measures TEXT, head
);
CREATE UNIQUE INDEX run_of_id ON runs (id, is_hot);
CREATE TABLE events (
    line TEXT PRIMARY KEY, run TEXT NOT NULL, is_removal INTEGER NOT NULL, belongs_to TEXT
) WITHOUT ROWID;
CREATE INDEX events_of_run ON events (run);
CREATE INDEX events_by_commit ON events (belongs_to) WHERE belongs_to IS NOT NULL;
"""
_LOOKUPS = """
CREATE INDEX hot_runs ON runs (id, oid) WHERE is_hot;
CREATE INDEX hidden_runs ON runs (id) WHERE NOT is_shown;
CREATE INDEX runs_by_letters ON runs (substr(id, 17));
CREATE INDEX runs_by_name ON runs (name);
CREATE INDEX runs_by_commit ON runs (oid);
CREATE INDEX runs_by_origin ON runs (begun_from, id);
CREATE INDEX odd_runs ON runs (number) WHERE is_odd;
"""
"""Made after the rows, which is quicker."""

_NETWORK = frozenset(
    "9p afs beegfs ceph cifs gfs2 glusterfs gpfs lustre ncpfs nfs nfs4 ocfs2 orangefs panfs pvfs2 "
    "smb2 smb3 smbfs vboxsf virtiofs wekafs".split()
)


class State(NamedTuple):
    """What the index was made from.

    Attributes:
        stamps: `Stamps.encode` of that time.
        is_trusted: Whether the same stamps mean the same refs.
        is_packed_trusted: Whether the same stamp of ``packed-refs`` means the same content.
        writers: The names that this clone writes under.
        made_on: `identity_of` its machine and place.
        n_runs: How many runs there are.
    """

    stamps: str
    is_trusted: bool
    is_packed_trusted: bool
    writers: str
    made_on: str
    n_runs: int


def index_path(repo: Repository) -> str:
    """Returns where the index lies."""
    return f"{repo.state_dir}/runs.sqlite"


def connect(path: str) -> "sqlite3.Connection":
    """Opens an index.

    Raises:
        sqlite3.Error: It cannot be opened.
    """
    import sqlite3

    # Transactions are ours to begin; nobody else may open what is deleted under us.
    return sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)


def begin(db: "sqlite3.Connection", *, is_writing: bool = False) -> bool:
    """Begins a transaction; tells whether it is an index of this version.

    Raises:
        sqlite3.Error: It is damaged, or cannot be locked.
    """
    db.execute("BEGIN IMMEDIATE" if is_writing else "BEGIN")
    return bool(db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,))


def read_state(db: "sqlite3.Connection") -> State:
    """Returns what the index was made from.

    Raises:
        sqlite3.Error: It is damaged.
        ValueError: Likewise.
    """
    stamps, is_trusted, is_packed, writers, made_on, n_runs = (
        db.execute("SELECT * FROM state").fetchone() or ("",) * 6
    )
    return State(
        str(stamps), bool(is_trusted), bool(is_packed), str(writers), str(made_on), int(n_runs)
    )


def write_state(db: "sqlite3.Connection", state: State) -> None:
    """Writes down what the index was made from."""
    db.execute("DELETE FROM state")
    db.execute("INSERT INTO state VALUES (?, ?, ?, ?, ?, ?)", state)


def make_tables(db: "sqlite3.Connection") -> None:
    """Begins an index, in a file that nobody else knows of yet.

    Raises:
        sqlite3.Error: It cannot be written.
    """
    db.execute("PRAGMA journal_mode = OFF")
    db.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute("PRAGMA cache_size = -32000")
    db.execute("BEGIN")
    for statement in _TABLES.split(";"):
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def add_lookups(db: "sqlite3.Connection") -> None:
    """Adds what makes runs quick to find."""
    for statement in _LOOKUPS.split(";"):
        db.execute(statement)


@contextmanager
def turn_to_write(repo: Repository) -> Iterator[int | None]:
    """Waits for the right to write the index; gives the file system's time, None after too long.

    Raises:
        OSError: There can be no lock here.
    """
    os.makedirs(repo.state_dir, exist_ok=True)
    fd = os.open(f"{index_path(repo)}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        is_mine = _lock(fd)
        if is_mine:
            # Not our clock: what is compared with it are the times of files.
            os.utime(fd)
        yield os.fstat(fd).st_mtime_ns if is_mine else None
    finally:
        os.close(fd)


def _lock(fd: int) -> bool:
    deadline_s = time.monotonic() + BUSY_S
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline_s:
                return False
            time.sleep(0.005)
        else:
            return True


def discard(repo: Repository) -> None:
    """Removes the index, and what a process that died left of one; whose turn it is may do so."""
    path = index_path(repo)
    start = os.path.basename(path)
    for name in os.listdir(repo.state_dir):
        if name.startswith(start) and name != f"{start}.lock":
            with suppress(FileNotFoundError):
                os.unlink(f"{repo.state_dir}/{name}")


def identity_of(repo: Repository) -> str:
    """Returns what an index must have been made on to be trusted: this start of this machine."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
    except OSError:
        boot = ""
    return f"{boot} {os.stat(repo.common_dir).st_dev}"


def is_on_network(repo: Repository, *, mounts: str = "/proc/self/mountinfo") -> bool:
    """Tells whether the repository lies on a network file system; False where none can tell.

    Args:
        repo: The repository.
        mounts: What the system says is mounted.
    """
    device = os.stat(repo.common_dir).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        with open(mounts, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                before, _, after = line.partition(" - ")
                if before.split(" ", 3)[2:3] == [wanted]:
                    kind = after.partition(" ")[0]
                    return kind in _NETWORK or kind.startswith("fuse")
    except OSError:
        pass
    return False

"""Brings the index up to date, or builds it; its caller has the right to write."""

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from repro.git.repository import Repository
from repro.store import index_file
from repro.store.index_file import State
from repro.store.index_fill import apply_changes, show_again
from repro.store.index_log import HistoryChanged, removals
from repro.store.index_refs import Stamps, changes_since, take_stamps
from repro.store.writer import own_writers

if TYPE_CHECKING:
    import sqlite3

__all__ = ["build", "refresh"]

_FEW = 100
"""To count all takes some milliseconds where there are a hundred thousand."""
_COUNT = """
SELECT (SELECT count(*) FROM runs) - (SELECT count(*) FROM runs WHERE NOT is_shown)
"""


def refresh(repo: Repository, path: str, now_ns: int) -> bool:
    """Brings the index up to date; tells whether that could be done.

    Args:
        repo: The repository.
        path: The index.
        now_ns: The file system's time.

    Raises:
        sqlite3.Error: It is damaged, or could not be written.
        GitError: git could not read what is new.
        OddRefs: Refs that the index cannot hold.
    """
    if not os.path.exists(path):
        return False
    db = index_file.connect(path)
    try:
        db.execute(f"PRAGMA synchronous = {index_file.SYNCHRONOUS}")
        if not index_file.begin(db, is_writing=True):
            return False
        state = index_file.read_state(db)
        if state.made_on != index_file.identity_of(repo):
            return False
        try:
            _update(db, repo, state, now_ns)
        except HistoryChanged:
            return False
        db.execute("COMMIT")
        return True
    finally:
        db.close()


def build(repo: Repository, path: str, now_ns: int) -> None:
    """Builds the index anew, in the place of whatever is there.

    Args:
        repo: The repository.
        path: The index.
        now_ns: The file system's time.

    Raises:
        sqlite3.Error: It could not be written.
        OSError: Likewise.
        GitError: git could not read everything.
        OddRefs: Refs that the index cannot hold.
    """
    index_file.discard(repo)
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    db = index_file.connect(temporary)
    try:
        index_file.make_tables(db)
        state = State("0 0 0", False, False, "", index_file.identity_of(repo), 0)
        _update(db, repo, state, now_ns)
        index_file.add_lookups(db)
        db.execute("COMMIT")
        db.close()
        os.replace(temporary, path)
    finally:
        db.close()
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def _update(db: "sqlite3.Connection", repo: Repository, state: State, now_ns: int) -> None:
    stamps = take_stamps(repo)
    writers = own_writers(repo)
    changes = changes_since(
        db,
        repo,
        is_packed_known=state.is_packed_trusted
        and Stamps.decode(state.stamps).packed == stamps.packed,
        now_ns=now_ns,
    )
    touched = [*changes.hot, *changes.gone][:_FEW]
    n_before = _count(db, touched)
    is_more = apply_changes(db, repo, changes, own=writers)
    if " ".join(writers) != state.writers:
        show_again(db, removals(db), own=writers)
        is_more = True
    if is_more or len(touched) == _FEW:
        n_runs: int = db.execute(_COUNT).fetchone()[0]
    else:
        n_runs = state.n_runs + _count(db, touched) - n_before
    new = State(
        stamps.encode(),
        is_trusted=changes.is_orderly and stamps.is_settled(now_ns),
        is_packed_trusted=changes.is_orderly and stamps.packed.is_settled(now_ns),
        writers=" ".join(writers),
        made_on=state.made_on,
        n_runs=n_runs,
    )
    if new != state:
        index_file.write_state(db, new)


def _count(db: "sqlite3.Connection", runs: list[str]) -> int:
    marks = ", ".join("?" * len(runs))
    query = f"SELECT count(*) FROM runs WHERE id IN ({marks}) AND is_shown"  # noqa: S608 - marks
    found: int = db.execute(query, runs).fetchone()[0]
    return found

"""The index: what refs, archives and logs say of runs, kept so that no answer waits for them all.

It is never a source of truth. `ask_index` brings it up to date and asks; wherever that cannot be
done, for whatever reason, the answer is None, and whoever asked reads git as if there were none.
"""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from repro.git.repository import GitError, Repository
from repro.model.ids import ARCHIVE_REFS, RUN_REFS
from repro.store import index_file
from repro.store.index_file import State
from repro.store.index_refs import OddRefs, take_stamps
from repro.store.writer import own_writers

if TYPE_CHECKING:
    import sqlite3

    from repro.store.index_reader import Reader

__all__ = ["FEW_RUNS", "ask_index"]

_T = TypeVar("_T")
FEW_RUNS = 200
"""So few are read from git as quickly, and get no index."""
_REF_BYTES = 80
"""What ``packed-refs`` takes for a run, about."""
_TRIES = 3


def ask_index(repo: Repository, question: "Callable[[Reader], _T]") -> _T | None:
    """Returns the answer to a question, None where there is no index that could tell.

    Args:
        repo: The repository.
        question: Only reads, and is asked again when the index turns out to be damaged; its answer
            is not None.
    """
    path = index_file.index_path(repo)
    try:
        if not os.path.exists(path) and _are_few(repo):
            return None
        import sqlite3
    except (OSError, ImportError):
        return None
    if sqlite3.sqlite_version_info < (3, 38):  # no JSON operators
        return None
    for _ in range(_TRIES):
        try:
            answer = _ask_if_fresh(repo, path, question)
            if answer is None:
                answer = _refresh_and_ask(repo, path, question)
        except (sqlite3.OperationalError, OSError, OddRefs, GitError):
            # Locked for too long, no room, no permission, or refs that only git can tell of.
            return None
        except (sqlite3.Error, ValueError, TypeError, LookupError):
            # Damaged, if what was read from it makes no sense.
            if not _discard(repo):
                return None
        else:
            return answer
    return None


def _are_few(repo: Repository) -> bool:
    common = repo.common_dir
    try:
        if os.listdir(f"{common}/{ARCHIVE_REFS}"):
            return False
    except OSError:
        pass
    try:
        with open(f"{common}/packed-refs", "rb") as file:
            packed = file.read(FEW_RUNS * _REF_BYTES)
        if len(packed) == FEW_RUNS * _REF_BYTES or ARCHIVE_REFS.encode() in packed:
            return False
    except OSError:
        pass
    try:
        n_loose = len(os.listdir(f"{common}/{RUN_REFS}"))
    except OSError:
        n_loose = 0
    return n_loose < FEW_RUNS


def _ask_if_fresh(repo: Repository, path: str, question: "Callable[[Reader], _T]") -> _T | None:
    """Returns the answer of an index that is up to date, None where there is none such."""
    if not os.path.exists(path):
        return None
    db = index_file.connect(path)
    try:
        if not index_file.begin(db):
            return None
        state = index_file.read_state(db)
        is_fresh = _is_same(repo, state) and state.stamps == take_stamps(repo).encode()
        return _answer(db, repo, state, question) if is_fresh and state.is_trusted else None
    finally:
        db.close()


def _is_same(repo: Repository, state: State) -> bool:
    return state.made_on == index_file.identity_of(repo) and state.writers == _writers(repo)


def _writers(repo: Repository) -> str:
    return " ".join(own_writers(repo))


def _answer(
    db: "sqlite3.Connection", repo: Repository, state: State, question: "Callable[[Reader], _T]"
) -> _T:
    from repro.store.index_reader import Reader

    return question(Reader(db, repo, state.n_runs))


def _refresh_and_ask(repo: Repository, path: str, question: "Callable[[Reader], _T]") -> _T | None:
    if not os.path.exists(path) and index_file.is_on_network(repo):
        return None
    from repro.store import index_refresh

    with index_file.turn_to_write(repo) as now_ns:
        if now_ns is None:
            return None
        if not index_refresh.refresh(repo, path, now_ns):
            index_refresh.build(repo, path, now_ns)
    db = index_file.connect(path)
    try:
        # Whatever another process has added since is as good.
        if not index_file.begin(db):
            return None
        return _answer(db, repo, index_file.read_state(db), question)
    finally:
        db.close()


def _discard(repo: Repository) -> bool:
    try:
        with index_file.turn_to_write(repo) as now_ns:
            if now_ns is not None:
                index_file.discard(repo)
            return now_ns is not None
    except OSError:
        return False

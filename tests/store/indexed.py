"""What the tests of the index share: the index beside what refs say."""

import os
from datetime import UTC, datetime
from pathlib import Path

from repro.git.refs import list_refs
from repro.model.event import EventKind
from repro.model.ids import RUN_REFS, RunId, WriterId
from repro.store.archive import fold_runs
from repro.store.index import ask_index
from repro.store.index_reader import Reader
from repro.store.listing import (
    Listing,
    known_runs_directly,
    read_listing_directly,
)
from repro.store.log import Word, append_events
from tests.store.conftest import START, Shelf

__all__ = ["NOW", "OTHER", "assert_right", "by_index", "fold", "grow_old", "say"]

NOW = datetime(2024, 6, 1, tzinfo=UTC)
OTHER = WriterId("zyxwvuts")


def by_index(shelf: Shelf, newest: int | None = None) -> Listing:
    """Returns what the index lists; fails where it does not answer."""
    found = ask_index(shelf.repo, lambda reader: reader.listing(newest=newest))
    assert found is not None
    return found


def assert_right(shelf: Shelf) -> Listing:
    """Fails unless the index says what refs do, and returns it."""
    found = by_index(shelf)
    assert found == read_listing_directly(shelf.repo)
    for newest in (0, 1, 2):
        assert by_index(shelf, newest) == read_listing_directly(shelf.repo, newest=newest)
    assert ask_index(shelf.repo, Reader.known_runs) == known_runs_directly(shelf.repo)
    return found


def fold(shelf: Shelf, n_runs: int, writer: WriterId = OTHER) -> None:
    fold_runs(shelf.repo, list_refs(shelf.repo, RUN_REFS)[:n_runs], writer=writer, at=NOW)


def say(shelf: Shelf, kind: EventKind, run: str, name: str = "", value: str = "") -> None:
    word = Word(kind, RunId(f"20240506T070809-{run * 8}"), name, value)
    append_events(shelf.repo, [word], now=START, author=None)


def grow_old(shelf: Shelf) -> None:
    """Makes every place where refs change look as if it were untouched for a while."""
    for path in ("packed-refs", *(f"refs/repro/{kind}" for kind in ("runs", "archive", "log"))):
        full = Path(shelf.repo.common_dir) / path
        if full.exists():
            os.utime(full, (1_700_000_000, 1_700_000_000))

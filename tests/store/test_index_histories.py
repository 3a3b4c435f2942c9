"""The index over random histories: refs come, move, go, are folded and packed, files are lost."""

import itertools
import os
import shutil
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.git.refs import list_refs
from repro.git.repository import open_repository
from repro.model.event import EventKind
from repro.model.ids import ARCHIVE_REFS, LOG_REFS, RUN_REFS, Oid, RunId, WriterId
from repro.store import index
from repro.store.archive import fold_runs
from repro.store.index import ask_index
from repro.store.index_file import index_path
from repro.store.index_reader import Reader
from repro.store.listing import known_runs_directly, read_listing_directly
from repro.store.log import Word, append_events
from repro.store.writer import new_writer
from tests.repos import Scratch
from tests.store.conftest import START, Shelf

NOW = datetime(2024, 6, 1, tzinfo=UTC)
WRITERS = (WriterId("zyxwvuts"), WriterId("kkkkkkkk"))
COMMITS = tuple(Oid(digit * 40) for digit in "123")

number = st.integers(0, 1000)
step = st.one_of(
    st.tuples(st.just("put"), number),
    st.tuples(st.just("put damaged"), number),
    st.tuples(st.just("put again"), number),
    st.tuples(st.just("delete run"), number),
    st.tuples(st.just("move run"), number),
    st.tuples(st.just("fold"), number),
    st.tuples(st.just("fold elsewhere"), number),
    st.tuples(st.just("rewind"), number),
    st.tuples(st.just("delete archive"), number),
    st.tuples(st.just("pack"), number),
    st.tuples(st.just("say"), number),
    st.tuples(st.just("belong"), number),
    st.tuples(st.just("new writer"), number),
    st.tuples(st.just("lose"), number),
    st.tuples(st.just("truncate"), number),
    st.tuples(st.just("grow old"), number),
)


class History:
    """One repository, and what can happen in it."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.letters = itertools.cycle("klmnopqrstuvwxyz")
        self.minute = 0
        self.said: list[str] = []

    def do(self, what: str, number: int) -> None:
        """Does one step; where it makes no sense, nothing."""
        getattr(self, f"_{what.replace(' ', '_')}")(number)

    def _refs(self, prefix: str) -> list[tuple[str, str]]:
        return [(str(ref), str(oid)) for ref, oid in list_refs(self.shelf.repo, prefix)]

    def _pick(self, number: int, prefix: str = RUN_REFS) -> tuple[str, str] | None:
        refs = self._refs(prefix)
        return refs[number % len(refs)] if refs else None

    def _put(self, number: int) -> None:
        # Several within one second, among them, now and then, one of the same letters.
        self.minute += number % 2
        self.shelf.put(next(self.letters) + "kl"[number % 2], minute=self.minute + number % 9 / 600)

    def _put_damaged(self, number: int) -> None:
        name = f"20240506T07{number % 60:02}00-{next(self.letters) * 8}"
        self.shelf.put_damaged(f"{RUN_REFS}{name if number % 3 else 'odd'}")

    def _put_again(self, number: int) -> None:
        known = [run for run in known_runs_directly(self.shelf.repo) if run.is_folded]
        if known:
            run = known[number % len(known)]
            self.shelf.scratch.git("update-ref", f"{RUN_REFS}{run.id}", run.oid)

    def _delete_run(self, number: int) -> None:
        if picked := self._pick(number):
            self.shelf.scratch.git("update-ref", "-d", picked[0])

    def _move_run(self, number: int) -> None:
        if picked := self._pick(number):
            self.shelf.scratch.git("update-ref", picked[0], "HEAD")

    def _fold(self, number: int, writer: WriterId = WRITERS[0]) -> None:
        runs = list_refs(self.shelf.repo, RUN_REFS)[: 1 + number % 4]
        fold_runs(self.shelf.repo, runs, writer=writer, at=NOW)

    def _fold_elsewhere(self, number: int) -> None:
        self._fold(number, WRITERS[1])

    def _rewind(self, number: int) -> None:
        picked = self._pick(number, (ARCHIVE_REFS, LOG_REFS)[number % 2])
        if picked:
            parents = self.shelf.scratch.git("rev-parse", f"{picked[0]}^@").split()
            kind = self.shelf.scratch.git("log", "-1", "--format=%s", picked[0])
            if parents and kind.startswith("repro: ") and len(parents) > number % 2:
                self.shelf.scratch.git("update-ref", picked[0], parents[0])

    def _delete_archive(self, number: int) -> None:
        if picked := self._pick(number, ARCHIVE_REFS):
            self.shelf.scratch.git("update-ref", "-d", picked[0])

    def _pack(self, number: int) -> None:
        self.shelf.scratch.git("pack-refs", "--all" if number % 3 else "--no-prune")

    def _say(self, number: int) -> None:
        known = known_runs_directly(self.shelf.repo)
        runs = [*self.said, *(str(run.id) for run in known if "T" in run.id)]
        if runs:
            run = runs[number % len(runs)]
            self.said.append(run)
            kinds = (EventKind.REMOVE, EventKind.RESTORE, EventKind.TAG, EventKind.RENAME)
            word = Word(kinds[number % 4], run, "same", "")  # type: ignore[arg-type]
            append_events(self.shelf.repo, [word], now=START, author=None)

    def _belong(self, number: int) -> None:
        # Of runs that are there, are not yet, or are no longer.
        known = [str(run.id) for run in known_runs_directly(self.shelf.repo) if "T" in run.id]
        runs = [*self.said, *known, "20240506T070809-kkkkkkkk"]
        run = runs[number % len(runs)]
        word = Word(EventKind.BELONG, RunId(run), value=COMMITS[number % 3])
        append_events(self.shelf.repo, [word], now=START, author=None)

    def _new_writer(self, number: int) -> None:
        if number % 3 == 0:
            new_writer(self.shelf.repo)

    def _lose(self, number: int) -> None:
        for path in Path(self.shelf.repo.state_dir).glob("runs.sqlite*" if number % 2 else "*e"):
            path.unlink()

    def _truncate(self, number: int) -> None:
        if os.path.exists(path := index_path(self.shelf.repo)):
            os.truncate(path, os.stat(path).st_size * (number % 10) // 10)

    def _grow_old(self, number: int) -> None:
        # Else no stamp is ever trusted. Each time another one, as it would be.
        at = 1_000_000_000 + len(self.said) + self.minute * 1000 + number * 1_000_000
        for place in ("packed-refs", "refs/repro/runs", "refs/repro/archive", "refs/repro/log"):
            if os.path.exists(path := f"{self.shelf.repo.common_dir}/{place}"):
                os.utime(path, (at, at))


def assert_belonging(shelf: Shelf) -> None:
    """Fails unless the index ties the runs to the commits that they say themselves."""
    runs = {run.id: run for run in read_listing_directly(shelf.repo).summaries}
    every = {oid for run in runs.values() for oid in (run.commit, *run.commits) if oid} | {*COMMITS}
    for wanted in ({*COMMITS[:1]}, every):
        question = partial(Reader.ties, commits=wanted)
        pairs = ask_index(shelf.repo, question)
        assert pairs is not None
        assert {(run, oid) for run, oid, _ in pairs if run in runs} == {
            (run.id, oid)
            for run in runs.values()
            for oid in (run.commit, *run.commits)
            if oid in wanted
        }
    some = [*runs][::2]
    found = ask_index(shelf.repo, lambda reader: reader.of_ids(some))
    assert found is not None
    assert found.summaries == [run for run in runs.values() if run.id in some]
    assert ask_index(shelf.repo, lambda reader: reader.recorded(some)) == {*some}


@pytest.fixture
def template(_template: Scratch) -> Scratch:
    """What each history begins with."""
    return _template


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(step, max_size=14), n_before=st.integers(0, 4))
def test_the_index_says_what_refs_say_after_every_step(
    template: Scratch,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[tuple[str, int]],
    n_before: int,
) -> None:
    monkeypatch.setattr(index, "FEW_RUNS", 0)
    directory = Path(tempfile.mkdtemp())
    try:
        scratch = template.copy(directory / "repo")
        shelf = Shelf(scratch, open_repository(str(scratch.path)))
        history = History(shelf)
        for what, number in [("put", 1)] * n_before + steps:
            history.do(what, number)
            newest = ask_index(shelf.repo, lambda reader: reader.listing(newest=3))
            assert newest == read_listing_directly(shelf.repo, newest=3), what
            assert ask_index(shelf.repo, Reader.listing) == read_listing_directly(shelf.repo), what
            known = ask_index(shelf.repo, Reader.known_runs)
            assert known == known_runs_directly(shelf.repo), what
            assert_belonging(shelf)
    finally:
        shutil.rmtree(directory)

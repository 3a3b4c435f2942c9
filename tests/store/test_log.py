"""The log: nobody's words are lost, and order does not matter."""

import random
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.git.repository import Repository, open_repository
from repro.model.event import Event, EventKind, decode_event, edits_of, encode_event
from repro.model.ids import LOG_REFS, Oid, RunId, WriterId
from repro.model.run import Identity
from repro.store import writer
from repro.store.listing import read_listing
from repro.store.log import Word, WordError, append_events, read_events
from repro.store.writer import current_writer, new_writer, own_writers
from tests.store.conftest import START, Shelf

ANN = Identity("Ann", "ann@example.org")
RUN = RunId("20240506T070809-kkkkkkkk")

events = st.builds(
    Event,
    id=st.text("0123456789abcdef", min_size=16, max_size=16),
    at=st.integers(0, 5).map(lambda s: START + timedelta(seconds=s)),
    writer=st.sampled_from([WriterId("kkkkkkkk"), WriterId("llllllll")]),
    kind=st.sampled_from(EventKind),
    run=st.sampled_from([RUN, RunId("20240506T070810-llllllll")]),
    by=st.text(max_size=10),
    name=st.sampled_from(["a", "b"]),
    value=st.text(max_size=20),
).map(
    lambda event: (
        event._replace(value=str(len(event.value) % 4) * 40)
        if event.kind is EventKind.BELONG
        else event
    )
)


@given(events)
def test_an_event_survives_its_line(event: Event) -> None:
    line = encode_event(event)
    assert "\n" not in line
    assert decode_event(line) == event


@given(st.lists(events, max_size=12, unique_by=lambda event: event.id), st.randoms())
def test_order_and_repetition_do_not_matter(found: list[Event], chance: random.Random) -> None:
    mixed = [*found, *found[: len(found) // 2]]
    chance.shuffle(mixed)
    assert edits_of(mixed) == edits_of(found)


@given(st.text(max_size=80))
def test_a_line_that_is_no_event_is_none(line: str) -> None:
    assert decode_event(line) is None


def test_words_change_what_is_listed(shelf: Shelf) -> None:
    shelf.put("k")
    words = [
        Word(EventKind.TAG, RUN, "baseline"),
        Word(EventKind.TAG, RUN, "stage", "dev"),
        Word(EventKind.TAG, RUN, "stage", "prod"),
        Word(EventKind.UNTAG, RUN, "baseline"),
        Word(EventKind.STAR, RUN),
        Word(EventKind.NOTE, RUN, value="a\nnote"),
        Word(EventKind.RENAME, RUN, "best-one"),
    ]
    for word in words:
        append_events(shelf.repo, [word], now=START, author=ANN)
    [run] = read_listing(shelf.repo).summaries
    assert (run.name, run.starred) == ("best-one", True)
    assert run.tags["stage"] == "prod"
    assert "baseline" not in run.tags
    assert [(note.text, note.by) for note in run.notes] == [("a\nnote", "Ann <ann@example.org>")]


def test_what_was_said_later_counts_though_the_clock_went_back(shelf: Shelf) -> None:
    shelf.put("k")
    for minute, name in ((5, "first"), (1, "second"), (0, "third")):
        word = Word(EventKind.RENAME, RUN, name)
        now = START + timedelta(minutes=minute)
        append_events(shelf.repo, [word], now=now, author=None)
    assert read_listing(shelf.repo).summaries[0].name == "third"


def test_a_clock_years_ahead_is_not_followed(shelf: Shelf) -> None:
    far = datetime(2099, 1, 1, tzinfo=UTC)
    append_events(shelf.repo, [Word(EventKind.STAR, RUN)], now=far, author=None)
    [event] = append_events(shelf.repo, [Word(EventKind.STAR, RUN)], now=START, author=None)
    assert event.at == START


def test_many_at_once_keep_all_their_words(shelf: Shelf) -> None:
    def say(number: int) -> None:
        for n in range(5):
            word = Word(EventKind.NOTE, RUN, value=f"{number}.{n}")
            append_events(shelf.repo, [word], now=START, author=ANN)

    threads = [threading.Thread(target=say, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    notes = {event.value for event in read_events(shelf.repo)}
    assert notes == {f"{number}.{n}" for number in range(8) for n in range(5)}
    assert len(shelf.scratch.git("for-each-ref", LOG_REFS).splitlines()) == 1


def test_a_writer_keeps_its_name(shelf: Shelf) -> None:
    assert own_writers(shelf.repo) == ()
    first = current_writer(shelf.repo)
    assert current_writer(shelf.repo) == first
    second = new_writer(shelf.repo)
    assert own_writers(shelf.repo) == (first, second)
    assert current_writer(shelf.repo) == second


def test_all_words_are_said_or_none(shelf: Shelf) -> None:
    words = [Word(EventKind.STAR, RUN), Word(EventKind.NOTE, RUN, value="x" * 70_000)]
    with pytest.raises(WordError) as caught:
        append_events(shelf.repo, words, now=START, author=ANN)
    assert caught.value.word == words[1]
    assert "70,000" in caught.value.message
    assert read_events(shelf.repo) == []


def test_a_tag_from_a_record_can_be_taken_away_whatever_it_is_called(shelf: Shelf) -> None:
    for name in ("a\nb", "\udcff", "-x", "n" * 5000):
        append_events(shelf.repo, [Word(EventKind.UNTAG, RUN, name)], now=START, author=ANN)
        assert edits_of(read_events(shelf.repo))[RUN].tags[name] is None


def test_nothing_to_say_makes_no_log(shelf: Shelf) -> None:
    assert append_events(shelf.repo, [], now=START, author=ANN) == []
    assert shelf.scratch.refs(LOG_REFS) == {}
    assert own_writers(shelf.repo) == ()


def test_a_log_is_read_from_where_it_is_known(shelf: Shelf) -> None:
    append_events(shelf.repo, [Word(EventKind.STAR, RUN)], now=START, author=ANN)
    [known] = shelf.scratch.refs(LOG_REFS).values()
    append_events(shelf.repo, [Word(EventKind.UNSTAR, RUN)], now=START, author=ANN)
    [event] = read_events(shelf.repo, without=[Oid(known)])
    assert event.kind is EventKind.UNSTAR


def test_clones_that_fetch_each_others_logs_agree(shelf: Shelf, tmp_path: Path) -> None:
    shelf.put("k")
    there = Shelf(shelf.scratch.clone(tmp_path / "there"), None)  # type: ignore[arg-type]
    there = there._replace(repo=open_repository(str(there.scratch.path)))
    there.scratch.git("fetch", "--quiet", "origin", "refs/repro/runs/*:refs/repro/runs/*")
    for number, clone in enumerate((shelf, there, shelf, there)):
        words = [
            Word(EventKind.NOTE, RUN, value=f"note {number}"),
            Word(EventKind.TAG, RUN, "stage", f"{number}"),
            Word(EventKind.TAG, RUN, f"by-{number}"),
        ]
        append_events(clone.repo, words, now=START + timedelta(seconds=number % 2), author=ANN)
    for clone, other in ((shelf, there), (there, shelf)):
        path = str(other.scratch.path)
        clone.scratch.git("fetch", "--quiet", path, "refs/repro/log/*:refs/repro/log/*")
    here, away = (read_listing(clone.repo).summaries[0] for clone in (shelf, there))
    assert here == away
    assert sorted(note.text for note in here.notes) == [f"note {number}" for number in range(4)]
    assert {f"by-{number}" for number in range(4)} <= set(here.tags)


def test_a_log_is_read_for_some_runs_and_kinds_alone(shelf: Shelf) -> None:
    other = RunId("20240506T070810-llllllll")
    words = [
        Word(EventKind.STAR, RUN),
        Word(EventKind.NOTE, RUN, value=f'about {other}, not "star"'),
        Word(EventKind.STAR, other),
    ]
    append_events(shelf.repo, words, now=START, author=ANN)

    def read(**only: Any) -> list[tuple[RunId, EventKind]]:
        found = read_events(shelf.repo, **only)
        return [(event.run, event.kind) for event in sorted(found, key=lambda e: e.at)]

    assert read(runs=[other]) == [(other, EventKind.STAR)]
    assert read(kinds=[EventKind.STAR]) == [(RUN, EventKind.STAR), (other, EventKind.STAR)]
    assert read(runs=[RUN], kinds=[EventKind.NOTE]) == [(RUN, EventKind.NOTE)]
    assert read(runs=[]) == []
    many = [*(RunId(f"20240506T0709{n:02}-mmmmmmmm") for n in range(10)), RUN]
    assert len(read(runs=many)) == 2


def test_a_damaged_writer_file_gives_a_new_name(shelf: Shelf) -> None:
    current_writer(shelf.repo)
    Path(shelf.repo.state_dir, "writer").write_text("")
    second = current_writer(shelf.repo)
    assert own_writers(shelf.repo) == (second,)


def test_two_that_want_the_first_name_at_once_get_the_same(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Repository] = []

    def own(repo: Repository) -> tuple[WriterId, ...]:
        found = own_writers(repo)
        if not asked:  # the other one is quicker, just after this look
            Path(repo.state_dir).mkdir(exist_ok=True)
            Path(repo.state_dir, "writer").write_text("kkkkkkkk\n")
        asked.append(repo)
        return found

    monkeypatch.setattr(writer, "own_writers", own)
    assert current_writer(shelf.repo) == "kkkkkkkk"
    assert own_writers(shelf.repo) == ("kkkkkkkk",)

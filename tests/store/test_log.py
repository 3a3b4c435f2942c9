"""The log: nobody's words are lost, and order does not matter."""

import random
import threading
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from repro.model.event import Event, EventKind, decode_event, edits_of, encode_event
from repro.model.ids import LOG_REFS, RunId, WriterId
from repro.model.run import Identity
from repro.store.listing import read_listing
from repro.store.log import Word, append_events, read_events
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

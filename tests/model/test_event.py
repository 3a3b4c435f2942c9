"""Events: what can be said of a run, and what a log from elsewhere cannot do."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.model.event import (
    MAX_NOTE,
    Event,
    EventKind,
    decode_event,
    edits_of,
    encode_event,
    flaw_of,
)
from repro.model.ids import RunId, WriterId
from tests.model.records import MOMENT

RUN = RunId("20240506T070809-kkkkkkkk")
OURS, OLD, THEIRS = WriterId("kkkkkkkk"), WriterId("nnnnnnnn"), WriterId("llllllll")


def event(kind: EventKind, *, second: int = 0, writer: WriterId = OURS, **fields: str) -> Event:
    """Returns an event whose id tells it from those of other times and writers."""
    at = MOMENT + timedelta(seconds=second)
    return Event(f"{writer}{second:08}", at, writer, kind, RUN, **fields)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("baseline", ""),
        ("stage", "prod"),
        ("two words", "a\u00a0b"),
        ("é", "👨‍👩‍👧"),
        ("n" * 200, ""),
    ],
)
def test_ordinary_tags_can_be_said(name: str, value: str) -> None:
    assert flaw_of(EventKind.TAG, name, value) is None


@pytest.mark.parametrize(
    ("name", "value", "flaw"),
    [
        ("", "", "empty"),
        ("  ", "", "empty"),
        (" a", "", "space"),
        ("a\nb", "", "line breaks"),
        ("\x1b[31mred", "", "control"),
        ("a\u202eb", "", "control"),
        ("\udcff", "", "control"),
        ("n" * 201, "", "201"),
        ("-d", "", "no tag"),
        ("a=b", "", "no tag"),
        ("a", "x\ny", "line breaks"),
        ("a", "x\x00", "control"),
        ("a", "v" * 4097, "4,097"),
    ],
)
def test_a_tag_that_would_harm_a_listing_cannot_be_said(name: str, value: str, flaw: str) -> None:
    assert flaw in (flaw_of(EventKind.TAG, name, value) or "")


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("a" * (MAX_NOTE + 1), "65,537"),
        ("caf\udce9", "UTF-8"),
    ],
)
def test_a_note_that_is_no_text_cannot_be_said(text: str, flaw: str) -> None:
    assert flaw in (flaw_of(EventKind.NOTE, "", text) or "")


def test_a_note_may_be_long_and_hold_anything() -> None:
    assert flaw_of(EventKind.NOTE, "", "\x1b[31m\n\t\x00" + "é" * (MAX_NOTE - 10)) is None


@pytest.mark.parametrize("name", ["@", "@~2", "best:acc", "max:x y", "-x", "-", str(RUN)])
def test_a_name_that_means_another_run_cannot_be_given(name: str) -> None:
    assert "means something else" in (flaw_of(EventKind.RENAME, name, "") or "")


@pytest.mark.parametrize("name", ["best-one", "besttime", "a@b", "kkkkkkkk", "Ω run"])
def test_other_names_can_be_given(name: str) -> None:
    assert flaw_of(EventKind.RENAME, name, "") is None


def test_the_longest_note_survives_its_line() -> None:
    said = event(EventKind.NOTE, value="é\n" * (MAX_NOTE // 2))
    assert decode_event(encode_event(said)) == said


@pytest.mark.parametrize(
    "change",
    [
        {"run": 5},
        {"run": "../../heads/main"},
        {"writer": ["k"] * 8},
        {"writer": None},
        {"at": "0001-01-01T00:00:00+23:59"},
        {"at": "2024-05-06T07:08:09"},
        {"at": 7},
        {"id": ""},
        {"name": ""},
        {"name": ["x"]},
        {"value": "v" * (MAX_NOTE + 1)},
        {"kind": "explode"},
        {"kind": ["tag"]},
    ],
)
def test_an_event_out_of_shape_is_none(change: dict[str, object]) -> None:
    fields = json.loads(encode_event(event(EventKind.TAG, name="a", value="b")))
    assert decode_event(json.dumps(fields)) is not None
    assert decode_event(json.dumps(fields | change)) is None


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=5))
def test_json_that_is_no_event_is_none(value: object) -> None:
    assert decode_event(json.dumps(value)) is None


def test_an_event_under_the_id_of_another_takes_nothing_away() -> None:
    ours = event(EventKind.NOTE, value="ours")
    theirs = ours._replace(writer=THEIRS, value="theirs")
    for order in ([ours, theirs], [theirs, ours]):
        notes = edits_of(order)[RUN].notes
        assert [note.text for note in notes] == ["ours", "theirs"]


def test_a_removal_counts_for_the_clone_that_wrote_it() -> None:
    edits = edits_of([event(EventKind.REMOVE)])[RUN]
    assert edits.is_removed_in([OURS])
    assert not edits.is_removed_in([THEIRS])
    assert not edits.is_removed_in([])


def test_a_restored_run_is_removed_no_more() -> None:
    said = [event(EventKind.REMOVE), event(EventKind.RESTORE, second=1)]
    assert not edits_of(said)[RUN].is_removed_in([OURS])
    said.append(event(EventKind.REMOVE, second=2))
    assert edits_of(said)[RUN].is_removed_in([OURS])


def test_a_clone_takes_back_what_it_removed_under_an_older_name() -> None:
    removed = event(EventKind.REMOVE, writer=OLD)
    restored = event(EventKind.RESTORE, second=1)
    assert edits_of([removed])[RUN].is_removed_in([OLD, OURS])
    assert not edits_of([removed, restored])[RUN].is_removed_in([OLD, OURS])
    # The clone that still writes under the older name has it removed.
    assert edits_of([removed, restored])[RUN].is_removed_in([OLD])

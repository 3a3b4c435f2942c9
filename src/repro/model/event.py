"""What people say of runs after they were recorded: tags, notes, stars, names, removals.

A run commit never changes, so such words are events in a log of each clone; the logs of all clones
are read together. Sorted by time, writer and id, events give the same result in whatever order they
arrived, and none is lost.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from repro.model.ids import RunId, WriterId, is_run_id, is_writer_id
from repro.model.summary import Note

__all__ = ["Edits", "Event", "EventKind", "decode_event", "edits_of", "encode_event"]

_MAX_TEXT = 64 * 1024


class EventKind(StrEnum):
    """What an event does to its run."""

    TAG = "tag"
    """Sets the tag `name` to `value`, "" for a label."""
    UNTAG = "untag"
    """Takes the tag `name` away."""
    NOTE = "note"
    """Adds the note `value`."""
    STAR = "star"
    UNSTAR = "unstar"
    RENAME = "rename"
    """Calls the run `name`."""
    REMOVE = "remove"
    """Hides the run in the clone that wrote the event, and there alone."""
    RESTORE = "restore"
    """Takes the removal back."""


class Event(NamedTuple):
    """One word about one run.

    Attributes:
        id: 16 random hex digits: an event that arrives twice counts once.
        at: UTC, later than every event that the writer knew of.
        writer: The clone that wrote it.
        kind: What it does.
        run: To which run.
        by: Whose words, as ``Name <email>``; "" where git knows none.
        name: See `EventKind`.
        value: Likewise.
    """

    id: str
    at: datetime
    writer: WriterId
    kind: EventKind
    run: RunId
    by: str = ""
    name: str = ""
    value: str = ""


class Edits(NamedTuple):
    """What all events together make of a run.

    Attributes:
        name: Its last name; None where it was never renamed.
        tags: Value by tag that was set and not taken away since; None for one taken away.
        starred: Whether it has a star.
        notes: Oldest first.
        removed_by: The writers that removed it and did not restore it.
    """

    name: str | None = None
    tags: Mapping[str, str | None] = {}
    starred: bool = False
    notes: tuple[Note, ...] = ()
    removed_by: frozenset[WriterId] = frozenset()


def encode_event(event: Event) -> str:
    """Returns the event as one line of JSON, without the newline."""
    fields: dict[str, str] = {
        "id": event.id,
        "at": event.at.astimezone(UTC).isoformat(),
        "writer": event.writer,
        "kind": event.kind.value,
        "run": event.run,
        "by": event.by,
        "name": event.name,
        "value": event.value,
    }
    return json.dumps({key: value for key, value in fields.items() if value})


def decode_event(line: str | bytes) -> Event | None:
    """Returns the event of a line; None for what is none, or of a kind not known here."""
    try:
        fields = json.loads(line)
        texts = [fields.get(key, "") for key in ("id", "by", "name", "value")]
        at = datetime.fromisoformat(fields["at"])
        is_sound = (
            all(isinstance(text, str) and len(text) <= _MAX_TEXT for text in texts)
            and at.tzinfo is not None
            and is_run_id(fields["run"])
            and is_writer_id(fields["writer"])
        )
        if not is_sound or not texts[0]:
            return None
        kind = EventKind(fields["kind"])
        writer, run = WriterId(fields["writer"]), RunId(fields["run"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    event_id, by, name, value = texts
    return Event(event_id, at.astimezone(UTC), writer, kind, run, by, name, value)


def edits_of(events: Iterable[Event]) -> dict[RunId, Edits]:
    """Returns what the events, in any order and each any number of times, make of each run."""
    once = {event.id: event for event in events}
    found: dict[RunId, Edits] = {}
    for event in sorted(once.values(), key=lambda event: (event.at, event.writer, event.id)):
        found[event.run] = _applied(found.get(event.run, _NONE), event)
    return found


_NONE = Edits()


def _applied(edits: Edits, event: Event) -> Edits:
    match event.kind:
        case EventKind.TAG:
            return edits._replace(tags={**edits.tags, event.name: event.value})
        case EventKind.UNTAG:
            return edits._replace(tags={**edits.tags, event.name: None})
        case EventKind.NOTE:
            note = Note(event.at, event.by, event.value)
            return edits._replace(notes=(*edits.notes, note))
        case EventKind.STAR | EventKind.UNSTAR:
            return edits._replace(starred=event.kind is EventKind.STAR)
        case EventKind.RENAME:
            return edits._replace(name=event.name)
        case EventKind.REMOVE:
            return edits._replace(removed_by=edits.removed_by | {event.writer})
        case EventKind.RESTORE:
            return edits._replace(removed_by=edits.removed_by - {event.writer})

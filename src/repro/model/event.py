"""What is said of runs after they were recorded: tags, notes, stars, names, commits, removals.

A run commit never changes, so such words are events in a log of each clone; the logs of all clones
are read together. Sorted by time, writer and id, events give the same result in whatever order they
arrived, and none is lost.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from repro.model.ids import Oid, RunId, WriterId, is_oid, is_run_id, is_writer_id
from repro.model.summary import Note

__all__ = [
    "MAX_NOTE",
    "Edits",
    "Event",
    "EventKind",
    "decode_event",
    "edits_of",
    "encode_event",
    "flaw_of",
]

MAX_NOTE = 64 * 1024
"""A note has no more characters."""
_MAX_NAME = 200
_MAX_VALUE = 4096
# Control characters, what breaks lines or turns the direction of text round, halves of characters.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_HALVES = re.compile("[\ud800-\udfff]")
_TAKEN = re.compile(r"@(~[0-9]*)?|(best|min|max):.*|-.*", re.DOTALL)
"""What means another run where a run's name is typed, or an option."""


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
    BELONG = "belong"
    """Says that the run belongs to the commit `value`, which holds its results or was made of one
    that does: by an amend, a rebase, a squash."""
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
        commits: To which commits it belongs, besides the one that it started from; in the order
            in which that was said.
        removed_by: The writers that removed it and did not restore it.
        restored_by: The writers that restored it and did not remove it again.
    """

    name: str | None = None
    tags: Mapping[str, str | None] = {}
    starred: bool = False
    notes: tuple[Note, ...] = ()
    commits: tuple[Oid, ...] = ()
    removed_by: frozenset[WriterId] = frozenset()
    restored_by: frozenset[WriterId] = frozenset()

    def is_removed_in(self, writers: Sequence[WriterId]) -> bool:
        """Tells whether a clone removed it.

        Args:
            writers: The names that the clone writes and wrote under, the one in use last.
        """
        for writer in reversed(writers):
            if writer in self.removed_by or writer in self.restored_by:
                return writer in self.removed_by
        return False


def flaw_of(kind: EventKind, name: str, value: str) -> str | None:
    """Returns why an event cannot be said, as a clause; None where it can.

    Notes may hold anything that is text; what shows one keeps terminals from obeying it.
    """
    if kind is EventKind.NOTE:
        if not value.strip():
            return "the note is empty"
        if len(value) > MAX_NOTE:
            return f"the note has {len(value):,} characters, and may have {MAX_NOTE:,}"
        return "the note is not UTF-8 text" if _HALVES.search(value) else None
    if kind is EventKind.TAG:
        if len(value) > _MAX_VALUE:
            return f"the value has {len(value):,} characters, and may have {_MAX_VALUE:,}"
        if _UNSAFE.search(value):
            return "the value has control characters or line breaks in it"
        is_odd = "=" in name or name.startswith("-")
        return _flaw_of_name(name, "the name of the tag") or (
            f"no tag can be called {name}" if is_odd else None
        )
    if kind is EventKind.RENAME:
        is_taken = _TAKEN.fullmatch(name) or is_run_id(name)
        return _flaw_of_name(name, "the name") or (
            f"{name} means something else where a run is named" if is_taken else None
        )
    if kind is EventKind.BELONG and not is_oid(value):
        return f"{value!r} is no commit"
    return None


def _flaw_of_name(name: str, what: str) -> str | None:
    if not name.strip():
        return f"{what} is empty"
    if len(name) > _MAX_NAME:
        return f"{what} has {len(name):,} characters, and may have {_MAX_NAME}"
    if _UNSAFE.search(name):
        return f"{what} has control characters or line breaks in it"
    return f"{what} begins or ends with a space" if name != name.strip() else None


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
        texts = [fields.get(key, "") for key in _TEXTS]
        if not all(isinstance(text, str) and len(text) <= MAX_NOTE for text in texts):
            return None
        event_id, writer, run, by, name, value = texts
        kind = EventKind(fields["kind"])
        at = datetime.fromisoformat(fields["at"])
        is_sound = at.tzinfo is not None and is_run_id(run) and is_writer_id(writer)
        if not is_sound or not event_id or (kind in _NAMING and not name):
            return None
        if kind is EventKind.BELONG and not is_oid(value):
            return None
        at = at.astimezone(UTC)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    return Event(event_id, at, WriterId(writer), kind, RunId(run), by, name, value)


_TEXTS = ("id", "writer", "run", "by", "name", "value")
_NAMING = frozenset({EventKind.TAG, EventKind.UNTAG, EventKind.RENAME})


def edits_of(events: Iterable[Event]) -> dict[RunId, Edits]:
    """Returns what the events, in any order and each any number of times, make of each run."""
    # Not by id alone: who sends an event under the id of another must not take its place.
    once = sorted(set(events), key=lambda event: (event.at, event.writer, event))
    found: dict[RunId, Edits] = {}
    for event in once:
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
        case EventKind.BELONG:
            commits = dict.fromkeys((*edits.commits, Oid(event.value)))
            return edits._replace(commits=tuple(commits))
        case EventKind.REMOVE:
            return edits._replace(
                removed_by=edits.removed_by | {event.writer},
                restored_by=edits.restored_by - {event.writer},
            )
        case EventKind.RESTORE:
            return edits._replace(
                removed_by=edits.removed_by - {event.writer},
                restored_by=edits.restored_by | {event.writer},
            )

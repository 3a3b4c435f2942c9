"""The log: what people say of runs, as a chain of commits for each clone.

``refs/repro/log/<writer>`` is added to by its writer alone, so logs are shared by fetching them all
and pushing one's own, and never conflict. Within a clone, processes take turns: a lock file keeps
them from wasting work, and git, which moves a ref only from a commit that the new one descends
from, keeps every word even where locks do nothing.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from repro.errors import ReproError
from repro.git.commits import write_commit
from repro.git.objects import read_objects
from repro.git.refs import RefExistsError, list_refs
from repro.git.repository import Repository
from repro.git.turn import turn
from repro.model.event import Event, EventKind, decode_event, encode_event, flaw_of
from repro.model.ids import LOG_REFS, Oid, RunId, WriterId, log_ref
from repro.model.run import Identity
from repro.store.writer import current_writer

__all__ = ["Word", "WordError", "append_events", "read_events"]

_MAX_TRIES = 200
_FEW = 4
_AHEAD = timedelta(days=1)
"""A clock further ahead than this is wrong, and not followed."""


class WordError(ReproError):
    """What cannot be said of a run.

    Attributes:
        word: It.
    """

    def __init__(self, word: "Word", flaw: str) -> None:
        super().__init__(flaw, hint=_HINTS.get(word.kind))
        self.word = word


_HINTS = {
    EventKind.TAG: "such as: repro tag RUN baseline stage=dev",
    EventKind.NOTE: "such as: repro note RUN 'the learning rate was too high'",
    EventKind.RENAME: "such as: repro rename RUN ivory-falcon",
}


class Word(NamedTuple):
    """An event to be: what is said of which run; the fields are those of `Event`."""

    kind: EventKind
    run: RunId
    name: str = ""
    value: str = ""


def append_events(
    repo: Repository, words: Sequence[Word], *, now: datetime, author: Identity | None
) -> list[Event]:
    """Adds words to this clone's log, all or none.

    Raises:
        WordError: One cannot be said.
        RefExistsError: Other processes were quicker two hundred times.
        GitError: git could not write.
        OSError: repro's directory cannot be written.
    """
    for word in words:
        flaw = flaw_of(word.kind, word.name, word.value)
        if flaw is not None:
            raise WordError(word, flaw)
    if not words:
        return []
    writer = current_writer(repo)
    ref = log_ref(writer)
    by = f"{author.name} <{author.email}>" if author is not None else ""
    with turn(repo, "log"):
        for attempt in range(_MAX_TRIES):
            tips = dict(list_refs(repo, LOG_REFS))
            start_at = _later_than(repo, list(tips.values()), now)
            events = [
                _event(word, writer, by, start_at + timedelta(microseconds=number))
                for number, word in enumerate(words)
            ]
            tip = tips.get(ref)
            try:
                write_commit(
                    repo,
                    tree=None,
                    parents=[tip] if tip is not None else [],
                    message=_message(events),
                    author=author,
                    at=now,
                    ref=ref,
                )
            except RefExistsError:
                if attempt == _MAX_TRIES - 1:
                    raise
                continue
            return events
    raise AssertionError("unreachable")


def _event(word: Word, writer: WriterId, by: str, at: datetime) -> Event:
    kind, run, name, value = word
    return Event(os.urandom(8).hex(), at, writer, kind, run, by, name, value)


def _message(events: Sequence[Event]) -> bytes:
    kinds = ", ".join(dict.fromkeys(event.kind.value for event in events))
    lines = "".join(f"{encode_event(event)}\n" for event in events)
    return f"repro: {kinds}\n\n{lines}".encode()


def _later_than(repo: Repository, tips: Sequence[Oid], now: datetime) -> datetime:
    """Returns a time after every event known, so that who answers a word comes after it."""
    latest = now
    for content in read_objects(repo, tips):
        for event in _events_in(content or b""):
            if latest <= event.at <= now + _AHEAD:
                latest = event.at + timedelta(microseconds=1)
    return latest


def read_events(
    repo: Repository,
    *,
    tips: Sequence[Oid] | None = None,
    without: Sequence[Oid] = (),
    runs: Collection[RunId] | None = None,
    kinds: Collection[EventKind] = tuple(EventKind),
) -> list[Event]:
    """Returns the events of all logs, in no order.

    Args:
        repo: The repository.
        tips: Where the logs end; by default all that there are.
        without: Commits whose events, and those before them, are known already.
        runs: Only what is said of these; by default of all.
        kinds: Only these.

    Raises:
        GitError: git could not read them.
    """
    tips = [oid for _, oid in list_refs(repo, LOG_REFS)] if tips is None else tips
    if not tips:
        return []
    stdin = "".join([*(f"{oid}\n" for oid in tips), *(f"^{oid}\n" for oid in without)])
    out = repo.git("log", "--format=%B", "--stdin", stdin=stdin.encode("ascii"))
    return list(_events_in(out, runs, kinds))


def _events_in(
    text: bytes,
    runs: Collection[RunId] | None = None,
    kinds: Collection[EventKind] = tuple(EventKind),
) -> Iterator[Event]:
    # Most lines of a long log are about other runs: to see that, none need be decoded.
    marks = [run.encode() for run in runs] if runs is not None and len(runs) <= _FEW else [b""]
    words = [f'"{kind.value}"'.encode() for kind in kinds] if len(kinds) <= _FEW else [b""]
    for line in text.split(b"\n"):
        if not line.startswith(b"{") or not _has_any(line, marks) or not _has_any(line, words):
            continue
        event = decode_event(line)
        if event is not None and event.kind in kinds and (runs is None or event.run in runs):
            yield event


def _has_any(line: bytes, marks: Sequence[bytes]) -> bool:
    return any(mark in line for mark in marks)

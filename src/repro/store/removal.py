"""The trash: runs removed, and brought back.

A removed run moves from ``refs/repro/runs/<id>`` to ``refs/repro/trash/<id>``, where nothing of it
is lost until `repro gc` empties the trash; an event in this clone's log keeps a pull from bringing
it back. A folded run has no ref of its own to move: it gets the one in the trash, and the event
hides its line in the archive.

Whatever is interrupted can be done again. Removing moves the ref first: without the event the run
is in the trash all the same. Restoring writes the event first: the other way round, a run on a ref
of its own would vanish when it is folded.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from repro.errors import ReproError
from repro.git.refs import RefChange, RefMovedError, list_refs, update_refs
from repro.git.repository import Repository
from repro.model.event import Event, EventKind, edits_of
from repro.model.ids import (
    RUN_REFS,
    TRASH_REFS,
    Oid,
    RefName,
    RunId,
    is_run_id,
    log_ref,
    run_ref,
    trash_ref,
)
from repro.model.run import Identity
from repro.model.summary import Summary
from repro.store.listing import read_summaries, with_edits
from repro.store.log import Word, append_events, read_events
from repro.store.writer import own_writers

__all__ = [
    "Removable",
    "TrashTakenError",
    "Trashed",
    "list_trash",
    "removals",
    "remove_runs",
    "removed_here",
    "restore_runs",
    "take_back_removals",
]

_MAX_TRIES = 20
_FEW = 50
"""So many refs are asked for by name; for more, all are listed."""


class TrashTakenError(ReproError):
    """Another commit stands where a run is to go: it was recorded under the same id.

    Attributes:
        ref: Where.
    """

    def __init__(self, ref: RefName) -> None:
        super().__init__(f"{ref} names another commit", hint=f"git log -1 {ref}")
        self.ref = ref


class Removable(Protocol):
    """A run: a `Summary`, a `KnownRun`, or a `Trashed`."""

    @property
    def id(self) -> RunId:
        """Its id."""

    @property
    def oid(self) -> Oid:
        """Its commit."""


class Trashed(NamedTuple):
    """A run in the trash.

    Attributes:
        id: Its id.
        oid: Its commit.
        removed_at: When, UTC; None where removing it was interrupted.
        by: Who removed it, as ``Name <email>``; "" where nobody knows.
        is_back: Whether it has a ref of its own again, as after a pull.
        summary: As people have edited it; None where it cannot be read.
    """

    id: RunId
    oid: Oid
    removed_at: datetime | None = None
    by: str = ""
    is_back: bool = False
    summary: Summary | None = None

    @property
    def name(self) -> str:
        """Its name; "" where it cannot be read."""
        return self.summary.name if self.summary is not None else ""


def remove_runs(
    repo: Repository, runs: Iterable[Removable], *, now: datetime, author: Identity | None
) -> list[RunId]:
    """Moves runs to the trash, all or none; one that is there already stays there.

    Args:
        repo: The repository.
        runs: On refs of their own, or folded.
        now: The clock, aware.
        author: Who removes them; None where git knows nobody.

    Returns:
        Their ids.

    Raises:
        TrashTakenError: The trash has another commit under the same id.
        RefMovedError: Other processes kept moving them.
        GitError: git could not write.
        OSError: repro's directory cannot be written.
    """
    doomed = {run.id: run.oid for run in runs}
    _move(repo, list(doomed), lambda refs: _to_trash(doomed, refs))
    said = removed_here(repo) if doomed else frozenset[RunId]()
    # What an earlier removal moved and had no time to say is said now.
    unsaid = dict.fromkeys((*doomed, *(_only_in_trash(repo) if doomed else ())))
    words = [Word(EventKind.REMOVE, run) for run in unsaid if is_run_id(run) and run not in said]
    append_events(repo, words, now=now, author=author)
    return list(doomed)


def restore_runs(
    repo: Repository, runs: Iterable[Removable], *, now: datetime, author: Identity | None
) -> list[RunId]:
    """Brings runs back, each to a ref of its own, all or none.

    Args:
        repo: The repository.
        runs: As `list_trash` or `repro.store.trash.find_trashed` gives them.
        now: The clock, aware.
        author: Who brings them back; None where git knows nobody.

    Returns:
        Their ids.

    Raises:
        TrashTakenError: Another commit has the ref of one.
        RefMovedError: Other processes kept moving them.
        GitError: git could not write.
        OSError: repro's directory cannot be written.
    """
    back = {run.id: run.oid for run in runs}
    take_back_removals(repo, list(back), now=now, author=author)
    _move(repo, list(back), lambda refs: _from_trash(back, refs))
    return list(back)


def take_back_removals(
    repo: Repository, runs: Sequence[RunId], *, now: datetime, author: Identity | None
) -> None:
    """Says of the runs that this clone removed that it did not: before they come in some other way.

    Raises:
        GitError: git could not write.
        OSError: repro's directory cannot be written.
    """
    removed = removed_here(repo)
    words = [Word(EventKind.RESTORE, run) for run in runs if run in removed]
    append_events(repo, words, now=now, author=author)


def removed_here(repo: Repository) -> frozenset[RunId]:
    """Returns the runs that this clone removed and did not bring back.

    Raises:
        GitError: git could not read its log.
    """
    return frozenset(removals(repo))


def removals(repo: Repository) -> dict[RunId, Event]:
    """Returns the event by which each was removed, of the runs that `removed_here` returns.

    Raises:
        GitError: git could not read its log.
    """
    own = own_writers(repo)
    refs = dict(list_refs(repo, *map(log_ref, own))) if own else {}
    # Its own log alone, since a log from elsewhere may claim anything; and under an older name, by
    # now, a copy of this clone may write, whose removals are its own.
    current = refs.get(log_ref(own[-1])) if own else None
    tips = [current] if current is not None else list(refs.values())
    if not tips:
        return {}
    found: dict[RunId, Event] = {}
    kinds = (EventKind.REMOVE, EventKind.RESTORE)
    events = read_events(repo, tips=tips, kinds=kinds)
    for event in sorted(events, key=lambda event: (event.at, event.writer, event.id)):
        if event.kind is EventKind.REMOVE and event.writer in own:
            found[event.run] = event
        elif event.kind is EventKind.RESTORE and event.writer in own:
            found.pop(event.run, None)
    return found


def _only_in_trash(repo: Repository) -> list[RunId]:
    refs = dict(list_refs(repo, TRASH_REFS, RUN_REFS))
    ids = (RunId(ref.removeprefix(TRASH_REFS)) for ref in refs if ref.startswith(TRASH_REFS))
    return [run for run in ids if run_ref(run) not in refs]


class _Changes(Protocol):
    def __call__(self, refs: dict[RefName, Oid]) -> list[RefChange]: ...


def _move(repo: Repository, runs: Sequence[RunId], changes: _Changes) -> None:
    """Moves refs as `changes` says from how they stand, looking anew where somebody was quicker."""
    names = [ref for run in runs for ref in (run_ref(run), trash_ref(run))]
    prefixes = names if len(runs) <= _FEW else [RUN_REFS, TRASH_REFS]
    for attempt in range(_MAX_TRIES if runs else 0):
        try:
            update_refs(repo, changes(dict(list_refs(repo, *prefixes))))
        except RefMovedError:
            if attempt == _MAX_TRIES - 1:
                raise
        else:
            return


def _to_trash(runs: dict[RunId, Oid], refs: dict[RefName, Oid]) -> list[RefChange]:
    changes = []
    for run, oid in runs.items():
        hot, trashed = refs.get(run_ref(run)), refs.get(trash_ref(run))
        if trashed is None:
            changes.append(RefChange(trash_ref(run), None, hot or oid))
        elif trashed != (hot or oid):
            raise TrashTakenError(trash_ref(run))
        if hot is not None:
            changes.append(RefChange(run_ref(run), hot, None))
    return changes


def _from_trash(runs: dict[RunId, Oid], refs: dict[RefName, Oid]) -> list[RefChange]:
    changes = []
    for run, oid in runs.items():
        hot, trashed = refs.get(run_ref(run)), refs.get(trash_ref(run))
        if hot is None:
            changes.append(RefChange(run_ref(run), None, trashed or oid))
        elif hot != (trashed or oid):
            raise TrashTakenError(run_ref(run))
        if trashed is not None:
            changes.append(RefChange(trash_ref(run), trashed, None))
    return changes


def list_trash(repo: Repository) -> list[Trashed]:
    """Returns what is in the trash, the last removed first.

    Raises:
        GitError: git could not read it.
    """
    refs = list_refs(repo, TRASH_REFS)
    if not refs:
        return []
    ids = {ref: RunId(ref.removeprefix(TRASH_REFS)) for ref, _ in refs}
    back = {RunId(ref.removeprefix(RUN_REFS)) for ref, _ in list_refs(repo, RUN_REFS)}
    edits = edits_of(read_events(repo, runs=frozenset(ids.values())))
    readable = read_summaries(repo, refs).summaries
    summaries = {run.id: with_edits(run, edits) for run in readable}
    events = removals(repo)
    found = []
    for ref, oid in refs:
        run = ids[ref]
        event = events.get(run)
        at, by = (event.at, event.by) if event is not None else (None, "")
        found.append(Trashed(run, oid, at, by, run in back, summaries.get(run)))
    # What was interrupted first: it is the least expected.
    found.sort(key=_recency, reverse=True)
    return found


def _recency(run: Trashed) -> tuple[float, RunId]:
    return (run.removed_at.timestamp() if run.removed_at is not None else math.inf, run.id)

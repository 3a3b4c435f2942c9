"""The words of people in the index: events, kept as the lines that they are in the logs."""

# ruff: noqa: S608 - the parts of a query are written here, and values are bound

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from repro.git.repository import GitError, Repository
from repro.model.event import Edits, Event, EventKind, decode_event, edits_of, encode_event
from repro.model.ids import LOG_REFS, Oid, RefName, RunId

if TYPE_CHECKING:
    import sqlite3

__all__ = ["HistoryChanged", "apply_logs", "edits_in", "removals"]

_HIDING = frozenset({EventKind.REMOVE, EventKind.RESTORE})
_MAX_VARIABLES = 500


class HistoryChanged(Exception):  # noqa: N818 - a signal within the index
    """An archive or a log lost what it held: the index is built anew."""


def apply_logs(
    db: "sqlite3.Connection", repo: Repository, logs: dict[RefName, Oid], tips: dict[RefName, Oid]
) -> set[str]:
    """Adds the events of new commits and returns the ids of the runs that they speak of.

    Args:
        db: The index.
        repo: The repository.
        logs: The logs and their tips.
        tips: What is known already.

    Raises:
        HistoryChanged: A log does not go on from where it ended.
        GitError: git could not read one.
    """
    known = {ref: oid for ref, oid in tips.items() if ref.startswith(LOG_REFS)}
    if known.keys() - logs.keys():
        raise HistoryChanged
    new = [oid for ref, oid in logs.items() if known.get(ref) != oid]
    if not new:
        return set()
    stdin = "".join([*(f"{oid}\n" for oid in new), *(f"^{oid}\n" for oid in known.values())])
    try:
        # No commit's message has a NUL, so that nothing in one can pose as its parents.
        out = repo.git("log", "--format=%x00%P%n%B", "--stdin", stdin=stdin.encode("ascii"))
    except GitError:
        if known:
            raise HistoryChanged from None  # what was known is gone
        raise
    parents: set[str] = set()
    rows: list[tuple[str, str, bool, str | None]] = []
    for commit in out.split(b"\0")[1:]:
        head, _, message = commit.partition(b"\n")
        parents.update(head.decode("ascii").split())
        rows += [
            # Written anew: ASCII, and one line for one event.
            (encode_event(event), event.run, event.kind in _HIDING, _commit_of(event))
            for event in _events(message)
        ]
    if any(oid not in parents for ref, oid in known.items() if logs[ref] != oid):
        raise HistoryChanged
    db.executemany("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?)", rows)
    return {row[1] for row in rows}


def _commit_of(event: Event) -> str | None:
    return event.value if event.kind is EventKind.BELONG else None


def _events(message: bytes) -> Iterator[Event]:
    for line in message.split(b"\n"):
        event = decode_event(line) if line.startswith(b"{") else None
        if event is not None:
            yield event


def edits_in(db: "sqlite3.Connection", runs: Iterable[str]) -> dict[RunId, Edits]:
    """Returns what people made of some runs; those of which nobody spoke are left out."""
    if db.execute("SELECT 1 FROM events LIMIT 1").fetchone() is None:
        return {}
    ids = list(dict.fromkeys(runs))
    lines: list[str] = []
    for at in range(0, len(ids), _MAX_VARIABLES):
        some = ids[at : at + _MAX_VARIABLES]
        marks = ", ".join("?" * len(some))
        lines += [
            line for (line,) in db.execute(f"SELECT line FROM events WHERE run IN ({marks})", some)
        ]
    return edits_of(event for event in map(decode_event, lines) if event is not None)


def removals(db: "sqlite3.Connection") -> list[str]:
    """Returns the ids of the runs that anybody removed, though it be restored since."""
    return [run for (run,) in db.execute("SELECT DISTINCT run FROM events WHERE is_removal")]

"""Puts into the index what became of refs: only what is new is read."""

# ruff: noqa: S608 - the parts of a query are written here, and values are bound

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from repro.git.objects import list_tree, read_objects
from repro.git.repository import Repository
from repro.model.ids import ARCHIVE_REFS, RUN_REFS, Oid, RefName, WriterId
from repro.model.run import FORMAT_VERSION, Status
from repro.model.summary import SummaryError, parse_summary, summary_text
from repro.store.index_log import HistoryChanged, apply_logs, edits_in
from repro.store.index_refs import Changes
from repro.store.index_text import split_summary, storable

if TYPE_CHECKING:
    import sqlite3

__all__ = ["apply_changes", "show_again"]

_BATCH_RUNS = 5_000
_BATCH_SEGMENTS = 5
_WRITTEN = re.compile(
    r'\{"format":([0-9]{1,4}),"id":"([0-9T]{15}-[k-z]{8})","name":"([^"\\\x00-\x1f]*)",'
    rf'"status":"(?:{"|".join(Status)})","started_at":"[-+:.0-9T]{{19,40}}",'
    r'"duration_s":(?:null|[-+.0-9e]+),"commit":(?:null|"([0-9a-f]{40}|[0-9a-f]{64})"),"branch":'
)
"""How a summary begins as repro writes it: no need to decode it to put it in its place."""
_PARTIAL = '"partial":'
_INSERT = """
INSERT INTO runs (
    id, is_hot, is_shown, is_odd, is_partial, is_edited, segment, oid, name, begun_from,
    measures, head
) VALUES (?, ?, 1, ?, ?, 0, ?, ?, ?, ?, ?, ?)
"""
_REPLACE = """
ON CONFLICT (id, is_hot) DO UPDATE SET
    is_odd = excluded.is_odd, is_partial = excluded.is_partial, segment = excluded.segment,
    oid = excluded.oid, name = excluded.name, begun_from = excluded.begun_from,
    measures = excluded.measures, head = excluded.head
"""
_REPLACE_IF_LATER = f"""{_REPLACE} WHERE
    (SELECT ref || '/' || path FROM segments WHERE number = excluded.segment)
    >= (SELECT ref || '/' || path FROM segments WHERE number = runs.segment)
"""


class _Row(NamedTuple):
    id: str
    is_hot: bool
    is_odd: bool
    is_partial: bool
    segment: int
    oid: str
    name: str
    begun_from: str | None
    measures: str | None
    head: str | bytes | None


def apply_changes(
    db: "sqlite3.Connection", repo: Repository, changes: Changes, *, own: Sequence[WriterId]
) -> bool:
    """Brings the index up to date.

    Args:
        db: The index, in a transaction.
        repo: The repository.
        changes: What became of refs.
        own: The names that this clone writes under, the one in use last.

    Returns:
        Whether archives or logs had anything new.

    Raises:
        HistoryChanged: The index must be built anew.
        GitError: git could not read what is new.
        sqlite3.Error: The index is damaged, or could not be written.
    """
    tips: dict[RefName, Oid] = dict(db.execute("SELECT ref, oid FROM tips"))
    is_first = not tips and db.execute("SELECT 1 FROM runs LIMIT 1").fetchone() is None
    db.executemany("DELETE FROM runs WHERE id = ? AND is_hot", ((name,) for name in changes.gone))
    db.executemany(_INSERT + _REPLACE, _hot_rows(repo, list(changes.hot.items())))
    folded = _apply_archives(db, repo, changes.archives, tips)
    edited = apply_logs(db, repo, changes.logs, tips)
    now = {**changes.archives, **changes.logs}
    if now != tips:
        db.execute("DELETE FROM tips")
        db.executemany("INSERT INTO tips VALUES (?, ?)", now.items())
    _note_loose(db, changes)
    # A run may be there twice, on its own ref and folded; at first, who is hot tells them all.
    twice = () if is_first and not folded else (*changes.hot, *changes.gone)
    show_again(db, {*twice, *edited, *(() if is_first else folded)}, own=own)
    return now != tips


def _note_loose(db: "sqlite3.Connection", changes: Changes) -> None:
    known = {ref: tuple(stamp) for ref, *stamp in db.execute("SELECT * FROM loose")}
    gone = known.keys() - changes.loose.keys()
    db.executemany("DELETE FROM loose WHERE ref = ?", ((ref,) for ref in gone))
    new = ((ref, *stamp) for ref, stamp in changes.loose.items() if known.get(ref) != stamp)
    db.executemany("INSERT OR REPLACE INTO loose VALUES (?, ?, ?, ?)", new)


def show_again(db: "sqlite3.Connection", runs: Iterable[str], *, own: Sequence[WriterId]) -> None:
    """Settles which rows of some runs are to be seen, and under which name.

    Args:
        db: The index.
        runs: Their ids.
        own: The names that this clone writes under, the one in use last: what they removed is
            hidden.
    """
    hot = "EXISTS (SELECT 1 FROM runs AS other WHERE other.id = runs.id AND other.is_hot)"
    ids = [(run,) for run in runs]
    db.executemany(
        f"UPDATE runs SET is_shown = NOT {hot} WHERE id = ? AND NOT is_hot AND is_shown = {hot}",
        ids,
    )
    for run, edits in edits_in(db, [run for (run,) in ids]).items():
        db.execute(
            f"UPDATE runs SET is_edited = 1, is_shown = is_hot OR NOT (? OR {hot}),"
            " name = coalesce(?, name) WHERE id = ?",
            (edits.is_removed_in(own), edits.name and storable(edits.name), run),
        )


def _hot_rows(repo: Repository, refs: Sequence[tuple[str, Oid]]) -> Iterator[_Row]:
    contents = _read_all(repo, [oid for _, oid in refs], _BATCH_RUNS)
    for (name, oid), content in zip(refs, contents, strict=True):
        # The whole commit's bytes need not be looked through for what its last line says.
        text = summary_text(content) if content and content.startswith(b"tree ") else None
        ref = RefName(RUN_REFS + name)
        row = _row(text, name, oid, ref) if text is not None else None
        # What cannot be read, or holds another run, is looked at again each time it is listed.
        yield row or _Row(name, True, True, False, 0, oid, "", None, None, None)


def _row(text: bytes, name: str, oid: Oid, ref: RefName, segment: int = 0) -> _Row | None:
    """Returns the row of a summary, None where it is not one of the run of that name."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        return None
    start = _WRITTEN.match(decoded)
    is_partial = _PARTIAL in decoded
    if start is None or int(start[1]) > FORMAT_VERSION or not decoded.endswith("}"):
        try:
            run = parse_summary(text, oid=oid, ref=ref)
        except SummaryError:
            return None
        found = (str(run.id), storable(run.name), run.commit and str(run.commit))
        head, measures = decoded, None
    else:
        found = (start[2], start[3], start[4])
        head, measures = split_summary(decoded)
    run_id, run_name, begun_from = found
    if run_id != name:
        return None
    row = (run_id, segment == 0, False, is_partial, segment, oid, run_name, begun_from)
    return _Row(*row, measures, head)


def _apply_archives(
    db: "sqlite3.Connection",
    repo: Repository,
    archives: dict[RefName, Oid],
    tips: dict[RefName, Oid],
) -> list[str]:
    """Adds the runs of new segments and returns their ids."""
    if any(ref.startswith(ARCHIVE_REFS) and ref not in archives for ref in tips):
        raise HistoryChanged
    new: list[tuple[int, RefName, str, Oid]] = []
    number = db.execute("SELECT coalesce(max(number), 0) FROM segments").fetchone()[0]
    for ref, tip in archives.items():
        if tips.get(ref) == tip:
            continue
        rows = db.execute("SELECT path, oid FROM segments WHERE ref = ?", (ref,))
        known: dict[str, Oid] = dict(rows)
        for entry in list_tree(repo, tip):
            path = entry.path.decode("utf-8", "replace")
            oid = known.pop(path, None)
            if oid is None:
                number += 1
                new.append((number, ref, path, entry.oid))
            elif oid != entry.oid:
                raise HistoryChanged
        if known:
            raise HistoryChanged
    db.executemany("INSERT INTO segments VALUES (?, ?, ?, ?)", new)
    added: list[str] = []
    db.executemany(_INSERT + _REPLACE_IF_LATER, _folded_rows(repo, new, added))
    return added


def _folded_rows(
    repo: Repository, segments: Sequence[tuple[int, RefName, str, Oid]], added: list[str]
) -> Iterator[_Row]:
    from repro.store.archive import read_segment

    contents = _read_all(repo, [oid for *_, oid in segments], _BATCH_SEGMENTS)
    for (number, ref, _, _), content in zip(segments, contents, strict=True):
        for line in read_segment(ref, content or b""):
            name = line.id
            if name is None:
                continue
            added.append(name)
            yield _row(line.summary, name, line.oid, ref, number) or _Row(
                name, False, True, False, number, line.oid, "", None, None, line.summary
            )


def _read_all(repo: Repository, oids: Sequence[Oid], batch: int) -> Iterator[bytes | None]:
    """Yields the contents of objects, read by two processes where there are many."""
    batches = [oids[at : at + batch] for at in range(0, len(oids), batch)]
    if len(batches) <= 1:
        yield from read_objects(repo, oids)
        return
    from collections import deque
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        waiting = deque(pool.submit(read_objects, repo, oids) for oids in batches[:3])
        for ahead in (*batches[3:], *([()] * len(waiting))):
            yield from waiting.popleft().result()
            if ahead:
                waiting.append(pool.submit(read_objects, repo, ahead))

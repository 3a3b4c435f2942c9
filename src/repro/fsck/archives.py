"""Checks archives: that each lists the runs it keeps, and keeps those it lists."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from repro.fsck.problem import Kind, Problem, counted
from repro.fsck.reader import GitObject, Reader, commit_headers, parse_raw_tree
from repro.model.ids import (
    ARCHIVE_REFS,
    RUN_REFS,
    TRASH_REFS,
    Oid,
    RefName,
    RunId,
    run_id_from_ref,
)
from repro.store.archive import Folded, read_segment

__all__ = ["FOLD_MESSAGE", "Archive", "KeptRun", "read_archives", "runs_on_refs", "unfinished"]

FOLD_MESSAGE = b"repro: fold "
"""How the message of an archive's commit begins."""


class KeptRun(NamedTuple):
    """A run by a place that keeps it.

    Attributes:
        id: Its id.
        oid: Its commit.
        ref: Its own ref, or that of the archive.
        line: Its summary as the archive lists it; None where it has a ref of its own.
    """

    id: RunId
    oid: Oid
    ref: RefName
    line: bytes | None = None


class Archive(NamedTuple):
    """What can be read of an archive.

    Attributes:
        ref: Its ref.
        chain: Its commits, the newest first.
        runs: The runs that it lists.
        problems: What is wrong with it; what cannot be read at all is left to others.
        segments: For each commit of the chain the runs that it folded, in order.
    """

    ref: RefName
    chain: tuple[Oid, ...]
    runs: tuple[KeptRun, ...]
    problems: tuple[Problem, ...]
    segments: Mapping[Oid, tuple[Oid, ...]]


def runs_on_refs(refs: Mapping[RefName, Oid]) -> list[KeptRun]:
    """Returns the runs that have refs of their own, removed ones first."""
    found = []
    for ref, oid in sorted(refs.items(), key=lambda item: item[0].startswith(RUN_REFS)):
        run_id = run_id_from_ref(ref) if ref.startswith((RUN_REFS, TRASH_REFS)) else None
        if run_id is not None:
            found.append(KeptRun(run_id, oid, ref))
    return found


def read_archives(
    reader: Reader, refs: Mapping[RefName, Oid], *, n_hash_bytes: int
) -> list[Archive]:
    """Reads all archives, as far as they can be read."""
    archives = (item for item in refs.items() if item[0].startswith(ARCHIVE_REFS))
    return [_read(reader, ref, tip, n_hash_bytes) for ref, tip in archives]


def _read(reader: Reader, ref: RefName, tip: Oid, n_hash_bytes: int) -> Archive:
    segments, is_whole = _walk(reader, tip)
    lines, faults, has_all = _lines(reader, ref, tuple(segments), n_hash_bytes)
    runs = []
    for line in lines:
        run_id = line.id
        if run_id is not None:
            runs.append(KeptRun(run_id, line.oid, ref, line.summary))
        else:
            faults.append(f"the line of {line.oid} names no run")
    problems = [Problem(Kind.ARCHIVE, ref, fault) for fault in faults]
    if is_whole and has_all:  # else what it lists and what it keeps are both known in part
        problems += _compared(ref, runs, segments)
    chain = tuple(segments) if is_whole else (*segments, _first_lost(reader, tip, segments))
    return Archive(ref, chain, tuple(runs), tuple(problems), segments)


def _first_lost(reader: Reader, tip: Oid, segments: Mapping[Oid, object]) -> Oid:
    """Returns the commit at which a chain breaks off."""
    last = next(reversed(list(segments)), None)
    found = None if last is None else _one(reader, last)
    parents = () if found is None else commit_headers(found.content)[1]
    return parents[0] if parents else tip


def _walk(reader: Reader, tip: Oid) -> tuple[dict[Oid, tuple[Oid, ...]], bool]:
    """Returns for each commit of a chain the runs it has as parents, and whether that is all."""
    segments: dict[Oid, tuple[Oid, ...]] = {}
    at: Oid | None = tip
    while at is not None and at not in segments:
        found = _one(reader, at)
        if found is None:
            return segments, False
        _, parents = commit_headers(found.content)
        before = parents[0] if parents else None
        first = _one(reader, before) if before is not None else None
        # A first parent that cannot be read may be the archive before: nobody can tell.
        is_archive = before is not None and (first is None or _is_fold(first))
        segments[at] = parents[1:] if is_archive else parents
        at = before if is_archive else None
    return segments, True


def _one(reader: Reader, oid: Oid) -> GitObject | None:
    return next(reader.read([oid]))[1]


def _is_fold(found: GitObject) -> bool:
    return found.content.partition(b"\n\n")[2].startswith(FOLD_MESSAGE)


def _lines(
    reader: Reader, ref: RefName, chain: Sequence[Oid], n_hash_bytes: int
) -> tuple[list[Folded], list[str], bool]:
    """Returns the lines that can be read, what is wrong with them, and whether that is all."""
    faults: list[str] = []
    is_whole = True
    blobs: dict[Oid, str] = {}
    for number, commit in enumerate(chain):
        tree, _ = commit_headers((_one(reader, commit) or GitObject("", b"")).content)
        found = _one(reader, tree) if tree is not None else None
        if found is not None:
            rows = parse_raw_tree(found.content, n_hash_bytes=n_hash_bytes)
            blobs = {oid: name for _, name, oid in rows}
            is_whole = number == 0
            break  # the newest tree that can be read lists all segments up to it
    lines: list[Folded] = []
    for oid, content in reader.read(blobs):
        if content is None:
            is_whole = False
            continue
        texts = [row for row in content.content.split(b"\n") if row]
        good = list(read_segment(ref, content.content))
        lines += good
        if len(good) != len(texts):
            faults.append(f"{blobs[oid]} has {counted(len(texts) - len(good), 'line')} of no run")
    return lines, faults, is_whole and bool(chain)


def _compared(
    ref: RefName, runs: Sequence[KeptRun], segments: Mapping[Oid, Sequence[Oid]]
) -> Iterator[Problem]:
    kept = {oid for parents in segments.values() for oid in parents}
    listed = {run.oid for run in runs}
    loose = [run for run in runs if run.oid not in kept]
    if loose:
        ids = tuple(sorted(run.id for run in loose))
        yield Problem(
            Kind.ARCHIVE, ref, f"lists {counted(len(loose), 'run')} that it does not keep", ids
        )
    silent = sorted(kept - listed)
    if silent:
        reason = f"keeps {counted(len(silent), 'run')} that it does not list"
        yield Problem(Kind.ARCHIVE, ref, reason, names=tuple(silent))


def unfinished(
    archives: Sequence[Archive], refs: Mapping[RefName, Oid]
) -> Iterator[tuple[RefName, list[KeptRun]]]:
    """Yields each archive with the runs that it lists and that still have the same ref."""
    for archive in archives:
        both = [run for run in archive.runs if refs.get(RefName(RUN_REFS + run.id)) == run.oid]
        if both:
            yield archive.ref, both

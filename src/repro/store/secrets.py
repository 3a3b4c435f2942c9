"""Searches recorded runs for secrets: what each tree has beyond its commit's, and the message.

Runs have most of their blobs in common, so each blob is read and searched once, however many runs
hold it.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from repro.git.objects import read_objects
from repro.git.repository import Repository
from repro.model.ids import Oid, RefName, run_ref
from repro.secrets.files import secret_file_kind
from repro.secrets.gaps import with_marks_for_values
from repro.secrets.redactor import Redactor
from repro.store.listing import known_runs_directly

__all__ = ["Finding", "Scan", "scan_runs"]

_BATCH_BYTES = 64 * 2**20
_MESSAGE = "commit message"


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret in a run.

    Attributes:
        ref: The first run that holds it, oldest first.
        path: From the top of the run's tree; "commit message" for the message.
        line: Counted from 1.
        kind: Of what kind.
        also: Further runs that hold the same.
    """

    ref: RefName
    path: str
    line: int
    kind: str
    also: tuple[RefName, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """What a search found.

    Attributes:
        findings: By run, oldest first.
        n_files: Files searched, equal ones once.
        n_runs: Runs searched.
    """

    findings: tuple[Finding, ...]
    n_files: int
    n_runs: int


@dataclass(frozen=True, slots=True)
class _Place:
    ref: RefName
    path: str


def scan_runs(repo: Repository, runs: Sequence[tuple[RefName, Oid]] | None = None) -> Scan:
    """Searches runs for secrets.

    Args:
        repo: The repository.
        runs: The refs that they have or had before they were folded, and their commits, oldest
            first; by default all runs.

    Raises:
        GitError: git could not read them.
    """
    if runs is None:
        runs = [(run_ref(run.id), run.oid) for run in reversed(known_runs_directly(repo))]
    places: dict[tuple[Oid, str | None], list[_Place]] = {}
    for place, blob in _changed_files(repo, runs):
        places.setdefault((blob, secret_file_kind(place.path)), []).append(place)
    findings = [*_in_messages(repo, runs), *_in_files(repo, places)]
    order = {ref: number for number, (ref, _) in enumerate(runs)}
    findings.sort(key=lambda found: (order[found.ref], found.path, found.line))
    return Scan(tuple(findings), len(places), len(runs))


def _changed_files(
    repo: Repository, runs: Sequence[tuple[RefName, Oid]]
) -> Iterator[tuple[_Place, Oid]]:
    """Yields what each run's tree has that its parent's has not, the record with it."""
    refs: dict[str, list[RefName]] = {}
    for ref, oid in runs:
        refs.setdefault(oid, []).append(ref)
    stdin = "".join(f"{oid}\n" for oid in refs).encode("ascii")
    args = ("diff-tree", "--stdin", "-r", "-z", "--root", "--no-renames", "--diff-filter=AMT")
    fields = iter(repo.git(*args, stdin=stdin).split(b"\0"))
    of: list[RefName] = []
    for field in fields:
        if not field.startswith(b":"):
            of = refs.get(field.decode("ascii"), [])
            continue
        _, mode, _, blob, _ = field.decode("ascii").split(" ")
        path = os.fsdecode(next(fields))
        if mode.startswith("100"):
            for ref in of:
                yield _Place(ref, path), Oid(blob)


def _in_messages(repo: Repository, runs: Sequence[tuple[RefName, Oid]]) -> Iterator[Finding]:
    contents = read_objects(repo, [oid for _, oid in runs])
    for (ref, _), content in zip(runs, contents, strict=True):
        message = (content or b"").partition(b"\n\n")[2]
        for line, kind in _found(message, None):
            yield Finding(ref, _MESSAGE, line, kind)


def _in_files(
    repo: Repository, places: dict[tuple[Oid, str | None], list[_Place]]
) -> Iterator[Finding]:
    for batch in _batches(repo, list(places)):
        contents = read_objects(repo, [blob for blob, _ in batch])
        for (blob, file_kind), content in zip(batch, contents, strict=True):
            first, *rest = places[blob, file_kind]
            also = tuple(dict.fromkeys(place.ref for place in rest if place.ref != first.ref))
            for line, kind in _found(content or b"", file_kind):
                yield Finding(first.ref, first.path, line, kind, also)


def _batches(
    repo: Repository, keys: Sequence[tuple[Oid, str | None]]
) -> Iterator[list[tuple[Oid, str | None]]]:
    """Yields the blobs in parts that fit into memory."""
    stdin = "".join(f"{blob}\n" for blob, _ in keys).encode("ascii")
    out = repo.git("cat-file", "--batch-check=%(objectsize)", "--buffer", stdin=stdin)
    batch: list[tuple[Oid, str | None]] = []
    n_bytes = 0
    for key, size in zip(keys, out.split(b"\n"), strict=False):
        batch.append(key)
        n_bytes += int(size) if size.isdigit() else 0  # else it is missing
        if n_bytes >= _BATCH_BYTES:
            yield batch
            batch, n_bytes = [], 0
    if batch:
        yield batch


def _found(content: bytes, file_kind: str | None) -> Iterable[tuple[int, str]]:
    """Returns line and kind of each secret; of a file that is one as a whole, the first line."""
    redactor = Redactor(b"")  # its marks are thrown away
    if file_kind is not None:
        marked = with_marks_for_values(content, redactor)
        rows = enumerate(zip(content.split(b"\n"), marked.split(b"\n"), strict=False), 1)
        return [(line, file_kind) for line, (was, now) in rows if was != now][:1]
    return list(dict.fromkeys((item.line, item.kind) for item in redactor.content(content)[1]))

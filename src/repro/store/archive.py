"""The archive: old runs folded together, so that git has one ref to look at instead of thousands.

``refs/repro/archive/<writer>`` names a chain of commits. Each has the archive before it and up to a
thousand run commits as parents, which keeps those and their code alive, and a tree of segments:
``000001.jsonl`` and so on, one for each commit of the chain, with the summary of each run on a
line. So the tip's tree lists them all, and no run commit need be opened to list it.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from repro.git.commits import write_commit
from repro.git.objects import list_tree, read_objects
from repro.git.refs import RefChange, list_refs, read_ref, update_refs
from repro.git.repository import Repository
from repro.model.ids import (
    ARCHIVE_REFS,
    Oid,
    RefName,
    RunId,
    WriterId,
    archive_ref,
    is_run_id,
)
from repro.model.lazy_pattern import lazy_pattern
from repro.model.summary import Summary, SummaryError, parse_message, parse_summary, summary_text

__all__ = ["SEGMENT_RUNS", "Folded", "encode_segment", "fold_runs", "list_segments", "read_segment"]

SEGMENT_RUNS = 1_000
"""A segment has no more runs than this: git takes a commit's parents on its command line."""

_ID = lazy_pattern(rb'"id": ?"([0-9T]{15}-[k-z]{8})"')
_OID_KEY = b'{"oid":"'
_SUMMARY_KEY = b'","summary":'


class Folded(NamedTuple):
    """A line of a segment.

    Attributes:
        oid: The run commit.
        summary: Its summary as JSON, for `parse_summary`.
        ref: The archive's ref.
    """

    oid: Oid
    summary: bytes
    ref: RefName

    @property
    def id(self) -> RunId | None:
        """Whose line it is, without decoding all of it; None where it is nobody's."""
        found = _ID.search(self.summary)
        run_id = found[1].decode("ascii") if found else ""
        return RunId(run_id) if is_run_id(run_id) else None

    def parse(self) -> Summary:
        """Returns the summary.

        Raises:
            SummaryError: It is damaged, or a newer repro wrote it.
        """
        return parse_summary(self.summary, oid=self.oid, ref=self.ref)


def fold_runs(
    repo: Repository, runs: Sequence[tuple[RefName, Oid]], *, writer: WriterId, at: datetime
) -> int:
    """Folds runs into a writer's archive and drops their refs; what cannot be read stays.

    Args:
        repo: The repository.
        runs: Refs and commits, oldest first.
        writer: Whose archive.
        at: The time for its commits, aware.

    Returns:
        How many runs were folded.

    Raises:
        RefMovedError: Another process folded or removed one of them meanwhile: nothing more is
            folded, and nothing is lost.
        GitError: git could not write.
    """
    n_folded = 0
    for start in range(0, len(runs), SEGMENT_RUNS):
        n_folded += _fold_segment(repo, runs[start : start + SEGMENT_RUNS], writer=writer, at=at)
    return n_folded


def _fold_segment(
    repo: Repository, runs: Sequence[tuple[RefName, Oid]], *, writer: WriterId, at: datetime
) -> int:
    contents = read_objects(repo, [oid for _, oid in runs])
    good = [
        (ref, oid, content)
        for (ref, oid), content in zip(runs, contents, strict=True)
        if content is not None and _is_readable(ref, oid, content)
    ]
    if not good:
        return 0
    ref = archive_ref(writer)
    tip = read_ref(repo, ref)
    number = 1 + (len(list_tree(repo, tip)) if tip is not None else 0)
    segment = encode_segment([(oid, summary_text(content)) for _, oid, content in good])
    oids = [oid for _, oid, _ in good]
    commit = write_commit(
        repo,
        tree=tip and _tree_of(repo, tip),
        parents=[*([tip] if tip is not None else []), *oids],
        message=f"repro: fold {len(good)} runs\n".encode(),
        author=None,
        at=at,
        ref=None,
        files={f"{number:06}.jsonl": segment},
    )
    # The archive first: a run is in both for a moment, and never in neither.
    gone = [RefChange(run_ref, oid, None) for run_ref, oid, _ in good]
    update_refs(repo, [RefChange(ref, tip, commit), *gone])
    return len(good)


def _is_readable(ref: RefName, oid: Oid, content: bytes) -> bool:
    try:
        return content.startswith(b"tree ") and ref.endswith(
            f"/{parse_message(content, oid=oid, ref=ref).id}"
        )
    except SummaryError:
        return False


def _tree_of(repo: Repository, commit: Oid) -> Oid:
    spec = f"{commit}^{{tree}}"
    return Oid(repo.git("rev-parse", "--verify", spec).decode("ascii").strip())


def encode_segment(runs: Sequence[tuple[Oid, bytes]]) -> bytes:
    """Returns a segment: for each run its commit and its summary as JSON."""
    return b"".join(
        b'{"oid":"%s","summary":%s}\n' % (oid.encode(), summary) for oid, summary in runs
    )


def list_segments(
    repo: Repository, archives: Sequence[tuple[RefName, Oid]] | None = None
) -> list[tuple[RefName, Oid]]:
    """Returns the blobs of the segments, those of each archive in order, and whose they are.

    Args:
        repo: The repository.
        archives: Refs and their commits; by default all archives.

    Raises:
        GitError: An archive cannot be read.
    """
    archives = list_refs(repo, ARCHIVE_REFS) if archives is None else archives
    return [(ref, entry.oid) for ref, tip in archives for entry in list_tree(repo, tip)]


def read_segment(ref: RefName, content: bytes) -> Iterator[Folded]:
    """Yields the lines of a segment; a line that is none is left to `repro fsck`."""
    for line in content.split(b"\n"):
        if not line:
            continue
        if line.startswith(_OID_KEY):  # as this repro writes it: no need to decode it here
            oid, found, rest = line[len(_OID_KEY) :].partition(_SUMMARY_KEY)
            if found and rest.endswith(b"}"):
                yield Folded(Oid(oid.decode("ascii", "replace")), rest[:-1], ref)
                continue
        try:
            fields: Any = json.loads(line)
            yield Folded(Oid(str(fields["oid"])), json.dumps(fields["summary"]).encode(), ref)
        except (ValueError, KeyError, TypeError, RecursionError):
            continue

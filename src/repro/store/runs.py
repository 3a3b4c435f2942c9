"""Runs in refs: writes them, lists them from their commits alone, reads a record whole."""

from collections.abc import Sequence
from typing import NamedTuple

from repro.errors import ReproError
from repro.git.commits import write_commit
from repro.git.objects import list_tree, read_objects
from repro.git.refs import list_refs
from repro.git.repository import Repository
from repro.model.encode import encode_record
from repro.model.ids import LIVE_REFS, RUN_REFS, Oid, RefName, RunId, run_id_from_ref
from repro.model.run import Record
from repro.model.summary import Summary, SummaryError, parse_message, render_message
from repro.model.values import flatten

__all__ = [
    "Listing",
    "UnreadableRun",
    "complete",
    "list_live",
    "list_runs",
    "read_listing",
    "read_record",
    "write_run",
]

_DIRECTORY = ".repro"


class UnreadableRun(NamedTuple):
    """A run ref whose commit is no run, or one that only a newer repro reads.

    Attributes:
        ref: The ref.
        oid: What it names.
        reason: Why it cannot be read.
    """

    ref: RefName
    oid: Oid
    reason: str


class Listing(NamedTuple):
    """Runs, newest first.

    Attributes:
        summaries: Those that can be read.
        unreadable: The others.
    """

    summaries: list[Summary]
    unreadable: list[UnreadableRun]


def write_run(
    repo: Repository,
    record: Record,
    *,
    parents: Sequence[Oid],
    ref: RefName,
    drop_ref: RefName | None = None,
) -> Oid:
    """Writes a record as a run commit and makes its ref.

    Args:
        repo: The repository.
        record: The record.
        parents: The commit that the run started from, if any.
        ref: The run's ref, which must not exist.
        drop_ref: A ref deleted in the same stroke.

    Raises:
        RefExistsError: The ref exists.
        GitError: git could not write.
    """
    files = encode_record(record)
    return write_commit(
        repo,
        tree=record.run.code.tree,
        parents=parents,
        message=render_message(record),
        author=record.run.author,
        at=record.run.started_at,
        ref=ref,
        files={f"{_DIRECTORY}/{path}": content for path, content in files.items()},
        replace=_DIRECTORY,
        drop_ref=drop_ref,
    )


def list_runs(repo: Repository, *, newest: int | None = None) -> list[Summary]:
    """Returns the runs that can be read, newest first.

    Args:
        repo: The repository.
        newest: Only so many, the newest ones.
    """
    return read_listing(repo, newest=newest).summaries


def read_listing(repo: Repository, *, newest: int | None = None) -> Listing:
    """Returns the runs, newest first, and what is on run refs but cannot be read."""
    if newest is None:
        refs = list(reversed(list_refs(repo, RUN_REFS)))
    else:
        refs = list_refs(repo, RUN_REFS, newest=newest)
    contents = read_objects(repo, [oid for _, oid in refs])
    listing = Listing([], [])
    for (ref, oid), content in zip(refs, contents, strict=True):
        try:
            if content is None:
                raise SummaryError("the commit is missing", hint="git fsck")
            message = content.partition(b"\n\n")[2]
            listing.summaries.append(parse_message(message, oid=oid, ref=ref))
        except SummaryError as error:
            listing.unreadable.append(UnreadableRun(ref, oid, error.message))
    return listing


def list_live(repo: Repository) -> list[tuple[RunId, Oid]]:
    """Returns the runs in progress and their code snapshots, oldest first."""
    refs = ((run_id_from_ref(ref), oid) for ref, oid in list_refs(repo, LIVE_REFS))
    return [(run_id, oid) for run_id, oid in refs if run_id is not None]


def read_record(repo: Repository, run: Summary | Oid) -> Record:
    """Reads everything about a run.

    Raises:
        RecordError: Its record cannot be read.
        ReproError: It has none.
    """
    from repro.model.decode import decode_record

    oid = run.oid if isinstance(run, Summary) else run
    entries = list_tree(repo, oid, f"{_DIRECTORY}/")
    blobs = [entry for entry in entries if entry.kind == "blob"]
    if not blobs:
        raise ReproError(f"{oid} holds no record: it is not a run", hint="repro ls")
    contents = read_objects(repo, [entry.oid for entry in blobs])
    prefix = len(_DIRECTORY) + 1
    return decode_record(
        {
            entry.path[prefix:].decode("utf-8", "surrogateescape"): content
            for entry, content in zip(blobs, contents, strict=True)
            if content is not None
        }
    )


def complete(repo: Repository, summary: Summary) -> Summary:
    """Returns the summary with the params and metrics that were too large for the message."""
    if not summary.is_partial:
        return summary
    record = read_record(repo, summary)
    return summary._replace(
        params=flatten(record.params),
        metrics={name: metric.value for name, metric in record.metrics.items()},
        is_partial=False,
    )

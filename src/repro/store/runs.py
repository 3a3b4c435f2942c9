"""Runs: writes them, and reads a record whole."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress

from repro.errors import ReproError
from repro.git.commits import write_commit
from repro.git.objects import list_tree, read_objects
from repro.git.refs import list_refs
from repro.git.repository import Repository
from repro.model.encode import encode_record
from repro.model.ids import LIVE_REFS, Oid, RefName, RunId, run_id_from_ref
from repro.model.run import Record
from repro.model.summary import Summary, render_message
from repro.model.values import flatten

__all__ = [
    "NoRecordError",
    "complete",
    "complete_all",
    "list_live",
    "read_record",
    "write_run",
]

_DIRECTORY = ".repro"
_FILE_MODES = frozenset({"100644", "100755"})
_VALUE_FILES = ("params.yaml", "metrics.json")


class NoRecordError(ReproError):
    """A commit that holds no record.

    Attributes:
        oid: The commit.
    """

    def __init__(self, oid: Oid) -> None:
        super().__init__(f"{oid} holds no record: it is not a run", hint="repro ls")
        self.oid = oid


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


def list_live(repo: Repository) -> list[tuple[RunId, Oid]]:
    """Returns the runs in progress and their code snapshots, oldest first."""
    refs = ((run_id_from_ref(ref), oid) for ref, oid in list_refs(repo, LIVE_REFS))
    return [(run_id, oid) for run_id, oid in refs if run_id is not None]


def read_record(repo: Repository, run: Summary | Oid) -> Record:
    """Reads everything about a run.

    Raises:
        RecordError: Its record cannot be read.
        NoRecordError: It has none.
        GitError: There is no such commit.
    """
    from repro.model.decode import RecordError, decode_record

    oid = run.oid if isinstance(run, Summary) else run
    entries = list_tree(repo, oid, f"{_DIRECTORY}/")
    blobs = [entry for entry in entries if entry.mode in _FILE_MODES]
    if not blobs:
        raise NoRecordError(oid)
    contents = read_objects(repo, [entry.oid for entry in blobs])
    files: dict[str, bytes] = {}
    for entry, content in zip(blobs, contents, strict=True):
        path = os.fsdecode(entry.path).removeprefix(f"{_DIRECTORY}/")
        if content is None:
            raise RecordError(
                path, "", f"its object {entry.oid} is missing", hint="repro fsck --repair"
            )
        files[path] = content
    try:
        return decode_record(files)
    except RecordError as error:
        error.hint = error.hint if error.has_own_hint else f"git show {oid}:.repro/{error.file}"
        raise


def complete(repo: Repository, summary: Summary) -> Summary:
    """Returns the summary with the params and metrics that were too large for its message.

    Raises:
        RecordError: They cannot be read.
    """
    if not summary.is_partial:
        return summary
    params, metrics = read_objects(repo, _value_specs(summary))
    return _completed(summary, params, metrics)


def complete_all(repo: Repository, summaries: Iterable[Summary]) -> list[Summary]:
    """Returns the summaries completed, through one process; what is damaged stays partial."""
    from repro.model.decode import RecordError

    runs = list(summaries)
    partial = [at for at, run in enumerate(runs) if run.is_partial]
    contents = iter(read_objects(repo, [spec for at in partial for spec in _value_specs(runs[at])]))
    for at in partial:
        params, metrics = next(contents), next(contents)
        with suppress(RecordError):  # it is one of many, and `is_partial` goes on to say so
            runs[at] = _completed(runs[at], params, metrics)
    return runs


def _value_specs(run: Summary) -> list[str]:
    return [f"{run.oid}:{_DIRECTORY}/{file}" for file in _VALUE_FILES]


def _completed(summary: Summary, params: bytes | None, metrics: bytes | None) -> Summary:
    from repro.model.decode import RecordError, decode_metrics, decode_params

    if params is None or metrics is None:
        file = _VALUE_FILES[0 if params is None else 1]
        raise RecordError(file, "", "is missing", hint=f"git show {summary.oid}")
    return summary._replace(
        params=flatten(decode_params(params)),
        metrics={name: metric.value for name, metric in decode_metrics(metrics).items()},
        is_partial=False,
    )

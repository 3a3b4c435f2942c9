"""Repairs what a check has found, as far as the bytes are still somewhere."""

from collections.abc import Iterator

from repro.fsck.check import Findings
from repro.fsck.mend_data import mend_data, mend_state
from repro.fsck.mend_objects import (
    Remotes,
    mend_bytes,
    rebuild_segments,
    take_from_working_tree,
)
from repro.fsck.mend_refs import finish_folds, mend_refs, remove_locks
from repro.fsck.problem import Kind
from repro.fsck.quarantine import Quarantine
from repro.fsck.reader import Reader
from repro.fsck.walk import is_connected
from repro.git.repository import Repository
from repro.model.ids import Oid, RunId, run_id_from_ref

__all__ = ["repair"]


def repair(repo: Repository, findings: Findings, *, quarantine: Quarantine) -> Iterator[str]:
    """Repairs; what is taken away goes into quarantine, never lost.

    Args:
        repo: The repository.
        findings: What `repro.fsck.check.check` found.
        quarantine: Where to put what is damaged.

    Yields:
        What was done, a line each.

    Raises:
        GitError: git could not write.
        OSError: A file could not be written or moved.
    """
    problems = findings.report.problems
    yield from mend_state(repo, problems, quarantine)
    yield from remove_locks(problems, quarantine)
    yield from mend_bytes(repo, findings.found, quarantine)
    yield from take_from_working_tree(repo, problems, Reader(repo))
    lost = {Oid(name) for x in problems if x.kind is Kind.OBJECT for name in x.names[:1]}
    yield from rebuild_segments(repo, findings.archives, lost)
    yield from _from_remotes(repo, findings, quarantine)
    yield from finish_folds(repo, findings, quarantine)
    yield from mend_data(repo, findings, quarantine)


def _from_remotes(repo: Repository, findings: Findings, quarantine: Quarantine) -> Iterator[str]:
    """Fetches what is lost; then nothing more can come, and refs are settled."""
    problems = findings.report.problems
    is_whole = not findings.refs.broken and is_connected(repo, findings.refs.good.values())
    if is_whole:
        return
    remotes = Remotes(repo)
    runs = _concerned(findings)
    yield from remotes.bring(runs, with_history=any(x.kind is Kind.OBJECT for x in problems))
    # What can be named again may need more than was known to be lost.
    for remote, reason in remotes.unreachable.items():
        yield f"{remote} could not be asked: {reason}"
    yield from mend_refs(repo, findings, remotes, quarantine)


def _concerned(findings: Findings) -> set[RunId]:
    kinds = (Kind.OBJECT, Kind.PACK, Kind.REF, Kind.RECORD)
    found = {run for x in findings.report.problems if x.kind in kinds for run in x.runs}
    found |= {run for ref in findings.refs.broken if (run := run_id_from_ref(ref)) is not None}
    return found

"""The end of every recording: the record without secrets, with its digests; and its run."""

from collections.abc import Sequence
from typing import NamedTuple

from repro.git.repository import Repository
from repro.model.digest import (
    digest_of_data,
    digest_of_environment,
    digest_of_executed,
    digest_of_params,
    digest_of_state,
)
from repro.model.gap import Gap
from repro.model.ids import Oid, RunId, run_ref
from repro.model.run import Pillars, Record, format_of
from repro.record.redact import redact_record
from repro.record.redactor import redactor_of
from repro.record.states import recorded_as, remember_state
from repro.record.tree_facts import TreeFacts
from repro.store.folding import tend_refs
from repro.store.runs import write_run

__all__ = ["Recorded", "keep", "seal"]


class Recorded(NamedTuple):
    """What `repro record` did.

    Attributes:
        id: The run that the workspace is recorded as.
        record: The record if it is new, None when the state was recorded before.
        oid: The run commit, None likewise.
        witnesses: Files outside the snapshot on which the state depends, absolute; None when the
            state depends on whole directories.
    """

    id: RunId
    record: Record | None
    oid: Oid | None
    witnesses: tuple[str, ...] | None


def seal(record: Record, facts: TreeFacts, gaps: Sequence[Gap], *, repo: Repository) -> Record:
    """Returns the record without secrets, with its digests and its gaps, each gap once."""
    unique = tuple(dict.fromkeys(gaps))
    record = redact_record(
        record._replace(run=record.run._replace(gaps=unique)),
        redactor_of(repo),
        searched_dir=f"{repo.state_dir}/cache/searched",
    )
    pillars = Pillars(
        code=digest_of_executed(facts.code_digest, record.cells),
        data=digest_of_data(record.data),
        params=digest_of_params(record.params),
        environment=digest_of_environment(record.environment),
    )
    run = record.run._replace(pillars=pillars, format=format_of(record.data, record.artifacts))
    return record._replace(run=run)


def keep(repo: Repository, record: Record, *, is_new: bool = False) -> Recorded:
    """Writes a record as a run, unless its very state is recorded.

    Args:
        repo: The repository.
        record: The record.
        is_new: Whether to write it all the same, since it has a name or tags of its own.

    Raises:
        GitError: git could not write the record.
    """
    run = record.run
    digest = digest_of_state(run.pillars, record.metrics)
    known = None if is_new else recorded_as(repo, digest)
    if known is not None:
        return Recorded(known, None, None, None)
    parents = [run.code.commit] if run.code.commit is not None else []
    oid = write_run(repo, record, parents=parents, ref=run_ref(run.id))
    remember_state(repo, digest, run.id)
    tend_refs(repo, now=run.started_at)
    return Recorded(run.id, record, oid, None)

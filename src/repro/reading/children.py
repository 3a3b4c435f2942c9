"""The runs that were started inside of another."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from repro.git.objects import read_objects
from repro.git.repository import Repository
from repro.model.ids import RunId
from repro.model.summary import Summary
from repro.reading.run import Run
from repro.selection.running import running_records

if TYPE_CHECKING:
    from repro.reading.run_list import Runs

__all__ = ["children_of"]


def children_of(repo: Repository, parent: Summary) -> "Runs":
    """Returns the runs that were started inside of a run, newest first.

    No summary names the parent of a run; but a child begins while its parent runs, so only the
    records of such runs are looked at.
    """
    from repro.reading.run_list import Runs
    from repro.selection.select import Request, select

    records = {record.run.id: record for record in running_records(repo)}
    since = f'started_at >= "{parent.started_at.isoformat()}"'
    until = ""
    if parent.duration_s is not None:
        end = parent.started_at + timedelta(seconds=parent.duration_s)
        until = f' and started_at <= "{end.isoformat()}"'
    meanwhile = [run for run in select(repo, Request(since + until)).runs if run.id != parent.id]
    parents = {run_id: record.run.parent_run for run_id, record in records.items()}
    parents |= _parents_of(repo, [run for run in meanwhile if run.id not in records], parent.id)
    children = [run for run in meanwhile if parents.get(run.id) == parent.id]
    return Runs(Run(repo, run, records.get(run.id)) for run in children)


def _parents_of(
    repo: Repository, runs: Sequence[Summary], parent: RunId
) -> dict[RunId, RunId | None]:
    contents = read_objects(repo, [f"{run.oid}:.repro/run.yaml" for run in runs])
    name = parent.encode("ascii")
    return {
        run.id: _parent_in(content)
        for run, content in zip(runs, contents, strict=True)
        # Reading the YAML of each would take a hundred times as long.
        if content is not None and name in content
    }


def _parent_in(content: bytes) -> RunId | None:
    from repro.model.decode import decode_run
    from repro.model.fields import RecordError

    try:
        return decode_run(content).parent_run
    except RecordError:  # it says so when it is looked at itself
        return None

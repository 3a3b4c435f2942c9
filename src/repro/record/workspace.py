"""`repro record`: the workspace as it stands, as a run; the same state is the same run."""

import os
from datetime import UTC, datetime

from repro.git.objects import start_rows
from repro.git.repository import Repository
from repro.model.run import Record, Status
from repro.record.begun import Begun
from repro.record.ending import Ending, run_of
from repro.record.metrics import Metrics, collect_metrics
from repro.record.observe_now import observe_now
from repro.record.observer import Observed, collect_inputs
from repro.record.outputs import Outputs, Written, collect_outputs
from repro.record.params import collect_params
from repro.record.project import Project, find_project
from repro.record.redactor import redactor_of
from repro.record.request import Request, Surroundings, begin
from repro.record.sealed import Recorded, keep, seal
from repro.record.tree_facts import TreeFacts, read_tree_facts
from repro.record.warehouse import Warehouse, warehouse_of

__all__ = ["record_workspace"]


def record_workspace(repo: Repository, request: Request, around: Surroundings) -> Recorded:
    """Records the workspace, unless this very state is recorded.

    Raises:
        GitError: git could not read the tree or write the record.
    """
    project = find_project(repo)
    begun = begin(repo, request, project, around, at=datetime.now(UTC))
    rows = start_rows(repo, begun.code.tree)
    observed = observe_now(repo, around, project)  # meanwhile git lists the tree
    facts = read_tree_facts(repo, begun.code.tree, project, rows=rows)
    warehouse = warehouse_of(repo, project)
    warehouse.progress.listener = around.listener
    record = _record(repo, begun, project, facts=facts, observed=observed, warehouse=warehouse)
    warehouse.flush()
    witnesses = _witnesses(repo, record, observed, facts)
    return keep(repo, record, is_new=bool(request.name or request.tags))._replace(
        witnesses=witnesses
    )


def _record(
    repo: Repository,
    begun: Begun,
    project: Project,
    *,
    facts: TreeFacts,
    observed: Observed,
    warehouse: Warehouse,
) -> Record:
    inputs = collect_inputs(begun.large, project, facts, top=repo.top, warehouse=warehouse)
    metrics = collect_metrics(project, top=repo.top, files=facts.metrics, since_ns=None)
    params, param_gaps = collect_params(
        facts.params, written={}, given=begun.params, redactor=redactor_of(repo)
    )
    outputs = _outputs(repo, project, facts, metrics, warehouse)
    record = Record(
        run=run_of(begun, Ending(Status.RECORDED, None, begun.started_at)),
        params=params,
        metrics=metrics.summary,
        history=metrics.history,
        data=tuple(sorted(inputs.entries, key=lambda entry: entry.path)),
        artifacts=tuple(outputs.artifacts[path] for path in sorted(outputs.artifacts)),
        environment=observed.environment,
        lock=observed.lock,
        conda=observed.conda,
        inline=outputs.inline,
    )
    known = (*begun.gaps, *project.gaps, *facts.gaps, *inputs.gaps, *observed.gaps)
    gaps = (*known, *param_gaps, *metrics.gaps, *outputs.gaps)
    return seal(record, facts, gaps, repo=repo)


def _outputs(
    repo: Repository,
    project: Project,
    facts: TreeFacts,
    metrics: Metrics,
    warehouse: Warehouse,
) -> Outputs:
    declared = [project.configured(path) for path in project.config.outputs]
    files: list[Written] = []
    directories: list[str] = []
    for path in dict.fromkeys([*metrics.files, *declared]):
        full = os.path.join(repo.top, path)
        if os.path.isdir(full):
            directories.append(path)
            files += [Written(f"{path}/", 0)]
        elif os.path.isfile(full) and path not in facts.tracked:
            files.append(Written(path, os.path.getsize(full)))
    return collect_outputs(
        files,
        directories,
        top=repo.top,
        tracked=facts.tracked,
        linked=frozenset(),
        warehouse=warehouse,
    )


def _witnesses(
    repo: Repository, record: Record, observed: Observed, facts: TreeFacts
) -> tuple[str, ...] | None:
    hashes = [entry.hash for entry in record.data] + [item.hash for item in record.artifacts]
    has_table = any(entry.is_table for entry in record.data)
    if has_table or any(hash_.endswith(".dir") for hash_ in hashes):
        return None
    paths = {entry.path for entry in record.data} | {a.path for a in record.artifacts}
    paths |= {path for path in (*facts.params, *facts.metrics) if path not in facts.tracked}
    full = {os.path.join(repo.top, path) for path in paths}
    interpreter = observed.environment.interpreter
    if interpreter is not None:
        full |= {interpreter.executable, f"{interpreter.prefix}/pyvenv.cfg", *interpreter.path}
    return tuple(sorted(full))

"""`repro record`: the workspace as it stands, as a run; the same state is the same run."""

import os
from datetime import UTC, datetime
from typing import NamedTuple

from repro.git.objects import start_rows
from repro.git.repository import Repository
from repro.model.digest import digest_of_state
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid, RunId, run_ref
from repro.model.run import Record, Status
from repro.record.begun import Begun
from repro.record.ending import Ending, run_of
from repro.record.finish import seal
from repro.record.metrics import Metrics, collect_metrics
from repro.record.observer import Observed, collect_inputs, observe_environment
from repro.record.outputs import Outputs, Written, collect_outputs
from repro.record.params import collect_params
from repro.record.project import Project, find_project
from repro.record.redactor import redactor_of
from repro.record.request import Request, Surroundings, begin
from repro.record.states import recorded_as, remember_state
from repro.record.tree_facts import TreeFacts, read_tree_facts
from repro.record.warehouse import Warehouse, warehouse_of
from repro.store.folding import tend_refs
from repro.store.runs import write_run

__all__ = ["Recorded", "record_workspace"]


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


def record_workspace(repo: Repository, request: Request, around: Surroundings) -> Recorded:
    """Records the workspace, unless this very state is recorded.

    Raises:
        GitError: git could not read the tree or write the record.
    """
    project = find_project(repo)
    begun = begin(repo, request, project, around, at=datetime.now(UTC))
    rows = start_rows(repo, begun.code.tree)
    observed = _observe(repo, around, project)  # meanwhile git lists the tree
    facts = read_tree_facts(repo, begun.code.tree, project, rows=rows)
    warehouse = warehouse_of(repo, project)
    warehouse.progress.listener = around.listener
    record = _record(repo, begun, project, facts=facts, observed=observed, warehouse=warehouse)
    warehouse.flush()
    witnesses = _witnesses(repo, record, observed, facts)
    digest = digest_of_state(record.run.pillars, record.metrics)
    known = None if request.name or request.tags else recorded_as(repo, digest)
    if known is not None:
        return Recorded(known, None, None, witnesses)
    parents = [begun.code.commit] if begun.code.commit is not None else []
    oid = write_run(repo, record, parents=parents, ref=run_ref(begun.id))
    remember_state(repo, digest, begun.id)
    tend_refs(repo, now=begun.started_at)
    return Recorded(begun.id, record, oid, witnesses)


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


def _observe(repo: Repository, around: Surroundings, project: Project) -> Observed:
    from repro.environment.probe import ProbeError, broken_python, cached_probe, find_python

    executable = find_python(repo.top, around.env)
    interpreter = None
    gaps: list[Gap] = []
    broken = broken_python(repo.top, around.env)
    if broken is not None:
        reason = f"it is a link to {os.path.realpath(broken)}, which is gone"
        instead = f"; {executable} is recorded instead" if executable else ""
        fix = f"make it again: uv venv --clear {os.path.dirname(os.path.dirname(broken))}"
        gaps.append(Gap(GapKind.ENVIRONMENT, broken, f"{reason}{instead}", fix))
    if executable is not None:
        cache_dir = f"{repo.state_dir}/cache"
        try:
            interpreter = cached_probe(executable, cache_dir=cache_dir, env=around.env)
        except ProbeError as error:
            gaps.append(Gap(GapKind.ENVIRONMENT, executable, error.message, error.hint or ""))
    return observe_environment(repo, interpreter, around.env, project=project, gaps=gaps)


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

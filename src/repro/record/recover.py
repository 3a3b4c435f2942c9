"""Finishes runs whose recorder died: killed, out of memory, power cut."""

import os

from repro.errors import ReproError
from repro.git.refs import delete_ref, read_ref
from repro.git.repository import Repository, open_repository
from repro.model.gap import Gap, GapKind
from repro.model.ids import RunId, live_ref, run_ref, short_id
from repro.model.run import Status
from repro.record.begun import Begun, begun_from_json
from repro.record.ending import Ending
from repro.record.finish import Finisher
from repro.record.live import LiveRun, list_live_runs
from repro.record.liveness import (
    Life,
    command_of,
    elsewhere,
    last_sign,
    life_of_command,
    recorder_of,
)
from repro.record.observer import Observed, collect_inputs, load_inputs, load_observed
from repro.record.outputs import STATUS
from repro.record.process_end import with_end
from repro.record.project import Project, load_project
from repro.record.redactor import redactor_of
from repro.record.trace import read_trace
from repro.record.tree_facts import read_tree_facts
from repro.record.underway import noted_end
from repro.record.warehouse import warehouse_of
from repro.store.folded import find_folded

__all__ = ["RunLivesError", "declare_dead", "recover_dead_runs"]


class RunLivesError(ReproError):
    """A run was said to be dead that lives.

    Attributes:
        pid: Of what lives: its command, or what records it; None where that is not known.
    """

    def __init__(self, run_id: RunId, who: str, pid: int | None) -> None:
        number = "" if pid is None else f", process {pid}"
        hint = None if pid is None else f"end it first: kill {pid}"
        super().__init__(f"{short_id(run_id)} still runs: {who} lives{number}", hint=hint)
        self.pid = pid


def recover_dead_runs(repo: Repository, *, home: str) -> tuple[list[RunId], list[str]]:
    """Records every run whose recorder is gone and whose command is gone too.

    Costs one look into a directory when there is none.

    Args:
        repo: The repository.
        home: The user's home directory.

    Returns:
        The runs recorded, and for each that could not be a sentence saying why.
    """
    recovered: list[RunId] = []
    failures: list[str] = []
    for live in list_live_runs(repo):
        if elsewhere(live.directory) is not None:
            continue
        claim = live.claim()
        if claim is None:
            continue
        try:
            if os.path.isdir(live.directory) and _finish(repo, live, home):
                recovered.append(live.id)
        except (ReproError, OSError) as error:
            failures.append(f"{live.id}: {error}")
        finally:
            os.close(claim)
    return recovered, failures


def declare_dead(repo: Repository, live: LiveRun, *, home: str) -> bool:
    """Records a run of which only its user knows that it is dead.

    Args:
        repo: The repository.
        live: The run.
        home: The user's home directory.

    Returns:
        Whether it was recorded now; else it was recorded already, or nothing was known of it.

    Raises:
        RunLivesError: It lives, as can be seen from here.
        ReproError: It can't be recorded; its directory is kept.
        OSError: Likewise.
    """
    claim = live.claim()
    if claim is None:
        if not os.path.isdir(live.directory):
            return False
        where = elsewhere(live.directory)
        pid = recorder_of(live.directory) if where is None else None
        raise RunLivesError(live.id, "what records it", pid)
    try:
        if life_of_command(live.directory) is Life.RUNS:
            raise RunLivesError(live.id, "its command", command_of(live.directory))
        return os.path.isdir(live.directory) and _finish(repo, live, home)
    finally:
        os.close(claim)


def _finish(repo: Repository, live: LiveRun, home: str) -> bool:
    value = live.read("run")
    if value is None:
        # It died before anything was known: there is nothing to record.
        live.remove()
        delete_ref(repo, live_ref(live.id))
        return False
    if read_ref(repo, run_ref(live.id)) is not None or live.id in find_folded(repo, [live.id]):
        # Recorded, and then it died before it could tidy up.
        delete_ref(repo, live_ref(live.id))
        live.remove()
        return False
    # A run may have ended in a process that lives on.
    if live.read("ended") is None and life_of_command(live.directory) is Life.RUNS:
        return False
    begun = begun_from_json(value)
    repo = _repository_of(repo, begun)
    _finisher(repo, live, begun, home).finish(_ending(live, begun))
    return True


def _repository_of(repo: Repository, begun: Begun) -> Repository:
    """Returns the working tree that the run ran in."""
    if begun.worktree == repo.top:
        return repo
    if os.path.isdir(begun.worktree):
        return open_repository(begun.worktree)
    raise ReproError(
        f"its working tree is gone: {begun.worktree}",
        hint=f"put it back with git worktree add, or give the run up: rm -r {repo.state_dir}"
        f"/live/{begun.id}",
    )


def _finisher(repo: Repository, live: LiveRun, begun: Begun, home: str) -> Finisher:
    project = load_project(repo.top, begun.project, cwd=begun.cwd)
    warehouse = warehouse_of(repo, project)
    facts = read_tree_facts(repo, begun.code.tree, project)
    inputs = load_inputs(live) or collect_inputs(
        begun.large, project, facts, top=repo.top, warehouse=warehouse
    )
    return Finisher(
        repo,
        live,
        begun,
        project,
        facts,
        inputs,
        _observed(repo, live, project),
        warehouse,
        home,
        repo.start(*STATUS),
    )


def _observed(repo: Repository, live: LiveRun, project: Project) -> Observed | None:
    """Returns what was observed, with what the process said when nobody listened any more."""
    observed = load_observed(live)
    if observed is None:
        return None
    return with_end(
        observed,
        read_trace(live.trace_path),
        top=repo.top,
        redactor=redactor_of(repo),
        extra=project.config.variables,
    )


def _ending(live: LiveRun, begun: Begun) -> Ending:
    gaps = []
    if load_inputs(live) is None:
        reason = "repro was killed before it had looked at the data; it was looked at afterwards"
        gaps.append(Gap(GapKind.DATA, "inputs", reason, "run again"))
    if load_observed(live) is None:
        reason = "repro was killed before it had observed it"
        gaps.append(Gap(GapKind.ENVIRONMENT, "environment", reason, "run again"))
    ended = noted_end(live)
    if ended is not None:
        return ended._replace(gaps=(*gaps, *ended.gaps))
    where = elsewhere(live.directory)
    if where is not None:
        reason = f"it was said to be dead, from another machine than {where.host}, where it ran"
        gaps.append(Gap(GapKind.METRICS, "end", f"{reason}; if it lived, more may be missing"))
    at = max(last_sign(live.directory), begun.started_at)
    return Ending(Status.CRASHED, None, at, tuple(gaps))

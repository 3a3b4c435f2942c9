"""`repro run`: everything between Enter and the commit."""

import os
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from repro.errors import ReproError
from repro.git.commits import commit_tree
from repro.git.objects import start_rows
from repro.git.repository import Repository
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid, live_ref
from repro.model.run import Record, Status
from repro.process import CommandNotFoundError
from repro.record.begun import Begun
from repro.record.ending import Ending
from repro.record.execute import Ended, execute
from repro.record.live import LiveRun, create_live_run
from repro.record.observer import Observer
from repro.record.output_log import OutputLog
from repro.record.outputs import STATUS
from repro.record.project import find_project
from repro.record.request import Request, Surroundings, begin
from repro.record.trace import trace_environment
from repro.record.warehouse import warehouse_of

__all__ = ["NotRecordedError", "Outcome", "run_command"]


class Outcome(NamedTuple):
    """A run that was recorded.

    Attributes:
        exit_code: To return.
        record: The record.
        oid: The run commit.
        is_strict: Whether it was not to be started with a gap that was known.
    """

    exit_code: int
    record: Record
    oid: Oid
    is_strict: bool = False


class NotRecordedError(ReproError):
    """A command ran, but its record could not be written; the journal is kept.

    Attributes:
        exit_code: What `repro run` is to return: the command's, or 2 where that would be 0.
    """

    def __init__(self, exit_code: int | None, cause: ReproError | OSError) -> None:
        reason = cause.message if isinstance(cause, ReproError) else cause.strerror or str(cause)
        super().__init__(
            f"the command ended with exit code {exit_code}, but could not be recorded: {reason}",
            hint="mend that (df -h . for a full disk), then repro ls: it records what was kept",
        )
        self.exit_code = exit_code or 2


def run_command(repo: Repository, request: Request, around: Surroundings) -> Outcome:
    """Runs a command and records it, however it ends.

    Raises:
        GitError: The record could not be begun; the command was not started.
        OSError: Likewise.
        NotReproducibleError: It was to be strict, and a gap is known; nothing was started.
        NotRecordedError: The record could not be written; the next repro command tries again.
    """
    project = find_project(repo)
    is_strict = project.config.strict if request.is_strict is None else request.is_strict
    if is_strict:
        from repro.record.strict import require_no_gaps

        checked = begin(repo, request, project, around, at=datetime.now(UTC))
        require_no_gaps(repo, project, checked, env=around.env)
        around = around.later()  # what is there now will run
    begun = begin(repo, request, project, around, at=datetime.now(UTC))
    begun, live, lock = _open_live(repo, begun)
    try:
        warehouse = warehouse_of(repo, project)
        rows = start_rows(repo, begun.code.tree)
        observer = Observer(
            repo, live, begun, project, warehouse=warehouse, env=around.env, rows=rows
        )
        _write_live_commit(repo, begun)
        ending = _execute(request, begun, live, observer, around)
        warehouse.progress.listener = around.listener  # the terminal was the command's until now
        outcome = _record(repo, live, begun, ending, observer=observer, home=around.home)
        return outcome._replace(is_strict=is_strict)
    finally:
        os.close(lock)


def _record(
    repo: Repository,
    live: LiveRun,
    begun: Begun,
    ending: Ending,
    *,
    observer: Observer,
    home: str,
) -> Outcome:
    status = repo.start(*STATUS)
    from repro.record.finish import Finisher

    try:
        seen = observer.finish()
        finisher = Finisher(
            repo,
            live,
            begun,
            observer.project,
            seen.facts,
            seen.inputs,
            seen.observed,
            observer.warehouse,
            home,
            status,
        )
        record, oid = finisher.finish(ending)
    except (ReproError, OSError) as error:
        raise NotRecordedError(ending.exit_code, error) from error
    return Outcome(ending.exit_code or 0, record, oid)


def _open_live(repo: Repository, begun: Begun) -> tuple[Begun, LiveRun, int]:
    """Makes the journal; the third result holds the recorder's lock."""
    live, lock = create_live_run(repo, begun.id)
    # The clock of the file system, which may lag the system's by some milliseconds.
    begun = begun._replace(started_ns=os.stat(live.trace_path).st_mtime_ns)
    live.write("run", begun.to_json(), to_disk=True)
    return begun, live, lock


def _write_live_commit(repo: Repository, begun: Begun) -> None:
    """Makes the live ref, while what finishes the run is imported: there are two cores."""
    failures: list[ReproError] = []

    def write() -> None:
        try:
            commit_tree(
                repo,
                tree=begun.code.tree,
                parents=[begun.code.commit] if begun.code.commit is not None else [],
                message=f"{begun.name}: running\n\nRepro-Run: {begun.id}\n".encode(),
                author=begun.author,
                at=begun.started_at,
                ref=live_ref(begun.id),
            )
        except ReproError as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    import repro.record.finish  # noqa: F401 - for what it costs, not for its names

    writer.join()
    if failures:
        raise failures[0]


def _execute(
    request: Request, begun: Begun, live: LiveRun, observer: Observer, around: Surroundings
) -> Ending:
    env = dict(around.env)
    if request.is_traced:
        env = trace_environment(env, live.trace_path)
    env["REPRO_RUN"] = begun.id
    env["REPRO_RUN_DIRECTORY"] = live.directory
    log = OutputLog(live.output_path)

    def on_start(pid: int) -> None:
        observer.start()
        with suppress(OSError):  # a full disk must not end what has just begun
            live.write("child", {"pid": pid})

    try:
        ended = execute(request.command, env=env, log=log, on_start=on_start)
    except CommandNotFoundError as error:
        observer.start()
        gap = Gap(GapKind.CODE, error.command, error.message, error.hint or "")
        return Ending(Status.NOT_STARTED, error.exit_code, datetime.now(UTC), (gap,))
    finally:
        log.close()
    ending = Ending(_status_of(ended), ended.exit_code, datetime.now(UTC), _log_gaps(log))
    with suppress(OSError):  # a full disk; the same happens, and is reported, when it is recorded
        live.write("ended", {"status": ending.status.value, "exit_code": ending.exit_code})
    return ending


def _status_of(ended: Ended) -> Status:
    if ended.exit_code == 0:
        return Status.FINISHED
    return Status.INTERRUPTED if ended.was_asked_to_stop else Status.FAILED


def _log_gaps(log: OutputLog) -> tuple[Gap, ...]:
    if log.error is None:
        return ()
    reason = f"the log could not be written: {log.error.strerror}"
    return (Gap(GapKind.ARTIFACTS, "output", reason, "free some disk space: df -h ."),)

"""`repro run`: everything between Enter and the commit."""

from datetime import UTC, datetime
from typing import NamedTuple

from repro.errors import ReproError
from repro.git.repository import Repository
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid
from repro.model.run import Record, Status
from repro.process import CommandNotFoundError
from repro.record.ending import Ending
from repro.record.execute import Ended, execute
from repro.record.output_log import OutputLog
from repro.record.project import find_project
from repro.record.request import Request, Surroundings, begin
from repro.record.trace import trace_environment
from repro.record.underway import Underway, get_under_way, note_end

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
    run = get_under_way(repo, begun, project, env=around.env)
    try:
        ending = _execute(request, run, around)
        # The terminal was the command's until now.
        run.observer.warehouse.progress.listener = around.listener
        try:
            record, oid = run.record(ending, home=around.home)
        except (ReproError, OSError) as error:
            raise NotRecordedError(ending.exit_code, error) from error
        return Outcome(ending.exit_code or 0, record, oid, is_strict=is_strict)
    finally:
        run.give_up()


def _execute(request: Request, run: Underway, around: Surroundings) -> Ending:
    env = dict(around.env)
    if request.is_traced:
        env = trace_environment(env, run.live.trace_path)
    env["REPRO_RUN"] = run.begun.id
    env["REPRO_RUN_DIRECTORY"] = run.live.directory
    log = OutputLog(run.live.output_path)

    def on_start(pid: int) -> None:
        run.watch(pid, is_sampled=request.is_sampled)

    try:
        ended = execute(request.program or request.command, env=env, log=log, on_start=on_start)
    except CommandNotFoundError as error:
        run.observer.start()
        gap = Gap(GapKind.CODE, error.command, error.message, error.hint or "")
        return Ending(Status.NOT_STARTED, error.exit_code, datetime.now(UTC), (gap,))
    finally:
        log.close()
    ending = Ending(_status_of(ended), ended.exit_code, datetime.now(UTC), _log_gaps(log))
    note_end(run.live, ending)
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

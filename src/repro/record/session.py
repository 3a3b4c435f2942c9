"""`repro run`: everything between Enter and the commit."""

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from repro.errors import ReproError
from repro.git.commits import commit_tree
from repro.git.objects import start_rows
from repro.git.repository import Repository
from repro.git.snapshot import Snapshot, take_snapshot
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid, RunId, is_run_id, live_ref, new_run_id
from repro.model.naming import random_name
from repro.model.run import Code, Host, Identity, Record, Status
from repro.model.values import Params
from repro.process import CommandNotFoundError
from repro.record.begun import Begun
from repro.record.ending import Ending
from repro.record.execute import Ended, execute
from repro.record.flags import params_from_command
from repro.record.live import LiveRun, create_live_run
from repro.record.observer import Observer
from repro.record.output_log import OutputLog
from repro.record.outputs import STATUS
from repro.record.project import Project, find_project
from repro.record.redactor import redactor_of
from repro.record.trace import trace_environment
from repro.record.warehouse import warehouse_of

__all__ = ["NotRecordedError", "Outcome", "Request", "Surroundings", "gaps_at_start", "run_command"]


class Request(NamedTuple):
    """What the user asked for.

    Attributes:
        command: argv; empty for `repro record`.
        name: None for one of ours.
        message: "" for none.
        params: From ``--param``.
        tags: From ``--tag``.
        is_traced: False with ``--no-trace``.
    """

    command: tuple[str, ...]
    name: str | None = None
    message: str = ""
    params: Params = {}
    tags: dict[str, str] = {}
    is_traced: bool = True


class Surroundings(NamedTuple):
    """What the process was started with and in; read at the edge, handed in here.

    Attributes:
        env: Environment variables.
        host: Where it runs.
        author: Who git says the user is; None when it does not know.
        status: Output of ``git status`` (see `repro.git.snapshot.STATUS`), taken a moment ago.
        snapshot: The working tree, where it was taken a moment ago.
    """

    env: Mapping[str, str]
    host: Host
    author: Identity | None
    status: bytes | None = None
    snapshot: Snapshot | None = None

    def take_snapshot(self, repo: Repository) -> Snapshot:
        """Returns the snapshot, taking it if need be."""
        return self.snapshot or take_snapshot(repo, status=self.status)

    @property
    def home(self) -> str:
        """The user's home directory."""
        return self.env.get("HOME", "/nonexistent")


class Outcome(NamedTuple):
    """A run that was recorded.

    Attributes:
        exit_code: To return.
        record: The record.
        oid: The run commit.
    """

    exit_code: int
    record: Record
    oid: Oid


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
        NotRecordedError: The record could not be written; the next repro command tries again.
    """
    project = find_project(repo)
    begun, live, lock = _begin(repo, request, project, around)
    try:
        warehouse = warehouse_of(repo, limit_bytes=project.config.store_limit_bytes)
        rows = start_rows(repo, begun.code.tree)
        observer = Observer(
            repo, live, begun, project, warehouse=warehouse, env=around.env, rows=rows
        )
        _write_live_commit(repo, begun)
        ending = _execute(request, begun, live, observer, around)
        return _record(repo, live, begun, ending, observer=observer, home=around.home)
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


def _begin(
    repo: Repository, request: Request, project: Project, around: Surroundings
) -> tuple[Begun, LiveRun, int]:
    """Takes the snapshot and makes the journal; the third result holds the recorder's lock."""
    started_at = datetime.now(UTC)
    entropy = os.urandom(8)
    run_id = new_run_id(started_at, entropy[:4])
    snapshot = around.take_snapshot(repo)
    command, secrets = redactor_of(repo).command(request.command)
    parent = around.env.get("REPRO_RUN", "")
    live, lock = create_live_run(repo, run_id)
    begun = Begun(
        id=run_id,
        name=request.name or random_name(entropy[4:]),
        worktree=repo.top,
        command=command,
        cwd=repo.prefix,
        project=project.directory,
        started_at=started_at,
        # The clock of the file system, which may lag the system's by some milliseconds.
        started_ns=os.stat(live.trace_path).st_mtime_ns,
        code=Code(repo.head, repo.branch, snapshot.tree, snapshot.dirty),
        author=around.author,
        host=around.host,
        large=tuple(file.path for file in snapshot.large),
        message=request.message,
        params={**params_from_command(command), **request.params},
        tags=request.tags,
        gaps=(*snapshot.gaps, *gaps_at_start(around, secrets)),
        parent_run=RunId(parent) if is_run_id(parent) else None,
        environment_of=_executable(request.command),
        is_traced=request.is_traced,
    )
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


def gaps_at_start(around: Surroundings, secrets: Sequence[str]) -> list[Gap]:
    """Returns what is known to be missing before anything runs.

    Args:
        around: The surroundings.
        secrets: Names of what was taken out of the command line.
    """
    gaps = [
        Gap(
            GapKind.SECRET,
            name,
            "looks like a secret; its value is not recorded",
            "pass it in an environment variable",
        )
        for name in secrets
    ]
    if around.author is None:
        fix = "git config --global user.name ... and user.email ..."
        gaps.append(Gap(GapKind.AUTHOR, "author", "git knows no name and e-mail for you", fix))
    return gaps


def _executable(command: Sequence[str]) -> str | None:
    name = os.path.basename(command[0]) if command else ""
    return command[0] if name.startswith(("python", "pypy")) else None


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

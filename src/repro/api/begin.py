"""Begins and ends runs: joins the one that this process is part of, or has one of its own."""

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from repro.api import children, elsewhere
from repro.api.active import ActiveRun
from repro.api.current import find_run, process, run_of_context
from repro.api.ending import ending_of_process, unwatch_exit, watch_exit
from repro.api.keepers import Elsewhere, InMemory, Others, Recorded
from repro.api.plain import Plain, labelled
from repro.api.ranks import Rank, job_directory, rank_of
from repro.api.recorder_client import RecorderError, recorder
from repro.api.telling import warn
from repro.model.gap import GapKind

__all__ = ["current_run", "end_run", "start_run", "take_part", "the_run"]


class _Asked(NamedTuple):
    name: str | None
    message: str | None
    params: object
    tags: Mapping[str, object] | Iterable[str] | None
    resume: str | None
    is_nested: bool
    is_quiet: bool


def start_run(
    name: str | None = None,
    params: object = None,
    tags: Mapping[str, object] | Iterable[str] | None = None,
    *,
    message: str | None = None,
    nested: bool = False,
    resume: str | None = None,
    quiet: bool | None = None,
) -> ActiveRun:
    """Begins a run, and records it when it ends: its code, data, environment, and what it logs.

    It ends with its ``with`` block, by `repro.end_run`, or with the process::

        with repro.start_run("baseline", params={"lr": 0.1}):
            for step in range(1000):
                repro.log_metric("train/loss", train(step), step=step)

    Inside of `repro run`, and in processes that a run's own process starts, the first call joins
    that run: its end does not end that one. A run that begins while another is on is a run of its
    own, which names the other as its parent.

    It never raises: where the run cannot be recorded (outside of a repository, on a full disk) one
    warning says so and where the journal is kept, and the program goes on.

    Args:
        name: What to call it; None for a name of ours.
        params: A mapping, however nested, or an object with fields; see `repro.log_params`.
        tags: By name, values become texts; or names alone.
        message: What it is about.
        nested: Whether to begin a run of its own also where it would join.
        resume: The run that it goes on from, as it is named on the command line.
        quiet: Whether not to say on stderr that it was recorded; None for what REPRO_QUIET says.

    Returns:
        The run, which is the current one from now on.
    """
    is_quiet = os.environ.get("REPRO_QUIET", "") not in ("", "0") if quiet is None else quiet
    asked = _Asked(name, message, params, tags, resume, nested, is_quiet)
    try:
        return _begin(asked)
    except Exception as error:  # noqa: BLE001 - on purpose: no record is worth the user's training
        warn(f"this run is not recorded, by a bug in repro: {type(error).__name__}: {error}")
        run = ActiveRun(InMemory({}), outer=find_run())
        process.add(run)
        return run


def end_run(status: str | None = None) -> None:
    """Ends the current run, and waits until it is recorded. Without one it does nothing.

    Args:
        status: "finished", "failed" or "interrupted"; None for finished.
    """
    run = find_run()
    if run is not None:
        text = "finished" if status is None else status
        run.end(text, 0 if status is None else None)


def current_run() -> ActiveRun | None:
    """Returns the run that `repro.log_metric` and the others speak of; None where none is on."""
    return find_run() or _join_outer()


def the_run() -> ActiveRun:
    """Returns the current run; where there is none, it begins one that ends with the process."""
    run = current_run()
    if run is None and process.is_over:  # an exit handler of the program's, called after ours
        run = ActiveRun(Others())
        run.end()
    return run or start_run()


def take_part() -> None:
    """Has rank 0's record know that this process was there, though it may never log anything.

    For frameworks that log on rank 0 only. Where rank 0 cannot be found it does nothing.
    """
    rank = rank_of(os.environ, sys.modules)
    if not rank.number:
        return
    with suppress(OSError):  # a current directory that was removed
        has_job = rank.job is not None and job_directory(rank.job, os.getcwd()) is not None
        if has_job or process.outer is not None:
            the_run()


def _join_outer() -> ActiveRun | None:
    """Joins the run that this process was started in, if it still goes on."""
    if process.outer is None or not os.path.isdir(process.outer):
        return None
    _prepare()
    run = _joined(process.outer, process.outer_run or "", None)
    process.has_joined = True
    process.add(run)
    return run


def _begin(asked: _Asked) -> ActiveRun:
    _prepare()
    # One that runs beside others, in a thread or task of its own, is no part of them.
    current = find_run() if asked.is_nested else run_of_context()
    is_inherited = current is not None and current.is_of_others and not process.has_joined
    if asked.resume is None and not asked.is_nested and not process.has_joined:
        if is_inherited and current is not None:
            run: ActiveRun | None = _joined(current.directory, current.id, current)
        elif process.outer is not None and os.path.isdir(process.outer):
            run = _joined(process.outer, process.outer_run or "", current)
        else:
            run = None
        if run is not None:
            process.has_joined = True
            process.add(run)
            _say_all(run, asked)
            return run
    return _own(asked, current)


def _joined(directory: str, run: str, outer: ActiveRun | None) -> ActiveRun:
    begun = _read_json(f"{directory}/run.json")
    rank = rank_of(os.environ, sys.modules)
    return ActiveRun(
        Others(says_end=rank.number > 0),
        id=run,
        name=str(begun.get("name", "")),
        directory=directory,
        top=str(begun.get("worktree", "")),
        rank=rank,
        outer=outer,
    )


def _say_all(run: ActiveRun, asked: _Asked) -> None:
    """Says in the journal what was asked for a run that had begun already."""
    said = {"name": asked.name, "message": asked.message}
    if any(text is not None for text in said.values()):
        run.say("n", {name: str(text) for name, text in said.items() if text is not None})
        run.name = asked.name or run.name
    if asked.params is not None:
        run.log_params(asked.params)
    if asked.tags:
        run.set_tags(asked.tags)


def _own(asked: _Asked, outer: ActiveRun | None) -> ActiveRun:
    rank = rank_of(os.environ, sys.modules)
    process.n_begun += 1
    if rank.job is not None:
        rank = rank._replace(job=f"{rank.job}-{process.n_begun}")
    values = _request(asked, outer, rank)
    run = _of_other_rank(rank, values, outer) if rank.number else None
    if run is None:
        run = _recorded(values, outer, rank) if not rank.number else _kept(values, outer, None)
    process.add(run)
    watch_exit()
    if run.id or rank.number:
        plain = Plain()
        if asked.params is not None and not isinstance(plain.value(asked.params), dict):
            run.log_params(asked.params)  # which says what is wrong with them
        else:
            for name, reason in plain.odd.items():
                run.complain(GapKind.PARAMS, name, reason)
    else:
        _say_all(run, asked)
    return run


def _request(asked: _Asked, outer: ActiveRun | None, rank: Rank) -> dict[str, Any]:
    plain = Plain()
    params = plain.value(asked.params)
    tags = {str(k): str(plain.value(v)) for k, v in labelled(asked.tags or {}).items()}
    try:
        cwd = os.getcwd()
    except OSError:  # it was removed
        cwd = "/"
    return {
        "pid": os.getpid(),
        "argv": elsewhere.command_line(),
        "cwd": cwd,
        "name": None if asked.name is None else str(asked.name),
        "message": "" if asked.message is None else str(asked.message),
        "params": params if isinstance(params, dict) else {},
        "tags": tags,
        "parent": outer.id if outer is not None and outer.id else process.outer_run,
        "resumes": None if asked.resume is None else str(asked.resume),
        "job": rank.job,
        "process_started": elsewhere.started_at(),
        "quiet": asked.is_quiet,
    }


def _recorded(values: dict[str, Any], outer: ActiveRun | None, rank: Rank) -> ActiveRun:
    try:
        answer = recorder.ask("begin", **values)
    except RecorderError as error:
        return _kept(values, outer, error)
    run = ActiveRun(
        Recorded(str(answer["run"])),
        id=str(answer["run"]),
        name=str(answer.get("name", "")),
        directory=str(answer["directory"]),
        top=str(answer.get("top", "")),
        rank=rank,
        outer=outer,
    )
    trace = str(answer["trace"])
    children.announce(run.id, run.directory, trace)
    try:
        run.tracing = children.Tracing(trace)
    except Exception as error:  # noqa: BLE001 - without its trace it is still a run
        reason = f"what the program read could not be looked at: {error}"
        run.complain(GapKind.DATA, "trace", reason, "repro run -- python ...")
    return run


def _of_other_rank(rank: Rank, values: dict[str, Any], outer: ActiveRun | None) -> ActiveRun | None:
    """Returns the run of a process beside rank 0's, whose recorder finds what it wrote."""
    directory = None if rank.job is None else job_directory(rank.job, str(values["cwd"]))
    if directory is None:
        return None
    try:
        os.makedirs(directory, exist_ok=True)
    except OSError as error:
        warn(f"{directory}: {error.strerror}")
        return None
    children.announce("", directory, None)
    return ActiveRun(Others(says_end=True), directory=directory, rank=rank, outer=outer)


def _kept(
    values: dict[str, Any], outer: ActiveRun | None, error: RecorderError | None
) -> ActiveRun:
    """Returns a run whose journal is kept outside of the repository, or else in memory."""
    reason = "rank 0 cannot be found" if error is None else error.message
    values = values | {"reason": reason, "started_at": elsewhere.now()}
    try:
        directory = elsewhere.make_directory()
        elsewhere.write_kept(directory, values)
    except OSError as problem:
        warn(
            f"this run is not recorded: {reason}; what it logs waits in memory, since no journal"
            f" can be kept: {problem.strerror}: {problem.filename}"
        )
        return ActiveRun(InMemory(values), outer=outer)
    hint = f" ({error.hint})" if error is not None and error.hint else ""
    warn(
        f"this run is not recorded: {reason}{hint}; what it logs is kept in {directory}:"
        f" repro record --journal {directory}"
    )
    children.announce("", directory, None)
    return ActiveRun(Elsewhere(directory, values), directory=directory, outer=outer)


def _read_json(path: str) -> dict[str, Any]:
    import json

    try:
        with open(path, "rb") as file:
            value = json.load(file)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


_prepared: list[bool] = []


def _prepare() -> None:
    """Has forks noticed, the end of the process, and in a kernel its cells."""
    if "IPython" in sys.modules:
        from repro.api.cells import watch_cells

        watch_cells()
    if not _prepared:
        import atexit

        _prepared.append(True)
        atexit.register(_at_exit)
        os.register_at_fork(after_in_child=_forked)


def _at_exit() -> None:
    process.is_over = True
    status, exit_code = ending_of_process()
    for run in reversed(process.active):
        run.end(status, exit_code)
    unwatch_exit()
    recorder.drop()


def _forked() -> None:
    """In a forked child: its runs are its parent's to end, and so is the recorder."""
    recorder.forget()
    process.look()
    for run in process.active:
        run.leave_to_parent()

"""Records the runs that begin inside of a Python program, in a process beside it.

The program says when a run begins and when it ends; all else it writes into the run's directory
(`repro.journal`, the trace). What it says last is that it is gone: then the runs that it left open
are recorded as crashed, with all that was logged.
"""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from shlex import join
from typing import NamedTuple

from repro.errors import ReproError
from repro.git.repository import Repository
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid, RunId
from repro.model.run import Record, Status
from repro.record.changed_code import edited_since
from repro.record.ending import Ending
from repro.record.kernels import kernel_command
from repro.record.project import find_project
from repro.record.recorder_requests import Begin, End
from repro.record.recover import recover_dead_runs
from repro.record.request import Request, Surroundings, begin
from repro.record.underway import Underway, get_under_way, note_end, noted_end

__all__ = ["NotUnderwayError", "Recorder", "Started"]


class Started(NamedTuple):
    """A run that has begun.

    Attributes:
        id: The run.
        name: Its name.
        directory: Where the program writes its journal.
        trace: The file of its trace.
        top: The top of the working tree.
    """

    id: RunId
    name: str
    directory: str
    trace: str
    top: str


class NotUnderwayError(ReproError):
    """A run that is to end, and that this recorder does not know."""


def _unseen(command: Sequence[str] | None) -> Gap:
    """Returns the gap of a run that began when its program was under way already.

    Args:
        command: The program's, None for a notebook's kernel.
    """
    reason = "what the program had read before repro.start_run() could not be seen"
    line = "repro run NOTEBOOK.ipynb" if command is None else f"repro run -- {join(command)}"
    return Gap(GapKind.DATA, "before the run began", reason, line)


class _Open(NamedTuple):
    run: Underway
    pid: int
    home: str
    is_quiet: bool


class Recorder:
    """Records runs that overlap, follow each other, or lie one inside another.

    Attributes:
        open_: Opens the repository of a directory, and says what stands around it.
        announce: Told of each run that was recorded and that is not quiet.
    """

    def __init__(
        self,
        open_: Callable[[str], tuple[Repository, Surroundings]],
        announce: Callable[[Record], None],
    ) -> None:
        self._open_repository = open_
        self._announce = announce
        self._open: dict[RunId, _Open] = {}
        self._kept: dict[str, tuple[Repository, str]] = {}

    @property
    def has_open_runs(self) -> bool:
        """Whether a run goes on."""
        return bool(self._open)

    def begin(self, asked: Begin) -> Started:
        """Begins a run.

        Raises:
            ReproError: It cannot be; nothing is left of it.
            OSError: Likewise.
        """
        repo, around = self._open_repository(asked.cwd)
        kernel = kernel_command(asked.argv)
        request = Request(
            command=kernel or asked.argv,
            name=asked.name,
            message=asked.message,
            params=asked.params,
            tags=dict(asked.tags),
            parent_run=asked.parent,
        )
        project = find_project(repo)
        begun = begin(repo, request, project, around, at=datetime.now(UTC))
        begun = begun._replace(
            gaps=(*begun.gaps, _unseen(begun.command if kernel is None else None)),
            process_started=asked.process_started,
            edited=edited_since(asked.process_started, begun),
            job=asked.job,
        )
        if asked.resumes is not None:
            from repro.record.resumed import going_on_from

            begun = going_on_from(repo, asked.resumes, begun, asked.name, home=around.home)
        run = get_under_way(repo, begun, project, env=around.env)
        run.watch(asked.pid)
        self._open[begun.id] = _Open(run, asked.pid, around.home, asked.is_quiet)
        return Started(begun.id, begun.name, run.live.directory, run.live.trace_path, repo.top)

    def end(self, asked: End) -> Oid:
        """Records a run that has ended.

        Raises:
            NotUnderwayError: It is none of ours, or has ended.
            ReproError: It could not be recorded; its journal is kept.
            OSError: Likewise.
        """
        ending = Ending(asked.status, asked.exit_code, datetime.now(UTC), asked.gaps)
        return self._end(asked.run, ending)

    def abandon(self, pid: int) -> list[Exception]:
        """Records, as crashed, the runs that a process left open when it died.

        Those whose end it noted itself, because we could not be asked, ended as it says.

        Returns:
            Why runs could not be recorded.
        """
        problems: list[Exception] = []
        # The inner ones first, as they would have ended.
        for run_id, run in [item for item in self._open.items() if item[1].pid == pid][::-1]:
            try:
                end = noted_end(run.run.live) or Ending(Status.CRASHED, None, datetime.now(UTC))
                self._end(run_id, end)
            except Exception as error:  # noqa: BLE001 - one of them must not cost the others
                problems.append(error)
        return problems

    def close(self) -> list[str]:
        """Lets go of what is open, and tries once more what could not be recorded.

        Returns:
            A sentence for each run that still could not be.
        """
        for run in self._open.values():
            run.run.give_up()
        self._open.clear()
        problems: list[str] = []
        for repo, home in self._kept.values():
            if os.path.isdir(repo.top):
                problems += recover_dead_runs(repo, home=home)[1]
        return problems

    def _end(self, run_id: RunId, ending: Ending) -> Oid:
        opened = self._open.pop(run_id, None)
        if opened is None:
            raise NotUnderwayError(f"no run of this name is under way: {run_id}")
        run = opened.run
        if ending.status is not Status.CRASHED:
            note_end(run.live, ending)
        try:
            record, oid = run.record(ending, home=opened.home)
        except (ReproError, OSError):
            self._kept[run.repo.state_dir] = (run.repo, opened.home)
            raise
        finally:
            run.give_up()
        if record.run.parent_run is None and not opened.is_quiet:
            self._announce(record)
        return oid

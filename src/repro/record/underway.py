"""A run under way: what is made when it begins, and taken together when it has ended.

`repro run` and the recorder of runs that begin inside of Python share it.
"""

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from repro.errors import ReproError
from repro.git.commits import commit_tree
from repro.git.objects import start_rows
from repro.git.refs import delete_ref
from repro.git.repository import Repository
from repro.model.gap import Gap
from repro.model.ids import Oid, live_ref
from repro.model.run import Record, Status
from repro.record.begun import Begun, gaps_from_json, gaps_to_json
from repro.record.ending import Ending
from repro.record.live import RESERVE, LiveRun, create_live_run
from repro.record.liveness import process_facts
from repro.record.observer import Observer
from repro.record.outputs import STATUS
from repro.record.project import Project
from repro.record.warehouse import warehouse_of

if TYPE_CHECKING:
    from repro.record.sampler import Sampler

__all__ = ["Underway", "get_under_way", "note_end", "noted_end"]


class Underway:
    """A run whose directory and ref are there, and whose lock is held.

    Attributes:
        repo: The repository.
        live: The run's directory.
        begun: What is known of its start.
        observer: Looks at data and environment meanwhile.
    """

    def __init__(
        self, repo: Repository, live: LiveRun, begun: Begun, *, observer: Observer, lock: int
    ) -> None:
        self.repo = repo
        self.live = live
        self.begun = begun
        self.observer = observer
        self._lock = lock
        self._sampler: Sampler | None = None

    def watch(self, pid: int, *, is_sampled: bool = True) -> None:
        """Begins to observe, and notes the process on whose life the run depends.

        Args:
            pid: Of that process.
            is_sampled: Whether hardware figures are wanted, unless the project says otherwise.
        """
        self.observer.start()
        with suppress(OSError):  # a full disk must not end what has just begun
            self.live.write("child", process_facts(pid))
        if is_sampled:
            self._sampler = _start_sampler(self.live, pid, self.observer.project, self.repo.top)

    def record(self, ending: Ending, *, home: str) -> tuple[Record, Oid]:
        """Writes the record of the run, which has ended, and removes its directory.

        Args:
            ending: How it ended.
            home: The user's home directory.

        Raises:
            ReproError: It could not be written; the directory is kept.
            OSError: Likewise.
        """
        if self._sampler is not None:
            self._sampler.end()  # the last row is written while we work on
        status = self.repo.start(*STATUS)
        from repro.record.finish import Finisher

        seen = self.observer.finish()
        ending = ending._replace(gaps=(*ending.gaps, *self._stop_sampling()))
        finisher = Finisher(
            self.repo,
            self.live,
            self.begun,
            self.observer.project,
            seen.facts,
            seen.inputs,
            seen.observed,
            self.observer.warehouse,
            home,
            status,
        )
        return finisher.finish(ending)

    def _stop_sampling(self) -> tuple[Gap, ...]:
        """Waits for the last sample of the machine, and returns what could not be sampled."""
        sampler, self._sampler = self._sampler, None
        return () if sampler is None else sampler.stop()

    def give_up(self) -> None:
        """Lets go of the run: whoever finds it dead may record it."""
        self._stop_sampling()
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)


def get_under_way(
    repo: Repository,
    begun: Begun,
    project: Project,
    *,
    env: Mapping[str, str],
    started_ns: int | None = None,
) -> Underway:
    """Makes the directory of a run and its live ref.

    Args:
        repo: The repository.
        begun: What is known of the run; its `started_ns` is set here.
        project: The project.
        env: Variables of the command.
        started_ns: When it began, nanoseconds since the epoch; None for now.

    Raises:
        GitError: git could not write; nothing is left of the run.
        OSError: Likewise.
    """
    live, lock = create_live_run(repo, begun.id)
    try:
        # The clock of the file system, which may lag the system's by some milliseconds.
        now_ns = os.stat(live.trace_path).st_mtime_ns
        begun = begun._replace(started_ns=now_ns if started_ns is None else started_ns)
        live.write("run", begun.to_json(), to_disk=True)
        rows = start_rows(repo, begun.code.tree)
        warehouse = warehouse_of(repo, project)
        observer = Observer(repo, live, begun, project, warehouse=warehouse, env=env, rows=rows)
        _write_live_commit(repo, begun)
    except BaseException:  # Ctrl-C too: nothing has begun, so nothing is to be found
        with suppress(OSError, ReproError):
            live.remove()
            delete_ref(repo, live_ref(begun.id))
        os.close(lock)
        raise
    return Underway(repo, live, begun, observer=observer, lock=lock)


def note_end(live: LiveRun, ending: Ending) -> None:
    """Notes how the run ended, for whoever finishes it should we die of the rest."""
    value = {
        "status": ending.status.value,
        "exit_code": ending.exit_code,
        "gaps": gaps_to_json(ending.gaps),
    }
    with suppress(FileNotFoundError):
        os.unlink(f"{live.directory}/{RESERVE}")
    with suppress(OSError):  # a full disk; the same happens, and is reported, when it is recorded
        live.write("ended", value)


def noted_end(live: LiveRun) -> Ending | None:
    """Returns how a run ended, as `note_end` or the program itself wrote it; None if unknown."""
    ended = live.read("ended")
    if ended is None:
        return None
    at = datetime.fromtimestamp(os.stat(f"{live.directory}/ended.json").st_mtime, UTC)
    gaps = gaps_from_json(ended.get("gaps", ()))
    return Ending(Status(ended["status"]), ended["exit_code"], at, gaps)


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


def _start_sampler(live: LiveRun, pid: int, project: Project, top: str) -> "Sampler | None":
    interval_s = project.config.system_metrics_s
    if interval_s is None:
        return None
    from repro.record.sampler import Sampler

    sampler = Sampler(live, pid, interval_s, top=top)
    sampler.start()
    return sampler

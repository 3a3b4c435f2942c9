"""A run in progress: its directory, its journal, and whether its recorder still lives.

``<common dir>/repro/live/<run id>/`` holds everything that is known so far, each file written whole
before the next step begins, so that whoever finds it (the recorder itself, or after a power cut the
next repro command) can finish the record:

- ``recorder``: whose lock the recorder holds; it says who that is and where (see
  `repro.record.liveness`), as ``child.json`` says what runs;
- ``run.json``: what was asked for and what stood at the start;
- ``trace``: what the command opened (see `repro.record.trace`);
- ``output``, ``output.1``, ``output.2``...: what it printed (see `repro.record.output_log`);
- ``inputs.json``, ``environment.json``, ``pylock.toml``, ``conda-explicit.txt``: what was observed
  meanwhile; of the environment more at the end;
- ``inputs.jsonl``: what the command says of its inputs (see `repro.record.logged`);
- ``journal/``: all else that it says, learning curves first (see `repro.journal`), and
  ``artifacts/``: the bytes of what it logged, as they were then;
- ``system.tsv``: what the machine did meanwhile (see `repro.model.system`);
- ``cells.jsonl``: the cells that a live kernel had executed (see `repro.record.cells`);
- ``ended.json``: how it ended.
"""

import fcntl
import json
import os
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

from repro.git.repository import Repository
from repro.model.ids import RunId, is_run_id
from repro.record.liveness import RECORDER, recorder_facts

__all__ = [
    "RESERVE",
    "Json",
    "LiveRun",
    "atomic_write",
    "create_live_run",
    "list_live_runs",
    "live_run",
]

RESERVE = "reserve"
"""A file that gives its room to the note of how the run ended, should the disk be full by then."""
_RESERVE_BYTES = 16384

Json: TypeAlias = dict[str, Any]
"""A JSON object; its shape is stated where it is written."""


def atomic_write(path: str, content: bytes, *, to_disk: bool = False) -> None:
    """Writes a file whole or not at all.

    Args:
        path: The file.
        content: Its content.
        to_disk: Whether it must be there after a power cut as well: a sync takes as long as two git
            commands.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "wb") as file:
        file.write(content)
        if to_disk:
            file.flush()
            os.fsync(file.fileno())
    os.replace(temporary, path)


class LiveRun(NamedTuple):
    """A directory of a run in progress.

    Attributes:
        id: The run.
        directory: Absolute.
    """

    id: RunId
    directory: str

    @property
    def trace_path(self) -> str:
        """The trace file."""
        return f"{self.directory}/trace"

    @property
    def output_path(self) -> str:
        """What the command printed."""
        return f"{self.directory}/output"

    @property
    def lock_path(self) -> str:
        """The file whose lock the recorder holds as long as it lives."""
        return f"{self.directory}/{RECORDER}"

    def write(self, name: str, value: Json, *, to_disk: bool = False) -> None:
        """Writes ``<name>.json``; see `atomic_write`."""
        atomic_write(f"{self.directory}/{name}.json", json.dumps(value).encode(), to_disk=to_disk)

    def read(self, name: str) -> Json | None:
        """Reads ``<name>.json``; None when it was never written."""
        try:
            with open(f"{self.directory}/{name}.json", "rb") as file:
                value: Json = json.load(file)
        except (FileNotFoundError, ValueError):  # ValueError: what a power cut left is no JSON
            return None
        return value

    def claim(self) -> int | None:
        """Takes the recorder's lock; None when another process holds it, or the run is gone.

        The kernel gives it back when the holder dies, however it dies, so a lock that can be taken
        means a recorder that is gone.

        Returns:
            The file descriptor that holds the lock: closing it gives it back.
        """
        try:
            fd = os.open(self.lock_path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        if _lock(fd) and self._is_there(fd):
            return fd
        os.close(fd)
        return None

    def remove(self) -> None:
        """Removes the directory: in one stroke for all who look, then file by file."""
        hidden = f"{os.path.dirname(self.directory)}/.gone-{self.id}"
        with suppress(FileNotFoundError):
            os.rename(self.directory, hidden)
            for directory, names, files in os.walk(hidden, topdown=False):
                for name in files:
                    os.unlink(f"{directory}/{name}")
                for name in names:
                    os.rmdir(f"{directory}/{name}")
            os.rmdir(hidden)

    def _is_there(self, fd: int) -> bool:
        """Tells whether the lock is still this run's, and not that of one finished meanwhile."""
        try:
            return os.path.samestat(os.fstat(fd), os.stat(self.lock_path))
        except FileNotFoundError:
            return False


def create_live_run(repo: Repository, run_id: RunId) -> tuple[LiveRun, int]:
    """Makes the directory of a run, with its lock held before anybody can see it.

    Returns:
        The run, and the file descriptor that holds the lock.
    """
    live = live_run(repo, run_id)
    hidden = f"{os.path.dirname(live.directory)}/.new-{run_id}"
    os.makedirs(hidden)
    fd = os.open(f"{hidden}/{RECORDER}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    _lock(fd)
    os.write(fd, recorder_facts())
    with open(f"{hidden}/trace", "wb"):
        pass
    with open(f"{hidden}/{RESERVE}", "wb") as file:
        file.write(bytes(_RESERVE_BYTES))
    os.rename(hidden, live.directory)
    return live, fd


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Held; or a file system without locks, where a run is rather left than finished twice.
        return False
    return True


def live_run(repo: Repository, run_id: RunId) -> LiveRun:
    """Returns the handle of a run's directory, there or not."""
    return LiveRun(run_id, f"{repo.state_dir}/live/{run_id}")


def list_live_runs(repo: Repository) -> list[LiveRun]:
    """Returns the runs that have a directory, oldest first."""
    try:
        names = sorted(os.listdir(f"{repo.state_dir}/live"))
    except FileNotFoundError:
        return []
    return [live_run(repo, RunId(name)) for name in names if is_run_id(name)]

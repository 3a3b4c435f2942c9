"""A run in progress: its directory, its journal, and whether its recorder still lives.

``<common dir>/repro/live/<run id>/`` holds everything that is known so far, each file written whole
before the next step begins, so that whoever finds it (the recorder itself, or after a power cut the
next repro command) can finish the record:

- ``run.json``: what was asked for and what stood at the start;
- ``trace``: what the command opened (see `repro.record.trace`);
- ``output``, ``output.0``, ``output.1``: what it printed (see `repro.record.output_log`);
- ``inputs.json``, ``environment.json``, ``pylock.toml``: what was observed meanwhile;
- ``ended.json``: how it ended.
"""

import fcntl
import json
import os
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

from repro.git.repository import Repository
from repro.model.ids import RunId, is_run_id

__all__ = ["Json", "LiveRun", "atomic_write", "list_live_runs", "live_run"]

Json: TypeAlias = dict[str, Any]
"""A JSON object; its shape is stated where it is written."""


def atomic_write(path: str, content: bytes) -> None:
    """Writes a file whole or not at all, and to the disk."""
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "wb") as file:
        file.write(content)
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
        return f"{self.directory}/recorder"

    def write(self, name: str, value: Json) -> None:
        """Writes ``<name>.json``."""
        atomic_write(f"{self.directory}/{name}.json", json.dumps(value).encode())

    def read(self, name: str) -> Json | None:
        """Reads ``<name>.json``; None when it was never written."""
        try:
            with open(f"{self.directory}/{name}.json", "rb") as file:
                value: Json = json.load(file)
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return value

    def claim(self) -> int | None:
        """Takes the recorder's lock; None when another process holds it.

        The kernel gives it back when the holder dies, however it dies, so a lock that can be taken
        means a recorder that is gone.

        Returns:
            The file descriptor that holds the lock: closing it gives it back.
        """
        fd = os.open(self.lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        except OSError:
            # A file system without locks: rather leave a run unfinished than finish it twice.
            os.close(fd)
            return None
        return fd

    def remove(self) -> None:
        """Removes the directory."""
        for name in os.listdir(self.directory):
            with suppress(FileNotFoundError):
                os.unlink(f"{self.directory}/{name}")
        os.rmdir(self.directory)


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

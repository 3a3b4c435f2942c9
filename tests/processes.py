"""Starts `repro` without waiting for it, and ends all that it started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from tests.repos import Scratch

__all__ = ["Started", "start_cli", "wait_until"]

_PATIENCE_S = 60


class Started:
    """A process under way, the leader of a group of its own.

    Attributes:
        pid: Its process id.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.pid = process.pid

    def wait(self) -> int:
        """Waits for its end and returns its exit code."""
        return self._process.wait(timeout=_PATIENCE_S)

    def is_alive(self) -> bool:
        """Tells whether it still runs."""
        return self._process.poll() is None

    def kill_all(self) -> None:
        """Kills it and all that it started, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(timeout=_PATIENCE_S)


def start_cli(repo: Scratch, *args: str) -> Started:
    """Starts ``repro ARGS`` in a process group of its own."""
    process = subprocess.Popen(
        (sys.executable, "-m", "repro", *args),
        cwd=repo.path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return Started(process)


def wait_until(condition: Callable[[], bool]) -> None:
    """Waits until something holds; fails after a minute."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it never came to be")
        time.sleep(0.01)

"""A real terminal with somebody at it."""

import os
import pty
import select
import signal
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["Terminal"]


class Terminal:
    """A terminal in which one program was started.

    Attributes:
        pid: The program's.
        seen: What it printed since the last text that was waited for.
    """

    def __init__(self, argv: Sequence[str], cwd: Path, **env: str) -> None:
        """Starts the program.

        Args:
            argv: The command; a path first.
            cwd: Where.
            env: Added to the environment.
        """
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execve(argv[0], tuple(argv), {**os.environ, "TERM": "xterm", **env})  # noqa: S606 - in a child
        self.seen = ""

    def type(self, text: str) -> None:
        r"""Types a text; Ctrl-C is \x03."""
        os.write(self._fd, text.encode())

    def wait_for(self, text: str) -> str:
        """Waits until a text stands on the screen, and returns all that does since the last."""
        end_s = time.monotonic() + 30
        while text not in self.seen:
            assert time.monotonic() < end_s, self.seen
            if select.select([self._fd], [], [], 1)[0]:
                self.seen += os.read(self._fd, 4096).decode("utf-8", "replace")
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def end(self) -> int:
        """Waits for the end, and returns the exit code."""
        end_s = time.monotonic() + 30
        while time.monotonic() < end_s:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                os.close(self._fd)
                return os.waitstatus_to_exitcode(status)
            if select.select([self._fd], [], [], 0.05)[0]:
                try:
                    os.read(self._fd, 4096)
                except OSError:
                    continue
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError(self.seen)

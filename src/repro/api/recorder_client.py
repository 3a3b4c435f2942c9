"""Talks to the recorder: the process beside this one that records its runs.

Lines of JSON go over a socket, a request and its answer at a time; see
`repro.record.recorder_requests`. Whatever goes wrong is a `RecorderError`: the caller goes on
without.
"""

import json
import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from repro.api.children import without_run
from repro.errors import ReproError
from repro.process import spawn

if TYPE_CHECKING:
    import socket

__all__ = ["Recorder", "RecorderError", "recorder"]

_CHUNK_BYTES = 65536
PATIENCE_S = {"begin": 120.0, "end": 600.0}
"""How long it may be silent: at the end it stores what was written."""


class RecorderError(ReproError):
    """The recorder cannot be started, has died, is silent, or refuses.

    Attributes:
        has_refused: Whether it is well, and said no.
        is_silent: Whether it may still be at work.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        has_refused: bool = False,
        is_silent: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.has_refused = has_refused
        self.is_silent = is_silent


class Recorder:
    """The recorder of this process, started when it is first asked something."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._child = 0
        self._received = b""
        self._is_talking = False
        self._renew_lock()

    def ask(self, do: str, **values: object) -> dict[str, Any]:
        """Sends a request and waits for the answer.

        Args:
            do: "begin" or "end".
            values: What else belongs to it.

        Raises:
            RecorderError: There is no good answer.
        """
        line = json.dumps({"do": do, **values}).encode("ascii") + b"\n"
        with self._lock:
            if self._is_talking:
                # The lock is this thread's own: a signal handler came between question and answer.
                raise RecorderError("a signal came while another run was beginning or ending")
            self._is_talking = True
            try:
                answer = self._answer(do, line)
            finally:
                self._is_talking = False
        if answer.get("ok") is True:
            return answer
        hint = answer.get("hint")
        raise RecorderError(
            str(answer.get("error") or "the recorder refuses"),
            hint=str(hint) if hint else None,
            has_refused=True,
        )

    def _answer(self, do: str, line: bytes) -> dict[str, Any]:
        if self._socket is None:
            if do != "begin":
                raise RecorderError("the recorder is gone")
            self._start()
        try:
            return self._exchange(line, time.monotonic() + PATIENCE_S[do])
        except TimeoutError as error:
            self.drop(kill=do == "begin")
            raise RecorderError("the recorder does not answer", is_silent=True) from error
        except (OSError, ValueError) as error:
            self.drop()
            raise RecorderError("the recorder has died") from error
        except BaseException:  # Ctrl-C: an answer that comes later is that of no request
            self.drop()
            raise

    def drop(self, *, kill: bool = False) -> None:
        """Ends the conversation; the recorder records what is still open, and ends.

        Args:
            kill: Whether it must not go on by itself.
        """
        if self._socket is not None:
            self._socket.close()
        self._socket, self._received = None, b""
        if self._child:
            with suppress(OSError):
                if kill:
                    os.kill(self._child, signal.SIGKILL)
                os.waitpid(self._child, 0 if kill else os.WNOHANG)
        self._child = 0

    def forget(self) -> None:
        """In a forked child: leaves the recorder to the parent."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()  # only this end of it: the connection stays
        self._socket, self._received, self._child = None, b"", 0
        self._is_talking = False
        self._renew_lock()

    def _renew_lock(self) -> None:
        import threading

        self._lock = threading.RLock()

    def _start(self) -> None:
        import socket

        if not sys.executable:
            raise RecorderError("which Python this is, it does not say")
        ours, theirs = socket.socketpair()
        try:
            # -P: the user's files are not to be taken for modules that the recorder imports.
            argv = (sys.executable, "-P", "-m", "repro", "_recorder")
            talk = _stderr()
            try:
                fds = (theirs.fileno(), theirs.fileno(), talk)
                self._child = spawn(argv, env=_environment(), fds=fds)
            finally:
                os.close(talk)
        except (ReproError, OSError) as error:
            ours.close()
            raise RecorderError(f"the recorder cannot be started: {error}") from error
        finally:
            theirs.close()
        self._socket = ours

    def _exchange(self, line: bytes, deadline: float) -> dict[str, Any]:
        assert self._socket is not None  # noqa: S101 - for type checkers
        self._socket.settimeout(max(deadline - time.monotonic(), 0.01))
        self._socket.sendall(line)
        while b"\n" not in self._received:
            self._socket.settimeout(max(deadline - time.monotonic(), 0.01))
            chunk = self._socket.recv(_CHUNK_BYTES)
            if not chunk:
                raise ConnectionResetError
            self._received += chunk
        answer, _, self._received = self._received.partition(b"\n")
        value = json.loads(answer)
        if not isinstance(value, dict):
            raise ValueError(f"an answer that is no object: {value!r:.60}")
        return value


def _stderr() -> int:
    """Returns a descriptor for what the recorder says; where there is no stderr, none hears it."""
    try:
        return os.dup(2)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)


def _environment() -> dict[str, str]:
    """Returns the recorder's variables: in it, the same repro must be found as here."""
    env = without_run(dict(os.environ))
    env.pop("PYTHONINSPECT", None)
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    paths = [path for path in env.get("PYTHONPATH", "").split(os.pathsep) if path]
    if home not in paths and not home.endswith(("/site-packages", "/dist-packages")):
        env["PYTHONPATH"] = os.pathsep.join([*paths, home])
    return env


recorder = Recorder()

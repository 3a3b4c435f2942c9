"""Listens to the Python program that a recorder stands beside, and notices when it dies.

Requests are lines of JSON on a socket, answered in order. That the program is gone is known when
the socket ends; as workers that it forked may hold that open, its process is watched as well.
"""

import json
import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from repro.errors import ReproError
from repro.record.recorder import Recorder
from repro.record.recorder_requests import Begin, read_request

__all__ = ["serve"]

_CHUNK_BYTES = 65536
_LOOK_S = 1.0
"""How often a process is looked for where the kernel does not say that it has ended."""
_GRACE_S = 10.0
"""How long a recorder that is told to end goes on, for a program that was told the same."""


def serve(fd: int, recorder: Recorder, *, complain: Callable[[str], None]) -> None:
    """Answers requests until the program is gone and all its runs are recorded.

    Args:
        fd: The socket.
        recorder: Does what is asked.
        complain: Told of runs that could not be recorded when nobody listened any more.
    """
    _Server(fd, recorder, complain).serve()


class _Server:
    def __init__(self, fd: int, recorder: Recorder, complain: Callable[[str], None]) -> None:
        self._fd = fd
        self._recorder = recorder
        self._complain = complain
        self._poller = select.poll()
        self._poller.register(fd, select.POLLIN)
        self._received = b""
        self._is_connected = True
        self._watched: dict[int, int] = {}  # pid -> what the kernel tells of it, -1 for nothing
        self._has_watched = False
        self._ends_at: float | None = None

    def serve(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program
        told, tell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, lambda *_: None)
        self._poller.register(told, select.POLLIN)
        self._watch(os.getppid())
        while not self._is_done():
            for fd, _ in self._poller.poll(self._patience_ms()):
                if fd == self._fd:
                    self._receive()
                elif fd == told:
                    os.read(told, _CHUNK_BYTES)
                    self._ends_at = self._ends_at or time.monotonic() + _GRACE_S
            self._bury()
        for problem in self._recorder.close():
            self._complain(problem)

    def _is_done(self) -> bool:
        if self._recorder.has_open_runs:
            # They live on in a process that does: whoever finds that dead records them.
            return self._ends_at is not None and time.monotonic() >= self._ends_at
        if self._ends_at is not None or not self._is_connected:
            return True
        return self._has_watched and not self._watched

    def _patience_ms(self) -> float | None:
        """Returns how long to wait for something to happen, None for ever."""
        waits = [_LOOK_S] if -1 in self._watched.values() else []
        if self._ends_at is not None:
            waits.append(max(self._ends_at - time.monotonic(), 0.0))
        return min(waits) * 1000 + 1 if waits else None

    def _receive(self) -> None:
        try:
            chunk = os.read(self._fd, _CHUNK_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:  # a connection that was reset
            chunk = b""
        if not chunk:
            self._disconnect()
            return
        *lines, self._received = (self._received + chunk).split(b"\n")
        for line in lines:
            self._answer(self._do(line))

    def _do(self, line: bytes) -> dict[str, object]:
        try:
            request = read_request(line)
            if isinstance(request, Begin):
                started = self._recorder.begin(request)
                self._watch(request.pid)
                return {
                    "ok": True,
                    "run": started.id,
                    "name": started.name,
                    "directory": started.directory,
                    "trace": started.trace,
                    "top": started.top,
                }
            oid = self._recorder.end(request)
        except (ReproError, OSError) as error:
            return {"ok": False, "error": _said(error), "hint": getattr(error, "hint", None)}
        except Exception as error:  # noqa: BLE001 - nor must a bug of ours leave it waiting
            return {"ok": False, "error": _said(error), "hint": None}
        return {"ok": True, "run": request.run, "oid": oid}

    def _answer(self, answer: dict[str, object]) -> None:
        content = memoryview(json.dumps(answer).encode("ascii") + b"\n")
        try:
            while content:
                content = content[os.write(self._fd, content) :]
        except OSError:  # it is gone; that it is shows next
            return

    def _disconnect(self) -> None:
        if self._is_connected:
            self._is_connected = False
            self._poller.unregister(self._fd)

    def _watch(self, pid: int) -> None:
        if pid in self._watched or pid <= 1:
            return
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            # It was quicker than we: what it left is found by the next look.
            fd = -1
        except (OSError, AttributeError):  # no such call in this kernel, or on this system
            fd = -1
        self._watched[pid] = fd
        self._has_watched = True
        if fd >= 0:
            self._poller.register(fd, select.POLLIN)

    def _bury(self) -> None:
        """Records what processes left that have died."""
        for pid, fd in list(self._watched.items()):
            if _is_alive(pid, fd):
                continue
            self._drain()  # what it said last
            del self._watched[pid]
            if fd >= 0:
                self._poller.unregister(fd)
                os.close(fd)
            for problem in self._recorder.abandon(pid):
                self._complain(_said(problem))

    def _drain(self) -> None:
        while self._is_connected and select.select([self._fd], [], [], 0)[0]:
            self._receive()


def _is_alive(pid: int, fd: int) -> bool:
    if fd >= 0:
        return not select.select([fd], [], [], 0)[0]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:
        # Behind the name, which may hold anything: the state, Z for one that nobody waits for.
        return file.read().rpartition(b") ")[2][:1] not in (b"Z", b"X")
    return True


def _said(error: Exception) -> str:
    if isinstance(error, ReproError):
        return error.message
    if not isinstance(error, OSError):
        return f"a bug in repro: {error!r}"
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{where}"

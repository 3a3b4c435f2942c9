"""Runs the user's command: passes through what it prints and what it is told, and keeps a copy."""

import os
import select
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from repro import process
from repro.record.output_log import OutputLog
from repro.record.terminal import Terminal

__all__ = ["Ended", "execute"]

_FORWARDED = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_WATCHED = (*_FORWARDED, signal.SIGWINCH)
_FROM_KERNEL = 0x80
"""si_code of a signal that the kernel made, such as that of Ctrl-C (sigaction(2), SI_KERNEL)."""
_DRAIN_S = 0.5
"""How long to wait, once the command is gone, for processes it left that still hold its output."""


class Ended(NamedTuple):
    """How a command ended.

    Attributes:
        exit_code: As a shell would return it: 128 + signal when a signal ended it.
        was_asked_to_stop: Whether Ctrl-C, SIGTERM or SIGHUP made it end.
    """

    exit_code: int
    was_asked_to_stop: bool


def execute(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    log: OutputLog,
    on_start: Callable[[int], None],
) -> Ended:
    """Runs a command in the current directory to its end.

    Where our stdout or stderr is a terminal, the command gets a terminal of its own there;
    elsewhere stdout and stderr stay apart. stdin is the command's.

    Args:
        command: argv.
        env: Its whole environment.
        log: Receives all that it prints.
        on_start: Called with its pid.

    Raises:
        CommandNotFoundError: It could not be started.
    """
    # Blocked before any thread starts, so that only the forwarder ever sees them; the command
    # starts with none blocked.
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    try:
        return _Execution(command, env, log).run(on_start)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


class _Execution:
    """One execution: its streams, its forwarder, its end."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: OutputLog) -> None:
        self._log = log
        self._stops_forwarded = False
        self._streams: dict[int, int] = {}  # what we read -> where it goes
        self._ours: list[int] = []  # ends that the command gets
        self._terminal = self._open_terminal()
        try:
            fds = (self._stdin(), self._output(1), self._output(2))
            slave_path = self._terminal.slave_path if self._terminal else None
            self._pid = process.spawn(command, env=env, fds=fds, terminal=slave_path)
        except BaseException:  # Ctrl-C too: the user's terminal must be put back
            self._close()
            raise
        finally:
            for fd in self._ours:
                os.close(fd)
        if self._terminal is not None:
            self._terminal.opened_by_child()

    def run(self, on_start: Callable[[int], None]) -> Ended:
        gone, gone_writer = os.pipe()
        status: list[int] = []
        done = threading.Event()

        def wait() -> None:
            status.append(os.waitpid(self._pid, 0)[1])
            os.close(gone_writer)

        forwarder = threading.Thread(target=self._forward_signals, args=(done,), daemon=True)
        waiter = threading.Thread(target=wait, daemon=True)
        try:
            waiter.start()
            forwarder.start()
            on_start(self._pid)
            self._pump(gone)
            waiter.join()
        finally:
            done.set()
            os.close(gone)
            self._close()
        code = process.exit_code_of(status[0])
        asked = code in {128 + s for s in _STOPS} or (self._stops_forwarded and code != 0)
        return Ended(code, asked)

    def _open_terminal(self) -> Terminal | None:
        like = next((fd for fd in (1, 2) if _is_terminal(fd)), None)
        if like is None:
            return None
        keys = 0 if _is_terminal(0) and _is_in_foreground(0) else None
        try:
            return Terminal(like=like, keys=keys)
        except OSError:  # none to be had, as in a bare chroot: then the command gets pipes
            return None

    def _stdin(self) -> int:
        if self._terminal is not None and _is_terminal(0):
            return self._terminal.slave
        try:
            os.fstat(0)
        except OSError:  # we were started without a stdin
            null = os.open(os.devnull, os.O_RDONLY)
            self._ours.append(null)
            return null
        return 0

    def _output(self, fd: int) -> int:
        if self._terminal is not None and _is_terminal(fd):
            self._streams.setdefault(self._terminal.master, fd)
            return self._terminal.slave
        reader, writer = os.pipe()
        self._streams[reader] = fd
        self._ours.append(writer)
        return writer

    def _pump(self, gone: int) -> None:
        """Copies until the command has ended and its output is read."""
        poller = select.poll()
        for fd in (*self._streams, gone):
            poller.register(fd, select.POLLIN)
        if self._terminal is not None and self._terminal.keys is not None:
            poller.register(self._terminal.keys, select.POLLIN)
        has_ended = False
        while self._streams or not has_ended:
            events = poller.poll(_DRAIN_S * 1000 if has_ended else None)
            if not events and has_ended:
                return
            for fd, _ in events:
                if fd == gone:
                    has_ended = True
                    poller.unregister(gone)
                elif fd in self._streams:
                    if not self._copy(fd):
                        poller.unregister(fd)
                        self._end_stream(fd)
                elif not self._type(fd):
                    poller.unregister(fd)

    def _copy(self, fd: int) -> bool:
        is_terminal = self._terminal is not None and fd == self._terminal.master
        chunk = self._terminal.read() if is_terminal and self._terminal else os.read(fd, 65536)
        if not chunk:
            return False
        self._log.write(chunk)
        try:
            _write_all(self._streams[fd], chunk)
        except OSError:
            # Our reader is gone (`repro run ... | head`): let the command see the same.
            return False
        return True

    def _end_stream(self, fd: int) -> None:
        del self._streams[fd]
        if self._terminal is None or fd != self._terminal.master:
            os.close(fd)

    def _type(self, keys: int) -> bool:
        """Hands what was typed to the command."""
        if self._terminal is None:
            return False
        try:
            typed = os.read(keys, 4096)
            _write_all(self._terminal.master, typed)
        except OSError:
            return False
        return bool(typed)

    def _forward_signals(self, done: threading.Event) -> None:
        while True:
            info = signal.sigtimedwait(_WATCHED, 0.1)
            # CPython up to 3.13 at least gives rubbish when it is interrupted at the very end.
            if info is None or info.si_signo not in _WATCHED:
                if done.is_set():
                    return
                continue
            if info.si_signo == signal.SIGWINCH:
                if self._terminal is not None and not done.is_set():
                    self._terminal.resize()
                continue
            if done.is_set():  # it is meant for us now, and no longer blocked there
                signal.pthread_kill(threading.main_thread().ident or 0, info.si_signo)
                return
            self._forward(info)

    def _forward(self, info: signal.struct_siginfo) -> None:
        if info.si_signo in _STOPS:
            self._stops_forwarded = True
        # Ctrl-C at a terminal goes to the whole group: the command has got it already, unless it
        # has a terminal, and so a session, of its own.
        if info.si_code == _FROM_KERNEL and self._terminal is None:
            return
        with suppress(ProcessLookupError):
            if info.si_code == _FROM_KERNEL and self._terminal is not None:
                # To whoever would have got it: a shell's command, not the shell alone.
                os.killpg(self._terminal.foreground_group() or self._pid, info.si_signo)
            else:
                os.kill(self._pid, info.si_signo)

    def _close(self) -> None:
        for fd in list(self._streams):
            self._end_stream(fd)
        if self._terminal is not None:
            self._terminal.close()


def _is_terminal(fd: int) -> bool:
    return os.isatty(fd)


def _is_in_foreground(fd: int) -> bool:
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:  # somebody made our stdout non-blocking: wait until it has room
            select.select([], [fd], [])

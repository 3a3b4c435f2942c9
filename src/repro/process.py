"""The one door to other processes: git, uv, probes, and the user's command.

Built on ``posix_spawn`` and ``poll`` rather than ``subprocess``, whose import alone costs more than
two git commands; a process can so be started, left to work, and collected later, which is how
repro hides git's time behind its own start-up.
"""

import errno
import fcntl
import os
import select
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from repro.errors import ReproError

__all__ = [
    "CommandNotFoundError",
    "Pending",
    "Result",
    "exit_code_of",
    "run",
    "spawn",
    "start",
]

_CHUNK_BYTES = 65536
_PIPE_BYTES = 1 << 20
_SHELL = "/bin/sh"
_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_Action: TypeAlias = tuple[int, ...] | tuple[int, int, str, int, int]


class CommandNotFoundError(ReproError):
    """A command that is not on PATH, or may not be executed.

    Attributes:
        command: argv[0].
        exit_code: What a shell would return: 127 not found, 126 found but not executable.
    """

    def __init__(self, command: str, *, exit_code: int, hint: str, reason: str = "") -> None:
        problem = "not found" if exit_code == 127 else "cannot be executed"
        detail = f" ({reason})" if reason else ""
        super().__init__(f"command {problem}: {command}{detail}", hint=hint)
        self.command = command
        self.exit_code = exit_code


class Result(NamedTuple):
    """A process that has ended.

    Attributes:
        code: Exit code, 128 + signal when a signal ended it.
        out: Everything it wrote to stdout.
        err: Everything it wrote to stderr.
    """

    code: int
    out: bytes
    err: bytes


class Pending:
    """A process under way. `result` must be called once.

    Attributes:
        pid: Its id; also that of its session where it leads one.
        is_overdue: Whether it had to be killed because the time was up.
    """

    def __init__(
        self,
        pid: int,
        stdin: bytes,
        fds: tuple[int, int, int],
        *,
        mask: "set[signal.Signals | int] | None" = None,
    ) -> None:
        """Takes over a process, and the ends of its pipes.

        Args:
            pid: Its id.
            stdin: What is to be written to it.
            fds: Where to write that, -1 for nowhere, and where to read its stdout and stderr.
            mask: Where it leads a session: the signals that were blocked before it was started.
        """
        stdin_fd, out_fd, err_fd = fds
        self.pid = pid
        self.is_overdue = False
        self._mask = mask
        self._stdin = memoryview(stdin)
        self._stdin_fd = stdin_fd
        self._outputs: dict[int, list[bytes]] = {out_fd: [], err_fd: []}
        self._out_fd = out_fd
        self._err_fd = err_fd

    def result(self, *, timeout_s: float | None = None, ends_at_s: float | None = None) -> Result:
        """Waits for the end; kills the process when it takes too long.

        A process that had to be killed has the exit code 137.

        Args:
            timeout_s: So long it may be silent.
            ends_at_s: When the time is up whatever it says, on the clock of ``time.monotonic``.
        """
        try:
            if self._mask is not None:
                signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            open_fds = self._listen(timeout_s, ends_at_s)
        except BaseException:
            if self._mask is not None:  # no Ctrl-C at our terminal reaches it
                self._kill()
            raise
        for fd in open_fds:
            os.close(fd)
        if self._stdin_fd >= 0:
            os.close(self._stdin_fd)
        code = exit_code_of(os.waitpid(self.pid, 0)[1])
        return Result(code, *(b"".join(self._outputs[fd]) for fd in (self._out_fd, self._err_fd)))

    def _listen(self, timeout_s: float | None, ends_at_s: float | None) -> set[int]:
        """Reads until all is said, or the time is up; returns what is open still."""
        poller = select.poll()
        open_fds = set(self._outputs)
        for fd in self._outputs:
            poller.register(fd, select.POLLIN)
        if self._stdin_fd >= 0:
            poller.register(self._stdin_fd, select.POLLOUT)
        while open_fds:
            left_s = timeout_s
            if ends_at_s is not None:
                left_s = max(0.0, ends_at_s - time.monotonic())
                left_s = left_s if timeout_s is None else min(left_s, timeout_s)
            events = poller.poll(None if left_s is None else left_s * 1000)
            # Who goes on talking is never silent.
            if not events or (ends_at_s is not None and time.monotonic() >= ends_at_s):
                # What it started may hold its output open for ever: that is not waited for.
                self.is_overdue = True
                self._kill()
                break
            for fd, _ in events:
                if fd == self._stdin_fd:
                    self._feed(poller)
                elif not self._drain(fd):
                    poller.unregister(fd)
                    os.close(fd)
                    open_fds.discard(fd)
        return open_fds

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            if self._mask is not None:
                os.killpg(self.pid, signal.SIGKILL)
            else:
                os.kill(self.pid, signal.SIGKILL)

    def _feed(self, poller: select.poll) -> None:
        try:
            written = os.write(self._stdin_fd, self._stdin[:_CHUNK_BYTES])
            self._stdin = self._stdin[written:]
        except BrokenPipeError:  # it stopped reading: its exit code tells why
            self._stdin = self._stdin[:0]
        if not self._stdin:
            poller.unregister(self._stdin_fd)
            os.close(self._stdin_fd)
            self._stdin_fd = -1

    def _drain(self, fd: int) -> bool:
        chunk = os.read(fd, _CHUNK_BYTES)
        self._outputs[fd].append(chunk)
        return bool(chunk)


def start(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    stdin: bytes = b"",
    is_session: bool = False,
) -> Pending:
    """Starts a process with captured output and returns at once.

    Args:
        argv: Looked up on the PATH of `env`.
        env: The whole environment.
        stdin: Its input.
        is_session: Whether it gets a session of its own: it and all that it starts have no terminal
            to ask anything at, and are killed together, also when we are interrupted while we wait
            for its result; until then an interruption waits.

    Raises:
        CommandNotFoundError: argv[0] is not on PATH or may not be executed.
    """
    stdin_read, stdin_write = os.pipe() if stdin else (os.open(os.devnull, os.O_RDONLY), -1)
    out_read, out_write = os.pipe()
    # Room for what git says of some thousand files, so that it need not wait until we listen.
    with suppress(OSError):
        fcntl.fcntl(out_write, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    err_read, err_write = os.pipe()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTIONS) if is_session else None
    try:
        fds = (stdin_read, out_write, err_write)
        pid = spawn(argv, env=env, fds=fds, is_session=is_session)
    except BaseException:  # whatever it is, the ends that we would have read go with it
        for fd in (out_read, err_read, *((stdin_write,) if stdin_write >= 0 else ())):
            os.close(fd)
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        raise
    finally:
        for fd in (stdin_read, out_write, err_write):
            os.close(fd)
    if stdin_write >= 0:
        os.set_blocking(stdin_write, False)
    return Pending(pid, stdin, (stdin_write, out_read, err_read), mask=mask)


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    stdin: bytes = b"",
    timeout_s: float | None = None,
) -> Result:
    """Runs a process to its end with captured output; a failure is the caller's to judge."""
    return start(argv, env=env, stdin=stdin).result(timeout_s=timeout_s)


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    fds: tuple[int, int, int],
    terminal: str | None = None,
    is_session: bool = False,
) -> int:
    """Starts a process on the given stdin, stdout and stderr and returns its pid.

    Args:
        argv: Looked up on the PATH of `env`.
        env: The whole environment.
        fds: File descriptors to become 0, 1 and 2.
        terminal: Path of a terminal that becomes the controlling one of a new session, so that
            Ctrl-C typed there reaches the process.
        is_session: Whether it gets a new session without a terminal.

    Raises:
        CommandNotFoundError: argv[0] is not on PATH or may not be executed.
    """
    actions: list[_Action] = []
    # Above 2 first, so that no action overwrites a descriptor that a later one needs.
    held = [os.dup(fd) for fd in fds]
    spare = held[:]
    while min(spare) <= 2:
        spare = [os.dup(fd) for fd in spare]
        held += spare
    try:
        actions += [(os.POSIX_SPAWN_DUP2, fd, target) for target, fd in enumerate(spare)]
        if terminal is not None:
            # Opening it as a session leader without a terminal makes it the controlling one.
            top = max(held) + 1
            actions += [
                (os.POSIX_SPAWN_OPEN, top, terminal, os.O_RDWR, 0),
                (os.POSIX_SPAWN_CLOSE, top),
            ]
        is_session |= terminal is not None
        return _spawn(_locate(argv[0], env), argv, env, actions, is_session=is_session)
    finally:
        for fd in held:
            os.close(fd)


def _spawn(
    path: str,
    argv: Sequence[str],
    env: Mapping[str, str],
    actions: list[_Action],
    *,
    is_session: bool,
) -> int:
    try:
        return os.posix_spawn(
            path,
            tuple(argv),
            env,
            file_actions=actions,
            setsigmask=[],
            # What Python ignores; what was ignored when we were started stays so, as after nohup.
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
            setsid=is_session,
        )
    except FileNotFoundError as error:
        if not os.path.exists(path):
            raise _not_found(argv[0]) from error
        reason = "the interpreter that its first line names does not exist"
        raise CommandNotFoundError(
            argv[0], exit_code=127, reason=reason, hint=f"head -n 1 {path}"
        ) from error
    except NotADirectoryError as error:
        raise _not_found(argv[0]) from error
    except OSError as error:
        if error.errno == errno.ENOEXEC and path != _SHELL:
            # A script without a first line that names its interpreter, as execvp(3) takes it.
            script = (_SHELL, path, *argv[1:])
            return _spawn(_SHELL, script, env, actions, is_session=is_session)
        is_mode = error.errno == errno.EACCES and not os.path.isdir(path)
        hint = f"chmod +x {argv[0]}" if is_mode else f"ls -ld {path}"
        reason = "" if is_mode else error.strerror or ""
        raise CommandNotFoundError(argv[0], exit_code=126, reason=reason, hint=hint) from error


def _locate(command: str, env: Mapping[str, str]) -> str:
    """Returns the path of a command; posix_spawnp(3) would look on our PATH, not on that of `env`.

    Like a shell, it goes on past a file that may not be executed, and falls back on it.
    """
    if "/" in command:
        return command
    fallback = None
    for directory in env.get("PATH", os.defpath).split(os.pathsep) if command else ():
        path = os.path.join(directory or ".", command)
        if os.path.isfile(path):
            if os.access(path, os.X_OK):
                return path
            fallback = fallback or path
    if fallback is None:
        raise _not_found(command)
    return fallback


def _not_found(command: str) -> CommandNotFoundError:
    return CommandNotFoundError(command, exit_code=127, hint=f"command -v {command}")


def exit_code_of(status: int) -> int:
    """Returns a wait status as a shell would: the exit code, or 128 + signal."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code

"""Runs commands through pipes and real terminals, as the user would."""

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.processes import wait_until

_DRIVER = """\
import os, sys
from repro.process import CommandNotFoundError
from repro.record.execute import execute
from repro.record.output_log import OutputLog

log = OutputLog(sys.argv[1])
try:
    ended = execute(sys.argv[2:], env=dict(os.environ), log=log, on_start=lambda pid: None)
except CommandNotFoundError as error:
    os._exit(error.exit_code)
log.close()
with open(sys.argv[1] + "-asked", "w") as file:
    file.write(str(ended.was_asked_to_stop))
os._exit(ended.exit_code)
"""
_PATIENCE_S = 60


def _argv(tmp_path: Path, *command: str) -> tuple[str, ...]:
    return (sys.executable, "-c", _DRIVER, str(tmp_path / "output"), *command)


def _run(tmp_path: Path, *command: str, input: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        _argv(tmp_path, *command),
        input=input,
        capture_output=True,
        timeout=_PATIENCE_S,
        check=False,
    )


def _python(
    tmp_path: Path, code: str, *, input: bytes = b""
) -> "subprocess.CompletedProcess[bytes]":
    return _run(tmp_path, sys.executable, "-c", code, input=input)


def _was_asked(tmp_path: Path) -> bool:
    return (tmp_path / "output-asked").read_text() == "True"


# Through pipes


def test_stdout_and_stderr_stay_apart_and_are_both_logged(tmp_path: Path) -> None:
    done = _run(tmp_path, "sh", "-c", "echo out; echo err >&2")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"out\n", b"err\n")
    assert sorted((tmp_path / "output").read_bytes().split()) == [b"err", b"out"]


def test_the_command_reads_our_stdin(tmp_path: Path) -> None:
    assert _run(tmp_path, "cat", input=b"x" * 300_000).stdout == b"x" * 300_000


def test_without_a_terminal_the_command_has_none(tmp_path: Path) -> None:
    code = "import os; print([os.isatty(fd) for fd in range(3)])"
    assert _python(tmp_path, code).stdout == b"[False, False, False]\n"


@pytest.mark.parametrize("code", [0, 1, 2, 37, 255])
def test_the_exit_code_is_the_commands(tmp_path: Path, code: int) -> None:
    assert _run(tmp_path, "sh", "-c", f"exit {code}").returncode == code
    assert not _was_asked(tmp_path)


def test_a_signal_that_nobody_asked_for_is_no_request_to_stop(tmp_path: Path) -> None:
    assert _run(tmp_path, "sh", "-c", "kill -KILL $$").returncode == 137
    assert not _was_asked(tmp_path)


@pytest.mark.parametrize(("command", "code"), [("no-such-command", 127), ("/etc/passwd", 126)])
def test_a_command_that_cannot_be_started_is_told(tmp_path: Path, command: str, code: int) -> None:
    assert _run(tmp_path, command).returncode == code


def test_what_a_grandchild_holds_open_is_not_waited_for(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    command = f"(cat '{fifo}'; echo late) & echo now"
    argv = _argv(tmp_path, "sh", "-c", command)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as started:
        assert started.stdout is not None
        assert started.stdout.read() == b"now\n"
        assert started.wait(_PATIENCE_S) == 0
    os.close(os.open(fifo, os.O_WRONLY))


def test_what_a_grandchild_prints_at_once_is_kept(tmp_path: Path) -> None:
    done = _run(tmp_path, "sh", "-c", "(echo from-child) & exit 3")
    assert (done.returncode, done.stdout) == (3, b"from-child\n")


def test_a_reader_that_goes_away_ends_the_command_as_without_us(tmp_path: Path) -> None:
    driver = _argv(tmp_path, "yes")
    shell = ("bash", "-c", '"$@" | head -n 2; echo ${PIPESTATUS[0]}', "bash", *driver)
    done = subprocess.run(shell, capture_output=True, timeout=_PATIENCE_S, check=False)
    assert done.stdout == b"y\ny\n%d\n" % (128 + signal.SIGPIPE)


def test_much_output_passes_whole_and_is_logged_in_part(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.buffer.write(b'0123456789abcde\\n' * 2**20)"
    assert _python(tmp_path, code).stdout == b"0123456789abcde\n" * 2**20
    logged = [file for file in tmp_path.iterdir() if not file.name.endswith("-asked")]
    assert sum(file.stat().st_size for file in logged) <= 3 * 512 * 1024


def test_output_comes_through_as_it_is_printed(tmp_path: Path) -> None:
    argv = _argv(tmp_path, "sh", "-c", "echo first; read x; echo $x")
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        assert started.stdin is not None
        assert started.stdout is not None
        assert started.stdout.readline() == b"first\n"
        started.stdin.write(b"second\n")
        started.stdin.flush()
        assert started.stdout.readline() == b"second\n"


_NOTES_SIGNALS = """\
import os, signal, sys
seen = []
for name in sys.argv[2:]:
    signal.signal(getattr(signal, name), lambda number, frame: seen.append(number))
os.write(1, b"ready\\n")
while not seen:
    signal.pause()
signal.signal(signal.SIGALRM, lambda number, frame: None)
signal.setitimer(signal.ITIMER_REAL, 0.3)  # long enough for a second one to arrive
signal.pause()
print(len(seen))
sys.exit(9)
"""
_WAITS = "import os, signal; os.write(1, b'ready\\n'); signal.pause()"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGQUIT"])
def test_a_signal_sent_to_us_reaches_the_command_once(tmp_path: Path, name: str) -> None:
    argv = _argv(tmp_path, sys.executable, "-c", _NOTES_SIGNALS, "x", name)
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"ready\n"
        started.send_signal(getattr(signal, name))
        assert started.stdout.read() == b"1\n"
        assert started.wait(_PATIENCE_S) == 9
    assert _was_asked(tmp_path) == (name in ("SIGINT", "SIGTERM", "SIGHUP"))


def test_a_command_that_catches_the_request_and_ends_well_was_not_stopped(tmp_path: Path) -> None:
    code = "trap 'exit 0' TERM; echo ready; while :; do read x; done"
    reader, writer = os.pipe()
    with subprocess.Popen(
        _argv(tmp_path, "bash", "-c", code), stdin=reader, stdout=subprocess.PIPE
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"ready\n"
        started.terminate()
        assert started.wait(_PATIENCE_S) == 0
    os.close(reader)
    os.close(writer)
    assert not _was_asked(tmp_path)


# At a terminal


class _Screen:
    """A terminal with our program at it: what is typed, and what it shows."""

    def __init__(self, argv: tuple[str, ...], *, stdin: int | None = None) -> None:
        self.master, slave = os.openpty()
        self.resize(40, 100)
        self.slave_path = os.ttyname(slave)
        self.shown = b""
        # setsid and TIOCSCTTY in the child, so that the terminal is its controlling one.
        take = "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(2, termios.TIOCSCTTY, 0)"
        self.process = subprocess.Popen(
            (sys.executable, "-c", f"{take}; os.execvp(sys.argv[1], sys.argv[1:])", *argv),
            stdin=slave if stdin is None else stdin,
            stdout=slave,
            stderr=slave,
        )
        self._slave = slave

    def resize(self, rows: int, columns: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def wait_for(self, text: bytes) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while text not in self.shown:
            ready, _, _ = select.select([self.master], [], [], deadline - time.monotonic())
            assert ready, self.shown
            self.shown += os.read(self.master, 65536)

    def end(self) -> int:
        code = self.process.wait(_PATIENCE_S)
        while select.select([self.master], [], [], 0)[0]:
            self.shown += os.read(self.master, 65536)
        return code

    def settings(self) -> list[object]:
        return list(termios.tcgetattr(self._slave))

    def close(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(_PATIENCE_S)
        os.close(self.master)
        os.close(self._slave)


@pytest.fixture
def screens() -> Iterator[list[_Screen]]:
    opened: list[_Screen] = []
    yield opened
    for screen in opened:
        screen.close()


def _at_terminal(
    screens: list[_Screen], tmp_path: Path, *command: str, stdin: int | None = None
) -> _Screen:
    screen = _Screen(_argv(tmp_path, *command), stdin=stdin)
    screens.append(screen)
    return screen


def test_at_a_terminal_the_command_has_one_of_the_same_size(
    screens: list[_Screen], tmp_path: Path
) -> None:
    code = "import os; print([os.isatty(fd) for fd in range(3)], os.get_terminal_size(), 'done')"
    screen = _at_terminal(screens, tmp_path, sys.executable, "-c", code)
    screen.wait_for(b"done")
    assert b"[True, True, True] os.terminal_size(columns=100, lines=40)" in screen.shown
    assert screen.end() == 0
    assert b"[True, True, True]" in (tmp_path / "output").read_bytes()


def test_the_terminal_is_the_commands_controlling_one(
    screens: list[_Screen], tmp_path: Path
) -> None:
    screen = _at_terminal(screens, tmp_path, "sh", "-c", "echo through-tty > /dev/tty")
    screen.wait_for(b"through-tty")
    assert screen.end() == 0


def test_what_is_typed_reaches_the_command(screens: list[_Screen], tmp_path: Path) -> None:
    screen = _at_terminal(screens, tmp_path, "sh", "-c", "echo ready; read x; echo got-$x")
    screen.wait_for(b"ready")
    screen.type(b"hello\n")
    screen.wait_for(b"got-hello")
    assert screen.end() == 0


def test_the_end_of_input_typed_reaches_the_command(screens: list[_Screen], tmp_path: Path) -> None:
    screen = _at_terminal(screens, tmp_path, "sh", "-c", "echo ready; cat; echo end")
    screen.wait_for(b"ready")
    screen.type(b"\x04")
    screen.wait_for(b"end")
    assert screen.end() == 0


def test_ctrl_c_typed_interrupts_the_command(screens: list[_Screen], tmp_path: Path) -> None:
    screen = _at_terminal(screens, tmp_path, sys.executable, "-c", _WAITS)
    screen.wait_for(b"ready")
    screen.type(b"\x03")
    assert screen.end() == 130
    assert _was_asked(tmp_path)


def test_ctrl_c_typed_reaches_the_command_once(screens: list[_Screen], tmp_path: Path) -> None:
    argv = (sys.executable, "-c", _NOTES_SIGNALS, "x", "SIGINT")
    screen = _at_terminal(screens, tmp_path, *argv)
    screen.wait_for(b"ready")
    screen.type(b"\x03")
    assert screen.end() == 9
    assert screen.shown == b"ready\r\n^C1\r\n"


def test_ctrl_c_where_stdin_is_no_terminal_reaches_what_a_shell_runs(
    screens: list[_Screen], tmp_path: Path
) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    # The inner one says that it is ready: a shell may lose a Ctrl-C while it forks.
    command = '"$@"; echo not-reached'
    argv = ("bash", "-c", command, "bash", sys.executable, "-c", _WAITS)
    screen = _at_terminal(screens, tmp_path, *argv, stdin=null)
    os.close(null)
    screen.wait_for(b"ready\r\n")
    screen.type(b"\x03")
    assert screen.end() == 130
    assert b"not-reached" not in screen.shown


def test_ctrl_z_typed_does_not_leave_us_hanging(screens: list[_Screen], tmp_path: Path) -> None:
    screen = _at_terminal(screens, tmp_path, "sh", "-c", "echo ready; read x; echo got-$x")
    screen.wait_for(b"ready")
    screen.type(b"\x1a")
    screen.type(b"on\n")
    screen.wait_for(b"got-")
    assert screen.end() == 0


def test_a_resize_is_passed_on(screens: list[_Screen], tmp_path: Path) -> None:
    code = (
        "import os, signal; signal.signal(signal.SIGWINCH, lambda *_: None); print('ready')\n"
        "while os.get_terminal_size().columns == 100: signal.sigtimedwait([], 0.01)\n"
        "print(os.get_terminal_size(), 'done')"
    )
    screen = _at_terminal(screens, tmp_path, sys.executable, "-u", "-c", code)
    screen.wait_for(b"ready")
    screen.resize(30, 77)
    screen.wait_for(b"columns=77, lines=30")
    assert screen.end() == 0


def test_the_terminal_is_put_back_as_it_was(screens: list[_Screen], tmp_path: Path) -> None:
    screen = _at_terminal(screens, tmp_path, "sh", "-c", "echo ready; read x")
    before = screen.settings()
    screen.wait_for(b"ready")
    wait_until(lambda: screen.settings() != before)
    screen.type(b"\n")
    assert screen.end() == 0
    assert screen.settings() == before


def test_a_terminal_for_stderr_alone_leaves_stdout_a_pipe(
    screens: list[_Screen], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    code = "import os; print([os.isatty(fd) for fd in range(3)])"
    argv = _argv(tmp_path, sys.executable, "-c", code)
    screen = _Screen(("sh", "-c", f'"$@" > {out}', "sh", *argv))
    screens.append(screen)
    assert screen.end() == 0
    assert out.read_text() == "[True, False, True]\n"

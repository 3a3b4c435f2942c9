"""Starts real processes through the one door."""

import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from repro import process
from repro.process import CommandNotFoundError


def _python(code: str, *, stdin: bytes = b"", timeout_s: float | None = None) -> process.Result:
    argv = (sys.executable, "-I", "-c", code)
    return process.run(argv, env=dict(os.environ), stdin=stdin, timeout_s=timeout_s)


def _open_fds() -> set[str]:
    found = set()
    for fd in os.listdir("/dev/fd"):
        try:
            os.fstat(int(fd))
        except OSError:  # the one that listed them
            continue
        found.add(fd)
    return found


def _in_fork(check: Callable[[], int]) -> int:
    """Runs a check that ruins its process's descriptors in a process of its own."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            code = check()
        finally:
            os._exit(code)
    return process.exit_code_of(os.waitpid(pid, 0)[1])


def test_stdout_and_stderr_are_kept_apart() -> None:
    result = _python("import sys; print('out'); print('err', file=sys.stderr)")
    assert result == process.Result(0, b"out\n", b"err\n")


def test_the_exit_code_is_the_processs_own() -> None:
    assert _python("raise SystemExit(37)").code == 37


def test_a_process_that_a_signal_ended_has_128_and_the_signal() -> None:
    code = _python("import os, signal; os.kill(os.getpid(), signal.SIGTERM)").code
    assert code == 128 + signal.SIGTERM


def test_megabytes_in_and_out_at_once_do_not_deadlock() -> None:
    sent = os.urandom(2**20) * 3
    code = "import sys; o = sys.stdout.buffer\nwhile c := sys.stdin.buffer.read1(): o.write(c)"
    assert _python(code, stdin=sent).out == sent


def test_megabytes_to_both_outputs_arrive_whole() -> None:
    code = "import os\nfor _ in range(40): os.write(1, b'o' * 65536); os.write(2, b'e' * 65536)"
    result = _python(code)
    assert (len(result.out), len(result.err)) == (40 * 65536, 40 * 65536)


def test_a_process_that_does_not_read_its_input_is_no_error() -> None:
    result = _python("print('done')", stdin=b"x" * 2**20)
    assert (result.code, result.out) == (0, b"done\n")


def test_input_is_read_to_the_end_by_a_process_that_closed_its_outputs_late() -> None:
    result = _python("import sys; print(len(sys.stdin.buffer.read()))", stdin=b"x" * 200_000)
    assert result.out == b"200000\n"


def test_without_input_stdin_is_at_its_end() -> None:
    assert _python("import sys; print(repr(sys.stdin.read()))").out == b"''\n"


def test_the_environment_is_exactly_the_one_given() -> None:
    result = process.run(("/usr/bin/env",), env={"ONLY": "this"})
    assert result.out == b"ONLY=this\n"


def test_arguments_that_are_not_utf8_arrive_as_bytes() -> None:
    result = process.run(("printf", "%s", "caf\udce9"), env=dict(os.environ))
    assert result.out == b"caf\xe9"


def test_a_command_that_is_nowhere_has_127_and_a_hint() -> None:
    with pytest.raises(CommandNotFoundError) as caught:
        process.run(("no-such-command",), env=dict(os.environ))
    assert caught.value.exit_code == 127
    assert caught.value.message == "command not found: no-such-command"
    assert caught.value.hint == "command -v no-such-command"


@pytest.mark.parametrize("command", ["", "./none", "/dev/null/below"])
def test_a_path_that_is_nowhere_has_127(command: str) -> None:
    with pytest.raises(CommandNotFoundError) as caught:
        process.run((command,), env=dict(os.environ))
    assert caught.value.exit_code == 127


def test_a_file_that_may_not_be_executed_has_126_and_says_chmod(tmp_path: Path) -> None:
    script = tmp_path / "plain"
    script.write_text("#!/bin/sh\n")
    with pytest.raises(CommandNotFoundError) as caught:
        process.run((str(script),), env=dict(os.environ))
    assert (caught.value.exit_code, caught.value.hint) == (126, f"chmod +x {script}")


def test_a_directory_has_126(tmp_path: Path) -> None:
    with pytest.raises(CommandNotFoundError) as caught:
        process.run((str(tmp_path),), env=dict(os.environ))
    assert (caught.value.exit_code, caught.value.hint) == (126, f"ls -ld {tmp_path}")


def test_a_script_without_a_first_line_is_run_by_the_shell(tmp_path: Path) -> None:
    script = tmp_path / "bare"
    script.write_text('echo "shell says $1"\n')
    script.chmod(0o755)
    assert process.run((str(script), "hello"), env=dict(os.environ)).out == b"shell says hello\n"


def test_a_missing_interpreter_is_told_from_a_missing_command(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/python\n")
    script.chmod(0o755)
    with pytest.raises(CommandNotFoundError, match="interpreter") as caught:
        process.run((str(script),), env=dict(os.environ))
    assert (caught.value.exit_code, caught.value.hint) == (127, f"head -n 1 {script}")


def test_arguments_beyond_the_systems_limit_are_said_to_be_too_long() -> None:
    with pytest.raises(CommandNotFoundError, match="Argument list too long") as caught:
        process.run(("true", "x" * 2**22), env=dict(os.environ))
    assert caught.value.exit_code == 126


def test_the_command_is_looked_up_on_the_path_of_its_own_environment(tmp_path: Path) -> None:
    script = tmp_path / "only-here"
    script.write_text("#!/bin/sh\necho found\n")
    script.chmod(0o755)
    env = {"PATH": f"/nowhere:{tmp_path}"}
    assert process.run(("only-here",), env=env).out == b"found\n"


def test_a_file_on_the_path_that_may_not_be_executed_is_passed_over(tmp_path: Path) -> None:
    for name, mode in (("first", 0o644), ("second", 0o755)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tool").write_text(f"#!/bin/sh\necho {name}\n")
        (tmp_path / name / "tool").chmod(mode)
    env = {"PATH": f"{tmp_path}/first:{tmp_path}/second"}
    assert process.run(("tool",), env=env).out == b"second\n"
    with pytest.raises(CommandNotFoundError) as caught:
        process.run(("tool",), env={"PATH": f"{tmp_path}/first"})
    assert caught.value.exit_code == 126


def test_silence_beyond_the_timeout_kills() -> None:
    result = _python("import time; print('x', flush=True); time.sleep(600)", timeout_s=0.5)
    assert result.code == 128 + signal.SIGKILL


def test_a_timeout_does_not_wait_for_what_the_killed_process_left_behind(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    # The grandchild holds stdout open until this test opens the other end.
    argv = ("sh", "-c", f"cat '{fifo}' & wait")
    result = process.run(argv, env=dict(os.environ), timeout_s=0.3)
    assert result.code == 128 + signal.SIGKILL
    os.close(os.open(fifo, os.O_WRONLY))


def test_nothing_is_left_no_zombie_and_no_descriptor() -> None:
    before = _open_fds()
    _python("print('x')", stdin=b"y" * 100_000)
    _python("import time; time.sleep(600)", timeout_s=0.1)
    with pytest.raises(CommandNotFoundError):
        process.run(("no-such-command",), env=dict(os.environ), stdin=b"x")
    assert _open_fds() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_process_inherits_no_descriptor_but_the_three() -> None:
    held = os.open(os.devnull, os.O_RDONLY)
    try:
        result = _python("import os; print(sorted(map(int, os.listdir('/dev/fd')))[:4])")
    finally:
        os.close(held)
    assert result.out == b"[0, 1, 2, 3]\n"  # 3 is the listing itself


@pytest.mark.parametrize("closed", [(0,), (1,), (0, 1), (0, 1, 2)])
def test_captured_output_works_where_low_descriptors_are_closed(closed: tuple[int, ...]) -> None:
    def check() -> int:
        for fd in closed:
            os.close(fd)
        result = process.run(("sh", "-c", "cat; echo err >&2"), env=dict(os.environ), stdin=b"in")
        return 0 if result == process.Result(0, b"in", b"err\n") else 1

    assert _in_fork(check) == 0


def test_stdout_and_stderr_may_be_swapped(tmp_path: Path) -> None:
    def check() -> int:
        for fd, name in ((1, "one"), (2, "two")):
            opened = os.open(tmp_path / name, os.O_WRONLY | os.O_CREAT)
            os.dup2(opened, fd)
        argv = ("sh", "-c", "echo out; echo err >&2")
        pid = process.spawn(argv, env=dict(os.environ), fds=(0, 2, 1))
        return process.exit_code_of(os.waitpid(pid, 0)[1])

    assert _in_fork(check) == 0
    assert ((tmp_path / "one").read_text(), (tmp_path / "two").read_text()) == ("err\n", "out\n")


def test_several_processes_work_side_by_side() -> None:
    env = dict(os.environ)
    pending = [process.start(("sh", "-c", f"echo {n}"), env=env) for n in range(5)]
    assert [p.result().out for p in reversed(pending)] == [f"{n}\n".encode() for n in "43210"]


def test_a_broken_pipe_ends_the_process_as_it_does_in_a_shell() -> None:
    result = process.run(("sh", "-c", "yes | head -n 1"), env=dict(os.environ))
    assert (result.out, result.err) == (b"y\n", b"")


def test_an_interrupt_that_we_ignore_is_ignored_by_the_process_too() -> None:
    def check() -> int:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
        return 0 if _python(code).out == b"True\n" else 1

    assert _in_fork(check) == 0


def test_blocked_signals_are_not_blocked_in_the_process() -> None:
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    try:
        result = _python("import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))")
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)
    assert result.out == b"set()\n"


def test_when_the_time_is_up_it_ends_however_much_it_says() -> None:
    code = "while True: print('on and on', flush=True)"
    started = process.start((sys.executable, "-I", "-c", code), env=dict(os.environ))

    result = started.result(ends_at_s=time.monotonic() + 0.5)

    assert started.is_overdue
    assert result.code == 128 + signal.SIGKILL
    assert result.out.startswith(b"on and on\n")


def test_a_session_ends_with_all_that_it_started_and_has_no_terminal() -> None:
    shell = "(exec 3</dev/tty) 2>/dev/null || echo none; sleep 1000 & echo $!; wait"
    started = process.start(("sh", "-c", shell), env=dict(os.environ), is_session=True)

    result = started.result(ends_at_s=time.monotonic() + 1)

    word, pid = result.out.split()
    assert word == b"none"
    assert started.is_overdue
    with suppress(ProcessLookupError):  # else it is dying
        assert select.select([os.pidfd_open(int(pid))], [], [], 5)[0]


def test_a_session_that_ends_in_time_is_like_any_other_process() -> None:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    started = process.start(("sh", "-c", "echo out; exit 3"), env=dict(os.environ), is_session=True)

    assert started.result(ends_at_s=time.monotonic() + 60) == process.Result(3, b"out\n", b"")
    assert not started.is_overdue
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mask
    with pytest.raises(CommandNotFoundError):
        process.start(("no-such-program",), env=dict(os.environ), is_session=True)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mask

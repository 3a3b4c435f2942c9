"""The bootstrap in real interpreters, and what is read back from its trace."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.environment.probe import probe
from repro.model.environment import Interpreter
from repro.record.trace import (
    BOOTSTRAP,
    StartedInterpreter,
    Trace,
    main_interpreter,
    read_trace,
    trace_environment,
)
from tests.environment.pythons import make_venv, pythons, run_python

_AUDITED = {v: p for v, p in pythons().items() if tuple(map(int, v.split("."))) >= (3, 8)}


def _trace(cwd: Path, *argv: str, python: str = sys.executable, **variables: str) -> Trace:
    """Runs a Python with a trace and holds that it went well and printed nothing."""
    log = cwd / "the trace"
    log.touch()
    env = trace_environment({**os.environ, **variables}, str(log))
    done = run_python(*argv, cwd=cwd, env=env, python=python)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return read_trace(str(log))


def _names(paths: tuple[str, ...], cwd: Path) -> list[str]:
    return [os.path.relpath(path, cwd) for path in paths]


@pytest.mark.parametrize("version", sorted(_AUDITED))
def test_every_python_notes_reads_and_writes(version: str, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("1")
    code = "open('in.csv').close(); open('out.csv', 'w').close()"
    trace = _trace(tmp_path, "-c", code, python=_AUDITED[version])
    assert _names(trace.inputs, tmp_path) == ["in.csv"]
    assert _names(trace.writes, tmp_path) == ["out.csv"]


@pytest.mark.parametrize("version", sorted(pythons()))
def test_every_python_says_what_it_is(version: str, tmp_path: Path) -> None:
    trace = _trace(tmp_path, "-c", "pass", python=pythons()[version])
    assert [started.interpreter.version for started in trace.interpreters] == [version]


def test_the_trace_and_the_probe_describe_the_same_interpreter(tmp_path: Path) -> None:
    trace = _trace(tmp_path, "-c", "pass")
    assert trace.interpreters[0].interpreter == probe(sys.executable, env=os.environ)


def test_the_command_line_and_the_directory_are_noted(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("")
    started = _trace(tmp_path, "-B", "train.py", "--lr", "a\nb").interpreters[0]
    assert started.argv[1:] == ("-B", "train.py", "--lr", "a\nb")
    assert started.cwd == str(tmp_path)


def test_the_program_does_not_see_the_bootstrap_on_its_path(tmp_path: Path) -> None:
    code = f"import sys; assert {BOOTSTRAP!r} not in sys.path, sys.path"
    _trace(tmp_path, "-c", code)


def test_pythons_started_by_the_program_are_seen(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'pass'], check=True)"
    assert len(_trace(tmp_path, "-c", code).interpreters) == 2


def test_an_isolated_python_leaves_no_trace(tmp_path: Path) -> None:
    assert _trace(tmp_path, "-I", "-c", "pass") == Trace()


def test_the_users_sitecustomize_runs(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/sitecustomize.py").write_text("import builtins; builtins.mark = 7")
    code = "import sitecustomize; assert mark == 7 and 'own' in sitecustomize.__file__"
    trace = _trace(tmp_path, "-c", code, PYTHONPATH=str(tmp_path / "own"))
    assert len(trace.interpreters) == 1


@pytest.mark.parametrize("version", sorted(pythons()))
@pytest.mark.parametrize("body", ["1 / 0", "import no_such_module_here", "raise ImportError('x')"])
def test_an_error_in_the_users_sitecustomize_is_reported_as_without_us(
    version: str, body: str, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(body)
    log = tmp_path / "trace"
    log.touch()
    plain = {**os.environ, "PYTHONPATH": str(tmp_path)}
    python = pythons()[version]
    without = run_python("-c", "pass", cwd=tmp_path, env=plain, python=python)
    traced = trace_environment(plain, str(log))
    done = run_python("-c", "pass", cwd=tmp_path, env=traced, python=python)
    assert (done.returncode, done.stderr) == (without.returncode, without.stderr)
    assert len(read_trace(str(log)).interpreters) == 1


def test_a_forked_process_goes_on_noting(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).touch()
    code = "import os; open('a').close(); pid = os.fork(); pid and os.waitpid(pid, 0); open('b')"
    trace = _trace(tmp_path, "-W", "ignore", "-c", code)
    assert _names(trace.reads, tmp_path) == ["a", "b"]


def test_threads_lose_nothing(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number in range(400):
        (tmp_path / f"data/{number}").touch()
    code = (
        "from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "def read(n): open('data/%d' % n).close()\n"
        "with Pool(8) as pool: list(pool.map(read, range(400)))"
    )
    assert len(_trace(tmp_path, "-c", code).inputs) == 400


def test_worker_processes_are_seen(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    script = (
        "import multiprocessing\n"
        "def read(name): open(name).close()\n"
        "if __name__ == '__main__':\n"
        "    for method in ('spawn', 'fork'):\n"
        "        context = multiprocessing.get_context(method)\n"
        "        worker = context.Process(target=read, args=('x',))\n"
        "        worker.start(); worker.join(); assert worker.exitcode == 0\n"
    )
    (tmp_path / "train.py").write_text(script)
    trace = _trace(tmp_path, "train.py")
    assert "x" in _names(trace.inputs, tmp_path)
    started = main_interpreter(trace, str(tmp_path))
    assert started is not None
    assert started.argv[1:] == ("train.py",)


def test_two_thousand_files_are_all_noted(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for number in range(2000):
        (tmp_path / f"images/{number}").touch()
    code = "for n in range(2000): open('images/%d' % n).close(); open('images/1').close()"
    assert len(_trace(tmp_path, "-c", code).reads) == 2000


def test_a_process_stops_noting_at_the_limit_and_says_so(tmp_path: Path) -> None:
    source = Path(BOOTSTRAP, "sitecustomize.py").read_text()
    (tmp_path / "small").mkdir()
    limited = source.replace("_LIMIT = 100000", "_LIMIT = 3")
    assert limited != source
    (tmp_path / "small/sitecustomize.py").write_text(limited)
    log = tmp_path / "trace"
    log.touch()
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "small"), "REPRO_TRACE": str(log)}
    code = "for n in range(9): open('f%d' % n, 'w').close()"
    assert run_python("-c", code, cwd=tmp_path, env=env).returncode == 0
    trace = read_trace(str(log))
    assert (_names(trace.writes, tmp_path), trace.is_whole) == (["f0", "f1", "f2"], False)


def test_what_was_not_there_is_no_input(tmp_path: Path) -> None:
    code = "import os\nfor _ in (1, 2):\n try: open('state')\n except OSError: open('state', 'w')"
    trace = _trace(tmp_path, "-W", "ignore", "-c", code)
    assert (trace.inputs, _names(trace.writes, tmp_path)) == ((), ["state"])


def test_a_file_changed_in_place_is_input_and_output(tmp_path: Path) -> None:
    (tmp_path / "weights").touch()
    trace = _trace(tmp_path, "-c", "open('weights', 'r+b').close()")
    assert _names(trace.inputs, tmp_path) == _names(trace.writes, tmp_path) == ["weights"]


def test_a_rename_writes_its_target(tmp_path: Path) -> None:
    code = "import os; open('part', 'w').close(); os.replace('part', 'whole')"
    trace = _trace(tmp_path, "-c", code)
    assert _names(trace.writes, tmp_path) == ["part", "whole"]


def test_an_sqlite_database_is_an_input(tmp_path: Path) -> None:
    uri = "sqlite3.connect('file:a.db?mode=ro', uri=True)"
    code = f"import sqlite3; {uri}; sqlite3.connect(':memory:')"
    (tmp_path / "a.db").touch()
    trace = _trace(tmp_path, "-W", "ignore", "-c", code)
    assert _names(trace.inputs, tmp_path) == ["a.db"]


def test_odd_names_come_back_whole(tmp_path: Path) -> None:
    names = ["a b", "-x", "new\nline", os.fsdecode(b"caf\xe9"), "ünï", "x" * 200]
    for name in names:
        (tmp_path / name).touch()
    code = "import os\nfor n in os.listdir(b'.'): open(n).close()"
    trace = _trace(tmp_path, "-c", code)
    assert set(names) <= set(_names(trace.reads, tmp_path))


def test_directories_pipes_and_devices_are_no_inputs(tmp_path: Path) -> None:
    code = "import os; os.close(os.open('.', os.O_RDONLY)); open('/dev/null').close(); os.pipe()"
    assert _trace(tmp_path, "-c", code).reads == ()


def test_modules_of_the_project_are_noted_by_their_source(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("")
    for _ in range(2):  # the second time from bytecode
        trace = _trace(tmp_path, "-c", "import model", PYTHONDONTWRITEBYTECODE="")
        assert _names(trace.inputs, tmp_path) == ["model.py"]
        assert trace.writes == ()


def test_modules_of_the_environment_are_not_noted(tmp_path: Path) -> None:
    python = make_venv(tmp_path / ".venv", "six==1.17.0")
    trace = _trace(tmp_path, "-c", "import six, json, email", python=python)
    assert trace.reads == ()


def test_a_removed_working_directory_does_not_stop_the_program(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    code = (
        "import os; os.chdir('gone'); os.rmdir('../gone')\n"
        "try: open('x')\nexcept FileNotFoundError: pass"
    )
    _trace(tmp_path, "-c", code)


def test_a_daemon_that_closes_everything_writes_into_no_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "in").touch()
    code = (
        "import os; os.closerange(3, 256)\n"
        "files = [open('log%d' % n, 'w') for n in range(5)]\n"
        "open('in').close()\n"
        "for f in files: f.close()\n"
        "assert not any(os.path.getsize('log%d' % n) for n in range(5))"
    )
    trace = _trace(tmp_path, "-c", code)
    assert _names(trace.inputs, tmp_path) == ["in"]


def test_a_trace_that_cannot_be_written_does_not_stop_the_program(tmp_path: Path) -> None:
    env = trace_environment(os.environ, str(tmp_path / "missing/trace"))
    done = run_python("-c", "print(open(__import__('os').devnull).read())", cwd=tmp_path, env=env)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_does_not_stop_the_program(tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    env = trace_environment(os.environ, "/dev/full")
    done = run_python("-c", "open('x', 'w').close()", cwd=tmp_path, env=env)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_exception_of_the_program_is_its_own(tmp_path: Path) -> None:
    log = tmp_path / "trace"
    log.touch()
    env = trace_environment(os.environ, str(log))
    done = run_python("-c", "open('nothing')", cwd=tmp_path, env=env)
    assert done.returncode == 1
    assert "sitecustomize" not in done.stderr


def test_the_users_pythonpath_is_kept_behind_ours() -> None:
    env = trace_environment({"PYTHONPATH": "a:b", "X": "1"}, "/t")
    assert env == {"PYTHONPATH": f"{BOOTSTRAP}:a:b", "X": "1", "REPRO_TRACE": "/t"}


def test_a_run_within_a_run_has_the_bootstrap_once() -> None:
    once = trace_environment({}, "/outer")
    assert trace_environment(once, "/inner")["PYTHONPATH"] == BOOTSTRAP


def test_a_trace_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert read_trace(str(tmp_path / "none")) == Trace()


def test_a_record_still_being_written_is_left_for_later(tmp_path: Path) -> None:
    log = tmp_path / "trace"
    log.write_bytes(b"r /a\0r /b")
    first = read_trace(str(log))
    log.write_bytes(b"r /a\0r /bc\0")
    assert (first.reads, read_trace(str(log), offset=first.end).reads) == (("/a",), ("/bc",))


def test_a_file_read_after_it_was_written_is_no_input(tmp_path: Path) -> None:
    log = tmp_path / "trace"
    log.write_bytes(b"w /a\0r /a\0r /b\0w /b\0r /./x/../b\0")
    trace = read_trace(str(log))
    assert (trace.reads, trace.inputs) == (("/a", "/b"), ("/b",))


def test_a_process_that_opened_too_many_files_is_told(tmp_path: Path) -> None:
    log = tmp_path / "trace"
    log.write_bytes(b"r /a\0o \0")
    assert not read_trace(str(log)).is_whole


@given(st.binary(max_size=300), st.lists(st.sampled_from([b"p {'path': 1}", b"r", b"p ((((", b""])))
def test_garbage_is_left_out(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, odd: list[bytes]
) -> None:
    log = tmp_path_factory.mktemp("garbage") / "trace"
    log.write_bytes(b"\0".join([raw, *odd, b"r /kept", b""]))
    assert "/kept" in read_trace(str(log)).reads


def test_nothing_in_a_trace_is_executed(tmp_path: Path) -> None:
    log = tmp_path / "trace"
    log.write_bytes(b"p __import__('os').mkdir('made')\0p {'version': open('x')}\0")
    assert read_trace(str(log)).interpreters == ()


def _started(*argv: str, prefix: str = "/usr", cwd: str = "/w") -> StartedInterpreter:
    interpreter = Interpreter("cpython", "3.12.1", "", argv[0], prefix, "/usr", ())
    return StartedInterpreter(interpreter, 1, argv, cwd)


@pytest.mark.parametrize(
    ("commands", "chosen"),
    [
        ([["python", "train.py"]], 0),
        ([["python", "/usr/bin/dvc", "repro"], ["python", "train.py"], ["python", "-c", "x"]], 1),
        ([["python", "/usr/bin/torchrun"], ["python", "-u", "/w/a/train.py"]], 1),
        ([["python", "-m", "pytest"], ["python", "/usr/bin/tool"]], 0),
        ([["python", "/w/.venv/bin/pytest"], ["python", "-m", "ipykernel_launcher"]], 1),
        ([["python", "-Wignore", "-X", "dev", "-OO", "t.py"], ["python", "/usr/bin/a"]], 0),
        ([["python", "t.py"], ["python", "-c", "from multiprocessing.spawn import x"]], 0),
        ([["python", "/usr/bin/a"], ["python", "/usr/bin/b"]], 0),
        ([["python", "t.py"], ["python3", "u.py"]], 1),
        ([["python", "/usr/bin/a"], ["python"]], 1),
        ([["python", "-c", "x"], ["python", "-m", "joblib.externals.loky.backend.popen"]], 0),
    ],
)
def test_the_projects_own_python_is_chosen(commands: list[list[str]], chosen: int) -> None:
    started = tuple(_started(*argv, prefix="/w/.venv") for argv in commands)
    assert main_interpreter(Trace(interpreters=started), "/w") is started[chosen]


def test_a_module_of_the_working_tree_goes_before_a_tool(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    ours = _started("python", "-m", "pkg.train", cwd=str(tmp_path))
    tool = _started("python", "-m", "pip", "freeze", cwd=str(tmp_path))
    assert main_interpreter(Trace(interpreters=(ours, tool)), str(tmp_path)) is ours


def test_without_any_python_there_is_none() -> None:
    assert main_interpreter(Trace(), "/w") is None

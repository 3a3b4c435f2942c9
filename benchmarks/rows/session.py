"""`repro.start_run()`: what a program that records itself pays, beside what it came to do."""

from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.floors import record_floor, run_floor
from benchmarks.repositories import make_tree
from benchmarks.result import Budget, Kind, Samples
from benchmarks.rows.row import Row

__all__ = ["SESSION"]

_EMPTY = """\
import repro
with repro.start_run(quiet=True):
    pass
"""
_START = """\
import sys, time
import repro
start_ns = time.perf_counter_ns()
run = repro.start_run(quiet=True)
elapsed_ns = time.perf_counter_ns() - start_ns
open(sys.argv[1], "w").write(str(elapsed_ns))
"""


def _import(bench: Bench, *, program: str) -> Samples:
    cwd = bench.directory("import")
    return bench.compare(
        lambda: bench.timed_ms((bench.python, "-c", "pass"), cwd=cwd),
        lambda: bench.timed_ms((bench.python, "-c", program), cwd=cwd),
    )


def _empty(bench: Bench) -> Samples:
    place = bench.directory("session")
    left, right = (make_tree(bench, place / side, n_files=100) for side in ("a", "b"))
    argv, variables = run_floor(bench, true="true")
    script = _script(bench, "empty.py", _EMPTY)

    def floor() -> float:
        env = {**variables, "NUMBER": str(left.edit())}
        return bench.timed_ms(argv, cwd=left.path, env=env)

    return bench.compare(floor, lambda: bench.timed_ms((bench.python, script), cwd=right.path))


def _start(bench: Bench) -> Samples:
    place = bench.directory("session-start")
    left, right = (make_tree(bench, place / side, n_files=100) for side in ("a", "b"))
    argv, variables = record_floor(bench)
    script = _script(bench, "start.py", _START)
    clock = place / "clock"

    def ours() -> float:
        bench.run(bench.python, script, str(clock), cwd=right.path)
        return int(clock.read_text()) / 1e6

    return bench.compare(lambda: bench.timed_ms(argv, cwd=left.path, env=variables), ours)


def _script(bench: Bench, name: str, text: str) -> str:
    path: Path = bench.scratch / name
    path.write_text(text)
    return str(path)


SESSION = (
    Row(
        "import",
        "import repro",
        "python -c pass",
        Budget(40, Kind.PLUS_MS),
        partial(_import, program="import repro"),
    ),
    Row(
        "import-api",
        "import repro, and all that logs with it",
        "python -c pass",
        Budget(40, Kind.PLUS_MS),
        partial(
            _import,
            program="import repro; repro.start_run, repro.log_metric, repro.log_params,"
            " repro.log_artifact",
        ),
    ),
    Row(
        "session",
        "a script with an empty repro.start_run(), whole process",
        "python start + snapshot and commit by git plumbing + true",
        Budget(3.0),
        _empty,
        note="100 files; a recorder of its own is started beside the script, and waited for",
    ),
    Row(
        "session-start",
        "repro.start_run() until it returns",
        "python start + git add -A + git write-tree on a copied index",
        Budget(2.5),
        _start,
        note="100 files; measured inside of the script: when it returns, the code is saved",
    ),
)

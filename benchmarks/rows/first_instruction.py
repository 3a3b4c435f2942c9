"""From Enter to the first instruction of the command, which says itself when that was."""

import time
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.repositories import make_tree
from benchmarks.result import Budget, Kind, Samples
from benchmarks.rows.row import Row

__all__ = ["FIRST_INSTRUCTION"]

_SHELL = ("sh", "-c", 'exec date +%s%N > "$0"')
_SCRIPT = """\
import time
now_ns = time.time_ns()
import sys
open(sys.argv[1], "w").write(str(now_ns))
"""


def _program(bench: Bench) -> Samples:
    return _compare(bench, "first-program", _SHELL)


def _python(bench: Bench) -> Samples:
    script = bench.scratch / "first.py"
    script.write_text(_SCRIPT)
    return _compare(bench, "first-python", (bench.python, str(script)))


def _compare(bench: Bench, name: str, command: tuple[str, ...]) -> Samples:
    place = bench.directory(name)
    tree = make_tree(bench, place / "tree", n_files=100)
    clock = place / "clock"

    def floor() -> float:
        return _wait_ms(bench, (*command, str(clock)), tree.path, clock)

    def ours() -> float:
        argv = (bench.repro, "run", "-q", "--", *command, str(clock))
        return _wait_ms(bench, argv, tree.path, clock)

    return bench.compare(floor, ours)


def _wait_ms(bench: Bench, argv: tuple[str, ...], cwd: Path, clock: Path) -> float:
    # The clock of the wall, the one that two processes and date(1) share.
    start_ns = time.time_ns()
    bench.timed_ms(argv, cwd=cwd)
    return (int(clock.read_text()) - start_ns) / 1e6


FIRST_INSTRUCTION = (
    Row(
        "first-program",
        "Enter to a program's first instruction",
        "the program alone",
        Budget(100, Kind.PLUS_MS),
        _program,
        note="100 files; the program is date(1), which prints the time",
    ),
    Row(
        "first-python",
        "Enter to a Python script's first line",
        "the script alone",
        Budget(100, Kind.PLUS_MS),
        _python,
        note="100 files; includes what tracing adds to the start of the script's own Python",
    ),
)

"""`repro run`: the whole process, around a command that does nothing."""

import shutil

from benchmarks.bench import Bench
from benchmarks.failure import BenchmarkError
from benchmarks.floors import run_floor
from benchmarks.repositories import Tree, make_dirty_tree, make_tree
from benchmarks.result import Budget, Samples
from benchmarks.rows.row import Row

__all__ = ["RUN"]

_FLOOR = "python start + snapshot and commit by git plumbing + true"


def _small(bench: Bench) -> Samples:
    place = bench.directory("run")
    return _compare(bench, *(make_tree(bench, place / side, n_files=100) for side in ("a", "b")))


def _dirty(bench: Bench) -> Samples:
    place = bench.directory("run-dirty")
    sides = (make_dirty_tree(bench, place / side, n_files=5000) for side in ("a", "b"))
    return _compare(bench, *sides)


def _compare(bench: Bench, left: Tree, right: Tree) -> Samples:
    true = _true()
    argv, variables = run_floor(bench, true=true)

    def floor() -> float:
        env = {**variables, "NUMBER": str(left.edit())}
        return bench.timed_ms(argv, cwd=left.path, env=env)

    def ours() -> float:
        right.edit()
        return bench.timed_ms((bench.repro, "run", "-q", "--", true), cwd=right.path)

    return bench.compare(floor, ours)


def _true() -> str:
    # As a program: in a shell script the word alone would start no process.
    path = shutil.which("true")
    if path is None:
        raise BenchmarkError("there is no program called true")
    return path


RUN = (
    Row("run", "repro run -- true, 100 files", _FLOOR, Budget(3.0), _small),
    Row(
        "run-dirty",
        "repro run -- true, 5,000 files, dirty",
        _FLOOR,
        Budget(2.0),
        _dirty,
        note="5 files are edited before each run, on both sides; 1 deleted, 3 untracked, 2 ignored",
    ),
)

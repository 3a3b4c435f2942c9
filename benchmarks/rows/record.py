"""`repro record`: what a git hook calls."""

from benchmarks.bench import Bench
from benchmarks.floors import record_floor
from benchmarks.repositories import make_dirty_tree
from benchmarks.result import Budget, Samples
from benchmarks.rows.row import Row

__all__ = ["RECORD"]

_FLOOR = "python start + git add -A + git write-tree on a copied index"


def _nothing_new(bench: Bench) -> Samples:
    return _compare(bench, "record-same", edits=False)


def _new_run(bench: Bench) -> Samples:
    return _compare(bench, "record-new", edits=True)


def _compare(bench: Bench, name: str, *, edits: bool) -> Samples:
    place = bench.directory(name)
    left, right = (make_dirty_tree(bench, place / side, n_files=5000) for side in ("a", "b"))
    argv, variables = record_floor(bench)

    def floor() -> float:
        if edits:
            left.edit()
        return bench.timed_ms(argv, cwd=left.path, env=variables)

    def ours() -> float:
        if edits:
            right.edit()
        return bench.timed_ms((bench.repro, "record", "-q"), cwd=right.path)

    return bench.compare(floor, ours)


RECORD = (
    Row(
        "record-same",
        "repro record, nothing new, 5,000 files, dirty",
        _FLOOR,
        Budget(1.5),
        _nothing_new,
    ),
    Row(
        "record-new",
        "repro record, a new run, 5,000 files, dirty",
        _FLOOR,
        Budget(2.5),
        _new_run,
        note="5 files are edited before each, on both sides",
    ),
)

"""How many bytes a run adds to the repository once git has packed it."""

import zlib
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.repositories import make_tree
from benchmarks.result import Budget, Kind, Samples
from benchmarks.rows.row import Row

__all__ = ["PACK"]

_N_RUNS = 200
_QUICK_RUNS = 40
_COMPARED = ("params.yaml", "metrics.json", "run.yaml")


def _measure(bench: Bench) -> Samples:
    n_runs = _N_RUNS if bench.pairs >= 15 else _QUICK_RUNS
    path = bench.directory("pack") / "repo"
    make_tree(bench, path, n_files=100)
    # The first brings what all share: the environment, its lock, the trees of the code.
    _run(bench, path, -1)
    before = _packed_bytes(bench, path)
    for number in range(n_runs):
        _run(bench, path, number)
    growth = (_packed_bytes(bench, path) - before) / n_runs
    return Samples([_deflated_bytes(bench, path)], [growth], unit="B")


def _run(bench: Bench, path: Path, number: int) -> None:
    script = ("python", "train.py", "--lr", f"{0.1 + number / 1000:.3f}", "--seed", str(number))
    bench.run(bench.repro, "run", "-q", "--", *script, cwd=path)


def _packed_bytes(bench: Bench, path: Path) -> int:
    # Nothing else works in this repository, so what is unreachable may go at once.
    bench.run("git", "gc", "--quiet", "--prune=now", cwd=path)
    return sum(pack.stat().st_size for pack in (path / ".git/objects/pack").glob("*.pack"))


def _deflated_bytes(bench: Bench, path: Path) -> float:
    """Returns the mean over the runs of what zlib makes of each one's own files."""
    runs = bench.run(
        "git", "for-each-ref", "--format=%(refname)", "refs/repro/runs/", cwd=path
    ).split()
    sizes = [
        len(zlib.compress(b"".join(_file(bench, path, run.decode(), n) for n in _COMPARED)))
        for run in runs
    ]
    return sum(sizes) / len(sizes)


def _file(bench: Bench, path: Path, run: str, name: str) -> bytes:
    return bench.run("git", "cat-file", "blob", f"{run}:.repro/{name}", cwd=path)


PACK = (
    Row(
        "pack",
        "bytes in the pack for a run, history apart",
        "zlib of its params.yaml, metrics.json and run.yaml",
        Budget(1700, Kind.BYTES),
        _measure,
        note=f"growth by {_N_RUNS} runs of a script with 2 params and 2 metrics ({_QUICK_RUNS} with"
        " --quick), after git gc, divided by their number; what all share is there before",
    ),
)

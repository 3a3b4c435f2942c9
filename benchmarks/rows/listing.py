"""`repro ls`: the newest runs, however many there are."""

from functools import partial

from benchmarks.bench import Bench
from benchmarks.many_runs import make_repository_with_runs
from benchmarks.result import Budget, Samples
from benchmarks.rows.row import Row

__all__ = ["LISTING"]


def _measure(bench: Bench, *, n_runs: int) -> Samples:
    path = bench.directory(f"ls-{n_runs}") / "repo"
    make_repository_with_runs(bench, path, n_runs=n_runs)
    click = (bench.python, "-c", "import click")
    return bench.compare(
        lambda: bench.timed_ms(click, cwd=path),
        lambda: bench.timed_ms((bench.repro, "ls", "-n", "20"), cwd=path),
    )


LISTING = tuple(
    Row(
        f"ls-{n_runs}",
        f"repro ls, newest 20 of {n_runs:,}, to a pipe",
        "python start + import click",
        Budget(1.5),
        partial(_measure, n_runs=n_runs),
    )
    for n_runs in (1_000, 10_000)
)

"""Trackers that a script calls: one trivial run, one param, one metric.

On their side the script calls the tracker. On ours it calls nothing: the same figures go through
its command line and ``metrics.json``, as a script that knows no tracker has them.
"""

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.peers.installed import Peer
from benchmarks.repositories import commit_all, make_tree
from benchmarks.result import Budget, Samples
from benchmarks.rows.row import Row

__all__ = ["exptrack_rows", "mlflow_rows", "wandb_rows"]

_ARGUMENT = """\
import sys
rate = float(sys.argv[sys.argv.index("--lr") + 1])
"""
_MLFLOW = f"""\
{_ARGUMENT}
import mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
with mlflow.start_run():
    mlflow.log_param("lr", rate)
    mlflow.log_metric("accuracy", 0.9 - rate)
"""
_WANDB = f"""\
{_ARGUMENT}
import wandb
settings = wandb.Settings(silent=True)
run = wandb.init(project="bench", mode="offline", config={{"lr": rate}}, settings=settings)
run.log({{"accuracy": 0.9 - rate}})
run.finish()
"""
_EXPTRACK = """\
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
rate = parser.parse_args().lr
globals()["__exptrack__"].log_metrics({"accuracy": 0.9 - rate})
"""
_IGNORED = "__pycache__/\n/metrics.json\n/mlflow.db*\n/mlruns/\n/wandb/\n/outputs/\n/.exptrack/\n"
_OURS = "repro run -- python train.py"
_MORE = (
    "100 files, committed; the peer keeps neither the code's tree, nor data, nor a lock of the"
    " environment"
)


def mlflow_rows(bench: Bench, peer: Peer) -> list[Row]:
    """Returns the row beside MLflow with a database file."""
    del bench
    argv = (peer.command("python"), "tracked.py")
    return [
        _row(
            "mlflow",
            "a script with mlflow: start_run, log_param, log_metric, in SQLite",
            lambda bench: _compare(bench, "mlflow", _MLFLOW, argv),
            f"{_MORE}; it records the commit",
        )
    ]


def wandb_rows(bench: Bench, peer: Peer) -> list[Row]:
    """Returns the row beside W&B without its server."""
    del bench
    argv = (peer.command("python"), "tracked.py")
    return [
        _row(
            "wandb",
            "a script with wandb, offline: init, log, finish",
            lambda bench: _compare(bench, "wandb", _WANDB, argv),
            f"{_MORE}; it records the commit, a diff, and requirements, and samples the hardware",
        )
    ]


def exptrack_rows(bench: Bench, peer: Peer) -> list[Row]:
    """Returns the row beside exptrack."""
    del bench
    exptrack = peer.command("exptrack")

    def measure(bench: Bench) -> Samples:
        argv = (exptrack, "run", "tracked.py")
        return _compare(bench, "exptrack", _EXPTRACK, argv, prepare=(exptrack, "init"))

    note = (
        f"{_MORE}; it runs the script inside its own process, records the commit, a diff, the"
        " script's source and what the script printed, and of packages those imported, by version"
    )
    return [_row("exptrack", "exptrack run of a script that logs a metric", measure, note)]


def _row(name: str, theirs: str, measure: Callable[[Bench], Samples], note: str) -> Row:
    return Row(f"peer-{name}", _OURS, theirs, Budget(1.0), measure, note=note)


def _compare(
    bench: Bench,
    name: str,
    script: str,
    theirs: Sequence[str],
    *,
    prepare: Sequence[str] = (),
) -> Samples:
    place = bench.directory(name)
    left, right = (_tree(bench, place / side, script) for side in ("a", "b"))
    if prepare:
        bench.run(*prepare, cwd=left)
        commit_all(bench, left)
    numbers = count(1)

    def timed(argv: Sequence[str], cwd: Path) -> float:
        rate = next(numbers) / 1000
        return bench.timed_ms((*argv, "--lr", f"{rate:.3f}"), cwd=cwd)

    ours = (bench.repro, "run", "-q", "--", bench.python, "train.py")
    return bench.compare(lambda: timed(theirs, left), lambda: timed(ours, right))


def _tree(bench: Bench, path: Path, script: str) -> Path:
    make_tree(bench, path, n_files=100)
    (path / "tracked.py").write_text(script)
    (path / ".gitignore").write_text(_IGNORED)
    commit_all(bench, path)
    return path

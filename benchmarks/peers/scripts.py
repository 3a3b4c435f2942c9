"""Trackers that a script calls: one trivial run, one param, one metric.

On their side the script calls the tracker. On ours it calls nothing: the same figures go through
its command line and ``metrics.json``, as a script that knows no tracker has them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.peers.installed import Peers
from benchmarks.repositories import commit_all, make_tree
from benchmarks.result import Budget, Samples
from benchmarks.rows.row import Row

__all__ = ["script_rows"]

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
_LESS = "100 files, committed; it keeps neither the code's tree, nor data, nor a lock; it records"


@dataclass(frozen=True)
class _Tracker:
    """A peer and how it is used.

    Attributes:
        package: As PyPI calls it.
        script: ``tracked.py``.
        command: One of its commands, and arguments.
        floor: What it does, in words.
        records: What it records beside the param and the metric.
        prepare: Arguments for a call before the first run; none by default.
    """

    package: str
    script: str
    command: tuple[str, ...]
    floor: str
    records: str
    prepare: tuple[str, ...] = ()


_TRACKERS = (
    _Tracker(
        "mlflow",
        _MLFLOW,
        ("python", "tracked.py"),
        "a script that calls mlflow with a SQLite file: start_run, log_param, log_metric",
        "the commit",
    ),
    _Tracker(
        "wandb",
        _WANDB,
        ("python", "tracked.py"),
        "a script that calls wandb, offline: init, log, finish",
        "the commit, a diff, the versions of installed packages, what is printed, and hardware",
    ),
    _Tracker(
        "exptrack",
        _EXPTRACK,
        ("exptrack", "run", "tracked.py"),
        "exptrack run of a script that logs a metric",
        "the commit, a diff, the script, what is printed, and the versions of imported packages;"
        " it runs the script inside its own process",
        prepare=("init",),
    ),
)


def script_rows(peers: Peers) -> tuple[Row, ...]:
    """Returns the rows beside MLflow, W&B and exptrack."""
    return tuple(
        Row(
            f"peer-{tracker.package}",
            f"repro run -- python train.py, beside {tracker.package}",
            tracker.floor,
            Budget(1.0),
            partial(_compare, peers=peers, tracker=tracker),
            note=f"{_LESS} {tracker.records}",
        )
        for tracker in _TRACKERS
    )


def _compare(bench: Bench, *, peers: Peers, tracker: _Tracker) -> Samples:
    name, *arguments = tracker.command
    theirs = (peers.get(tracker.package).command(name), *arguments)
    ours = (bench.repro, "run", "-q", "--", bench.python, "train.py")
    place = bench.directory(tracker.package)
    left, right = (_tree(bench, place / side, tracker.script) for side in ("a", "b"))
    if tracker.prepare:
        bench.run(theirs[0], *tracker.prepare, cwd=left)
        commit_all(bench, left)
    numbers = count(1)

    def timed(argv: Sequence[str], cwd: Path) -> float:
        return bench.timed_ms((*argv, "--lr", f"{next(numbers) / 1000:.3f}"), cwd=cwd)

    return bench.compare(lambda: timed(theirs, left), lambda: timed(ours, right))


def _tree(bench: Bench, path: Path, script: str) -> Path:
    make_tree(bench, path, n_files=100)
    (path / "tracked.py").write_text(script)
    (path / ".gitignore").write_text(_IGNORED)
    commit_all(bench, path)
    return path

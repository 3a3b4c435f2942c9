"""Trackers that a script calls, with many points: logged, kept on disk, and read back.

Both sides log 20 metrics a step, each value a full-width float, in the way that the tracker is
quickest at; where a million points would take minutes there are fewer, and the row says so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from benchmarks.bench import Bench
from benchmarks.peers.installed import Peers
from benchmarks.repositories import commit_all, make_tree
from benchmarks.result import Budget, Samples
from benchmarks.rows.points import N_METRICS, VALUES, packed_bytes
from benchmarks.rows.row import Row

__all__ = ["point_rows"]

_STEPS = f"""\
{VALUES}
twice = values * 2
def steps():
    for step in range(n_steps):
        at = step * {N_METRICS} % 100_003
        yield step, dict(zip(names, twice[at : at + {N_METRICS}]))
"""
_OURS = f"""\
{_STEPS}
import repro
with repro.start_run(quiet=True):
    for step, metrics in steps():
        repro.log_metrics(metrics, step=step)
"""
_OURS_READ = """\
import sys
import repro
values = repro.get_run("@").history("train/metric_07").values
assert len(values) == int(sys.argv[1]) // 20
"""
_MLFLOW = f"""\
{_STEPS}
import time
import mlflow
from mlflow.entities import Metric
mlflow.set_tracking_uri("sqlite:///mlflow.db")
client = mlflow.MlflowClient()
with mlflow.start_run() as run:
    batch = []
    for step, metrics in steps():
        now = time.time_ns() // 1_000_000
        batch += [Metric(name, value, now, step) for name, value in metrics.items()]
        if len(batch) == 1000:
            client.log_batch(run.info.run_id, metrics=batch)
            batch = []
    client.log_batch(run.info.run_id, metrics=batch)
open("run-id", "w").write(run.info.run_id)
"""
_MLFLOW_READ = """\
import sys
import mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
points = mlflow.MlflowClient().get_metric_history(open("run-id").read(), "train/metric_07")
assert len([point.value for point in points]) == int(sys.argv[1]) // 20
"""
_WANDB = f"""\
{_STEPS}
import wandb
settings = wandb.Settings(silent=True)
run = wandb.init(project="bench", mode="offline", settings=settings)
for step, metrics in steps():
    run.log(metrics, step=step)
run.finish()
"""
_EXPTRACK = f"""\
import sys
sys.argv[1] = sys.argv[1].removeprefix("--n=")
{_STEPS}
log_metrics = globals()["__exptrack__"].log_metrics
for step, metrics in steps():
    log_metrics(metrics, step=step)
"""
_IGNORED = "__pycache__/\n/mlflow.db*\n/mlruns/\n/wandb/\n/outputs/\n/.exptrack/\n/run-id\n"


@dataclass(frozen=True)
class _Tracker:
    """A peer and how it is used.

    Attributes:
        package: As PyPI calls it.
        script: Logs the points, whose number is its argument.
        command: One of its commands, and arguments.
        n_points: As many as it logs in a minute or less.
        kept: Where, below the working tree, it keeps them.
        way: How it is called, in words.
        read: A script that reads one metric; "" where it offers no way to.
        prepare: Arguments for a call before; none by default.
    """

    package: str
    script: str
    command: tuple[str, ...]
    n_points: int
    kept: str
    way: str
    read: str = ""
    prepare: tuple[str, ...] = ()


_TRACKERS = (
    _Tracker(
        "mlflow",
        _MLFLOW,
        ("python", "points.py"),
        100_000,
        "mlflow.db",
        "log_batch of 1,000 points into a SQLite file",
        read=_MLFLOW_READ,
    ),
    _Tracker(
        "wandb",
        _WANDB,
        ("python", "points.py"),
        1_000_000,
        "wandb",
        "offline, run.log of 20 metrics a step",
    ),
    _Tracker(
        "exptrack",
        _EXPTRACK,
        ("exptrack", "run", "points.py"),
        1_000_000,
        ".exptrack",
        "exptrack run, log_metrics of 20 metrics a step",
        prepare=("init",),
    ),
)


@dataclass(frozen=True)
class _Measured:
    """Both sides, once: a minute's work is not done again for each figure."""

    n_points: int
    left: Path
    right: Path
    times_ms: tuple[float, float]
    grown_by: tuple[int, int]


_Measure: TypeAlias = Callable[..., Samples]

_measured: dict[tuple[Path, str], _Measured] = {}


def point_rows(peers: Peers) -> tuple[Row, ...]:
    """Returns the rows, three for each peer that can read its points again."""
    return tuple(row for tracker in _TRACKERS for row in _rows(peers, tracker))


def _rows(peers: Peers, tracker: _Tracker) -> Iterator[Row]:
    def row(suffix: str, words: str, measure: _Measure, note: str = "") -> Row:
        name = f"peer-{tracker.package}-points{suffix}"
        bound = partial(measure, peers=peers, tracker=tracker)
        return Row(name, words, beside, Budget(1.0), bound, note=note)

    beside = f"{tracker.package}: {tracker.way}"
    yield row(
        "",
        f"{tracker.n_points:,} points on {N_METRICS} metrics, beside {tracker.package}",
        _time,
        "one pair, whole process: import, start, log, end; a tenth of the points with --quick",
    )
    yield row(
        "-bytes",
        "bytes that they add",
        _bytes,
        "repro's in the pack after git gc, the peer's as it leaves them",
    )
    if tracker.read:
        yield row("-read", "one of the metrics, read back in Python", _read)


def _once(bench: Bench, peers: Peers, tracker: _Tracker) -> _Measured:
    key = (bench.scratch, tracker.package)
    if key not in _measured:
        _measured[key] = _measure(bench, peers, tracker)
    return _measured[key]


def _measure(bench: Bench, peers: Peers, tracker: _Tracker) -> _Measured:
    peer = peers.get(tracker.package)
    n_points = tracker.n_points if bench.pairs >= 15 else tracker.n_points // 10
    place = bench.directory(f"points-{tracker.package}")
    left = _tree(bench, place / "a", tracker.script)
    right = _tree(bench, place / "b", _OURS)
    command = (peer.command(tracker.command[0]), *tracker.command[1:])
    if tracker.prepare:
        bench.run(command[0], *tracker.prepare, cwd=left)
        commit_all(bench, left)
    argv = (bench.python, "points.py")
    # The first makes what all share: a database's tables; the environment, its lock.
    mark = "--n=" if tracker.package == "exptrack" else ""
    bench.run(*command, f"{mark}{N_METRICS}", cwd=left)
    bench.run(*argv, str(N_METRICS), cwd=right)
    before = (_size(left / tracker.kept), packed_bytes(bench, right))
    times = (
        bench.timed_ms((*command, f"{mark}{n_points}"), cwd=left),
        bench.timed_ms((*argv, str(n_points)), cwd=right),
    )
    after = (_size(left / tracker.kept), packed_bytes(bench, right))
    return _Measured(n_points, left, right, times, (after[0] - before[0], after[1] - before[1]))


def _time(bench: Bench, *, peers: Peers, tracker: _Tracker) -> Samples:
    theirs, ours = _once(bench, peers, tracker).times_ms
    return Samples([theirs], [ours])


def _bytes(bench: Bench, *, peers: Peers, tracker: _Tracker) -> Samples:
    theirs, ours = _once(bench, peers, tracker).grown_by
    return Samples([theirs], [ours], unit="B")


def _read(bench: Bench, *, peers: Peers, tracker: _Tracker) -> Samples:
    measured = _once(bench, peers, tracker)
    python = peers.get(tracker.package).command("python")
    theirs, ours = (
        _file(bench, f"read-{n}.py", text) for n, text in enumerate((tracker.read, _OURS_READ))
    )
    n_points = str(measured.n_points)
    return bench.at_most(5).compare(
        lambda: bench.timed_ms((python, theirs, n_points), cwd=measured.left),
        lambda: bench.timed_ms((bench.python, ours, n_points), cwd=measured.right),
    )


def _file(bench: Bench, name: str, text: str) -> str:
    path = bench.scratch / name
    path.write_text(text)
    return str(path)


def _size(path: Path) -> int:
    files = path.parent.glob(f"{path.name}*")
    below = [file for found in files for file in (found, *found.rglob("*"))]
    return sum(file.stat().st_size for file in below if file.is_file())


def _tree(bench: Bench, path: Path, script: str) -> Path:
    make_tree(bench, path, n_files=100)
    (path / "points.py").write_text(script)
    (path / ".gitignore").write_text(_IGNORED)
    commit_all(bench, path)
    return path

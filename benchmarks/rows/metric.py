"""`repro.log_metric`: a point that is safe when the call returns, beside one ``os.write``.

Measured inside of the program that logs, where it is paid, a few hundred calls at a time.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.repositories import make_tree
from benchmarks.result import Budget, Samples
from benchmarks.rows.row import Row

__all__ = ["METRIC"]

_CALLS = 200
_PER_CALL = f"us a call, {_CALLS} calls a pair, 20 times as many pairs"
_FLOOR = "os.write of the same line to a file"

_STOPWATCH = """\
import gc, json, os, sys, time

pairs, out = int(sys.argv[1]), sys.argv[2]
CALLS = {calls}
{prepare}
line = b"1764000000123\\t500\\t0.12345678901234567\\ttrain/loss\\n"
fd = os.open(out + ".floor", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def floor():
    write = os.write
    start = time.perf_counter_ns()
    for _ in range(CALLS):
        write(fd, line)
    return time.perf_counter_ns() - start


def ours():
    start = time.perf_counter_ns()
    for step in range(CALLS):
        {call}
    return time.perf_counter_ns() - start


gc.disable()
measured = [(floor(), ours()) for _ in range(pairs + 10)][10:]
with open(out, "w") as file:
    json.dump([[a / 1000 / CALLS, b / 1000 / CALLS / {per_call}] for a, b in measured], file)
"""
_WRITER = """\
from repro.journal.writer import JournalWriter
log_metric = JournalWriter(out + ".live").metric
"""
_FUNCTION = """\
import repro
repro.start_run()
log_metric = repro.log_metric
log_metrics = repro.log_metrics
names = [f"train/metric_{k}" for k in range(20)]
"""
_ONE = 'log_metric("train/loss", 0.12345678901234567, {step})'
_TWENTY = "log_metrics(dict.fromkeys(names, 0.12345678901234567), step=step)"

_Start = Callable[[Bench, tuple[str, ...]], tuple[str, ...]]


def _alone(_: Bench, argv: tuple[str, ...]) -> tuple[str, ...]:
    return argv


def _inside_repro_run(bench: Bench, argv: tuple[str, ...]) -> tuple[str, ...]:
    return (bench.repro, "run", "-q", "--", *argv)


def _measure(
    bench: Bench, *, prepare: str, call: str, start: _Start = _alone, per_call: int = 1
) -> Samples:
    place = bench.directory("metric")
    tree = make_tree(bench, place / "tree", n_files=100)
    script = place / "stopwatch.py"
    text = _STOPWATCH.format(calls=_CALLS, prepare=prepare, call=call, per_call=per_call)
    script.write_text(text)
    out = place / "out.json"
    argv = (bench.python, str(script), str(bench.pairs * 20), str(out))
    bench.run(*start(bench, argv), cwd=tree.path)
    return _samples(out)


def _samples(out: Path) -> Samples:
    floors, mine = zip(*json.loads(out.read_text()), strict=True)
    return Samples(floors, mine, unit="us")


METRIC = (
    Row(
        "metric-writer",
        "the line of a point, written to the journal",
        _FLOOR,
        Budget(3.0),
        partial(_measure, prepare=_WRITER, call=_ONE.format(step="step")),
        note=_PER_CALL,
    ),
    Row(
        "metric",
        "repro.log_metric(name, value, step=step)",
        _FLOOR,
        Budget(3.0),
        partial(_measure, prepare=_FUNCTION, call=_ONE.format(step="step=step")),
        note=f"{_PER_CALL}; in a run that repro.start_run() began",
    ),
    Row(
        "metric-inside",
        "the same, inside repro run",
        _FLOOR,
        Budget(3.0),
        partial(
            _measure,
            prepare=_FUNCTION,
            call=_ONE.format(step="step=step"),
            start=_inside_repro_run,
        ),
        note=_PER_CALL,
    ),
    Row(
        "metrics",
        "repro.log_metrics of 20 metrics, a metric",
        _FLOOR,
        Budget(3.0),
        partial(_measure, prepare=_FUNCTION, call=_TWENTY, per_call=20),
        note="us a metric: the floor writes a line for each, repro 20 in one",
    ),
)

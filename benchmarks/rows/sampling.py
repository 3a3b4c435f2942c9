"""Hardware figures: what one row of them takes, of the CPU that the training wants too."""

import json
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.result import Budget, Kind, Samples
from benchmarks.rows.row import Row

__all__ = ["SAMPLING"]

_STOPWATCH = """\
import json, os, sys, time
from repro.sensors.machine import open_machine

pairs, out = int(sys.argv[1]), sys.argv[2]
NAMES = ("stat", "meminfo", "diskstats", "net/dev", f"{os.getpid()}/stat", f"{os.getpid()}/status")
sensors, _ = open_machine(os.getpid(), path=".", at_s=time.monotonic())


def floor():
    start_ns = time.process_time_ns()
    for name in NAMES:
        with open(f"/proc/{name}") as file:
            file.read()
    return time.process_time_ns() - start_ns


def ours():
    start_ns = time.process_time_ns()
    sensors.read(time.monotonic())
    return time.process_time_ns() - start_ns


measured = [(floor(), ours()) for _ in range(pairs + 5)][5:]
with open(out, "w") as file:
    json.dump([[ns / 1e6 for ns in pair] for pair in measured], file)
"""


def _measure(bench: Bench) -> Samples:
    place = bench.directory("sampling")
    script = place / "stopwatch.py"
    script.write_text(_STOPWATCH)
    out: Path = place / "out.json"
    bench.run(bench.python, str(script), str(bench.pairs), str(out), cwd=place)
    floors, mine = zip(*json.loads(out.read_text()), strict=True)
    return Samples(floors, mine)


SAMPLING = (
    Row(
        "sample",
        "hardware figures, one row of them, GPUs apart",
        "read of the six files in /proc that most of them come from",
        Budget(10, Kind.MS),
        _measure,
        note="CPU time, a row every 10 s: 10 ms are a thousandth of a core; the processes of the"
        " run are found among all of the machine, which is most of it",
    ),
)

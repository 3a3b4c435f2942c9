"""A run of a million points on twenty metrics: logged, recorded, stored, listed and read back."""

import time
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.processes import in_background
from benchmarks.repositories import make_tree
from benchmarks.result import Budget, Kind, Samples
from benchmarks.rows.row import Row

__all__ = ["N_METRICS", "POINTS", "VALUES", "packed_bytes"]

_N_POINTS = 1_000_000
_QUICK_POINTS = 100_000
N_METRICS = 20
_PAIRS = 3

VALUES = f"""\
import random, sys
draw = random.Random(7).random
values = [draw() for _ in range(100_003)]  # too many for zlib to see that they come again
names = [f"train/metric_{{number:02}}" for number in range({N_METRICS})]
n_steps = int(sys.argv[1]) // {N_METRICS}
"""
"""How the scripts of these rows begin; the number of points is their first argument."""

_FLOOR = f"""\
{VALUES}
import os, time
lines = [f"1764000000123\\t10000\\t{{value}}\\ttrain/metric_00\\n".encode() for value in values]
fd = os.open(sys.argv[2] + ".floor", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC, 0o600)
write = os.write
start_ns = time.perf_counter_ns()
at = 0
for step in range(n_steps):
    for name in names:
        write(fd, lines[at])
        at = at + 1 if at < 100_002 else 0
elapsed_ns = time.perf_counter_ns() - start_ns
open(sys.argv[2], "w").write(f"{{elapsed_ns}} {{time.time_ns()}}")
"""
_OURS = f"""\
{VALUES}
import time
import repro
repro.start_run()
log_metric = repro.log_metric
start_ns = time.perf_counter_ns()
at = 0
for step in range(n_steps):
    for name in names:
        log_metric(name, values[at], step=step)
        at = at + 1 if at < 100_002 else 0
elapsed_ns = time.perf_counter_ns() - start_ns
open(sys.argv[2], "w").write(f"{{elapsed_ns}} {{time.time_ns()}}")
if "wait" in sys.argv:
    sys.stdin.read()
"""
_PARSE = """\
import subprocess, sys
read = subprocess.run(
    ("git", "cat-file", "--batch"), input=sys.stdin.buffer.read(), stdout=subprocess.PIPE
).stdout
curves, at = [], 0
while at < len(read):
    end = read.index(b"\\n", at)
    size = int(read[at:end].split()[2])
    lines = read[end + 1 : end + 1 + size].decode().splitlines()
    rows = [line.split("\\t") for line in lines]
    curves.append([(int(step), float(at_s), float(value)) for step, at_s, value in rows])
    at = end + size + 2
assert sum(map(len, curves)) == int(sys.argv[1]), sum(map(len, curves))
"""
_READ = """\
import sys
import repro
run = repro.get_run("@")
names = sys.argv[2:] or [f"train/metric_{number:02}" for number in range(20)]
n_points = 0
for name in names:
    curve = run.history(name)
    n_points += len([*zip(curve.steps, curve.times, curve.values, strict=True)])
assert n_points == int(sys.argv[1]), n_points
"""


@dataclass(frozen=True)
class _Place:
    """Where the run is.

    Attributes:
        n_points: Of the run.
        path: A working tree in which it was recorded.
        times: Of each time that it was: ms to log its points, ms from there to its end.
        grown_by: Bytes of packs, for it.
    """

    n_points: int
    path: Path
    times: list[tuple[float, float]]
    grown_by: int


_places: dict[Path, _Place] = {}


def _recorded(bench: Bench) -> _Place:
    """Returns the place, made once."""
    if bench.scratch not in _places:
        _places[bench.scratch] = _record(bench)
    return _places[bench.scratch]


def _record(bench: Bench) -> _Place:
    n_points = _N_POINTS if bench.pairs >= 15 else _QUICK_POINTS
    path = bench.directory("points") / "tree"
    make_tree(bench, path, n_files=100)
    # What all runs share is there before: the environment, its lock, the trees of the code.
    bench.run(bench.repro, "run", "-q", "--", bench.python, "-c", "pass", cwd=path)
    before = packed_bytes(bench, path)
    times = [_log(bench, path, n_points)]
    grown_by = packed_bytes(bench, path) - before
    times += [_log(bench, path, n_points) for _ in range(_PAIRS - 1)]
    return _Place(n_points, path, times, grown_by)


def _log(bench: Bench, path: Path, n_points: int) -> tuple[float, float]:
    """Records the run, and returns the ms for its points, and those from the last to the end."""
    out = path.parent / "ours.txt"
    script = _script(bench, "points-ours.py", _OURS)
    argv = (bench.repro, "run", "-q", "--", bench.python, script, str(n_points), str(out))
    bench.run(*argv, cwd=path)
    ended_ns = time.time_ns()
    elapsed_ns, last_ns = map(int, out.read_text().split())
    return elapsed_ns / 1e6, (ended_ns - last_ns) / 1e6


def _script(bench: Bench, name: str, text: str) -> str:
    path = bench.scratch / name
    path.write_text(text)
    return str(path)


def packed_bytes(bench: Bench, path: Path) -> int:
    """Returns what a repository takes when git has packed it, its indexes left out."""
    bench.run("git", "gc", "--quiet", "--prune=now", cwd=path)
    return sum(pack.stat().st_size for pack in (path / ".git/objects/pack").glob("*.pack"))


def _logging(bench: Bench) -> Samples:
    place = _recorded(bench)
    script = _script(bench, "points-floor.py", _FLOOR)
    out = place.path.parent / "floor.txt"
    floors = []
    for _ in place.times:
        bench.run(bench.python, script, str(place.n_points), str(out), cwd=place.path)
        floors.append(int(out.read_text().split()[0]) / 1e6)
    return Samples(floors, [logging_ms for logging_ms, _ in place.times])


def _recording(bench: Bench) -> Samples:
    place = _recorded(bench)
    files = _curve_files(bench, place)
    names = "\n".join(map(str, files)).encode()
    floors = []
    for number, _ in enumerate(place.times):
        empty = bench.directory(f"points-empty-{number}")
        bench.run("git", "init", "--quiet", cwd=empty)
        start_ns = time.perf_counter_ns()
        bench.run(
            *("git", "hash-object", "-w", "--no-filters", "--stdin-paths"), cwd=empty, stdin=names
        )
        floors.append((time.perf_counter_ns() - start_ns) / 1e6)
    return Samples(floors, [recording_ms for _, recording_ms in place.times])


def _bytes(bench: Bench) -> Samples:
    place = _recorded(bench)
    deflated = sum(len(zlib.compress(file.read_bytes())) for file in _curve_files(bench, place))
    return Samples([deflated], [place.grown_by], unit="B")


def _curve_files(bench: Bench, place: _Place) -> list[Path]:
    """Returns the curves of the newest run, each in a file."""
    directory = bench.directory("points-curves")
    oids = _curve_oids(bench, place.path)
    files = []
    for oid in oids:
        file = directory / oid
        file.write_bytes(bench.run("git", "cat-file", "blob", oid, cwd=place.path))
        files.append(file)
    return files


def _curve_oids(bench: Bench, path: Path) -> list[str]:
    argv = ("git", "for-each-ref", "--format=%(refname)", "--sort=-refname", "--count=1")
    ref = bench.run(*argv, "refs/repro/runs/", cwd=path).decode().strip()
    listed = bench.run("git", "ls-tree", "-r", ref, ".repro/history/", cwd=path).decode()
    return [line.split()[2] for line in listed.splitlines()]


def _reading(bench: Bench, *, names: tuple[str, ...] = ()) -> Samples:
    place = _recorded(bench)
    oids = _curve_oids(bench, place.path)
    oids = oids[: len(names)] if names else oids
    n_points = str(place.n_points // N_METRICS * len(oids))
    parse = _script(bench, "points-parse.py", _PARSE)
    read = _script(bench, "points-read.py", _READ)
    wanted = "\n".join(oids).encode()

    def floor() -> float:
        start_ns = time.perf_counter_ns()
        bench.run(bench.python, parse, n_points, cwd=place.path, stdin=wanted)
        return (time.perf_counter_ns() - start_ns) / 1e6

    def ours() -> float:
        start_ns = time.perf_counter_ns()
        bench.run(bench.python, read, n_points, *names, cwd=place.path)
        return (time.perf_counter_ns() - start_ns) / 1e6

    return bench.at_most(5).compare(floor, ours)


def _beside_live(bench: Bench, *, argv: tuple[str, ...]) -> Samples:
    """Measures a command where a run of so many points is recorded, and where it goes on, too."""
    place = _recorded(bench)
    path = bench.directory(f"points-beside-{argv[0]}") / "tree"
    make_tree(bench, path, n_files=100)
    bench.run(bench.repro, "run", "-q", "--", bench.python, "-c", "pass", cwd=path)
    out = path.parent / "live.txt"
    out.unlink(missing_ok=True)
    script = _script(bench, "points-ours.py", _OURS)
    run = (bench.repro, "run", "-q", "--", bench.python, script)
    with in_background(
        (*run, str(place.n_points), str(out), "wait"), cwd=path, env=bench.env
    ) as is_up:
        while not out.exists():
            is_up()
            time.sleep(0.05)
        return bench.at_most(10).compare(
            lambda: bench.timed_ms((bench.repro, *argv), cwd=place.path),
            lambda: bench.timed_ms((bench.repro, *argv), cwd=path),
        )


POINTS = (
    Row(
        "points-log",
        "1,000,000 points on 20 metrics: logged",
        "as many os.write of a line",
        Budget(3.0),
        _logging,
        note=f"100,000 points with --quick; {_PAIRS} pairs; repro.log_metric inside repro run;"
        " not in turn: the floors are measured after all of repro's",
    ),
    Row(
        "points-record",
        "the same: from the last point to the end of repro run",
        "git hash-object -w of the 20 curves",
        Budget(3.0),
        _recording,
        note="not in turn, likewise",
    ),
    Row(
        "points-bytes",
        "the same: bytes in the pack after git gc",
        "zlib of the 20 curves",
        Budget(1.1),
        _bytes,
    ),
    Row(
        "points-read",
        "all of its curves, read back in Python",
        "git cat-file --batch, split into numbers by Python",
        Budget(1.5),
        _reading,
    ),
    Row(
        "points-read-one",
        "one of its curves, read back in Python",
        "git cat-file --batch, split into numbers by Python",
        Budget(2.5),
        partial(_reading, names=("train/metric_00",)),
    ),
    Row(
        "points-ls",
        "repro ls beside such a run that goes on",
        "repro ls where none does",
        Budget(50, Kind.PLUS_MS),
        partial(_beside_live, argv=("ls",)),
    ),
    Row(
        "points-show",
        "repro show of such a run that goes on",
        "repro show where it has ended",
        Budget(500, Kind.PLUS_MS),
        partial(_beside_live, argv=("show", "@")),
    ),
)

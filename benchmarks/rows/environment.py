"""Environments of about a hundred packages: observed, run in, and built again.

They need packages from the index, once, and so are rows of their own: ``--environments``.
"""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.failure import BenchmarkError
from benchmarks.processes import output_of
from benchmarks.repositories import make_tree
from benchmarks.result import Budget, Kind, Samples
from benchmarks.rows.row import Row

__all__ = ["environment_rows"]

_STACK = ("numpy", "scipy", "pandas", "scikit-learn", "matplotlib", "jupyterlab", "pip")
_OBSERVE = """\
import json
import sys
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

from repro.model.environment import Interpreter
from repro.secrets.redactor import Redactor

def cpu_s():
    used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)

interpreter = Interpreter(**json.loads(sys.argv[1]))
before_s = cpu_s()
from repro.environment.observe import observe
found, _ = observe(interpreter, variables={}, cache_dir=sys.argv[2], redactor=Redactor(b""))
print((cpu_s() - before_s) * 1000)
assert len(found.packages) > 90, len(found.packages)
"""
_START = """\
import subprocess
import sys

subprocess.run(sys.argv[1:], check=True)
"""
_CPU_OF = """\
import subprocess
import sys
from resource import RUSAGE_CHILDREN, getrusage

subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = getrusage(RUSAGE_CHILDREN)
print((used.ru_utime + used.ru_stime) * 1000)
"""
_PROBE = """\
import json
import sys

from repro.environment.probe import probe

print(json.dumps(probe(sys.argv[1], env={})._asdict()))
"""
_TRAIN = """\
import time

started_s = time.perf_counter()
import sys

import numpy
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier

x, y = load_digits(return_X_y=True)
RandomForestClassifier(n_estimators=60, random_state=7).fit(x, y)
open(sys.argv[1], "w").write(str((time.perf_counter() - started_s) * 1000))
"""


class _Stack:
    """A virtual environment with the packages, kept in the cache."""

    def __init__(self, cache: Path) -> None:
        self._directory = cache / "stack"
        self.uv_cache = cache / "uv"
        self.pip_cache = cache / "pip"

    def python(self) -> str:
        """Returns its interpreter; made the first time."""
        python = self._directory / "bin/python"
        done = self._directory / "installed"
        if not done.exists():
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory.parent.mkdir(parents=True, exist_ok=True)
            self._run(self.uv(), "venv", "-q", "--python", sys.executable, str(self._directory))
            install = (self.uv(), "pip", "install", "-q", "--python", str(python))
            self._run(*install, "--link-mode", "copy", *_STACK)
            done.touch()
        return str(python)

    def uv(self) -> str:
        """Returns the uv beside the interpreter, or that on PATH."""
        beside = Path(sys.executable).parent / "uv"
        found = str(beside) if beside.exists() else shutil.which("uv")
        if found is None:
            raise BenchmarkError("uv is not on PATH")
        return found

    def online(self) -> dict[str, str]:
        """Returns the variables with which uv and pip may fetch and keep."""
        indexes = {k: v for k, v in os.environ.items() if k.startswith(("UV_", "PIP_", "SSL_"))}
        return {
            **indexes,
            "UV_OFFLINE": "0",
            "UV_CACHE_DIR": str(self.uv_cache),
            "PIP_CACHE_DIR": str(self.pip_cache),
        }

    def _run(self, *argv: str) -> None:
        env = {**os.environ, "UV_CACHE_DIR": str(self.uv_cache)}
        output_of(argv, cwd=self._directory.parent, env=env)


def environment_rows(cache: Path, *, with_cold: bool) -> tuple[Row, ...]:
    """Returns the rows.

    Args:
        cache: Where the environment and the caches of uv and pip are kept.
        with_cold: Whether the one that downloads everything is among them.
    """
    stack = _Stack(cache)

    def with_stack(measure: Callable[[Bench, _Stack], Samples]) -> Callable[[Bench], Samples]:
        return lambda bench: measure(bench, stack)

    note = f"{', '.join(_STACK)}, and what they need: about 110 packages"
    rebuild = "python -m venv, pip install --no-deps --no-compile -r"
    cold = Row(
        "env-rebuild-cold",
        "repro env create, cache empty",
        f"{rebuild} --no-cache-dir",
        Budget(1.0),
        with_stack(_rebuild_cold),
        "both download everything; the index's speed counts",
    )
    return (
        Row(
            "env-observe-cpu",
            "observing, CPU time, none of it known before",
            "python -m pip freeze, CPU time",
            Budget(150, Kind.MS),
            with_stack(_cpu_unknown),
            f"{note}; files are in the page cache, and repro's own cache is empty",
        ),
        Row(
            "env-observe-known",
            "observing, CPU time, nothing new installed",
            "uv pip freeze, CPU time",
            Budget(30, Kind.MS),
            with_stack(_cpu_known),
            "as in each run after the first",
        ),
        Row(
            "env-observe-pip",
            "observing, whole process",
            "python -m pip freeze",
            Budget(1.0),
            with_stack(_beside_pip),
            "pip lists names and versions; repro also digests, origins, the machine",
        ),
        Row(
            "env-observe-uv",
            "observing, whole process",
            "python start + uv pip freeze",
            Budget(3.0),
            with_stack(_beside_uv),
            "the same",
        ),
        Row(
            "env-overhead",
            "the script's own time inside repro run",
            "the script alone",
            Budget(1.05),
            with_stack(_overhead),
            "numpy and scikit-learn; from its first line to its last",
        ),
        Row(
            "env-rebuild",
            "repro env create, caches warm",
            f"{rebuild}, cache warm",
            Budget(1.0),
            with_stack(_rebuild_warm),
            "repro copies every file and then hashes it; neither compiles bytecode",
        ),
        *((cold,) if with_cold else ()),
    )


def _cpu_unknown(bench: Bench, stack: _Stack) -> Samples:
    return _cpu(bench, stack, _pip_freeze(stack), lambda: bench.directory("env-new"))


def _cpu_known(bench: Bench, stack: _Stack) -> Samples:
    return _cpu(bench, stack, _uv_freeze(stack), lambda: bench.scratch / "env-kept")


def _cpu(bench: Bench, stack: _Stack, floor: tuple[str, ...], kept: Callable[[], Path]) -> Samples:
    observe = _observing(bench, stack)

    def cpu_ms(*argv: str) -> float:
        return float(bench.run(bench.python, "-c", *argv, cwd=bench.scratch))

    return bench.at_most(15).compare(
        lambda: cpu_ms(_CPU_OF, *floor),
        lambda: cpu_ms(*observe[2:], str(kept())),
    )


def _pip_freeze(stack: _Stack) -> tuple[str, ...]:
    return (stack.python(), "-m", "pip", "freeze", "--all")


def _uv_freeze(stack: _Stack) -> tuple[str, ...]:
    return (stack.uv(), "pip", "freeze", "--python", stack.python())


def _observing(bench: Bench, stack: _Stack) -> tuple[str, ...]:
    """Returns the command that observes, but for its last word: the directory of its cache.

    What the interpreter is it knows already, as in a run, where that was noted by the interpreter.
    """
    probed = bench.run(bench.python, "-c", _PROBE, stack.python(), cwd=bench.scratch)
    return (bench.python, "-c", _OBSERVE, probed.decode().strip())


def _beside_pip(bench: Bench, stack: _Stack) -> Samples:
    return _beside(bench, stack, _pip_freeze(stack))


def _beside_uv(bench: Bench, stack: _Stack) -> Samples:
    # As each floor: a Python is started, though uv itself is none.
    return _beside(bench, stack, (bench.python, "-c", _START, *_uv_freeze(stack)))


def _beside(bench: Bench, stack: _Stack, floor: tuple[str, ...]) -> Samples:
    observe = _observing(bench, stack)

    def ours() -> float:
        nothing_known = str(bench.directory("env-new"))
        return bench.timed_ms((*observe, nothing_known), cwd=bench.scratch)

    return bench.at_most(15).compare(lambda: bench.timed_ms(floor, cwd=bench.scratch), ours)


def _overhead(bench: Bench, stack: _Stack) -> Samples:
    place = bench.directory("env-overhead")
    tree = make_tree(bench, place / "tree", n_files=100)
    clock = place / "clock"
    (tree.path / "fit.py").write_text(_TRAIN)
    command = (stack.python(), "fit.py", str(clock))

    def took_ms(*argv: str) -> float:
        bench.timed_ms((*argv, *command), cwd=tree.path)
        return float(clock.read_text())

    run = (bench.repro, "run", "-q", "--")
    return bench.at_most(15).compare(took_ms, lambda: took_ms(*run))


def _rebuild_warm(bench: Bench, stack: _Stack) -> Samples:
    return _rebuild(replace(bench.at_most(3), warmups=1), stack, stack.online(), pip_options=())


def _rebuild_cold(bench: Bench, stack: _Stack) -> Samples:
    env = {**stack.online(), "UV_CACHE_DIR": str(bench.scratch / "uv-cold")}
    options = ("--no-cache-dir",)
    return _rebuild(replace(bench.at_most(2), warmups=0), stack, env, pip_options=options)


def _rebuild(
    bench: Bench, stack: _Stack, env: dict[str, str], *, pip_options: tuple[str, ...]
) -> Samples:
    place = bench.directory("env-rebuild")
    tree = make_tree(bench, place / "tree", n_files=100)
    online = stack.online()
    run = (bench.repro, "run", "-q", "--", stack.python(), "-c", "pass")
    bench.timed_ms(run, cwd=tree.path, env=online)
    frozen = bench.run(bench.repro, "env", "show", "--requirements", cwd=tree.path)
    (place / "requirements.txt").write_bytes(frozen)
    numbers = count()

    def floor() -> float:
        target = place / f"pip-{next(numbers)}"
        made_ms = bench.timed_ms((stack.python(), "-m", "venv", str(target)), cwd=place, env=env)
        install = (str(target / "bin/python"), "-m", "pip", "install", "-q", "--no-deps")
        lines = ("--no-compile", "-r", str(place / "requirements.txt"))
        took_ms = bench.timed_ms((*install, *pip_options, *lines), cwd=place, env=env)
        shutil.rmtree(target)
        return made_ms + took_ms

    def ours() -> float:
        if pip_options:
            shutil.rmtree(env["UV_CACHE_DIR"], ignore_errors=True)
        target = place / f"repro-{next(numbers)}"
        argv = (bench.repro, "env", "create", "@", str(target))
        took_ms = bench.timed_ms(argv, cwd=tree.path, env=env)
        shutil.rmtree(target)
        return took_ms

    return bench.compare(floor, ours)

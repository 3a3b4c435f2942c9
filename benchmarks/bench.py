"""Where measuring happens: a scratch directory, an environment sealed off, and the programs."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.failure import BenchmarkError
from benchmarks.processes import output_of, timed_ms
from benchmarks.result import Samples
from benchmarks.timing import Timed, interleave

__all__ = ["Bench", "open_bench"]

_GIT_CONFIG = """\
[user]
    name = Ada Example
    email = ada@example.org
[init]
    defaultBranch = main
[gc]
    auto = 0
[maintenance]
    auto = false
"""
"""git's defaults, but for work that it would do in the background of somebody's measurement."""


@dataclass(frozen=True)
class Bench:
    """The place where rows are measured.

    Attributes:
        scratch: Everything is written below it; its file system is the one that is measured.
        env: The whole environment of both sides.
        python: The interpreter that repro is installed for; starting it is part of most floors.
        repro: The command as a user has it on PATH.
        pairs: How often each side is measured.
        warmups: How often before that.
    """

    scratch: Path
    env: Mapping[str, str]
    python: str
    repro: str
    pairs: int
    warmups: int

    def directory(self, name: str) -> Path:
        """Makes an empty directory that no other row uses, and returns it."""
        path = self.scratch / name
        if path.exists():
            shutil.rmtree(path)
        path.mkdir(parents=True)
        return path

    def at_most(self, pairs: int) -> "Bench":
        """Returns the same place with a limit on the pairs, for rows that take long."""
        return replace(self, pairs=min(self.pairs, pairs))

    def run(self, *argv: str, cwd: Path, stdin: bytes = b"") -> bytes:
        """Runs a command that is not measured and returns its stdout.

        Raises:
            BenchmarkError: It failed.
        """
        return output_of(argv, cwd=cwd, env=self.env, stdin=stdin)

    def timed_ms(
        self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None
    ) -> float:
        """Runs a command that is measured and returns its wall time.

        Args:
            argv: The command.
            cwd: Where.
            env: Added to the environment.

        Raises:
            BenchmarkError: It failed.
        """
        return timed_ms(argv, cwd=cwd, env={**self.env, **(env or {})})

    def compare(self, floor: Timed, ours: Timed) -> Samples:
        """Measures both in turn."""
        return interleave(floor, ours, pairs=self.pairs, warmups=self.warmups)


def open_bench(scratch: Path, *, pairs: int, warmups: int) -> Bench:
    """Prepares a place below an existing directory.

    Raises:
        BenchmarkError: repro is not installed for this interpreter.
    """
    scratch = scratch.resolve()
    binaries = Path(sys.executable).parent
    repro = binaries / "repro"
    if not repro.exists():
        raise BenchmarkError(
            f"there is no {repro}: install repro-git for the interpreter that runs the benchmarks"
        )
    env = _sealed(scratch, binaries)
    bench = Bench(scratch, env, sys.executable, str(repro), pairs, warmups)
    _compile_bytecode(bench)
    return bench


def _sealed(scratch: Path, binaries: Path) -> dict[str, str]:
    """Returns an environment that holds nothing of the user's but PATH.

    So PYTHONDONTWRITEBYTECODE, which would have Python compile on every start, is gone; and where
    bytecode goes is below `scratch`, so that an editable source tree stays as it is.
    """
    home = scratch / "home"
    temporary = scratch / "tmp"
    for directory in (home, temporary):
        directory.mkdir(exist_ok=True)
    (home / ".gitconfig").write_text(_GIT_CONFIG)
    return {
        "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "PYTHONPYCACHEPREFIX": str(scratch / "bytecode"),
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(home / "dvc-site-cache"),
        # A lock that needs the index would measure somebody else's server.
        "UV_OFFLINE": "1",
    }


def _compile_bytecode(bench: Bench) -> None:
    """Compiles every module of repro, as an installed wheel's are; the rest warm-ups compile."""
    where = bench.run(
        bench.python, "-c", "import repro; print(repro.__path__[0])", cwd=bench.scratch
    )
    source = os.fsdecode(where).rstrip("\n")
    bench.run(bench.python, "-m", "compileall", "-q", source, cwd=bench.scratch)

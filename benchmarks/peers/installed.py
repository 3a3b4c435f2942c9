"""An environment for each peer, made with uv the first time and kept."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.failure import BenchmarkError
from benchmarks.processes import output_of

__all__ = ["Peer", "install"]


@dataclass(frozen=True)
class Peer:
    """A program that is not ours.

    Attributes:
        package: As PyPI calls it.
        version: As installed.
        binaries: The directory of its commands and its ``python``.
    """

    package: str
    version: str
    binaries: Path

    def command(self, name: str) -> str:
        """Returns the path of one of its commands.

        Raises:
            BenchmarkError: It has none of that name.
        """
        path = self.binaries / name
        if not path.exists():
            raise BenchmarkError(f"{self.package} {self.version} brings no command {name}")
        return str(path)


def install(package: str, cache: Path) -> Peer:
    """Returns a peer, installed beneath `cache`: as it is there already, or the newest.

    The same interpreter as repro's, and the user's own index and network.

    Raises:
        BenchmarkError: uv is missing, or the package cannot be had.
    """
    directory = cache / package
    binaries = directory / "bin"
    python = binaries / "python"
    done = directory / "installed"
    if not done.exists():
        shutil.rmtree(directory, ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        uv = _uv()
        _run(cache, uv, "venv", "--quiet", "--python", sys.executable, str(directory))
        _run(cache, uv, "pip", "install", "--quiet", "--python", str(python), package)
        done.touch()
    program = f"from importlib.metadata import version; print(version({package!r}))"
    version = _run(cache, str(python), "-c", program).decode().strip()
    return Peer(package, version, binaries)


def _uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise BenchmarkError("uv is not on PATH")
    return found


def _run(cwd: Path, *argv: str) -> bytes:
    return output_of(argv, cwd=cwd, env=os.environ)

"""An environment for each peer, made with uv the first time and kept."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.failure import BenchmarkError
from benchmarks.processes import output_of

__all__ = ["Peer", "Peers"]


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


class Peers:
    """The peers' environments below a directory: those that are there, and those to be made.

    They have the same interpreter as repro, and are installed from the user's own index, with the
    user's own settings; measured they are in the sealed environment of the benchmarks.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._installed: dict[str, Peer] = {}

    def versions(self) -> list[str]:
        """Returns name and version of each peer that was asked for and had."""
        return [f"{peer.package} {peer.version}" for peer in self._installed.values()]

    def get(self, package: str) -> Peer:
        """Returns a peer, as it was installed at an earlier time, or the newest.

        Raises:
            BenchmarkError: uv is missing, or the package cannot be had.
        """
        if package not in self._installed:
            self._installed[package] = self._install(package)
        return self._installed[package]

    def _install(self, package: str) -> Peer:
        directory = self._cache / package
        python = str(directory / "bin/python")
        done = directory / "installed"
        if not done.exists():
            shutil.rmtree(directory, ignore_errors=True)
            self._cache.mkdir(parents=True, exist_ok=True)
            uv = _uv()
            self._run(uv, "venv", "--quiet", "--python", sys.executable, str(directory))
            self._run(uv, "pip", "install", "--quiet", "--python", python, package)
            done.touch()
        program = f"from importlib.metadata import version; print(version({package!r}))"
        version = self._run(python, "-c", program).decode().strip()
        return Peer(package, version, directory / "bin")

    def _run(self, *argv: str) -> bytes:
        return output_of(argv, cwd=self._cache, env=os.environ)


def _uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise BenchmarkError("uv is not on PATH")
    return found

"""What the figures were measured on, without which they mean nothing."""

import os
import platform
import sys
from dataclasses import asdict, dataclass

from benchmarks.bench import Bench

__all__ = ["Machine", "load", "machine"]


@dataclass(frozen=True)
class Machine:
    """A machine and its programs.

    Attributes:
        system: Kernel and architecture.
        n_cores: As the scheduler sees them.
        python: Version of the interpreter of both sides.
        git: Version.
        repro: Version.
    """

    system: str
    n_cores: int
    python: str
    git: str
    repro: str

    def __str__(self) -> str:
        """Returns it on one line."""
        return (
            f"{self.system}, {self.n_cores} cores, Python {self.python}, git {self.git},"
            f" repro {self.repro}"
        )

    def to_json(self) -> dict[str, object]:
        """Returns it as a JSON object."""
        return asdict(self)


def machine(bench: Bench) -> Machine:
    """Looks at the machine."""
    uname = platform.uname()
    git = bench.run("git", "--version", cwd=bench.scratch).decode().split()[2]
    version = bench.run(bench.repro, "--version", cwd=bench.scratch).decode().split()[1]
    return Machine(
        system=f"{uname.system} {uname.release} {uname.machine}",
        n_cores=os.cpu_count() or 1,
        python=".".join(map(str, sys.version_info[:3])),
        git=git,
        repro=version,
    )


def load() -> float:
    """Returns how many processes wanted a core, on average over the last minute."""
    return os.getloadavg()[0]

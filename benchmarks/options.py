"""The command line of the benchmarks."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Options", "read_options"]

_PAIRS = 25
_QUICK_PAIRS = 5


@dataclass(frozen=True)
class Options:
    """What was asked for.

    Attributes:
        as_json: JSON rather than a table.
        is_quick: Fewer pairs: enough to see that it works, not to judge.
        only: Part of an id or a name, or a pattern with * and ?; "" for all.
        with_peers: Whether other programs are measured instead.
        with_environments: Whether environments of a hundred packages are measured instead.
        with_cold: Whether they are also built with nothing in the caches.
        with_scale: Whether a repository with 100,000 runs is measured instead.
        with_points: Whether a run with 1,000,000 points is measured instead.
        pairs: How often each side is measured.
        scratch: Where to work; None for a temporary directory.
        cache: Where the peers' environments are kept.
    """

    as_json: bool
    is_quick: bool
    only: str
    with_peers: bool
    with_environments: bool
    with_cold: bool
    with_scale: bool
    with_points: bool
    pairs: int
    scratch: Path | None
    cache: Path

    @property
    def warmups(self) -> int:
        """How often each side is run before it is measured."""
        return 2 if self.is_quick else 3


def read_options(argv: Sequence[str] | None = None) -> Options:
    """Reads the command line; ends the process on a mistake or after ``--help``."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures repro against floors, or peers, in turn. See benchmarks/README.md.",
    )
    parser.add_argument("--json", action="store_true", help="write JSON, with every pair")
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK_PAIRS} pairs: a smoke test")
    parser.add_argument("--pairs", type=int, metavar="N", help=f"pairs a row; {_PAIRS} by default")
    parser.add_argument("--only", default="", metavar="PATTERN", help="rows whose id or name fit")
    parser.add_argument("--peers", action="store_true", help="DVC, MLflow, W&B, exptrack instead")
    parser.add_argument(
        "--environments",
        action="store_true",
        help="environments of a hundred packages instead",
    )
    parser.add_argument(
        "--cold",
        action="store_true",
        help="and build them with empty caches too, which downloads some 100 MB each time",
    )
    parser.add_argument(
        "--scale", action="store_true", help="a repository with 100,000 runs instead"
    )
    parser.add_argument("--points", action="store_true", help="a run of 1,000,000 points instead")
    parser.add_argument("--scratch", type=Path, metavar="DIR", help="work below DIR")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep what is installed")
    found = parser.parse_args(argv)
    pairs = found.pairs if found.pairs is not None else _QUICK_PAIRS if found.quick else _PAIRS
    if pairs < 1:
        parser.error("--pairs: at least one is needed")
    return Options(
        as_json=found.json,
        is_quick=found.quick,
        only=found.only,
        with_peers=found.peers,
        with_environments=found.environments or found.cold,
        with_cold=found.cold,
        with_scale=found.scale,
        with_points=found.points,
        pairs=pairs,
        scratch=found.scratch,
        cache=found.cache or _cache(),
    )


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "repro-benchmarks"

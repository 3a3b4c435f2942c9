"""Everything that was measured, on one page: as text or as JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.machine import Machine
from benchmarks.result import Result
from benchmarks.table import row_to_json, table

__all__ = ["Page"]


@dataclass(frozen=True)
class Page:
    """What a reader needs.

    Attributes:
        results: The rows.
        machine: Where.
        pairs: How many pairs a row has at most.
        loads: Load before and after.
        peers: Names and versions of the peers; None where floors were measured.
    """

    results: Sequence[Result]
    machine: Machine
    pairs: int
    loads: tuple[float, float]
    peers: Sequence[str] | None

    def text(self) -> str:
        """Returns it for people."""
        before, after = self.loads
        loads = f"load {before:.1f} before, {after:.1f} after"
        head = [f"{self.machine}", f"medians of at most {self.pairs} interleaved pairs; {loads}"]
        if self.peers is not None:
            head.append(f"peers: {', '.join(self.peers) or 'none could be installed'}")
        left = "floor" if self.peers is None else "peer"
        return "\n".join([*head, "", table(self.results, left=left)])

    def json(self) -> str:
        """Returns it for programs, with every pair."""
        page = {
            "machine": self.machine.to_json(),
            "load": {"before": self.loads[0], "after": self.loads[1]},
            "pairs": self.pairs,
            "peers": None if self.peers is None else list(self.peers),
            "rows": [row_to_json(result) for result in self.results],
        }
        return json.dumps(page, indent=2) + "\n"

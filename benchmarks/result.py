"""What was measured, what was promised, and whether the promise is kept. Pure arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

__all__ = ["Budget", "Kind", "Result", "Samples", "Verdict"]


class Kind(StrEnum):
    """What of a pair a budget limits."""

    RATIO = "ratio"
    """Ours divided by the floor."""
    PLUS_MS = "plus_ms"
    """Ours less the floor, in ms."""
    MS = "ms"
    """Ours, in ms, whatever the floor."""
    BYTES = "bytes"
    """Ours, in bytes, whatever the floor."""


class Verdict(StrEnum):
    """Whether a row keeps its budget."""

    MET = "met"
    MISSED = "MISSED"
    FAILED = "FAILED"
    """It could not be measured."""


@dataclass(frozen=True)
class Budget:
    """The most that may be needed.

    Attributes:
        limit: Times, ms or bytes, by `kind`.
        kind: What is limited.
    """

    limit: float
    kind: Kind = Kind.RATIO

    def __str__(self) -> str:
        """Returns it as the table shows it."""
        return self.words(self.limit)

    def words(self, number: float) -> str:
        """Returns a figure of the limited kind, with its unit."""
        match self.kind:
            case Kind.RATIO:
                return f"{number:.3g}x"
            case Kind.PLUS_MS:
                return f"{number:+.0f} ms"
            case Kind.MS:
                return f"{number:.0f} ms"
            case Kind.BYTES:
                return f"{number:,.0f} B"


@dataclass(frozen=True)
class Samples:
    """Pairs measured in turn, floor first.

    Attributes:
        floor: Of the floor, or of the peer that stands beside us.
        ours: Of repro; as many.
        unit: "ms" or "B".
    """

    floor: Sequence[float]
    ours: Sequence[float]
    unit: str = "ms"

    @property
    def ratios(self) -> list[float]:
        """Ours divided by the floor, pair by pair."""
        return [ours / floor for floor, ours in zip(self.floor, self.ours, strict=True)]

    @property
    def differences(self) -> list[float]:
        """Ours less the floor, pair by pair."""
        return [ours - floor for floor, ours in zip(self.floor, self.ours, strict=True)]

    def judged(self, kind: Kind) -> list[float]:
        """Returns what a budget of a kind looks at, pair by pair."""
        match kind:
            case Kind.RATIO:
                return self.ratios
            case Kind.PLUS_MS:
                return self.differences
            case Kind.MS | Kind.BYTES:
                return list(self.ours)


@dataclass(frozen=True)
class Result:
    """A row of the table.

    Attributes:
        id: Short name, for ``--only``.
        name: What repro did.
        floor: What the floor, or the peer, did.
        budget: The promise.
        samples: None where it failed.
        note: What a reader must know to judge it; why it failed.
    """

    id: str
    name: str
    floor: str
    budget: Budget
    samples: Samples | None
    note: str = ""

    @property
    def figure(self) -> float | None:
        """The median of what the budget limits; pairs first, then the median."""
        return median(self.samples.judged(self.budget.kind)) if self.samples else None

    @property
    def verdict(self) -> Verdict:
        """Whether `figure` is within the budget."""
        if self.figure is None:
            return Verdict.FAILED
        return Verdict.MET if self.figure <= self.budget.limit else Verdict.MISSED

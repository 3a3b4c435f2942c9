"""What a row is: a promise, and the way to measure it."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.bench import Bench
from benchmarks.failure import BenchmarkError
from benchmarks.result import Budget, Result, Samples

__all__ = ["Row"]


@dataclass(frozen=True)
class Row:
    """A row of the table, not measured yet.

    Attributes:
        id: Short name, for ``--only``; also the directory it works in.
        name: What repro does.
        floor: What the floor does.
        budget: The promise.
        measure: Measures it in a place.
        note: What a reader must know to judge it.
    """

    id: str
    name: str
    floor: str
    budget: Budget
    measure: Callable[[Bench], Samples]
    note: str = ""

    def result(self, bench: Bench) -> Result:
        """Measures; what cannot be measured is a result too."""
        try:
            samples, note = self.measure(bench), self.note
        except BenchmarkError as error:
            samples, note = None, str(error)
        return Result(self.id, self.name, self.floor, self.budget, samples, note)

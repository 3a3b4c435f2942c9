"""What every sensor can be asked. For type checkers: loading it costs more than a sensor does."""

from typing import Protocol

from repro.sensors.panel import Figures

__all__ = ["Sensor"]


class Sensor(Protocol):
    """Something that can be asked for figures."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the figures are called."""

    def read(self, at_s: float, /) -> Figures:
        """Returns the figures now; rates are those since the last call, None at the first.

        Args:
            at_s: Now, by a clock that never goes back.
        """

"""Sensors read together, each guarded on its own: what one of them meets, the others never see."""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from repro.sensors.sensor import Sensor

__all__ = ["Figures", "Panel", "open_panel", "read_text"]

Figures: TypeAlias = Sequence[float | None]
"""One for each of a sensor's names; None where there is nothing to say."""

_CHUNK_BYTES = 1 << 16


class Panel:
    """Some sensors, which is a sensor again. One that failed is not asked again.

    Attributes:
        names: Of all, side by side.
    """

    def __init__(self, sensors: "Iterable[Sensor]") -> None:
        self._sensors: list[tuple[Sensor | None, int]] = [(s, len(s.names)) for s in sensors]
        self.names = tuple(name for s, _ in self._sensors if s is not None for name in s.names)

    def read(self, at_s: float, /) -> Figures:
        """Returns the figures of all; None for those of a sensor that has failed."""
        figures: list[float | None] = []
        for index, (sensor, n) in enumerate(self._sensors):
            found: Figures = ()
            if sensor is not None:
                try:
                    found = sensor.read(at_s)
                except Exception:  # noqa: BLE001 - whatever it is, the others are read
                    self._sensors[index] = (None, n)
            figures += found if len(found) == n else [None] * n
        return figures


def open_panel(
    openers: "Iterable[Callable[[], Sensor]]", at_s: float
) -> tuple[Panel, Figures, list[Exception]]:
    """Asks for the first figures; what has none is left out.

    Args:
        openers: Each returns a sensor.
        at_s: Now, by a clock that never goes back.

    Returns:
        The sensors that this machine has, their first figures, and what the others met.
    """
    sensors: list[Sensor] = []
    figures: list[float | None] = []
    problems: list[Exception] = []
    for opener in openers:
        try:
            sensor = opener()
            figures += sensor.read(at_s)
        except Exception as error:  # noqa: BLE001 - what cannot be had is a column less
            problems.append(error)
        else:
            sensors.append(sensor)
    return Panel(sensors), figures, problems


def read_text(path: str) -> str:
    """Returns the content of one of the kernel's files.

    Raises:
        OSError: There is no such file.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        chunks = []
        while chunk := os.read(fd, _CHUNK_BYTES):
            chunks.append(chunk)
    finally:
        os.close(fd)
    return b"".join(chunks).decode("utf-8", "replace")

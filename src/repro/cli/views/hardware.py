"""What the machine did while a run went on: a line a figure."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from repro.cli.format import size, sparkline
from repro.cli.page import Cell, Grid, Line
from repro.model.system import PREFIX, system_curves

__all__ = ["Now", "hardware_now", "hardware_rows"]


class _Figure(NamedTuple):
    """A figure that is shown.

    Attributes:
        label: What people call it; "#" is the number of the GPU.
        name: Of its curve; likewise.
        text: Writes a value.
        is_sum: Whether it only grows, from 0.
    """

    label: str
    name: str
    text: Callable[[float], str]
    is_sum: bool = False


def _percent(value: float) -> str:
    return f"{value:.0f} %"


def _megabytes(value: float) -> str:
    return size(max(0, round(value * 1e6)))


def _rate(value: float) -> str:
    return f"{_megabytes(value)}/s"


def _watts(value: float) -> str:
    return f"{value:.0f} W"


def _celsius(value: float) -> str:
    return f"{value:.0f} °C"


_FIRST = (
    _Figure("cpu", "cpu_utilization_percentage", _percent),
    _Figure("memory", "system_memory_usage_megabytes", _megabytes),
    _Figure("process cpu", "process_cpu_percentage", _percent),
    _Figure("process memory", "process_memory_megabytes", _megabytes),
)
_EACH_GPU = (
    _Figure("gpu #", "gpu_#_utilization_percentage", _percent),
    _Figure("gpu # memory", "gpu_#_memory_usage_megabytes", _megabytes),
    _Figure("gpu # temperature", "gpu_#_temperature_celsius", _celsius),
    _Figure("gpu # power", "gpu_#_power_usage_watts", _watts),
)
_LAST = (
    _Figure("disk read", "disk_read_megabytes_per_second", _rate),
    _Figure("disk written", "disk_write_megabytes_per_second", _rate),
    _Figure("disk free", "disk_available_megabytes", _megabytes),
    _Figure("network received", "network_receive_megabytes", _megabytes, is_sum=True),
    _Figure("network sent", "network_transmit_megabytes", _megabytes, is_sum=True),
)


def hardware_rows(system: bytes | None) -> list[Line | Grid]:
    """Returns least, mean, most and the course of each figure that people look at.

    Of what only grows there is the last value alone, and the course of its growth.

    Args:
        system: ``system.tsv`` of the run.
    """
    curves = {} if system is None else system_curves(system)
    rows = []
    for figure in (*_FIRST, *_of_gpus(curves), *_LAST):
        points = curves.get(PREFIX + figure.name)
        if points:
            rows.append(_row(figure, [float(point.value) for point in points]))
    if not rows:
        return []
    heads = tuple(Cell(head, "dim") for head in ("", "least", "mean", "most", ""))
    return [Grid((heads, *rows), frozenset((1, 2, 3)))]


class Now(NamedTuple):
    """A figure at this moment.

    Attributes:
        label: What people call it.
        text: Its last value, with its unit.
        course: All its values, or of what only grows their growth.
    """

    label: str
    text: str
    course: Sequence[float]


def hardware_now(system: bytes | None) -> list[Now]:
    """Returns the figures that people look at, as they are.

    Args:
        system: ``system.tsv`` of a run in progress.
    """
    curves = {} if system is None else system_curves(system)
    found = []
    for figure in (*_FIRST, *_of_gpus(curves), *_LAST):
        values = [float(point.value) for point in curves.get(PREFIX + figure.name, ())]
        if values:
            course = [b - a for a, b in pairwise(values)] if figure.is_sum else values
            found.append(Now(figure.label, figure.text(values[-1]), course))
    return found


def _row(figure: _Figure, values: Sequence[float]) -> tuple[Cell, ...]:
    texts = ("", "", figure.text(values[-1]))
    course = values
    if figure.is_sum:
        course = [after - before for before, after in pairwise(values)]
    else:
        mean = sum(values) / len(values)
        texts = (figure.text(min(values)), figure.text(mean), figure.text(max(values)))
    least, middle, most = texts
    return (
        Cell(figure.label),
        Cell(least, "dim"),
        Cell(middle, "bold"),
        Cell(most),
        Cell(sparkline(course), "cyan"),
    )


def _of_gpus(names: Iterable[str]) -> list[_Figure]:
    numbers = {int(n[1]) for name in names if (n := re.match(PREFIX + "gpu_([0-9]{1,9})_", name))}
    return [
        figure._replace(
            label=figure.label.replace("#", str(number)),
            name=figure.name.replace("#", str(number)),
        )
        for number in sorted(numbers)
        for figure in _EACH_GPU
    ]

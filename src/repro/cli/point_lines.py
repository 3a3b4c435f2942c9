"""The points of a run for programs: a line each, as they come."""

import time
from collections.abc import Iterable, Sequence

from repro.cli.console import Console
from repro.cli.following import Following, ending_text
from repro.cli.growing_curves import GrowingCurves, NewPoint, Reading, RecordedPoint, is_wanted
from repro.cli.page import clean
from repro.git.repository import Repository
from repro.model.summary import Summary, number_to_json
from repro.model.system import system_curves
from repro.model.values import Number

__all__ = ["write_points"]

_INTERVAL_S = 0.2


def write_points(
    console: Console,
    repo: Repository,
    summary: Summary,
    following: Following | None,
    patterns: Sequence[str],
) -> None:
    """Writes all points so far, then each that comes, until the run ends.

    Args:
        console: Where to.
        repo: The repository.
        summary: Of the run.
        following: How to follow it; None when it has ended.
        patterns: Names of metrics, as in a shell; none for all.
    """
    directory = "" if following is None else following.live.directory
    curves = GrowingCurves(directory, Reading(patterns, keeps_points=True))
    machine = _Machine(patterns)
    console.write("time\tstep\tmetric\tvalue\n")
    while following is not None:
        has_ended = following.has_ended()  # asked first: what is read then is the last
        grown = curves.grow()
        _write(console, _logged(grown.points))
        _write(console, machine.new(_system_of(directory)))
        if grown.has_more:
            continue
        if has_ended:
            break
        time.sleep(_INTERVAL_S)
    ended = summary if following is None else following.ending()
    if ended is not None and ended.duration_s is not None:
        from repro.store.runs import read_record

        record = read_record(repo, ended)
        _write(console, _recorded(curves.missing(record)))
        _write(console, machine.new(record.system))
    if following is not None:
        console.talk(ending_text(ended, following.live))


class _Machine:
    """What the machine did, as far as it was asked for, and was not written yet."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = patterns
        self._n_written: dict[str, int] = {}

    def new(self, system: bytes | None) -> list[str]:
        if system is None or not self._patterns:
            return []
        lines = []
        for name, points in system_curves(system).items():
            if is_wanted(name, self._patterns):
                new = points[self._n_written.get(name, 0) :]
                lines += _recorded(RecordedPoint(name, point) for point in new)
                self._n_written[name] = len(points)
        return lines


def _system_of(directory: str) -> bytes | None:
    try:
        with open(f"{directory}/system.tsv", "rb") as file:
            return file.read()
    except OSError:
        return None


def _logged(points: Iterable[NewPoint]) -> list[str]:
    return [
        f"{point.at_ms / 1000:.3f}\t{'' if point.step is None else point.step}"
        f"\t{clean(name)}\t{point.value.decode('ascii')}\n"
        for name, point in points
    ]


def _recorded(points: Iterable[RecordedPoint]) -> list[str]:
    return [
        f"{'' if point.time_s is None else f'{point.time_s:.3f}'}\t{point.step}"
        f"\t{clean(name)}\t{_text(point.value)}\n"
        for name, point in points
    ]


def _text(value: Number) -> str:
    return repr(value) if isinstance(value, float) else str(number_to_json(value))


def _write(console: Console, lines: Sequence[str]) -> None:
    if lines:
        console.write("".join(lines))

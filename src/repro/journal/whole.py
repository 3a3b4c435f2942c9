"""Reads the journal of a run that has ended straight into the lines of its curves.

A metric may have been logged a million times. Taking each point apart, as `repro.journal.reader`
does for whoever follows a run, would cost seconds and a hundred bytes a point; here bytes are only
split and joined, a chunk at a time.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from repro.journal.curves import Curves, curves_of, number_of
from repro.journal.reader import (
    POINT,
    Event,
    Logged,
    decimal,
    event_of,
    journal_files,
    metric_of,
    rank_of,
)
from repro.journal.writer import DIRECTORY
from repro.model.curve import Curve, CurveError
from repro.model.values import Metric

__all__ = ["WholeJournal", "read_whole"]

_CHUNK_BYTES = 4 * 2**20
_MAX_AT_DIGITS = 19


class WholeJournal(NamedTuple):
    """All that was said.

    Attributes:
        curves: Of the metrics; those of rank 3 are called ``rank3/<metric>``.
        events: Those of each process as they were logged, rank 0 first.
        ranks: That have written.
    """

    curves: Curves
    events: list[Event]
    ranks: set[int]

    def said(self, letter: str) -> Iterator[Event]:
        """Yields the events of one kind."""
        return (event for event in self.events if event.letter == letter)


class _Metric:
    """What was logged of a metric: lines of time, step and value, if they are in order."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.files: set[str] = set()

    def lines(self) -> bytes:
        return b"\n".join(self.parts)


def read_whole(directory: str, *, after: Mapping[str, int] | None = None) -> WholeJournal:
    """Returns all that was said, in the order in which `JournalFollower.read` has it.

    Args:
        directory: Of the live run.
        after: The last step of each metric that goes on from an earlier run.
    """
    metrics: dict[str, _Metric] = {}
    events: list[Event] = []
    ranks: set[int] = set()
    for name in journal_files(f"{directory}/{DIRECTORY}"):
        rank = rank_of(name)
        ranks.add(rank)
        for chunk in _chunks(f"{directory}/{DIRECTORY}/{name}"):
            for raw, rows in _grouped(chunk, events, rank).items():
                metric = metric_of(raw, rank)
                if metric is not None:
                    found = metrics.setdefault(metric, _Metric())
                    found.parts.append(b"\n".join(rows))
                    found.files.add(name)
    summary: dict[str, Metric] = {}
    history: dict[str, Curve] = {}
    for name in list(metrics):
        found = metrics.pop(name)  # as it is taken apart, its bytes are no longer needed
        curves = _curves(name, found, (after or {}).get(name))
        summary |= curves.summary
        history |= curves.history
    return WholeJournal(Curves(summary, history), events, ranks)


def _chunks(path: str) -> Iterator[bytes]:
    """Yields the whole lines of a file, some MiB at a time."""
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below, where the reading is
    except OSError:  # not a file that can be read
        return
    with file:
        while content := file.read(_CHUNK_BYTES):
            content += file.readline() if not content.endswith(b"\n") else b""
            if not content.endswith(b"\n"):  # the last line was cut off
                content = content[: content.rfind(b"\n") + 1]
            yield content


def _grouped(content: bytes, events: list[Event], rank: int) -> dict[bytes, list[bytes]]:
    """Returns what stands before the name in each line, by the name; and adds the events."""
    rows: dict[bytes, list[bytes]] = {}
    appenders: dict[bytes, Callable[[bytes], None]] = {}
    for line in content.split(b"\n"):
        row, _, name = line.rpartition(b"\t")
        try:
            appenders[name](row)
        except KeyError:
            if row:
                rows[name] = [row]
                appenders[name] = rows[name].append
            elif (event := event_of(line, rank)) is not None:
                events.append(event)
    return rows


def _curves(name: str, metric: _Metric, after: int | None) -> Curves:
    lines = metric.lines()
    fields = lines.replace(b"\n", b"\t").split(b"\t")
    at, steps, values = fields[0::3], fields[1::3], fields[2::3]
    # In order, as far as counting tells; that a field stands where it should, it does not.
    if lines.count(b"\t") == 2 * len(at) == 2 * len(values) and _are_times(at):
        if len(metric.files) > 1:
            order = sorted(range(len(at)), key=list(map(int, at)).__getitem__)  # stable
            at, steps, values = ([column[i] for i in order] for column in (at, steps, values))
        has_steps = any(steps)
        try:
            values = decimal(values)
            if not all(steps):
                steps = _numbered(steps, after)
            rows = [
                b"%b\t%b.%b\t%b\n" % (step, ms[:-3], ms[-3:], value)
                for ms, step, value in zip(at, steps, values, strict=True)
            ]
            curve = Curve(b"".join(rows))
        except (CurveError, ValueError):
            pass  # garbage among it, which is left out below, line by line
        else:
            last = curve.last
            summary = {name: Metric(number_of(values[-1]), last.step if has_steps else None)}
            return Curves(summary, {name: curve} if has_steps or len(rows) > 1 else {})
    return _slowly(name, lines, after, is_sorted=len(metric.files) == 1)


def _slowly(name: str, lines: bytes, after: int | None, *, is_sorted: bool) -> Curves:
    """Returns the curve of what is in order among some lines."""
    points: list[Logged] = []
    for line in lines.split(b"\n"):
        parts = POINT.fullmatch(line + b"\tx")
        if parts is not None:
            at, step, value, _ = parts.groups()
            (value,) = decimal([value])
            points.append(Logged(int(at), None if step is None else int(step), value))
    if not is_sorted:
        points.sort(key=lambda point: point.at_ms)
    return curves_of({name: points}, after={} if after is None else {name: after})


def _are_times(at: list[bytes]) -> bool:
    """Tells whether all are whole numbers of ms, long enough to be cut into seconds and ms."""
    return (
        b"".join(at).isdigit()
        and min(map(len, at)) > 3
        and max(map(len, at)) <= _MAX_AT_DIGITS
        and min(at) >= b"1"
    )


def _numbered(steps: list[bytes], after: int | None) -> list[bytes]:
    """Returns the steps, with those that were not given one behind the step before."""
    step = -1 if after is None else after
    numbered = []
    for given in steps:
        step = int(given) if given else step + 1
        numbered.append(given or b"%d" % step)
    return numbered

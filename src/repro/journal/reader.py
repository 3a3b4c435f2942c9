"""Reads the journal: the whole of it when the run has ended, or what is new while it runs.

It was written by the user's processes, and the last line may be cut off: garbage is left out.
"""

import json
import os
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from repro.journal.writer import DIRECTORY

__all__ = [
    "POINT",
    "Event",
    "Journal",
    "JournalFollower",
    "Logged",
    "decimal",
    "event_of",
    "journal_files",
    "metric_of",
    "rank_of",
    "read_journal",
    "read_lines",
]

POINT = re.compile(
    rb"([0-9]{1,19})\t(-?[0-9]{1,4300})?\t"
    rb"(=[0-9a-f]{16}"
    rb"|[-+]?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,5})?|inf|nan)|-?0x[0-9a-f]+)"
    rb"\t([^\t\x00]+)"
)
"""A line that is a point: time, step, value and the name as it stands there."""
_BITS = ord("=")
_LETTERS = frozenset(b"bptnage")
_MAX_FILES = 100_000


class Event(NamedTuple):
    """A line that is no point.

    Attributes:
        letter: Of which kind it is; see `repro.journal`.
        value: What it says.
        rank: Of the process that wrote it.
    """

    letter: str
    value: dict[str, Any]
    rank: int = 0


class Logged(NamedTuple):
    """One point as it was logged.

    Attributes:
        at_ms: Since the epoch.
        step: None where none was given.
        value: A float or whole number in ASCII, as a record has it.
    """

    at_ms: int
    step: int | None
    value: bytes


class Journal:
    """What was read.

    Attributes:
        points: By metric; those of rank 3 are called ``rank3/<metric>``. Those of one process stand
            as they were logged; what several processes say of one metric is sorted by time.
        events: Those of each process as they were logged, rank 0 first.
        ranks: That have written.
    """

    def __init__(self) -> None:
        self.points: dict[str, list[Logged]] = {}
        self.events: list[Event] = []
        self.ranks: set[int] = set()

    def said(self, letter: str) -> Iterator[Event]:
        """Yields the events of one kind."""
        return (event for event in self.events if event.letter == letter)


class JournalFollower:
    """Reads, each time it is asked, what has been written since.

    Attributes:
        directory: Of the live run.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self._offsets: dict[str, int] = {}

    def read(self, *, at_most: int = -1) -> Journal:
        """Returns what is new.

        Args:
            at_most: So many bytes of each file, or more where a line is longer; -1 for all.
        """
        journal = Journal()
        shared: set[str] = set()
        for name in journal_files(f"{self.directory}/{DIRECTORY}"):
            content = self._new_lines(name, at_most)
            rank = rank_of(name)
            journal.ranks.add(rank)
            found = read_lines(content, journal, rank)
            for metric, points in found.items():
                if metric in journal.points:
                    shared.add(metric)
                    journal.points[metric] += points
                else:
                    journal.points[metric] = points
        for metric in shared:
            journal.points[metric].sort(key=lambda point: point.at_ms)
        return journal

    def _new_lines(self, name: str, at_most: int) -> bytes:
        """Returns the whole lines that are new in a file."""
        offset = self._offsets.get(name, 0)
        try:
            with open(f"{self.directory}/{DIRECTORY}/{name}", "rb") as file:
                file.seek(offset)
                content = file.read(at_most)
                if b"\n" not in content:
                    content += file.read()
        except OSError:  # the run has ended meanwhile
            return b""
        whole = content[: content.rfind(b"\n") + 1]
        self._offsets[name] = offset + len(whole)
        return whole


def read_journal(directory: str) -> Journal:
    """Returns all that was said.

    Args:
        directory: Of the live run.
    """
    return JournalFollower(directory).read()


def journal_files(directory: str) -> list[str]:
    """Returns the names of the files in a journal's directory, rank 0 first, the oldest first."""
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    return sorted(names, key=lambda name: (rank_of(name), _begun(name)))[:_MAX_FILES]


def rank_of(name: str) -> int:
    """Returns the rank of the process that wrote a file."""
    text = name.partition("-")[0]
    return int(text) if text.isdigit() and len(text) < 9 else 0


def _begun(name: str) -> int:
    try:
        return int(name.rpartition("-")[2], 16)
    except ValueError:
        return 0


def read_lines(content: bytes, journal: Journal, rank: int) -> dict[str, list[Logged]]:
    """Returns the points in some lines, by metric, and adds what else they say to a journal."""
    found: dict[bytes, list[Logged]] = {}
    match, fromhex, unpack = POINT.fullmatch, bytes.fromhex, struct.Struct(">d").unpack
    make = tuple.__new__  # a quarter of the time, for a million
    for line in content.split(b"\n"):
        parts = match(line)
        if parts is not None:
            at, step, value, name = parts.groups()
            if value[0] == _BITS:
                value = b"%r" % unpack(fromhex(value[1:].decode()))
            point = make(Logged, (int(at), None if step is None else int(step), value))
            try:
                found[name].append(point)
            except KeyError:
                found[name] = [point]
        else:
            event = event_of(line, rank)
            if event is not None:
                journal.events.append(event)
    return _named(found, rank)


def decimal(values: Sequence[bytes]) -> list[bytes]:
    """Returns values as a record has them, those that were written by their bits in decimal.

    Raises:
        ValueError: One begins as if it were written so, and is not.
    """
    written = [value[1:] for value in values if value[:1] == b"="]
    if any(len(digits) != 16 for digits in written):
        raise ValueError("not the bits of a float")
    floats = struct.unpack(f">{len(written)}d", bytes.fromhex(b"".join(written).decode("ascii")))
    texts = iter(" ".join(map(repr, floats)).encode().split())
    return [next(texts) if value[:1] == b"=" else value for value in values]


def event_of(line: bytes, rank: int) -> Event | None:
    """Returns the event that a line says; None where it is none."""
    if not line[:1] or line[0] not in _LETTERS:
        return None
    try:
        value = json.loads(line[2:])
    except (ValueError, RecursionError):  # cut off, or not ours
        return None
    return Event(chr(line[0]), value, rank) if isinstance(value, dict) else None


def _named(found: Mapping[bytes, list[Logged]], rank: int) -> dict[str, list[Logged]]:
    named: dict[str, list[Logged]] = {}
    for raw, points in found.items():
        name = metric_of(raw, rank)
        if name is not None:
            named[name] = points
    return named


def metric_of(raw: bytes, rank: int) -> str | None:
    """Returns the metric that a name in a line of a rank means; None where it means none."""
    name = None if not raw or b"\0" in raw else _name_of(raw)
    return f"rank{rank}/{name}" if rank and name is not None else name


def _name_of(raw: bytes) -> str | None:
    try:
        if raw.startswith(b'"'):
            name = json.loads(raw)
            return name if isinstance(name, str) else None
        return raw.decode("utf-8")
    except (ValueError, RecursionError):
        return None

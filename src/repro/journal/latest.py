"""What a run has said so far, without reading all of it: what a listing has time for.

Of a long file the beginning and the end are read. Params stand at the beginning; at the end stands
the last point of each metric that is logged often, and from there one looks back for the others
whose names were seen. Looking back is a search for bytes, which is a hundred times as fast as
reading lines, and yet it ends somewhere: what was logged only once, long ago, may be left out. What
is said is true, so never an older point for the last.
"""

import os
from typing import NamedTuple

from repro.journal.reader import Event, Journal, Logged, journal_files, rank_of, read_lines
from repro.journal.writer import DIRECTORY

__all__ = ["Latest", "read_latest"]

_HEAD_BYTES = 64 * 1024
_TAIL_BYTES = 512 * 1024
"""Of all files together; some 10,000 points, which take 5 ms."""
_LEAST_BYTES = 16 * 1024
_BACK_BYTES = 24 * 2**20
"""Looked through for metrics that are logged seldom: some 10 ms."""
_MOST_FILES = 256


class Latest(NamedTuple):
    """What is known.

    Attributes:
        points: The last of each metric, named as `repro.journal.reader.Journal` names them.
        events: Of the lines that are no points, those that were seen.
        is_whole: Whether nothing was left out.
    """

    points: dict[str, Logged]
    events: list[Event]
    is_whole: bool


def read_latest(directory: str) -> Latest:
    """Returns the last points and the events of a run in progress.

    Args:
        directory: Of the live run.
    """
    names = journal_files(f"{directory}/{DIRECTORY}")
    journal = Journal()
    points: dict[str, Logged] = {}
    shown = names[:_MOST_FILES]
    is_whole = len(shown) == len(names)
    for name in shown:
        path = f"{directory}/{DIRECTORY}/{name}"
        share = max(_TAIL_BYTES // len(shown), _LEAST_BYTES)
        try:
            lines, has_all = _telling_lines(path, share, _BACK_BYTES // len(shown))
        except OSError:  # the run has ended meanwhile
            continue
        is_whole = is_whole and has_all
        for metric, found in read_lines(lines, journal, rank_of(name)).items():
            last = found[-1]
            if metric not in points or last.at_ms >= points[metric].at_ms:
                points[metric] = last
    return Latest(points, journal.events, is_whole)


def _telling_lines(path: str, tail_bytes: int, back_bytes: int) -> tuple[bytes, bool]:
    """Returns the lines of a file that are needed, and whether these are all that there are."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= _HEAD_BYTES + tail_bytes:
            content = file.read()
            return content[: content.rfind(b"\n") + 1], True
        head = file.read(_HEAD_BYTES)
        begin = size - tail_bytes
        file.seek(begin)
        tail = file.read(tail_bytes)
        first = _lines_by_name(head[: head.rfind(b"\n") + 1])
        last = _lines_by_name(tail[tail.find(b"\n") : tail.rfind(b"\n") + 1])
        rare = [name for name in first if name not in last and _is_metric(first[name])]
        back = _last_before(file.fileno(), begin, rare, back_bytes)
    told = [line for lines in (first, last) for line in lines.values() if not _is_metric(line)]
    return b"\n".join((*told, *back, *filter(_is_metric, last.values()))) + b"\n", False


def _lines_by_name(content: bytes) -> dict[bytes, bytes]:
    """Returns the last line of each metric; any other line goes by itself."""
    return {line[line.rfind(b"\t") + 1 :]: line for line in content.split(b"\n")}


def _is_metric(line: bytes) -> bool:
    return line[:1].isdigit()


def _last_before(fd: int, end: int, names: list[bytes], at_most: int) -> list[bytes]:
    """Returns the last lines of some metrics before a place in a file, as far as they are found."""
    if not names:
        return []
    import mmap

    found = []
    room = at_most
    with mmap.mmap(fd, 0, prot=mmap.PROT_READ) as content:
        for name in names:
            start = max(end - room, 0)
            at = content.rfind(b"\t%b\n" % name, start, end + len(name) + 1)
            if at >= 0:
                begin = content.rfind(b"\n", 0, at) + 1
                found.append(content[begin : at + 1 + len(name)])
            room -= end - max(at, start)
            if room <= 0:
                break
    return found

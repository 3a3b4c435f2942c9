"""Files that repro can make again, or that a process which died left behind."""

import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import NamedTuple

from repro.cli.format import counted
from repro.cli.garbage.freed import Freed, disk_bytes
from repro.git.repository import Repository
from repro.model.ids import RunId

__all__ = ["Leftover", "find_leftovers", "leftovers_freed", "remove_leftovers"]

_DAY_NS = 86_400 * 10**9
_UNUSED_DAYS = 90
"""What was not made anew for so long is hardly looked at; if it is, it is made again."""
_UNCHANGED_DAYS = 30
_TEMPORARY = re.compile(
    r".+\.tmp|(?:writer|.+\.json|[0-9a-f]{16}|doctor)\.[0-9]+(?:\.[0-9a-f]{8})?"
)
"""As `atomic_write` and the like call files that are not whole yet."""
_TEMPORARY_IN = ("", "cache", "cache/searched", "remotes", "states", "unchanged")


class Leftover(NamedTuple):
    """A file or directory that may go.

    Attributes:
        path: Where it is.
        why: Why it may go.
    """

    path: str
    why: str


def find_leftovers(repo: Repository, runs: Collection[RunId], *, at_ns: int) -> list[Leftover]:
    """Returns what may go from repro's own directory.

    Args:
        repo: The repository.
        runs: All runs that there are.
        at_ns: Now, nanoseconds since the epoch.
    """
    state, died = repo.state_dir, "left by a process that died"
    day_ago = at_ns - _DAY_NS

    def older(directory: str, days: float) -> Iterator[str]:
        return _older(f"{state}/{directory}", at_ns - int(days * _DAY_NS))

    found = [Leftover(path, died) for path in _locks(repo, day_ago)]
    found += [Leftover(path, died) for path in older("index", 1)]
    found += [Leftover(path, died) for path in older("live", 1) if _is_hidden(path)]
    why = f"of ranks whose run is over, not written for {_UNCHANGED_DAYS} days"
    long_ago = at_ns - _UNCHANGED_DAYS * _DAY_NS
    found += [
        Leftover(path, why)
        for path in older("live/.jobs", _UNCHANGED_DAYS)
        if _last_written_ns(path) < long_ago
    ]
    for directory in _TEMPORARY_IN:
        in_it = older(directory, 1)
        found += [Leftover(path, died) for path in in_it if _TEMPORARY.fullmatch(_name(path))]
    for directory in ("cache", "cache/searched"):
        why = f"not made anew for {_UNUSED_DAYS} days"
        found += [Leftover(path, why) for path in older(directory, _UNUSED_DAYS) if _is_plain(path)]
    why = f"a working tree that was not recorded for {_UNCHANGED_DAYS} days"
    found += [Leftover(path, why) for path in older("unchanged", _UNCHANGED_DAYS)]
    found += [
        Leftover(path, "its run is gone")
        for path in older("states", 1 / 24)
        if _text_of(path) not in runs
    ]
    unique = {leftover.path: leftover for leftover in reversed(found)}
    return sorted(unique.values())


def _older(directory: str, before_ns: int) -> Iterator[str]:
    with suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                state = entry.stat(follow_symlinks=False)
                # A copied index has the time of the user's own: when it was made, ctime tells.
                if max(state.st_mtime_ns, state.st_ctime_ns) < before_ns:
                    yield entry.path


def _last_written_ns(directory: str) -> int:
    """Returns when anything below a directory was last written."""
    last = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            with suppress(FileNotFoundError):
                last = max(last, os.lstat(f"{parent}/{name}").st_mtime_ns)
    return last


def _locks(repo: Repository, before_ns: int) -> Iterator[str]:
    """Yields locks of repro's refs: a killed git leaves them, and no git ever removes them."""
    for directory, _, names in os.walk(f"{repo.common_dir}/refs/repro"):
        for name in names:
            path = f"{directory}/{name}"
            with suppress(FileNotFoundError):
                if name.endswith(".lock") and os.lstat(path).st_mtime_ns < before_ns:
                    yield path


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _is_hidden(path: str) -> bool:
    return _name(path).startswith((".new-", ".gone-"))


def _is_plain(path: str) -> bool:
    # Databases are shared and kept open; locks are held.
    return os.path.isfile(path) and ".sqlite" not in _name(path) and not path.endswith(".lock")


def _text_of(path: str) -> str:
    with suppress(OSError), open(path, encoding="ascii", errors="replace") as file:
        return file.read(64).strip()
    return ""


def remove_leftovers(leftovers: Collection[Leftover]) -> None:
    """Removes them; what is gone already, or may not be removed, is passed over."""
    import shutil

    for leftover in leftovers:
        with suppress(OSError):
            if os.path.isdir(leftover.path) and not os.path.islink(leftover.path):
                shutil.rmtree(leftover.path)
            else:
                os.unlink(leftover.path)


def leftovers_freed(leftovers: Collection[Leftover]) -> list[Freed]:
    """Returns one row for each reason."""
    by_reason: dict[str, list[int]] = {}
    for leftover in leftovers:
        with suppress(OSError):
            by_reason.setdefault(leftover.why, []).append(disk_bytes(leftover.path))
    return [
        Freed("leftover", counted(len(sizes), "file"), why, sum(sizes), len(sizes))
        for why, sizes in sorted(by_reason.items())
    ]

"""Plain rebases that git told a hook of, and that nobody has written down yet.

To write down what became of 50 commits takes as long as git takes to rebase them. So where nothing
was melted, dropped or amended on the way, the hook only keeps what git said, without starting
Python, and whoever first asks which runs a commit has finds it written down by then.

``<common dir>/repro/rewritten/<name>`` holds a row ``<old> <new>`` for each commit, and ``end``.
"""

import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from repro.errors import ReproError
from repro.git.repository import Repository
from repro.model.ids import Oid, is_oid

__all__ = ["REWRITTEN", "settle_rewrites"]

REWRITTEN = "rewritten"
"""The directory, in repro's own."""
_END = "end"


class _Told(NamedTuple):
    """A rebase.

    Attributes:
        path: Where it was kept.
        at_ns: When, nanoseconds since the epoch.
        became: What each commit became.
    """

    path: str
    at_ns: int
    became: dict[Oid, Oid]


def settle_rewrites(repo: Repository) -> None:
    """Writes down which runs the commits of plain rebases have now, if there was one.

    Where that cannot be done it is left for the next time; git's notes tell meanwhile.
    """
    directory = f"{repo.state_dir}/{REWRITTEN}"
    if not os.path.isdir(directory):
        return
    with suppress(ReproError, OSError):
        _settle_all(repo, directory)


def _settle_all(repo: Repository, directory: str) -> None:
    from repro.git.identity import author_of
    from repro.git.turn import turn
    from repro.lineage.belonging import Ledger, attach

    with turn(repo, REWRITTEN):
        told = [found for name in os.listdir(directory) if (found := _read(f"{directory}/{name}"))]
        author = author_of(repo) if told else None
        # In their order: a commit may have been rebased twice.
        for path, at_ns, became in sorted(told, key=lambda one: one.at_ns):
            ledger = Ledger(repo, is_settling=True)
            ties = {pair for found in ledger.ties(became.keys()) for pair in found}
            present = ledger.present({run for run, _ in ties})
            pairs = [(became[old], run) for run, old in sorted(ties) if run in present]
            began, said, _ = ledger.ties({new for new, _ in pairs})
            now = datetime.fromtimestamp(at_ns / 1e9, UTC)
            attach(repo, pairs, now=now, author=author, known={*began, *said})
            os.unlink(path)
        with suppress(OSError):  # one more was kept just now
            os.rmdir(directory)


def _read(path: str) -> _Told | None:
    """Reads what was kept; None where it is not whole, as while it is being written."""
    with open(path, encoding="ascii", errors="replace") as file:
        rows = [line.split() for line in file.read().splitlines()]
        at_ns = os.fstat(file.fileno()).st_mtime_ns
    if not rows or rows.pop() != [_END]:
        return None
    pairs = [row for row in rows if len(row) == 2 and all(map(is_oid, row))]
    return _Told(path, at_ns, {Oid(old): Oid(new) for old, new in pairs})

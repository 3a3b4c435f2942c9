"""What `repro record` does, apart from click: see `repro.cli.options`."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime

from repro.cli.early import remember_unchanged
from repro.cli.options import Option, Values, read_quickly
from repro.cli.recording import OPTIONS, prepare, request_of
from repro.cli.watching import watched
from repro.git.repository import Repository
from repro.record.request import Surroundings
from repro.record.workspace import record_workspace

__all__ = ["RECORD_OPTIONS", "record", "record_quickly"]

RECORD_OPTIONS = (
    *OPTIONS,
    Option(
        "journal",
        ("--journal",),
        "Record a run whose journal was kept in this directory, and remove it.",
        metavar="DIR",
    ),
)


def record_quickly(words: Sequence[str]) -> int | None:
    """Records when the command line is plainly in order; None when click must look at it."""
    read = read_quickly(RECORD_OPTIONS, words)
    if read is None or read[1]:
        return None
    return record(read[0])


def record(values: Values) -> int:
    """Records the workspace, says so, and returns 0."""
    repo, around = prepare(quiet=values["quiet"])
    if values["journal"] is not None:
        return _record_journal(repo, values, around)
    with watched(around, is_quiet=bool(values["quiet"])) as around:
        recorded = record_workspace(repo, request_of(values, ()), around)
    remember_unchanged(repo, recorded, status=around.status, env=around.env)
    if not values["quiet"]:
        from repro.cli.outcome import print_known, print_outcome

        if recorded.record is not None:
            print_outcome(recorded.record)
        else:
            print_known(recorded.id)
    return 0


def _record_journal(repo: Repository, values: Values, around: Surroundings) -> int:
    from repro.record.kept import record_kept

    recorded = record_kept(repo, os.path.abspath(values["journal"]), around, now=datetime.now(UTC))
    if not values["quiet"]:
        from repro.cli.outcome import print_known, print_outcome

        if recorded.record is not None:
            print_outcome(recorded.record)
        else:
            print_known(recorded.id)
    return 0

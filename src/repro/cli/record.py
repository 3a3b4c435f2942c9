"""What `repro record` does, apart from click: see `repro.cli.options`."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime

from repro.cli.early import remember_unchanged
from repro.cli.options import Option, Values, read_quickly
from repro.cli.recording import OPTIONS, prepare, request_of
from repro.cli.watching import watched
from repro.git.repository import Repository
from repro.model.ids import RunId
from repro.model.run import Record
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
    Option(
        "commit",
        ("--commit",),
        "Record what a commit holds, not the workspace, and that it belongs there.",
        metavar="REV",
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
    if values["commit"] is not None:
        return _record_commit(repo, values, around)
    with watched(around, is_quiet=bool(values["quiet"])) as around:
        recorded = record_workspace(repo, request_of(values, ()), around)
    remember_unchanged(repo, recorded, status=around.status, env=around.env)
    return _say(recorded.record, recorded.id, values)


def _record_journal(repo: Repository, values: Values, around: Surroundings) -> int:
    from repro.record.kept import record_kept

    recorded = record_kept(repo, os.path.abspath(values["journal"]), around, now=datetime.now(UTC))
    return _say(recorded.record, recorded.id, values)


def _record_commit(repo: Repository, values: Values, around: Surroundings) -> int:
    from repro.lineage.belonging import attach
    from repro.lineage.commits import read_commits
    from repro.record.of_commit import record_commit

    commit = read_commits(repo, [f"{values['commit']}^!"])[0].oid
    now = datetime.now(UTC)
    recorded = record_commit(repo, commit, request_of(values, ()), around, now=now)
    attach(repo, [(commit, recorded.id)], now=now, author=around.author)
    return _say(recorded.record, recorded.id, values)


def _say(record: Record | None, run: RunId, values: Values) -> int:
    if not values["quiet"]:
        from repro.cli.outcome import print_known, print_outcome

        if record is not None:
            print_outcome(record)
        else:
            print_known(run)
    return 0

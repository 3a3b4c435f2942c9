"""What `repro record` does, apart from click: see `repro.cli.options`."""

from collections.abc import Sequence

from repro.cli.early import remember_unchanged
from repro.cli.options import Values, read_quickly
from repro.cli.recording import OPTIONS, prepare, request_of
from repro.cli.watching import watched
from repro.record.workspace import record_workspace

__all__ = ["record", "record_quickly"]


def record_quickly(words: Sequence[str]) -> int | None:
    """Records when the command line is plainly in order; None when click must look at it."""
    read = read_quickly(OPTIONS, words)
    if read is None or read[1]:
        return None
    return record(read[0])


def record(values: Values) -> int:
    """Records the workspace, says so, and returns 0."""
    repo, around = prepare(quiet=values["quiet"])
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

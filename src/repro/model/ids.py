"""Identifiers: git object ids, ref names, and run ids.

A run id is ``<YYYYMMDDTHHMMSS>-<8 letters>``: the UTC second in which the run started, so that refs
sort by time, and 32 random bits written in the letters k to z, so that what people type can be
mistaken neither for a commit id nor for a word (the alphabet is Jujutsu's).
"""

import re
from datetime import UTC, datetime
from typing import NewType

__all__ = [
    "ARCHIVE_REFS",
    "INCOMING_REFS",
    "LETTERS",
    "LIVE_REFS",
    "LOG_REFS",
    "NOTES_REF",
    "RUN_REFS",
    "TRASH_REFS",
    "UNDO_REFS",
    "Oid",
    "RefName",
    "RunId",
    "WriterId",
    "archive_ref",
    "is_oid",
    "is_run_id",
    "is_writer_id",
    "live_ref",
    "log_ref",
    "new_run_id",
    "new_writer_id",
    "run_id_from_ref",
    "run_ref",
    "short_id",
    "started_at_from_id",
    "trash_ref",
    "undo_ref",
]

Oid = NewType("Oid", str)
"""A full git object id in hex: 40 digits, or 64 in a SHA-256 repository."""
RefName = NewType("RefName", str)
"""A full ref name, such as ``refs/heads/main``."""
RunId = NewType("RunId", str)
"""A run id as the module docstring describes it."""
WriterId = NewType("WriterId", str)
"""Names a clone, which alone adds to its log and its archive: eight letters k to z."""

LETTERS = "zyxwvutsrqponmlk"
"""Letter for each nibble 0 to 15."""

RUN_REFS = "refs/repro/runs/"
LIVE_REFS = "refs/repro/live/"
UNDO_REFS = "refs/repro/undo/"
ARCHIVE_REFS = "refs/repro/archive/"
"""Folded runs, a chain of commits for each writer."""
LOG_REFS = "refs/repro/log/"
"""Tags, notes, stars, names, commits and removals, a chain of commits for each writer."""
TRASH_REFS = "refs/repro/trash/"
"""Removed runs until `repro gc`."""
INCOMING_REFS = "refs/repro/incoming/"
"""What a pull has fetched and not yet checked."""

NOTES_REF = "refs/notes/repro"
"""Run ids by commit, as git notes: git itself carries these through an amend, rebase or squash."""

_OID = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_TIME_FORMAT = "%Y%m%dT%H%M%S"
_RUN_ID = re.compile(
    "([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})-[k-z]{8}", re.ASCII
)


def new_run_id(started_at: datetime, entropy: bytes) -> RunId:
    """Returns the id of a run that starts now.

    Args:
        started_at: Aware, any zone; cut to the second.
        entropy: 4 random bytes.

    Raises:
        ValueError: They are not 4.
    """
    if len(entropy) != 4:
        raise ValueError(f"4 bytes are needed, not {len(entropy)}")
    return RunId(f"{started_at.astimezone(UTC):{_TIME_FORMAT}}-{_letters(entropy)}")


def _letters(entropy: bytes) -> str:
    return "".join(LETTERS[byte >> 4] + LETTERS[byte & 15] for byte in entropy)


def is_oid(text: str) -> bool:
    """Tells whether the text is a full object id."""
    return _OID.fullmatch(text) is not None


def new_writer_id(entropy: bytes) -> WriterId:
    """Returns the id of a clone that writes for the first time.

    Args:
        entropy: 4 random bytes.

    Raises:
        ValueError: They are not 4.
    """
    if len(entropy) != 4:
        raise ValueError(f"4 bytes are needed, not {len(entropy)}")
    return WriterId(_letters(entropy))


def is_writer_id(text: str) -> bool:
    """Tells whether the text names a writer."""
    return len(text) == 8 and all(letter in LETTERS for letter in text)


def is_run_id(text: str) -> bool:
    """Tells whether the text is a whole run id; its time must exist."""
    return _started_at(text) is not None


def short_id(run_id: RunId) -> str:
    """Returns the 8 letters, the part that people see and type."""
    return run_id.rpartition("-")[2]


def started_at_from_id(run_id: RunId) -> datetime:
    """Returns the second at which the run started, UTC.

    Raises:
        ValueError: It is no run id.
    """
    started_at = _started_at(run_id)
    if started_at is None:
        raise ValueError(f"not a run id: {run_id!r}")
    return started_at


def _started_at(text: str) -> datetime | None:
    match = _RUN_ID.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        # Not strptime, which takes 5 ms to import.
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def run_ref(run_id: RunId) -> RefName:
    """Returns the ref of a finished run."""
    return RefName(RUN_REFS + run_id)


def live_ref(run_id: RunId) -> RefName:
    """Returns the ref that keeps the code snapshot of a run in progress."""
    return RefName(LIVE_REFS + run_id)


def undo_ref(number: int) -> RefName:
    """Returns the ref of the working tree saved as number `number`, counted from 1."""
    return RefName(f"{UNDO_REFS}{number}")


def archive_ref(writer: WriterId) -> RefName:
    """Returns the ref of a writer's folded runs."""
    return RefName(ARCHIVE_REFS + writer)


def log_ref(writer: WriterId) -> RefName:
    """Returns the ref of a writer's log."""
    return RefName(LOG_REFS + writer)


def trash_ref(run_id: RunId) -> RefName:
    """Returns the ref of a removed run."""
    return RefName(TRASH_REFS + run_id)


def run_id_from_ref(ref: RefName) -> RunId | None:
    """Returns the run id in a ref of one run (finished, live, removed), None where it has none."""
    name = ref.rpartition("/")[2]
    return RunId(name) if is_run_id(name) else None

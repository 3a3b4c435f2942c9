"""What the recording commands ask git for before anything else is imported.

git takes about as long to answer as click takes to import, and there are two cores.
"""

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from repro.errors import ReproError
from repro.git.identity import ASK_IDENTITY, identity_in
from repro.git.refs import read_ref
from repro.git.repository import GitNotInstalledError, Opening, Repository
from repro.git.snapshot import STATUS, Snapshot, take_snapshot
from repro.model.ids import is_run_id, run_ref, short_id
from repro.model.run import Identity
from repro.record.unchanged import note_recorded, recorded_unchanged

if TYPE_CHECKING:
    from repro.record.sealed import Recorded

__all__ = [
    "ask_git",
    "asked",
    "begin_snapshot",
    "identity_of",
    "record_unchanged",
    "remember_unchanged",
    "settle",
    "snapshot_of",
    "status_of",
]

_under_way: list[Opening] = []
_snapshots: dict[Opening, "_Taking"] = {}


class _Taking(threading.Thread):
    """Takes the snapshot while the rest is imported; it ends before any command starts.

    Attributes:
        snapshot: None while under way, and when it failed: then it is taken again, and the failure
            reported.
    """

    def __init__(self, opening: Opening) -> None:
        super().__init__(daemon=True)
        self._opening = opening
        self.snapshot: Snapshot | None = None

    def run(self) -> None:
        """Takes it."""
        from repro.record.redactor import screen_of

        with suppress(ReproError, OSError):
            status = status_of(self._opening)
            if status is not None:
                repo = self._opening.repository()
                self.snapshot = take_snapshot(repo, status=status, screen=screen_of(repo))


def ask_git() -> None:
    """Starts to open the repository of the current directory; does not wait, does not fail."""
    with suppress(GitNotInstalledError, OSError):  # `asked` meets it again, where it is reported
        _under_way.append(Opening(asking=(STATUS, ASK_IDENTITY)))


def begin_snapshot() -> None:
    """Starts to take the snapshot of what `ask_git` asked about."""
    if _under_way:
        opening = _under_way[-1]
        with suppress(ReproError, OSError):
            opening.repository()
            _snapshots[opening] = _Taking(opening)
            _snapshots[opening].start()


def settle() -> None:
    """Waits for a snapshot that nobody wanted, lest its temporary index stay behind."""
    while _snapshots:
        _snapshots.popitem()[1].join()


def snapshot_of(opening: Opening) -> Snapshot | None:
    """Returns the snapshot that was begun, None when there is none."""
    taking = _snapshots.pop(opening, None)
    if taking is None:
        return None
    taking.join()
    return taking.snapshot


def asked() -> Opening:
    """Returns the opening of the current directory's repository, begun earlier or now."""
    while _under_way:
        opening = _under_way.pop()
        if opening.directory == os.path.realpath(os.getcwd()):
            return opening
    return Opening(asking=(STATUS, ASK_IDENTITY))


def status_of(opening: Opening) -> bytes | None:
    """Returns the output of ``git status``; None when it is to be asked again, as it complained."""
    result = opening.answer(STATUS)
    return result.out if result.code == 0 and not result.err else None


def identity_of(opening: Opening) -> Identity | None:
    """Returns who git says the user is; None when it knows no name or no address."""
    result = opening.answer(ASK_IDENTITY)
    return identity_in(result.out) if result.code == 0 else None


def record_unchanged(args: Sequence[str]) -> int | None:
    """Answers a plain ``repro record`` in a workspace that has not changed since it was recorded.

    Returns:
        The exit code; None when there is more to do.
    """
    if any(word not in ("-q", "--quiet") for word in args) or not _under_way:
        return None
    opening = _under_way[-1]
    try:
        repo = opening.repository()
        if _has_live_runs(repo):
            return None
        run_id = recorded_unchanged(repo, status=lambda: status_of(opening), env=os.environ)
        if run_id is None or read_ref(repo, run_ref(run_id)) is None:
            return None
    except (ReproError, OSError):  # met again, and reported, on the way that everything else takes
        return None
    if not args:
        sys.stderr.write(f"repro: nothing new, recorded already as {short_id(run_id)}\n")
    return 0


def remember_unchanged(
    repo: Repository, recorded: "Recorded", *, status: bytes | None, env: Mapping[str, str]
) -> None:
    """Notes the state of the workspace for `record_unchanged`."""
    if recorded.witnesses is not None and status is not None:
        note_recorded(repo, recorded.id, status=status, witnesses=recorded.witnesses, env=env)


def _has_live_runs(repo: Repository) -> bool:
    try:
        return any(map(is_run_id, os.listdir(f"{repo.state_dir}/live")))
    except FileNotFoundError:
        return False

"""Notes beside a working tree: which run is checked out, and whether a checkout is under way."""

import json
import os
from dataclasses import asdict, dataclass, replace
from typing import Any

from repro.errors import ReproError
from repro.git.repository import Repository
from repro.model.ids import Oid, RunId

__all__ = [
    "CheckedOut",
    "Progress",
    "StateError",
    "begin",
    "checked_out",
    "checked_out_from_json",
    "end",
    "interrupted",
    "read_progress",
    "set_checked_out",
    "write_whole",
]


class StateError(ReproError):
    """A note beside the working tree cannot be read."""


@dataclass(frozen=True, slots=True)
class CheckedOut:
    """The run whose state the working tree was given last.

    Attributes:
        run: Its id.
        name: Its name.
        oid: The run commit.
        commit: Where HEAD was put; None where it was put on a branch without commits.
        tree: The files as the checkout left them, without `left`.
        placed: Paths of the data and outputs that were written.
        left: Paths of files that were ignored before and no longer are; "/" ends a directory.
    """

    run: RunId
    name: str
    oid: Oid
    commit: Oid | None
    tree: Oid
    placed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def leaves(self, path: str) -> bool:
        """Tells whether a path is one of `left` or below it."""
        return any(
            path.startswith(left) if left.endswith("/") else path == left for left in self.left
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """A checkout under way.

    Attributes:
        undo: Number of the undo entry that holds what was there before.
        target: What it was to become, in words.
    """

    undo: int
    target: str


def checked_out(repo: Repository) -> CheckedOut | None:
    """Returns the run that is checked out in this working tree, None when none is.

    Raises:
        StateError: The note about it is damaged.
    """
    fields = _read(_checked_out_path(repo))
    return checked_out_from_json(fields) if fields is not None else None


def checked_out_from_json(fields: dict[str, Any]) -> CheckedOut:
    """Reads a `CheckedOut` from its fields, as ``dataclasses.asdict`` gives them.

    Raises:
        StateError: A field is missing or of the wrong kind.
    """
    try:
        note = CheckedOut(**fields)
        return replace(note, placed=tuple(note.placed), left=tuple(note.left))
    except TypeError as error:
        raise StateError("the note about the run that is checked out cannot be read") from error


def set_checked_out(repo: Repository, value: CheckedOut | None) -> None:
    """Notes which run is checked out; None for none."""
    path = _checked_out_path(repo)
    if value is None:
        _remove(path)
    else:
        write_whole(path, json.dumps(asdict(value), indent=1).encode("ascii"))


def begin(repo: Repository, progress: Progress) -> None:
    """Notes that a checkout starts to change things."""
    write_whole(_progress_path(repo), json.dumps(asdict(progress)).encode("ascii"))


def end(repo: Repository) -> None:
    """Notes that it is done."""
    _remove(_progress_path(repo))


def read_progress(repo: Repository) -> Progress | None:
    """Returns the checkout that was started and not ended, None when there is none.

    Raises:
        StateError: The note about it is damaged.
    """
    path = _progress_path(repo)
    fields = _read(path)
    try:
        return Progress(**fields) if fields is not None else None
    except TypeError as error:
        raise StateError(f"cannot be read: {path}", hint="repro undo --list") from error


def interrupted(repo: Repository) -> int | None:
    """Returns the undo entry that an interrupted checkout made, None when there was none."""
    progress = read_progress(repo)
    return progress.undo if progress is not None else None


def write_whole(path: str, content: bytes) -> None:
    """Writes a file so that it is there whole or not at all, power cuts included."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _checked_out_path(repo: Repository) -> str:
    return f"{repo.git_dir}/repro/checked-out.json"


def _progress_path(repo: Repository) -> str:
    return f"{repo.git_dir}/repro/checkout-in-progress.json"


def _read(path: str) -> dict[str, Any] | None:
    try:
        with open(path, "rb") as file:
            fields = json.loads(file.read())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StateError(f"cannot be read: {path}", hint=f"rm {path}") from error
    if not isinstance(fields, dict):
        raise StateError(f"cannot be read: {path}", hint=f"rm {path}")
    return fields


def _remove(path: str) -> None:
    if os.path.lexists(path):
        os.unlink(path)

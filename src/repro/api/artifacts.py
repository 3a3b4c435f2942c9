"""Logs artifacts: under which name, and with the bytes that they have now."""

import os
import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from repro.api.copying import Copied, copy_path, put_bytes
from repro.api.plain import described
from repro.api.rendering import UnknownFormError
from repro.model.data import LOGGED_DIRECTORY, Place, check_path
from repro.model.gap import GapKind

if TYPE_CHECKING:
    from repro.api.active import ActiveRun

__all__ = ["Kind", "Subject", "log_bytes", "log_path"]


Kind: TypeAlias = Literal["", "model", "figure", "image", "table"]
"""As in `repro.model.data.Artifact`."""


class Subject(NamedTuple):
    """What is logged.

    Attributes:
        path: As the program names it.
        directory: Under which name it goes; None for the place that it has.
        kind: What it is.
        is_content: Whether, of a directory, what is in it goes there and not the directory itself.
        name: The whole name; None for one by the path.
    """

    path: object
    directory: str | None = None
    kind: Kind = ""
    is_content: bool = False
    name: str | None = None


def log_path(run: "ActiveRun", subject: Subject) -> None:
    """Copies a file or a directory, and says so in the journal."""
    if not isinstance(subject.path, (str, bytes, os.PathLike)):
        text = described(subject.path)
        _complain(run, text[:80], "neither a file nor a directory", "save it, and log the file")
        return
    path = os.path.abspath(os.fsdecode(subject.path))
    if not os.path.exists(path):
        _complain(run, path, "it is not there")
        return
    name, is_in_place = _name_of(path, subject, run.top)
    rank = "" if is_in_place or not run.rank else f"rank{run.rank}/"
    key = f"{run.rank} {is_in_place} {name}"
    _log(
        run,
        rank + name,
        lambda: copy_path(path, key, directory=run.directory),
        kind=subject.kind,
        is_in_place=is_in_place,
    )


def log_bytes(
    run: "ActiveRun", name: object, make: Callable[[], bytes], *, kind: Kind = ""
) -> None:
    """Keeps what has no file as yet.

    Args:
        run: The run.
        name: Of the artifact, "/" between the parts.
        make: Makes its bytes.
        kind: What it is.
    """
    text = posixpath.normpath(os.fsdecode(name) if isinstance(name, os.PathLike) else str(name))
    key = f"{run.rank} False {text}"
    _log(
        run,
        f"rank{run.rank}/{text}" if run.rank else text,
        lambda: put_bytes(make(), key, directory=run.directory),
        kind=kind,
        is_in_place=False,
    )


def _name_of(path: str, subject: Subject, top: str) -> tuple[str, bool]:
    """Returns the artifact's name, and whether that is a path in the working tree."""
    base = os.path.basename(path)
    if subject.name is not None:
        return posixpath.normpath(subject.name), False
    if subject.directory is not None:
        directory = str(subject.directory)
        name = directory if subject.is_content else posixpath.join(directory, base)
        return posixpath.normpath(name), False
    if top:
        real = os.path.join(os.path.realpath(os.path.dirname(path)), base)
        inner = os.path.relpath(real, os.path.realpath(top))
        if not inner.startswith("..") and check_path(inner, Place.STORE) is None:
            return inner, True
    return base, False


def _log(
    run: "ActiveRun", name: str, copy: Callable[[], Copied], *, kind: Kind, is_in_place: bool
) -> None:
    path = name if is_in_place else f"{LOGGED_DIRECTORY}{name}"
    problem = check_path(path, Place.STORE, may_be_logged=True)
    if name.startswith("/"):
        problem = f"the path {name!r} is outside the run's artifacts"
    if name == ".":
        problem = "it has no name"
    if problem is not None:
        _complain(run, name, problem, "choose another name")
        return
    if not run.directory:
        _complain(run, name, "there is no place for its bytes: the run is kept in memory")
        return
    try:
        copied = copy()
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        _complain(run, name, f"it could not be kept: {error.strerror or error}{where}")
        return
    except UnknownFormError as error:
        _complain(run, name, str(error), "save it to a file, and log that: repro.log_artifact")
        return
    run.say("a", {"name": name, "content": copied.content, "in_place": is_in_place, "kind": kind})
    for subject, reason in copied.problems.items():
        _complain(run, subject, reason, "log it when it is done")


def _complain(run: "ActiveRun", subject: str, reason: str, fix: str = "log it again") -> None:
    run.complain(GapKind.ARTIFACTS, subject, reason, fix)

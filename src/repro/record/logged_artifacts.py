"""Adds the artifacts that the command logged itself to those that were found."""

import os
from collections.abc import Iterator, Mapping, Sequence

from repro.model.data import LOGGED_DIRECTORY, Place, check_path
from repro.model.gap import Gap, GapKind
from repro.record.outputs import MANY, Outputs, Written, add_file, take
from repro.record.said import LoggedArtifact
from repro.record.warehouse import Warehouse

__all__ = ["add_logged_artifacts"]

_DIRECTORY = "artifacts"


def add_logged_artifacts(
    outputs: Outputs, logged: Sequence[LoggedArtifact], *, directory: str, warehouse: Warehouse
) -> None:
    """Adds what was logged, with the bytes that it had then.

    Args:
        outputs: What was found in the working tree.
        logged: What was logged.
        directory: Of the live run.
        warehouse: Where bytes go.
    """
    added: dict[str, str] = {}
    for item in logged:
        path = item.name if item.is_in_place else f"{LOGGED_DIRECTORY}{item.name}"
        full = f"{directory}/{_DIRECTORY}/{item.content}"
        if (problem := _problem_of(path)) is not None:
            outputs.gaps.append(Gap(GapKind.ARTIFACTS, item.name, problem, "choose another name"))
        elif not os.path.lexists(full):
            reason = "it was logged, but its bytes are not there"
            outputs.gaps.append(Gap(GapKind.ARTIFACTS, item.name, reason, "log it again"))
        else:
            _add(outputs, path, full, item.kind, warehouse)
            added[path] = full
    _make_way(outputs, added, warehouse)


def _make_way(outputs: Outputs, added: Mapping[str, str], warehouse: Warehouse) -> None:
    """Moves files out of the commit in whose place it has a directory: "plots" and "plots/roc"."""
    directories = {path[:at] for path in outputs.inline for at, c in enumerate(path) if c == "/"}
    for path in directories & outputs.inline.keys() & added.keys():
        del outputs.inline[path]
        kind = outputs.artifacts.pop(path).kind
        take(outputs, path, warehouse, full=added[path])
        if path in outputs.artifacts:
            outputs.artifacts[path] = outputs.artifacts[path]._replace(kind=kind)


def _problem_of(path: str) -> str | None:
    """Returns why a path cannot be one of a record."""
    problem = check_path(path, Place.STORE, may_be_logged=True)
    if problem is None and os.path.normpath(path) != path:  # git has no such paths
        return "not a plain path: an empty part, a dot, or a slash at the end"
    return problem


def _add(outputs: Outputs, path: str, full: str, kind: str, warehouse: Warehouse) -> None:
    if not os.path.isdir(full):
        _put(outputs, path, full, kind, warehouse)
        return
    files = list(_files_below(full))
    if len(files) > MANY:
        found = outputs.artifacts.get(path)
        take(outputs, path, warehouse, full=full)
        _note_if_changed(outputs, path, found)
    for name in files if len(files) <= MANY else ():
        _put(outputs, f"{path}/{name}", f"{full}/{name}", kind, warehouse)


def _put(outputs: Outputs, path: str, full: str, kind: str, warehouse: Warehouse) -> None:
    found = outputs.artifacts.pop(path, None)
    outputs.inline.pop(path, None)
    add_file(outputs, Written(path, os.path.getsize(full)), full, warehouse)
    if path in outputs.artifacts:
        outputs.artifacts[path] = outputs.artifacts[path]._replace(kind=kind)
    _note_if_changed(outputs, path, found)


def _note_if_changed(outputs: Outputs, path: str, found: object) -> None:
    logged = outputs.artifacts.get(path)
    if found is not None and logged is not None and getattr(found, "hash", "") != logged.hash:
        reason = "it was written again after it was logged; what was logged is kept"
        fix = "log it when it is done, or write to another name"
        outputs.gaps.append(Gap(GapKind.ARTIFACTS, path, reason, fix))


def _files_below(directory: str) -> Iterator[str]:
    for parent, _, names in sorted(os.walk(directory)):
        for name in sorted(names):
            yield os.path.relpath(f"{parent}/{name}", directory)

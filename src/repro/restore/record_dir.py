"""``.repro/`` in a working tree: the record of the run that is checked out, unseen by git."""

import os
from collections.abc import Iterator, Mapping, Sequence

from repro.data.layout import is_reserved
from repro.git.objects import list_tree, read_objects
from repro.git.repository import Repository
from repro.model.data import DataEntry
from repro.model.ids import Oid
from repro.restore.plan import RECORD_DIR, lies_below
from repro.restore.state import write_whole

__all__ = ["beside_record", "is_ours", "read_record_files", "write_record_dir"]

_MARK = b"# The record of the run that is checked out here; repro removes it again.\n*\n"


def is_ours(path: str) -> bool:
    """Tells whether a ``.repro`` was made by a checkout."""
    if os.path.islink(path) or not os.path.isdir(path):
        return False
    try:
        with open(f"{path}/.gitignore", "rb") as file:
            return file.read(len(_MARK) + 1) == _MARK
    except FileNotFoundError:
        return not os.listdir(path)


def read_record_files(repo: Repository, commit: Oid) -> dict[str, bytes]:
    """Returns the files of a run's record by path below ``.repro/``.

    Links are left out, and what no capture takes in: an undo entry could not bring it back.
    """
    entries = [
        entry
        for entry in list_tree(repo, f"{commit}:{RECORD_DIR}")
        if entry.mode.startswith("100") and _is_safe(entry.path)
    ]
    contents = read_objects(repo, [entry.oid for entry in entries])
    return {
        os.fsdecode(entry.path): content
        for entry, content in zip(entries, contents, strict=True)
        if content is not None
    }


def _is_safe(path: bytes) -> bool:
    is_plain = not any(part in (b"", b".", b"..") for part in path.split(b"/"))
    return is_plain and not is_reserved(os.fsdecode(path))


def beside_record(
    files: Mapping[str, bytes], logged: Sequence[DataEntry]
) -> tuple[tuple[DataEntry, ...], tuple[str, ...]]:
    """Returns what can be put beside the files of a record, and the paths for which that fails.

    Names that a program logs by may be taken, or have one that is taken above or below them; it is
    known before anything is changed.

    Args:
        files: From `read_record_files`.
        logged: Their paths are below ``.repro/``.
    """
    taken = {f"{RECORD_DIR}/{path}" for path in files}
    above = {parent for path in taken for parent in _parents(path)}
    placeable: list[DataEntry] = []
    for entry in logged:
        is_taken = entry.path in above or lies_below(entry.path, taken)
        if not is_taken and not is_reserved(entry.path):
            placeable.append(entry)
            taken.add(entry.path)
            above.update(_parents(entry.path))
    kept = {entry.path for entry in placeable}
    return tuple(placeable), tuple(entry.path for entry in logged if entry.path not in kept)


def _parents(path: str) -> Iterator[str]:
    return (path[:at] for at, char in enumerate(path) if char == "/")


def write_record_dir(top: str, files: Mapping[str, bytes]) -> None:
    """Writes the record into a working tree that has none; hidden from git first."""
    root = f"{top}/{RECORD_DIR}"
    os.makedirs(root, exist_ok=True)
    write_whole(f"{root}/.gitignore", _MARK)
    for path, content in files.items():
        if path == ".gitignore":
            continue
        full = f"{root}/{path}"
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(content)

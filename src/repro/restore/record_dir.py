"""``.repro/`` in a working tree: the record of the run that is checked out, unseen by git."""

import os
from collections.abc import Mapping

from repro.git.objects import list_tree, read_objects
from repro.git.repository import Repository
from repro.model.ids import Oid
from repro.restore.plan import RECORD_DIR
from repro.restore.state import write_whole

__all__ = ["is_ours", "read_record_files", "write_record_dir"]

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
    """Returns the files of a run's record by path below ``.repro/``; links are left out."""
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
    return not any(part in (b"", b".", b"..", b".git") for part in path.split(b"/"))


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

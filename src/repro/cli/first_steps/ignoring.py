"""Lines for ``.gitignore`` that are missing: what would go into every run, and belongs in none.

They go into ``.gitignore`` at the top, not into ``.git/info/exclude``: whoever clones the project
will have such files too.
"""

import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from repro.cli.first_steps.found import Found
from repro.git.repository import Repository

__all__ = ["FILE", "Ignoring", "add_lines", "missing_lines", "plan"]

FILE = ".gitignore"
_DIRECTORIES = (
    *("__pycache__", ".ipynb_checkpoints", "node_modules"),
    *(".pytest_cache", ".mypy_cache", ".ruff_cache", ".tox", ".nox"),
    # Each tracker's own runs, which would go into every run of ours.
    *("mlruns", "wandb", "lightning_logs"),
)
_FILES = (".DS_Store", "Thumbs.db")
_OF_DVC = ("config.local", "tmp", "cache")
_ENVIRONMENTS = ("pyvenv.cfg", "conda-meta/history")
"""A directory that holds one of them is a virtual environment."""
_SPECIAL = re.compile(r"([\\*?\[\]!# ])")


class Ignoring(NamedTuple):
    """The lines to add.

    Attributes:
        lines: They.
        undo: How to take them away again, to be read after "to undo:".
    """

    lines: tuple[str, ...]
    undo: str


def plan(found: Found) -> Ignoring | None:
    """Returns the lines that are missing; None when none is, or the file is none to write to."""
    path = f"{found.repo.top}/{FILE}"
    if os.path.islink(path) or os.path.isdir(path):
        return None
    lines = missing_lines(found)
    return Ignoring(tuple(lines), _undo(found.repo)) if lines else None


def missing_lines(found: Found) -> list[str]:
    """Returns a line for each kind of untracked files that no run should hold."""
    untracked = sorted(found.files.untracked)
    environments = tuple(_environments(untracked))
    lines = dict.fromkeys(f"/{_escaped(directory)}" for directory in environments)
    of_dvc = {path.removesuffix(".dvc") for path in found.pointers}
    for path in untracked:
        line = None if path.startswith(environments) else _line_for(path, of_dvc)
        if line is not None:
            lines[line] = None
    return list(lines)


def _environments(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        for file in _ENVIRONMENTS:
            if path.endswith(f"/{file}"):
                yield path.removesuffix(file)


def _line_for(path: str, of_dvc: Collection[str]) -> str | None:
    """Returns the line that is for a path; None where it may be part of a run."""
    parts = path.split("/")
    for number, part in enumerate(parts):
        here = "/".join(parts[: number + 1])
        is_directory = number + 1 < len(parts)
        if is_directory and part in _DIRECTORIES:
            return f"{part}/"
        if here in of_dvc:
            return f"/{_escaped(here)}"
        if number and parts[number - 1] == ".dvc" and part in _OF_DVC:
            return f"/{_escaped(here)}{'/' if is_directory else ''}"
    return parts[-1] if parts[-1] in _FILES else None


def _escaped(path: str) -> str:
    return _SPECIAL.sub(r"\\\1", path)


def _undo(repo: Repository) -> str:
    here = os.path.relpath(FILE, repo.prefix)
    if not os.path.exists(f"{repo.top}/{FILE}"):
        return f"rm {here}"
    status = repo.start("status", "--porcelain", "-z", "--", FILE).result()
    tracked = repo.start("ls-files", "-z", "--", FILE).result()
    is_committed = status.code == 0 and not status.out and bool(tracked.out)
    return f"git checkout -- {here}" if is_committed else f"delete them from {here}"


def add_lines(repo: Repository, lines: Sequence[str]) -> None:
    """Adds lines to ``.gitignore``, at its end, with the line endings that it has.

    Raises:
        OSError: It cannot be written; it is as it was.
    """
    path = f"{repo.top}/{FILE}"
    try:
        with open(path, "rb") as file:
            old = file.read()
        mode: int | None = os.stat(path).st_mode & 0o7777
    except FileNotFoundError:
        old, mode = b"", None
    newline = b"\r\n" if b"\r\n" in old else b"\n"
    is_open = bool(old) and not old.endswith(b"\n")
    text = newline.join(os.fsencode(line) for line in lines)
    # A last line without its end stays one, so that deleting ours gives the bytes that were.
    new = old + newline + text if is_open else old + text + newline
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(new)
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise

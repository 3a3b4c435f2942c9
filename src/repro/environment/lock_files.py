"""Finds the files in which a project says what its environment should be, and how it drifted.

The working tree is looked at, as it is what the command saw: a lock that is not committed counts.
"""

import fnmatch
import os
import posixpath
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from repro.environment.declared.environment_yml import read_environment_yml
from repro.environment.declared.locks import (
    read_pdm_lock,
    read_pipfile_lock,
    read_poetry_lock,
    read_pylock,
    read_uv_lock,
)
from repro.environment.declared.pins import Declared
from repro.environment.declared.requirements_txt import read_requirements
from repro.environment.drift import drift_of
from repro.model.environment import Environment, LockFile

__all__ = ["check_lock_files"]

_MOST_LINES = 50
_LARGEST_BYTES = 32 << 20


def check_lock_files(
    top: str, directories: Sequence[str], environment: Environment
) -> tuple[LockFile, ...]:
    """Returns the lock files and requirements of a project, each with its drift.

    Args:
        top: Absolute path of the working tree.
        directories: Where to look, relative to `top`; "." is the top itself.
        environment: What was observed.
    """
    found = {}
    for directory in directories:
        for path, read in _files(top, posixpath.normpath(directory)):
            found[path] = LockFile(path, _bounded(_drift(f"{top}/{path}", read, environment)))
    return tuple(found[path] for path in sorted(found))


Reader = Callable[[str], Declared]


def _of_text(read: Callable[[str], Declared]) -> Reader:
    return lambda path: read(_text(path))


_READERS: tuple[tuple[str, Reader | None], ...] = (
    ("uv.lock", _of_text(read_uv_lock)),
    ("pylock.toml", _of_text(read_pylock)),
    ("pylock.*.toml", _of_text(read_pylock)),
    ("poetry.lock", _of_text(read_poetry_lock)),
    ("pdm.lock", _of_text(read_pdm_lock)),
    ("Pipfile.lock", _of_text(read_pipfile_lock)),
    ("requirements*.txt", lambda path: read_requirements(path, _text)),
    ("environment.yml", lambda path: read_environment_yml(path, _text)),
    ("environment.yaml", lambda path: read_environment_yml(path, _text)),
    ("conda-lock.yml", None),
    ("pixi.lock", None),
)
"""By file name; None for those that are listed without a look at what they say."""


def _files(top: str, directory: str) -> Iterator[tuple[str, Reader | None]]:
    for name in _names(f"{top}/{directory}"):
        for pattern, read in _READERS:
            if fnmatch.fnmatchcase(name, pattern):
                path = name if directory == "." else f"{directory}/{name}"
                if os.path.isfile(f"{top}/{path}"):
                    yield path, read
                break
        if name == "requirements":
            inner = posixpath.normpath(f"{directory}/{name}")
            for file in _names(f"{top}/{inner}"):
                if file.endswith(".txt") and os.path.isfile(f"{top}/{inner}/{file}"):
                    yield f"{inner}/{file}", lambda path: read_requirements(path, _text)


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:  # not there, no directory, or closed
        return []


def _drift(path: str, read: Reader | None, environment: Environment) -> Iterator[str]:
    if read is None:
        return
    try:
        declared = read(path)
    except OSError as error:
        yield f"cannot be read: {error.strerror or 'the disk says no'}"
    except (ValueError, RecursionError) as error:
        reason = str(error) or "nested too deeply"
        yield f"cannot be read: {reason[:1].lower()}{reason[1:]}"
    else:
        yield from drift_of(declared, environment)


def _bounded(lines: Iterator[str]) -> tuple[str, ...]:
    kept = tuple(islice(lines, _MOST_LINES))
    n_more = sum(1 for _ in lines)
    return (*kept, f"and {n_more} more") if n_more else kept


def _text(path: str) -> str:
    """Returns the text of a file.

    Raises:
        ValueError: It is too large, or no text.
        OSError: It cannot be read.
    """
    if not os.path.isfile(path):  # a pipe would be waited for
        raise FileNotFoundError(2, "no such file", path)
    with open(path, "rb") as stream:
        content = stream.read(_LARGEST_BYTES + 1)
    if len(content) > _LARGEST_BYTES:
        raise ValueError(f"larger than {_LARGEST_BYTES >> 20} MiB")
    # PowerShell's `>` writes UTF-16.
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError("not UTF-8") from error

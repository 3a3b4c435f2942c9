"""Finds the files in which a project says what its environment should be, and how it drifted.

The working tree is looked at, as it is what the command saw: a lock that is not committed counts.
"""

import os
import posixpath
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from repro.model.environment import Environment, LockFile

if TYPE_CHECKING:
    from repro.environment.declared.pins import Declared

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


Reader = Callable[[str], "Declared"]


def _reader_of(name: str) -> tuple[bool, Reader | None]:
    """Returns whether a file of this name counts, and what reads it; None where nothing does.

    The readers are loaded when there is something for them: most projects have one such file.
    """
    if name.startswith("requirements") and name.endswith(".txt"):
        return True, _read_requirements
    if name in ("environment.yml", "environment.yaml"):
        from repro.environment.declared.environment_yml import read_environment_yml

        return True, lambda path: read_environment_yml(path, _text)
    if name in _LOCKS or (name.startswith("pylock.") and name.endswith(".toml")):
        return True, _lock_reader(name)
    return name in ("conda-lock.yml", "pixi.lock"), None


_LOCKS = frozenset(("uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "Pipfile.lock"))


def _lock_reader(name: str) -> Reader:
    from repro.environment.declared import locks

    read = {
        "uv.lock": locks.read_uv_lock,
        "poetry.lock": locks.read_poetry_lock,
        "pdm.lock": locks.read_pdm_lock,
        "Pipfile.lock": locks.read_pipfile_lock,
    }.get(name, locks.read_pylock)
    return lambda path: read(_text(path))


def _read_requirements(path: str) -> "Declared":
    from repro.environment.declared.requirements_txt import read_requirements

    return read_requirements(path, _text)


def _files(top: str, directory: str) -> Iterator[tuple[str, Reader | None]]:
    for name in _names(f"{top}/{directory}"):
        counts, read = _reader_of(name)
        if counts:
            path = name if directory == "." else f"{directory}/{name}"
            if os.path.isfile(f"{top}/{path}"):
                yield path, read
        if name == "requirements":
            inner = posixpath.normpath(f"{directory}/{name}")
            for file in _names(f"{top}/{inner}"):
                if file.endswith(".txt") and os.path.isfile(f"{top}/{inner}/{file}"):
                    yield f"{inner}/{file}", _read_requirements


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
        from repro.environment.drift import drift_of

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

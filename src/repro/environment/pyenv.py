"""Sees through pyenv's shims: scripts that start another interpreter in each directory.

A shim cannot be known by its stat, so whoever meets one must start it, and pyenv takes a tenth of a
second to choose. The rules are those of pyenv-version-name(1): ``PYENV_VERSION``, the nearest
``.python-version`` going up, ``$PYENV_ROOT/version``.
"""

import os
from collections.abc import Iterator, Mapping

__all__ = ["behind_shim"]


def behind_shim(executable: str, *, directory: str, env: Mapping[str, str]) -> str:
    """Returns the interpreter that a shim would start; the path itself where that is not clear.

    Args:
        executable: Absolute path of what was found on PATH.
        directory: Where it would be started.
        env: Environment variables.
    """
    shims, name = os.path.split(executable)
    root = os.path.dirname(shims)
    if os.path.basename(shims) != "shims" or not os.path.isdir(f"{root}/versions"):
        return executable
    for version in _versions(root, directory, env):
        found = f"{root}/versions/{version}/bin/{name}"
        if os.access(found, os.X_OK):
            return found
    return executable


def _versions(root: str, directory: str, env: Mapping[str, str]) -> Iterator[str]:
    named = env.get("PYENV_VERSION", "")
    if named:
        yield from named.split(":")
        return
    while True:
        words = _words(f"{directory}/.python-version")
        if words or directory in ("/", ""):
            break
        directory = os.path.dirname(directory)
    yield from words or _words(f"{root}/version")


def _words(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return [line.strip() for line in file if line.strip() and line[0] != "#"]
    except OSError:
        return []

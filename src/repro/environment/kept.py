"""Keeps answers that are costly to get again: small JSON files, safe to delete at any time."""

import hashlib
import json
import os
from typing import Any

__all__ = ["read_kept", "write_file", "write_kept"]


def _path_of(cache_dir: str, name: str) -> str:
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:20]
    return f"{cache_dir}/{digest}.json"


def read_kept(cache_dir: str, name: str) -> Any:  # noqa: ANN401
    """Returns what was kept under a name, None when there is nothing that can be read."""
    try:
        with open(_path_of(cache_dir, name), "rb") as stream:
            return json.loads(stream.read())
    except (OSError, ValueError):
        return None


def write_kept(cache_dir: str, name: str, value: object) -> None:
    """Keeps a value under a name.

    A cache that cannot be written (a full disk, a read-only repository) is no loss to the record:
    the answer is got again next time.
    """
    write_file(cache_dir, os.path.basename(_path_of(cache_dir, name)), json.dumps(value).encode())


def write_file(cache_dir: str, name: str, content: bytes) -> None:
    """Writes a file of the cache, whole or not at all; errors as in `write_kept`."""
    temporary = f"{cache_dir}/{name}.{os.getpid()}.tmp"
    try:
        os.makedirs(cache_dir, exist_ok=True)
        with open(temporary, "wb") as stream:
            stream.write(content)
        os.replace(temporary, f"{cache_dir}/{name}")
    except OSError:
        _remove(temporary)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:  # never made
        return

"""A small shop of data for the tests: a store, a cache, and entries of what was captured."""

import os
from dataclasses import dataclass
from pathlib import Path

from repro.data.capture import Captured, capture
from repro.data.stat_cache import StatCache
from repro.data.store import ObjectStore
from repro.model.data import DataEntry, Source

__all__ = ["Shop", "look", "make_shop", "write"]


@dataclass(frozen=True)
class Shop:
    """Where a test keeps its objects.

    Attributes:
        path: A directory of the test's own.
        cache: A stat cache in it.
        store: An object store in it.
    """

    path: Path
    cache: StatCache
    store: ObjectStore

    def capture(self, path: Path, *, name: str = "data") -> DataEntry:
        """Puts a path into the store and returns its entry."""
        return entry_of(capture(str(path), cache=self.cache, store=self.store), name)


def make_shop(path: Path) -> Shop:
    """Returns an empty shop below a directory."""
    cache = StatCache(str(path / "stat.sqlite"))
    return Shop(path, cache, ObjectStore(str(path / "store"), cache=cache))


def entry_of(captured: Captured, name: str = "data") -> DataEntry:
    """Returns the entry that a record would hold."""
    return DataEntry(
        path=name,
        hash=captured.hash,
        size_bytes=captured.size_bytes,
        n_files=captured.n_files,
        source=Source.DECLARED,
        executable=captured.executable,
        extras=captured.extras,
    )


def write(directory: Path, files: dict[str, bytes]) -> Path:
    """Writes files, given by relative path, and returns the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return directory


def look(directory: Path) -> dict[str, tuple[str, bytes, bool]]:
    """Returns kind, bytes (of a link: its target) and executability of all below a directory."""
    found = {}
    for root, directories, files in os.walk(directory):
        for name in (*directories, *files):
            full = os.path.join(root, name)
            path = os.path.relpath(full, directory)
            if os.path.islink(full):
                found[path] = ("link", os.fsencode(os.readlink(full)), False)
            elif os.path.isdir(full):
                found[path] = ("directory", b"", False)
            else:
                is_executable = bool(os.stat(full).st_mode & 0o100)
                found[path] = ("file", Path(full).read_bytes(), is_executable)
    return found

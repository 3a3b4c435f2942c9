"""Where a recording keeps bytes: the object store, what is known of files, DVC's caches."""

from typing import TYPE_CHECKING

from repro.git.repository import Repository
from repro.model.data import DataEntry, Place

if TYPE_CHECKING:
    from repro.data.capture import Captured
    from repro.data.stat_cache import StatCache
    from repro.data.store import ObjectStore

__all__ = ["Warehouse", "warehouse_of"]


class Warehouse:
    """Where bytes are kept and hashes are remembered; opened when first used.

    Attributes:
        limit_bytes: Files beyond it are known by hash alone, unless DVC's cache has them.
    """

    def __init__(self, *, state_dir: str, top: str, limit_bytes: int) -> None:
        """Takes note of the places.

        Args:
            state_dir: repro's directory in the repository.
            top: The top of the working tree.
            limit_bytes: See the class.
        """
        self.limit_bytes = limit_bytes
        self._state_dir = state_dir
        self._top = top
        self._opened: tuple[ObjectStore, StatCache, tuple[str, ...]] | None = None

    @property
    def store(self) -> "ObjectStore":
        """The object store."""
        return self._open()[0]

    @property
    def cache(self) -> "StatCache":
        """What is known of unchanged files."""
        return self._open()[1]

    @property
    def also(self) -> tuple[str, ...]:
        """DVC's caches, whose objects are linked instead of copied."""
        return self._open()[2]

    def take(self, path: str, *, size_bytes: int) -> "tuple[Captured, Place]":
        """Captures a file or directory into the store, or by hash alone beyond the limit.

        Raises:
            ChangedWhileReadError: It changed meanwhile.
            OSError: It cannot be read, or the store cannot be written.
        """
        from repro.data.capture import capture

        if size_bytes <= self.limit_bytes:
            return capture(path, cache=self.cache, store=self.store, also=self.also), Place.STORE
        captured = capture(path, cache=self.cache)
        return captured, Place.STORE if self.store.has(captured.hash) else Place.NOWHERE

    def identify(self, path: str) -> "Captured":
        """Hashes a file or directory without keeping its bytes.

        Raises:
            ChangedWhileReadError: It changed meanwhile.
            OSError: It cannot be read.
        """
        from repro.data.capture import capture

        return capture(path, cache=self.cache)

    def holds(self, entry: DataEntry, path: str) -> bool:
        """Tells whether a path still holds what an entry says."""
        from repro.data.place import matches

        return matches(entry, path, cache=self.cache)

    def flush(self) -> None:
        """Writes down what was learnt of files."""
        if self._opened is not None:
            self._opened[1].flush()

    def _open(self) -> "tuple[ObjectStore, StatCache, tuple[str, ...]]":
        if self._opened is None:
            from repro.data.dvc_config import cache_roots
            from repro.data.stat_cache import StatCache
            from repro.data.store import ObjectStore

            cache = StatCache(f"{self._state_dir}/cache/files.sqlite")
            store = ObjectStore(f"{self._state_dir}/store")
            self._opened = (store, cache, tuple(cache_roots(self._top)))
        return self._opened


def warehouse_of(repo: Repository, *, limit_bytes: int) -> Warehouse:
    """Returns the repository's warehouse."""
    return Warehouse(state_dir=repo.state_dir, top=repo.top, limit_bytes=limit_bytes)

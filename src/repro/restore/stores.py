"""Where the bytes of data are kept, and what is known of unchanged files."""

from dataclasses import dataclass

from repro.data.capture import capture
from repro.data.dvc import cache_roots
from repro.data.stat_cache import StatCache
from repro.data.store import ObjectStore
from repro.git.repository import Repository
from repro.model.data import DataEntry, Source

__all__ = ["Stores", "open_stores"]


@dataclass(frozen=True, slots=True)
class Stores:
    """The places that a checkout reads bytes from and saves bytes to.

    Attributes:
        top: The top of the working tree.
        store: The object store.
        cache: Hashes of unchanged files.
        also: Roots of DVC's caches, whose objects are linked instead of copied.
    """

    top: str
    store: ObjectStore
    cache: StatCache
    also: tuple[str, ...]

    def look_at(self, path: str, *, save: bool) -> DataEntry:
        """Returns a file or directory of the working tree as a data entry.

        Args:
            path: Relative to the top; a symbolic link there is followed.
            save: Whether to put its bytes into the object store.

        Raises:
            ChangedWhileReadError: Something writes to it.
            OSError: It cannot be read, or the store cannot be written.
        """
        found = capture(
            f"{self.top}/{path}",
            cache=self.cache,
            store=self.store if save else None,
            also=self.also,
        )
        return DataEntry(
            path=path,
            hash=found.hash,
            size_bytes=found.size_bytes,
            n_files=found.n_files,
            source=Source.UNTRACKED,
            executable=found.executable,
            extras=found.extras,
        )


def open_stores(repo: Repository) -> Stores:
    """Returns the stores of a repository."""
    return Stores(
        top=repo.top,
        store=ObjectStore(f"{repo.state_dir}/store"),
        cache=StatCache(f"{repo.state_dir}/cache/files.sqlite"),
        also=tuple(cache_roots(repo.top)),
    )

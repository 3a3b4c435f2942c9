"""Where a recording keeps bytes: the object store, what is known of files, DVC's caches."""

import os
from typing import TYPE_CHECKING, NamedTuple

from repro.data.progress import Progress
from repro.git.repository import Repository
from repro.model.data import DataEntry, Place
from repro.model.policy import Keep, Rule, StorePolicy

if TYPE_CHECKING:
    from repro.data.capture import Captured
    from repro.data.ignore import Ignore
    from repro.data.stat_cache import StatCache
    from repro.data.store import ObjectStore
    from repro.record.project import Project

__all__ = ["Taken", "Warehouse", "warehouse_of"]


_AUTO = StorePolicy()


class Taken(NamedTuple):
    """A file or directory that was captured.

    Attributes:
        captured: What it holds.
        place: Where its bytes are.
        skipped_by: The rule by which its bytes are not kept; None when they are.
    """

    captured: "Captured"
    place: Place
    skipped_by: Rule | None = None


class Warehouse:
    """Where bytes are kept and hashes are remembered; opened when first used.

    Attributes:
        limit_bytes: With `Keep.AUTO`, files beyond it are known by hash alone, unless DVC's cache
            has them.
        policy: Which bytes are kept; its patterns count from the top.
        progress: How far hashing and storing have come.
    """

    def __init__(
        self,
        *,
        state_dir: str,
        top: str,
        limit_bytes: int,
        policy: StorePolicy = _AUTO,
        directory: str = ".",
    ) -> None:
        """Takes note of the places.

        Args:
            state_dir: repro's directory in the repository.
            top: The top of the working tree.
            limit_bytes: See the class.
            policy: See the class.
            directory: The project's, relative to the top.
        """
        self.limit_bytes = limit_bytes
        self.policy = policy
        self.progress = Progress()
        self._directory = directory
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

    def take(self, path: str, *, full: str | None = None, ignore: "Ignore | None" = None) -> Taken:
        """Captures a file or directory, into the store if its bytes are to be kept.

        Args:
            path: Relative to the top.
            full: Where it is, when not there.
            ignore: For a directory: what DVC leaves out of it.

        Raises:
            ChangedWhileReadError: It changed meanwhile.
            OSError: It cannot be read, or the store cannot be written.
        """
        from repro.data.capture import capture

        full = full or os.path.join(self._top, path)
        rule = self.rule_of(path)
        captured = capture(
            full,
            cache=self.cache,
            store=None if rule.keep is Keep.NEVER else self.store,
            also=self.also,
            limit_bytes=self.limit_bytes if rule.keep is Keep.AUTO else None,
            ignore=ignore,
            progress=self.progress,
        )
        if captured.is_stored or self.store.has(captured.hash):
            return Taken(captured, Place.STORE)
        return Taken(captured, Place.NOWHERE, rule)

    def rule_of(self, path: str) -> Rule:
        """Returns what the policy says of a path, relative to the top."""
        if not self.policy.rules:
            return Rule("", self.policy.default)
        is_directory = os.path.isdir(os.path.join(self._top, path))
        return self.policy.rule_of(path, is_directory=is_directory)

    def reason_of(self, rule: Rule, path: str) -> tuple[str, str]:
        """Returns why a rule keeps no bytes of a path, and what to do about it."""
        name = path
        if self._directory != "." and path.startswith(f"{self._directory}/"):
            name = path[len(self._directory) + 1 :]
        if rule.keep is Keep.NEVER:
            given = f' for "{rule.pattern}"' if rule.pattern else ""
            reason = f'store is "never"{given} in [tool.repro]: known by hash alone'
            return reason, f'"{name}" = "always" in [tool.repro.store], after the others'
        limit = self.limit_bytes // 2**20
        reason = f"larger than {limit} MiB and not in DVC's cache: known by hash alone"
        return reason, f'dvc add {name}, or "{name}" = "always" in [tool.repro.store]'

    def identify(self, path: str, *, ignore: "Ignore | None" = None) -> "Captured":
        """Hashes a file or directory without keeping its bytes.

        Args:
            path: Absolute.
            ignore: For a directory: what DVC leaves out of it.

        Raises:
            ChangedWhileReadError: It changed meanwhile.
            OSError: It cannot be read.
        """
        from repro.data.capture import capture

        return capture(path, cache=self.cache, ignore=ignore, progress=self.progress)

    def holds(self, entry: DataEntry, path: str) -> bool:
        """Tells whether a path still holds what an entry says."""
        from repro.data.place import matches

        return matches(entry, path, cache=self.cache)

    def settle(self) -> None:
        """Lets `repro gc` tidy the store again: what was taken so far is noted where it looks."""
        from repro.data.store_use import leave_store

        leave_store(f"{self._state_dir}/store")

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
            roots = cache_roots(self._top, inside=[f"{self._directory}/."])
            self._opened = (store, cache, roots)
        return self._opened


def warehouse_of(repo: Repository, project: "Project") -> Warehouse:
    """Returns the repository's warehouse, with a project's policy."""
    return Warehouse(
        state_dir=repo.state_dir,
        top=repo.top,
        limit_bytes=project.config.store_limit_bytes,
        policy=project.config.store,
        directory=project.directory,
    )

"""Sends objects to a remote and asks what it has: files first, a directory's manifest last."""

from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from repro.data.having import whole_on
from repro.data.manifest import DIR_SUFFIX
from repro.data.remote import Remote, batches
from repro.data.store import ObjectStore
from repro.errors import ReproError

if TYPE_CHECKING:
    import os
    from concurrent.futures import ThreadPoolExecutor

__all__ = ["OnProgress", "Sending", "Sent"]

OnProgress = Callable[[int, int], None]
"""Is told how many bytes are done and of how many; from several threads, one at a time."""

_FAILURES_IN_A_ROW = 8
"""After so many, nothing is likely to arrive any more."""


class Sent(NamedTuple):
    """What became of objects that were to be sent; of directories their files are named too.

    Attributes:
        remote: Name of the DVC remote, None when there is none to send to.
        sent: What it has now and had not before.
        present: What it had already, whole.
        failed: Why, as a clause, for each object that it does not have.
    """

    remote: str | None
    sent: tuple[str, ...]
    present: tuple[str, ...]
    failed: dict[str, str]


class Sending:
    """Objects of a store on their way to one remote."""

    def __init__(
        self,
        remote: Remote,
        store: ObjectStore,
        pool: "ThreadPoolExecutor",
        *,
        on_progress: OnProgress | None = None,
    ) -> None:
        self.remote = remote
        self.store = store
        self.pool = pool
        self.failed: dict[str, str] = {}
        self._sent: dict[str, None] = {}
        self._present: dict[str, None] = {}
        self._on_progress = on_progress
        self._lock = Lock()
        self._done_bytes = self._total_bytes = self._n_failures = 0
        self._gave_up: str | None = None

    def send(self, hashes: Iterable[str]) -> Sent:
        """Sends what the remote lacks of some objects and of the directories' files.

        Raises:
            InvalidHashError: One is no hash; nothing was sent.
        """
        wanted = dict.fromkeys(hashes)
        directories = self._read_manifests([x for x in wanted if x.endswith(DIR_SUFFIX)])
        files = {value: None for value in wanted if not value.endswith(DIR_SUFFIX)}
        for listed in directories.values():
            files |= dict.fromkeys(listed)
        lacking = self._lacking([*files, *directories])
        sizes = self._sound(lacking)
        self._total_bytes = sum(sizes.values())
        self._put({value: size for value, size in sizes.items() if value in files})
        for value, listed in directories.items():
            bad = [x for x in dict.fromkeys(listed) if x in self.failed]
            if bad and value not in self.failed:
                reason = self.failed[bad[0]]
                self.failed[value] = f"{len(bad)} of its {len(listed)} files: {reason}"
        self._put({x: sizes[x] for x in directories if x in sizes and x not in self.failed})
        present = tuple(value for value in self._present if value not in self.failed)
        return Sent(self.remote.name, tuple(self._sent), present, self.failed)

    def _read_manifests(self, hashes: Sequence[str]) -> dict[str, Sequence[str]]:
        """Returns the files of each directory; what cannot be read here may be there, or fails."""
        found: dict[str, Sequence[str]] = {}
        for value in hashes:
            try:
                found[value] = list(self.store.read_manifest(value).values())
            except ReproError as error:
                self.failed[value] = error.message
        if self.failed:
            for value in whole_on(self.remote, list(self.failed), pool=self.pool):
                del self.failed[value]
                self._present[value] = None
        return found

    def _lacking(self, hashes: Sequence[str]) -> "dict[str, os.stat_result | None]":
        """Returns what the remote lacks, or has in part, with the state of our own object."""
        states = self.store.states_of(hashes)
        asked = self.pool.submit(self.remote.sizes, hashes)
        error = asked.exception()
        if error is not None:
            self.failed |= dict.fromkeys(hashes, self.remote.reason(error))
            return {}
        for value, size in asked.result().items():
            state = states[value]
            if size is None or state is None or size == state.st_size:
                self._present[value] = None
        return {value: state for value, state in states.items() if value not in self._present}

    def _sound(self, states: "dict[str, os.stat_result | None]") -> dict[str, int]:
        """Returns the sizes of those of our objects that may be sent; the others have failed."""
        for value in self.store.unsound(states):
            is_there = states[value] is not None
            self.failed[value] = (
                "the object in the store is damaged" if is_there else "not in the object store"
            )
        return {
            value: state.st_size
            for value, state in states.items()
            if state is not None and value not in self.failed
        }

    def _put(self, sizes: dict[str, int]) -> None:
        for batch in batches(list(sizes)):
            puts = [
                (value, self.pool.submit(self._put_one, value, sizes[value])) for value in batch
            ]
            arrived = []
            for value, put in puts:
                error = put.exception()
                if error is None:
                    arrived.append(value)
                else:
                    self.failed[value] = self._gave_up or self.remote.reason(error)
            self._confirm(arrived, sizes)

    def _confirm(self, hashes: Sequence[str], sizes: dict[str, int]) -> None:
        """Asks the remote whether it has what it seemed to take."""
        asked = self.pool.submit(self.remote.sizes, hashes)
        error = asked.exception()
        if error is not None:
            self.failed |= dict.fromkeys(hashes, self.remote.reason(error))
            return
        there = asked.result()
        for value in hashes:
            if value not in there:
                self.failed[value] = "it was sent, and is not there"
            elif there[value] not in (None, sizes[value]):
                self.failed[value] = f"{there[value]} of {sizes[value]} bytes arrived"
            else:
                self._sent[value] = None

    def _put_one(self, hash: str, size_bytes: int) -> None:
        if self._gave_up is not None:
            raise ConnectionAbortedError(self._gave_up)
        n_bytes = 0

        def count(more: int) -> None:
            nonlocal n_bytes
            n_bytes += more
            self._progress(more)

        path = self.store.path_of(hash)
        try:
            self.remote.put(path, hash, size_bytes=size_bytes, on_bytes=count)
        except Exception as error:
            with self._lock:
                self._n_failures += 1
                if self._n_failures >= _FAILURES_IN_A_ROW:
                    self._gave_up = self.remote.reason(error)
            raise
        finally:
            # Not every file system tells of its progress, and some tell more than once.
            self._progress(size_bytes - n_bytes)
        with self._lock:
            self._n_failures = 0

    def _progress(self, more_bytes: int) -> None:
        if self._on_progress is None or more_bytes == 0:
            return
        with self._lock:
            self._done_bytes += more_bytes
            self._on_progress(self._done_bytes, self._total_bytes)

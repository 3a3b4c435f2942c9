"""Receives single objects from whichever remote has them, checked and within what is allowed."""

import os
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from repro.data.elsewhere import Elsewhere, Location
from repro.data.hashing import hash_open_file
from repro.data.remote import MD5_LAYOUT, ObjectTooLargeError, Remote
from repro.data.store import ObjectStore

if TYPE_CHECKING:
    from repro.data.dvc_remotes import Opened

__all__ = ["Allowance", "Received", "Receiving"]

_LAYOUTS = (MD5_LAYOUT, ())
_FAILURES_IN_A_ROW = 8
"""After so many a remote is asked no more."""


class Allowance:
    """How many bytes some objects may have together, None for any number."""

    def __init__(self, most_bytes: int | None) -> None:
        self.most_bytes = most_bytes
        self._used_bytes = 0
        self._lock = Lock()

    def take(self, n_bytes: int) -> None:
        """Notes bytes that came.

        Raises:
            ObjectTooLargeError: It is used up.
        """
        with self._lock:
            self._used_bytes += n_bytes
            if self.most_bytes is not None and self._used_bytes > self.most_bytes:
                raise ObjectTooLargeError(self.most_bytes)

    def give_back(self, n_bytes: int) -> None:
        """Notes that bytes were of no use."""
        with self._lock:
            self._used_bytes -= n_bytes


class Received(NamedTuple):
    """A file with an object's bytes, or why there is none.

    Attributes:
        path: A temporary file of the store; None when no remote gave it.
        hash: MD5 in hex of its bytes.
        reason: Why there is none, as a clause.
    """

    path: str | None
    hash: str
    reason: str = ""


class Receiving:
    """The remotes that are asked, one after the other, for each object; from several threads."""

    def __init__(
        self,
        opened: "Opened",
        store: ObjectStore,
        *,
        elsewhere: Elsewhere,
        on_bytes: Callable[[int], None],
    ) -> None:
        self.remotes = opened.remotes
        self.store = store
        self.elsewhere = elsewhere
        self._unusable = [f"{name}: {reason}" for name, reason in opened.unusable.items()]
        self._on_bytes = on_bytes
        self._n_failures: dict[str, int] = {}

    def receive(self, hash: str, allowance: Allowance) -> Received:
        """Returns a file with the bytes of an object."""
        reasons: list[str] = []
        for remote, key in self._places(hash):
            received = self._try(remote, key, hash, allowance)
            if received.path is not None:
                return received
            if received.reason:
                reasons.append(f"{remote.name}: {received.reason}")
        return Received(None, hash, self._why(reasons))

    def receive_any(self, location: Location, hash: str, allowance: Allowance) -> Received:
        """Returns a file with whatever bytes lie at a place.

        Args:
            location: Where.
            hash: An object, beside which the file is made.
            allowance: How large it may be.
        """
        reasons = []
        for remote, key in self._of_location(location):
            received = self._try(remote, key, hash, allowance, is_any=True)
            if received.path is not None:
                return received
            reasons.append(f"{remote.name}: {received.reason or 'not there'}")
        return Received(None, hash, self._why(reasons))

    def _places(self, hash: str) -> Iterator[tuple[Remote, str]]:
        first = self.elsewhere.remotes.get(hash)
        for remote in sorted(self.remotes, key=lambda remote: remote.name != first):
            # One that keeps versions by itself has no objects by hash.
            for layout in _LAYOUTS if remote.refusal is None else ():
                yield remote, remote.key(hash, layout)
        for location in self.elsewhere.locations.get(hash, ()):
            yield from self._of_location(location)

    def _of_location(self, location: Location) -> Iterator[tuple[Remote, str]]:
        for remote in self.remotes:
            if location.remote in (None, remote.name):
                key = remote.fs.join(remote.path, *location.key)
                if location.version is not None:
                    key = remote.fs.version_path(key, location.version)
                yield remote, key

    def _try(
        self, remote: Remote, key: str, hash: str, allowance: Allowance, *, is_any: bool = False
    ) -> Received:
        if self._n_failures.get(remote.name, 0) >= _FAILURES_IN_A_ROW:
            return Received(None, hash, "it failed too often")
        temporary = self.store.incoming(hash)
        n_bytes = 0

        def count(more: int) -> None:
            nonlocal n_bytes
            n_bytes += more
            self._on_bytes(more)
            allowance.take(more)

        is_good = False
        try:
            remote.get(key, temporary, most_bytes=allowance.most_bytes, on_bytes=count)
            found = _hash_of(temporary)
            is_good = is_any or found == hash[:32]
            self._n_failures[remote.name] = 0
            return Received(temporary if is_good else None, found, "what it holds is damaged")
        except FileNotFoundError:
            return Received(None, hash)
        except Exception as error:  # noqa: BLE001 (each kind of file system has its own errors)
            if not isinstance(error, ObjectTooLargeError):
                self._n_failures[remote.name] = self._n_failures.get(remote.name, 0) + 1
            return Received(None, hash, remote.reason(error))
        finally:
            if not is_good:
                if os.path.lexists(temporary):
                    os.unlink(temporary)
                self._on_bytes(-n_bytes)
                allowance.give_back(n_bytes)

    def _why(self, reasons: Sequence[str]) -> str:
        if not self.remotes and not self._unusable:
            return "no DVC remote is configured"
        names = ", ".join(dict.fromkeys(remote.name for remote in self.remotes))
        return "; ".join(dict.fromkeys([*reasons, *self._unusable])) or f"not in {names}"


def _hash_of(path: str) -> str:
    with open(path, "rb") as file:
        return hash_open_file(file.fileno(), path)[0]

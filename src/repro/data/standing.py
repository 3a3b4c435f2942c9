"""Whether data in the working tree is what DVC's pointers name, as far as that is cheap to know.

Nothing large is read. What is told of a file: its size, its hash where it is remembered, whether
it is a link to an object of DVC's cache, or its bytes when they are few. Of a directory only those
files are looked at that a change of its pointer concerns, where DVC's cache holds both manifests.
Where that does not tell, a file that was put there after its pointer changed is taken as right: DVC
did that, or the user.
"""

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from repro.data.capture import hash_as_text
from repro.data.hashing import ChangedWhileReadError, NotARegularFileError
from repro.data.manifest import ManifestError, parse_manifest
from repro.data.pointers import MD5_DOS2UNIX, Pointer
from repro.data.stat_cache import StatCache
from repro.data.store import object_path, state_of
from repro.data.tree import scan_tree

__all__ = ["Judge", "Standing"]

_MOST_READ_BYTES = 4 << 20
_MOST_FILES = 2_000
_MOST_MANIFEST_BYTES = 8 << 20


class Standing(StrEnum):
    """What lies at a pointer's path."""

    SAME = "same"
    """What the pointer names, or what was put there since."""
    OTHER = "other"
    UNKNOWN = "unknown"
    """To know that, much would have to be read."""
    ABSENT = "absent"


class Judge:
    """Compares pointers with what lies at their paths; reads a few megabytes in all, at most."""

    def __init__(self, top: str, *, cache: StatCache, roots: Sequence[str]) -> None:
        """Takes note of the places.

        Args:
            top: The top of the working tree.
            cache: Knows unchanged files.
            roots: Of DVC's caches, as `repro.data.dvc_config.cache_roots` has them.
        """
        self._top = top
        self._cache = cache
        self._roots = roots
        self._left_bytes = _MOST_READ_BYTES
        self._left_files = _MOST_FILES

    def standing_of(self, pointer: Pointer, before: Pointer | None, *, since_ns: int) -> Standing:
        """Returns what lies at a pointer's path.

        Args:
            pointer: With a hash.
            before: What its file named before it changed; None where it did not name the path.
            since_ns: When its file changed, as an mtime.
        """
        path = os.path.join(self._top, pointer.path)
        try:
            state = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return Standing.ABSENT
        except OSError:
            return Standing.UNKNOWN
        if stat.S_ISDIR(state.st_mode) != pointer.is_directory:
            return Standing.OTHER
        try:
            if pointer.is_directory:
                return self._of_directory(path, pointer, before, since_ns)
            return self._of_file(path, pointer, before, since_ns)
        except (OSError, ChangedWhileReadError, NotARegularFileError):
            return Standing.UNKNOWN  # somebody writes to it just now

    def is_cached(self, hash: str) -> bool:
        """Tells whether ``dvc checkout`` finds an object; of a directory its manifest."""
        return any(os.path.isfile(object_path(root, hash)) for root in self._roots)

    def _of_file(
        self, path: str, pointer: Pointer, before: Pointer | None, since_ns: int
    ) -> Standing:
        wanted, old = pointer.hash or "", before.hash if before is not None else None
        state = os.stat(path)
        if pointer.size_bytes is not None and pointer.size_bytes != state.st_size:
            return Standing.OTHER
        is_text = pointer.hash_name == MD5_DOS2UNIX
        found = self._cache.known([state])[0] or self._linked(state, (wanted, old))
        if found == wanted:
            return Standing.SAME
        if (found is None or is_text) and self._may_read(state.st_size):
            found = self._cache.hash_file(path)
            if found != wanted and is_text:
                found = hash_as_text(path)
            return Standing.SAME if found == wanted else Standing.OTHER
        if found is not None and not is_text:
            return Standing.OTHER
        return Standing.SAME if state.st_ctime_ns >= since_ns else Standing.UNKNOWN

    def _linked(self, state: os.stat_result, hashes: Iterable[str | None]) -> str | None:
        """Returns which object of DVC's cache a file is, or is a link to; None for none."""
        for value in hashes:
            for root in self._roots if value else ():
                there = state_of(object_path(root, value or ""))
                if there is not None and os.path.samestat(there, state):
                    return value
        return None

    def _may_read(self, size_bytes: int) -> bool:
        if size_bytes > self._left_bytes:
            return False
        self._left_bytes -= size_bytes
        return True

    def _of_directory(
        self, path: str, pointer: Pointer, before: Pointer | None, since_ns: int
    ) -> Standing:
        wanted = self._manifest(pointer)
        if wanted is None:
            return self._by_count(path, pointer, since_ns)
        old = (self._manifest(before) if before is not None else None) or {}
        if any(os.path.lexists(f"{path}/{name}") for name in self._few(old.keys() - wanted.keys())):
            return Standing.OTHER
        worst = Standing.SAME
        for name in self._few(name for name, value in wanted.items() if old.get(name) != value):
            file = pointer._replace(path=name, hash=wanted[name], size_bytes=None)
            was = file._replace(hash=old[name]) if name in old else None
            try:
                found = self._of_file(f"{path}/{name}", file, was, since_ns)
            except (FileNotFoundError, NotADirectoryError):
                return Standing.OTHER
            if found is Standing.OTHER:
                return found
            worst = found if found is Standing.UNKNOWN else worst
        return worst

    def _few(self, names: Iterable[str]) -> Iterable[str]:
        for name in names:
            if self._left_files == 0:
                return
            self._left_files -= 1
            yield name

    def _manifest(self, pointer: Pointer) -> Mapping[str, str] | None:
        """Returns what a directory holds; None where DVC's cache does not say, or too much."""
        if pointer.hash is None or not pointer.is_directory:
            return None
        for root in self._roots:
            try:
                with open(object_path(root, pointer.hash), "rb") as file:
                    content = file.read(_MOST_MANIFEST_BYTES + 1)
                if len(content) <= _MOST_MANIFEST_BYTES:
                    return parse_manifest(content)
            except (OSError, ManifestError):
                continue
        return None

    def _by_count(self, path: str, pointer: Pointer, since_ns: int) -> Standing:
        n_files = pointer.n_files
        if n_files is not None and n_files <= self._left_files:
            self._left_files -= n_files
            files = scan_tree(path).files
            size_bytes = sum(state.st_size for state in files.values())
            if len(files) != n_files or pointer.size_bytes not in (None, size_bytes):
                return Standing.OTHER
        is_younger = os.stat(path).st_ctime_ns >= since_ns
        return Standing.SAME if is_younger else Standing.UNKNOWN

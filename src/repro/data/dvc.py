"""Brings objects from a repository's DVC remotes; what arrives is hashed, never taken on trust.

A remote may be wrong or hostile: nothing larger than the record says is received, and nothing comes
into the store that has other bytes than its hash stands for.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from repro.data.dvc_config import cache_roots
from repro.data.dvc_remotes import Opened, open_remotes, threads
from repro.data.elsewhere import Elsewhere, legacy_location, nothing_elsewhere
from repro.data.manifest import (
    DIR_SUFFIX,
    ManifestError,
    encode_manifest,
    manifest_hash,
    parse_manifest,
)
from repro.data.receiving import Allowance, Receiving
from repro.data.remote import batches
from repro.data.sending import OnProgress
from repro.data.store import ObjectStore

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

__all__ = ["Fetched", "cache_roots", "fetch"]

_MOST_MANIFEST_BYTES = 1 << 30
_LONGEST_ENTRY_BYTES = 6 * 4096 + 64
"""Of a manifest: the longest path, each character escaped, and its hash."""


class Fetched(NamedTuple):
    """What came from the remotes.

    Attributes:
        hashes: The objects that are in the store now, of those asked for and of their files.
        failed: Why, as a clause, for each object that no remote gave.
        remotes: Names of the remotes that were asked.
    """

    hashes: tuple[str, ...]
    failed: dict[str, str]
    remotes: tuple[str, ...]


def fetch(
    top: str,
    hashes: Iterable[str],
    store: ObjectStore,
    *,
    inside: Iterable[str] = (),
    sizes: Mapping[str, int] | None = None,
    n_files: Mapping[str, int] | None = None,
    elsewhere: Elsewhere | None = None,
    on_progress: OnProgress | None = None,
) -> Fetched:
    """Brings objects from the DVC remotes into the store: the default remote first, then the rest.

    For a directory the manifest is read first, then come the files it lists that the store lacks;
    the manifest is stored when all of them are there.

    Args:
        top: The top of the working tree.
        hashes: Objects that the store lacks, or lacks in part.
        store: Where they go.
        inside: Paths in nested DVC projects, relative to the top.
        sizes: Bytes of the objects as their record says, of a directory those of its files
            together: a remote that serves more is refused. Others may have any size.
        n_files: How many files a directory has, as its record says.
        elsewhere: What DVC files tell of other places, which are tried last.
        on_progress: Is told how many bytes are there and of how many; from several threads, one
            at a time.

    Raises:
        InvalidHashError: One is no hash.
        OSError: The store cannot be written.
    """
    with threads() as pool:
        opened = open_remotes(pool, top, inside)
        fetching = _Fetching(
            pool,
            opened,
            store,
            sizes=sizes or {},
            n_files=n_files or {},
            elsewhere=elsewhere or nothing_elsewhere(),
            on_progress=on_progress,
        )
        fetching.bring(dict.fromkeys(hashes))
    store.cache.flush()
    names = tuple(dict.fromkeys(remote.name for remote in opened.remotes))
    return Fetched(tuple(fetching.fetched), fetching.failed, names)


class _Fetching:
    """Objects on their way from remotes: files, and the directories that are made of them."""

    def __init__(
        self,
        pool: "ThreadPoolExecutor",
        opened: Opened,
        store: ObjectStore,
        *,
        sizes: Mapping[str, int],
        n_files: Mapping[str, int],
        elsewhere: Elsewhere,
        on_progress: OnProgress | None,
    ) -> None:
        self.pool = pool
        self.store = store
        self.sizes = sizes
        self.n_files = n_files
        self.elsewhere = elsewhere
        self.progress = _Progress(on_progress)
        self.receiving = Receiving(
            opened, store, elsewhere=elsewhere, on_bytes=self.progress.advance
        )
        self.fetched: dict[str, None] = {}
        self.failed: dict[str, str] = {}

    def bring(self, hashes: Collection[str]) -> None:
        """Brings objects, and of directories all files."""
        files = [value for value in hashes if not value.endswith(DIR_SUFFIX)]
        allowed = {value: Allowance(self.sizes.get(value)) for value in files}
        manifests = self._manifests([value for value in hashes if value.endswith(DIR_SUFFIX)])
        for value, (_, listed) in manifests.items():
            # Its files share what the record allows the directory.
            allowance = Allowance(self.sizes.get(value))
            for file in listed.values():
                allowed.setdefault(file, allowance)
                if value in self.elsewhere.remotes:
                    self.elsewhere.remotes.setdefault(file, self.elsewhere.remotes[value])
        states = self.store.states_of(allowed)
        lacking = self.store.unsound(states)
        there = allowed.keys() - set(lacking)
        self.progress.begin(
            total_bytes=sum(self.sizes.get(value, 0) for value in hashes),
            done_bytes=sum(state.st_size for x, state in states.items() if state and x in there),
        )
        self._bring_files({value: allowed[value] for value in lacking})
        for value, (content, listed) in manifests.items():
            missing = [x for x in listed.values() if x in self.failed]
            if not missing:
                self.store.add_bytes(content, suffix=DIR_SUFFIX)
                self.fetched[value] = None
            elif self._bring_legacy(value):
                self.failed = {x: why for x, why in self.failed.items() if x not in missing}
            else:
                self.failed[value] = f"{len(missing)} of its {len(listed)} files are missing"

    def _manifests(self, hashes: Sequence[str]) -> dict[str, tuple[bytes, dict[str, str]]]:
        """Returns each manifest that can be had, and what it lists; the others have failed."""
        known = self.elsewhere.manifests
        lacking = self.store.unsound(self.store.states_of(hashes))
        asked = [
            (value, self.pool.submit(self.receiving.receive, value, self._manifest_limit(value)))
            for value in lacking
            if value not in known
        ]
        contents = {x: self.store.read(x) for x in hashes if x not in set(lacking)}
        contents |= {value: known[value] for value in lacking if value in known}
        for value, receiving in asked:
            received = receiving.result()
            if received.path is not None:
                contents[value] = _take(received.path)
            elif not self._bring_legacy(value):
                self.failed[value] = received.reason
        found = {}
        for value, content in contents.items():
            try:
                listed = parse_manifest(content)
            except ManifestError as error:
                self.failed[value] = error.message
                continue
            n_files = self.n_files.get(value)
            if n_files is not None and len(listed) > n_files:
                self.failed[value] = f"it lists {len(listed)} files, the record {n_files}"
            else:
                found[value] = content, listed
        return found

    def _manifest_limit(self, hash: str) -> Allowance:
        n_files = self.n_files.get(hash)
        limit_bytes = _MOST_MANIFEST_BYTES
        if n_files is not None:
            limit_bytes = min(limit_bytes, n_files * _LONGEST_ENTRY_BYTES + 2)
        return Allowance(limit_bytes)

    def _bring_files(self, allowed: Mapping[str, Allowance]) -> None:
        def bring(hash: str, allowance: Allowance) -> str | None:
            received = self.receiving.receive(hash, allowance)
            if received.path is None:
                return received.reason
            self.store.take_file(received.path, hash=hash)
            return None

        for batch in batches(list(allowed)):
            asked = [(value, self.pool.submit(bring, value, allowed[value])) for value in batch]
            for value, bringing in asked:
                reason = bringing.result()
                if reason is None:
                    self.fetched[value] = None
                else:
                    self.failed[value] = reason

    def _bring_legacy(self, hash: str) -> bool:
        """Brings a directory that DVC 2 keeps by hashes of its own; tells whether all is there."""
        legacy = self.elsewhere.legacy.get(hash)
        if legacy is None or not legacy.endswith(DIR_SUFFIX):
            return False
        receive = self.receiving.receive_any
        received = receive(legacy_location(legacy), hash, self._manifest_limit(hash))
        if received.path is None:
            return False
        content = _take(received.path)
        try:
            listed = parse_manifest(content)
        except ManifestError:
            return False
        allowance = Allowance(self.sizes.get(hash))
        asked = {
            relpath: self.pool.submit(receive, legacy_location(value), hash, allowance)
            for relpath, value in listed.items()
        }
        found = {relpath: receiving.result() for relpath, receiving in asked.items()}
        files = {relpath: x.hash for relpath, x in found.items() if x.path is not None}
        manifest = encode_manifest(files)
        is_whole = len(files) == len(listed) and manifest_hash(manifest) == hash
        for value in found.values():
            if value.path is not None:
                if is_whole:
                    self.store.add_files({value.hash: value.path})
                    self.fetched[value.hash] = None
                os.unlink(value.path)
        if is_whole:
            self.store.add_bytes(manifest, suffix=DIR_SUFFIX)
            self.fetched[hash] = None
        return is_whole


class _Progress:
    """Tells how many bytes are there, and of how many."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._lock = Lock()
        self._done_bytes = self._total_bytes = 0

    def begin(self, *, total_bytes: int, done_bytes: int) -> None:
        with self._lock:
            self._total_bytes = total_bytes
            self._done_bytes = done_bytes

    def advance(self, more_bytes: int) -> None:
        with self._lock:
            self._done_bytes += more_bytes
            if self._on_progress is not None and self._total_bytes:
                self._on_progress(min(self._done_bytes, self._total_bytes), self._total_bytes)


def _take(path: str) -> bytes:
    with open(path, "rb") as file:
        content = file.read()
    os.unlink(path)
    return content

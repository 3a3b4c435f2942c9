"""Brings every object that a restore needs into the store, from wherever it still is."""

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from repro.data.dvc_config import cache_roots, projects_of
from repro.data.elsewhere import ReadFile, look_elsewhere, nothing_elsewhere
from repro.data.hashing import ChangedWhileReadError, NotARegularFileError
from repro.data.manifest import (
    DIR_SUFFIX,
    ManifestError,
    encode_manifest,
    manifest_hash,
    parse_manifest,
)
from repro.data.sending import OnProgress
from repro.data.store import ObjectStore, WrongHashError, object_path, state_of
from repro.model.data import Artifact, DataEntry, Place

__all__ = ["Missing", "ensure"]

_STORE = "object store"
_WORKSPACE = "working tree"


class Missing(NamedTuple):
    """Bytes that are nowhere to be found.

    Attributes:
        path: The entry's path; with a file's below it when only that file of a directory lacks.
        hash: The object that is missing.
        looked_in: Where it was looked for, in that order, with reasons where there are any.
    """

    path: str
    hash: str
    looked_in: tuple[str, ...]


def ensure(
    entries: Sequence[DataEntry | Artifact],
    *,
    store: ObjectStore,
    top: str,
    allow_remote: bool = True,
    read_pointer: ReadFile | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[Missing, ...]:
    """Brings all objects of the entries into the store and returns those that are missing.

    It looks in the store, in DVC's caches, at the entry's path in the working tree (which may still
    hold the same bytes), and in DVC's remotes. Nothing but the store is changed. Entries whose
    bytes are in git are passed over.

    Args:
        entries: Of one record or of several.
        store: Where the objects go; damaged ones in it are replaced.
        top: The top of the working tree.
        allow_remote: Whether remotes may be asked.
        read_pointer: Returns a DVC file of the run by its path, which may tell of places on a
            cloud-versioned remote; beside it the one in the working tree is read.
        on_progress: Is told how many bytes came from remotes and of how many; from several
            threads, one at a time.

    Raises:
        InvalidHashError: An entry's hash is none.
        ManifestError: A directory of the store lists what no directory can hold.
        OSError: The store cannot be written.
    """
    entries = [entry for entry in entries if entry.place not in (Place.GIT, Place.TABLE)]
    inside = [entry.path for entry in entries]
    search = _Search(store, top, cache_roots(top, inside=inside))
    # What is whole already is not looked at twice.
    entries = [entry for entry in entries if not search.look_nearby(entry)]
    lacking = search.lacking(entries)
    if lacking:
        search.look_behind_pointers(entries, read_pointer)
        lacking = search.lacking(entries)
    reasons: dict[str, str] = {}
    if lacking and allow_remote and projects_of(top, inside):
        reasons = search.fetch(entries, inside, on_progress)
        lacking = search.lacking(entries)
    store.cache.flush()
    return tuple(
        Missing(path, value, search.looked_in(reasons.get(value))) for path, value in lacking
    )


class _Search:
    def __init__(self, store: ObjectStore, top: str, caches: Sequence[str]) -> None:
        self.store = store
        self.top = top
        self.caches = caches
        # Of directories that are not whole in the store yet, and so must not be there.
        self._manifests: dict[str, bytes] = {}
        self._elsewhere = nothing_elsewhere()

    def looked_in(self, remote_reason: str | None) -> tuple[str, ...]:
        caches = (f"DVC cache {root}" for root in self.caches)
        remote = () if remote_reason is None else (f"DVC remotes ({remote_reason})",)
        return (_STORE, *caches, _WORKSPACE, *remote)

    def lacking(self, entries: Iterable[DataEntry | Artifact]) -> list[tuple[str, str]]:
        """Returns path and hash of each object that the store lacks."""
        found: dict[tuple[str, str], None] = {}
        for entry in entries:
            files = self._files_of(entry)
            if files is None:
                found |= {(entry.path, value): None for value in self.store.missing(entry.hash)}
                continue
            missing = frozenset(self.store.unsound(self.store.states_of(files.values())))
            for relpath, value in files.items():
                if value in missing:
                    found[f"{entry.path}/{relpath}", value] = None
        return list(found)

    def look_nearby(self, entry: DataEntry | Artifact) -> bool:
        """Brings what DVC's caches and the working tree have of an entry.

        Returns:
            Whether the store had all of it before.
        """
        missing = self.store.missing(entry.hash)
        if not missing:
            return True
        path = os.path.join(self.top, entry.path)
        if not entry.is_directory:
            self._bring({entry.hash: path})
            return False
        if entry.hash in missing:
            manifest = self._manifest_in_caches(entry.hash)
            if manifest is None:
                self._bring_whole_directory(entry, path)
                return False
            self._manifests[entry.hash] = manifest
        files = self._files_of(entry) or {}
        self._bring({value: f"{path}/{relpath}" for relpath, value in files.items()})
        self.store_whole_manifests()
        return False

    def look_behind_pointers(
        self, entries: Sequence[DataEntry | Artifact], read_pointer: ReadFile | None
    ) -> None:
        """Learns what the entries' DVC files tell, and brings what DVC's caches have by it."""
        readers = [*([] if read_pointer is None else [read_pointer]), self._read_in_working_tree]
        self._elsewhere = look_elsewhere(self.top, entries, readers)
        for value, content in self._elsewhere.manifests.items():
            if self.store.unsound(self.store.states_of([value])):
                self._manifests.setdefault(value, content)
        for entry in entries:
            if entry.hash in self._elsewhere.legacy:
                self._bring_legacy(entry, self._elsewhere.legacy[entry.hash])
        self.store_whole_manifests()

    def fetch(
        self,
        entries: Sequence[DataEntry | Artifact],
        inside: Sequence[str],
        on_progress: OnProgress | None,
    ) -> dict[str, str]:
        """Brings what remotes have of the entries; returns why, for each object that none gave."""
        from repro.data.dvc import fetch

        lacking = [entry for entry in entries if self.lacking([entry])]
        manifests = self._elsewhere.manifests | self._manifests
        fetched = fetch(
            self.top,
            [entry.hash for entry in lacking],
            self.store,
            inside=inside,
            sizes={entry.hash: entry.size_bytes for entry in lacking},
            n_files={entry.hash: entry.n_files for entry in lacking},
            elsewhere=self._elsewhere._replace(manifests=manifests),
            on_progress=on_progress,
        )
        self.store_whole_manifests()
        return fetched.failed

    def store_whole_manifests(self) -> None:
        """Stores the manifests found in caches whose files are all in the store by now."""
        for value, content in list(self._manifests.items()):
            if not self.store.unsound(self.store.states_of(parse_manifest(content).values())):
                self.store.add_bytes(content, suffix=DIR_SUFFIX)
                del self._manifests[value]

    def _files_of(self, entry: DataEntry | Artifact) -> dict[str, str] | None:
        """Returns the files of a directory, None while its manifest is unknown."""
        if not entry.is_directory:
            return None
        if entry.hash in self._manifests:
            return parse_manifest(self._manifests[entry.hash])
        if self.store.unsound(self.store.states_of([entry.hash])):
            return None
        return self.store.read_manifest(entry.hash)

    def _manifest_in_caches(self, hash: str) -> bytes | None:
        for root in self.caches:
            path = object_path(root, hash)
            if _has(path, hash, self.store.cache.hash_file):
                with open(path, "rb") as file:
                    content = file.read()
                try:
                    parse_manifest(content)
                except ManifestError:
                    continue
                return content
        return None

    def _bring_whole_directory(self, entry: DataEntry | Artifact, path: str) -> None:
        from repro.data.capture import capture

        try:
            found = capture(path, cache=self.store.cache)
            if found.hash == entry.hash:
                capture(path, cache=self.store.cache, store=self.store, also=self.caches)
        except (OSError, ChangedWhileReadError, NotARegularFileError):
            return  # it is not there, or not what is looked for

    def _bring_legacy(self, entry: DataEntry | Artifact, legacy: str) -> None:
        """Brings what DVC 2 put into a cache by a hash of its own."""
        if not entry.is_directory:
            if not legacy.endswith(DIR_SUFFIX):
                self._bring_from({entry.hash: self._in_caches(legacy)})
            return
        content = self._manifest_in_caches(legacy) if legacy.endswith(DIR_SUFFIX) else None
        listed = {} if content is None else parse_manifest(content)
        paths = {relpath: self._in_caches(value) for relpath, value in listed.items()}
        files = self._files_of(entry)
        if files is None:
            files = self._hashes_of(paths)
            manifest = encode_manifest(files)
            if manifest_hash(manifest) != entry.hash:
                return
            self._manifests[entry.hash] = manifest
        self._bring_from({value: paths.get(relpath, []) for relpath, value in files.items()})

    def _in_caches(self, hash: str) -> list[str]:
        return [object_path(root, hash) for root in self.caches]

    def _hashes_of(self, paths: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Returns the MD5 in hex of what lies at the first path that there is, by relative path."""
        found = {}
        for relpath, candidates in paths.items():
            path = next((x for x in candidates if state_of(os.path.realpath(x))), None)
            if path is not None:
                with contextlib.suppress(OSError, ChangedWhileReadError, NotARegularFileError):
                    found[relpath] = self.store.cache.hash_file(path)
        return found

    def _read_in_working_tree(self, path: str) -> bytes | None:
        try:
            with open(os.path.join(self.top, path), "rb") as file:
                return file.read()
        except OSError:
            return None

    def _bring(self, paths: Mapping[str, str]) -> None:
        """Brings objects from the caches, or from a path that may have the same bytes."""
        self._bring_from({x: [*self._in_caches(x), path] for x, path in paths.items()})

    def _bring_from(self, paths: Mapping[str, Sequence[str]]) -> None:
        """Brings objects from paths that may have the same bytes."""
        hash_file = self.store.cache.hash_file
        for value in self.store.unsound(self.store.states_of(paths)):
            for source in paths[value]:
                if _has(source, value, hash_file):
                    try:
                        self.store.add_files({value: source}, also=self.caches)
                    except (WrongHashError, ChangedWhileReadError):
                        continue  # something writes to it just now
                    break


def _has(path: str, hash: str, hash_file: Callable[[str], str]) -> bool:
    """Tells whether a file that may not be there has the bytes of a hash."""
    if state_of(os.path.realpath(path)) is None:
        return False
    try:
        return hash_file(path) == hash[:32]
    except (OSError, ChangedWhileReadError, NotARegularFileError):
        return False

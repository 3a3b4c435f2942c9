"""Brings every object that a restore needs into the store, from wherever it still is."""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from repro.data.dvc_config import cache_roots, projects_of
from repro.data.hashing import ChangedWhileReadError, NotARegularFileError
from repro.data.manifest import DIR_SUFFIX, ManifestError, parse_manifest
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

    Raises:
        InvalidHashError: An entry's hash is none.
        ManifestError: A directory of the store lists what no directory can hold.
        OSError: The store cannot be written.
    """
    entries = [entry for entry in entries if entry.place is not Place.GIT]
    inside = [entry.path for entry in entries]
    search = _Search(store, top, cache_roots(top, inside=inside))
    # What is whole already is not looked at twice.
    entries = [entry for entry in entries if not search.look_nearby(entry)]
    reasons: dict[str, str] = {}
    lacking = search.lacking(entries)
    if lacking and allow_remote and projects_of(top, inside):
        from repro.data.dvc import fetch

        reasons = fetch(top, [value for _, value in lacking], store, inside=inside).failed
        search.store_whole_manifests()
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

    def _bring(self, paths: dict[str, str]) -> None:
        """Brings objects from the caches, or from a path that may have the same bytes."""
        hash_file = self.store.cache.hash_file
        for value in self.store.unsound(self.store.states_of(paths)):
            sources = [*(object_path(root, value) for root in self.caches), paths[value]]
            for source in sources:
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

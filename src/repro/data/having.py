"""Which objects a remote has, whole: of a directory its manifest and every file that it lists."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from repro.data.hashing import hash_bytes
from repro.data.manifest import DIR_SUFFIX, ManifestError, parse_manifest
from repro.data.remote import Remote
from repro.data.store import ObjectStore
from repro.errors import ReproError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

__all__ = ["whole_on"]

_MOST_MANIFEST_BYTES = 1 << 30


def whole_on(
    remote: Remote,
    hashes: Sequence[str],
    *,
    pool: "ThreadPoolExecutor",
    store: ObjectStore | None = None,
) -> list[str]:
    """Returns which objects a remote has; none when it cannot be asked.

    Args:
        remote: Opened.
        hashes: Objects; for a directory that of its manifest.
        pool: Where the remote is talked to.
        store: Where manifests may be read; those that it lacks are read on the remote.
    """
    there = _there(remote, hashes, pool)
    manifests: dict[str, frozenset[str]] = {}
    for value in there:
        if value.endswith(DIR_SUFFIX):
            listed = _listed(remote, value, pool=pool, store=store)
            if listed is not None:
                manifests[value] = frozenset(listed)
    files = dict.fromkeys(x for listed in manifests.values() for x in listed)
    files_there = _there(remote, list(files), pool)
    return [
        value
        for value in hashes
        if value in there
        and (not value.endswith(DIR_SUFFIX) or manifests.get(value, {None}) <= files_there)
    ]


def _there(remote: Remote, hashes: Sequence[str], pool: "ThreadPoolExecutor") -> frozenset[str]:
    if not hashes:
        return frozenset()
    asked = pool.submit(remote.sizes, hashes)
    return frozenset(asked.result()) if asked.exception() is None else frozenset()


def _listed(
    remote: Remote, hash: str, *, pool: "ThreadPoolExecutor", store: ObjectStore | None
) -> Iterable[str] | None:
    """Returns the files of a directory, None when its manifest cannot be read anywhere."""
    if store is not None:
        try:
            return store.read_manifest(hash).values()
        except ReproError:
            pass  # absent or damaged here: the remote's is read
    reading = pool.submit(_read, remote, hash)
    if reading.exception() is not None:
        return None
    content = reading.result()
    if hash_bytes(content) != hash.removesuffix(DIR_SUFFIX):
        return None
    try:
        return parse_manifest(content).values()
    except ManifestError:
        return None


def _read(remote: Remote, hash: str) -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="repro-") as directory:
        path = f"{directory}/manifest"
        remote.get(remote.key(hash), path, most_bytes=_MOST_MANIFEST_BYTES, on_bytes=lambda _: None)
        with open(path, "rb") as file:
            return file.read()

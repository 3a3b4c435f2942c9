"""Checks the object store: every object's bytes against its name, and what runs need of it."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from repro.data.hashing import ChangedWhileReadError, NotARegularFileError
from repro.data.manifest import DIR_SUFFIX, ManifestError, is_hash, parse_manifest
from repro.data.store import ObjectStore
from repro.fsck.problem import Kind, Problem, Tell, silent
from repro.model.ids import RunId

__all__ = ["Checked", "check_store"]

_BATCH = 64


class Checked(NamedTuple):
    """What was found in an object store.

    Attributes:
        problems: What is damaged or missing.
        n_objects: How many objects there are.
    """

    problems: list[Problem]
    n_objects: int


def check_store(
    store: ObjectStore,
    needs: Mapping[str, Sequence[RunId]],
    *,
    elsewhere: Mapping[str, str],
    is_fast: bool = False,
    only_needed: bool = False,
    paths: Mapping[str, str] | None = None,
    tell: Tell = silent,
) -> Checked:
    """Reads every object of a store.

    Args:
        store: The store.
        needs: Which runs need an object, directories by their manifest.
        elsewhere: Where an object is known to be, for what was never brought here.
        is_fast: Whether an object that looks unchanged since it was last checked is believed.
        only_needed: Whether to pass over the objects that no run of `needs` needs.
        paths: Where objects lay in the working tree, by hash.
        tell: Told how far it is.
    """
    present = set(_list(store.objects_root))
    looked_at = sorted(present & _with_files(store, needs, present) if only_needed else present)
    damaged = dict(_damaged(store, looked_at, is_fast=is_fast, tell=tell))
    wanted, names, broken = _expand(store, needs, damaged, present, paths or {})
    problems = []
    for hash, reason in (damaged | broken).items():
        path = store.path_of(hash)
        kind = Kind.DATA
        runs = tuple(sorted(wanted.get(hash, ())))
        problems.append(Problem(kind, _subject(hash, names), reason, runs, at=path, names=(hash,)))
    for hash, needing in wanted.items():
        if hash in present:
            continue
        subject, known = _subject(hash, names), elsewhere.get(hash)
        if known is not None:
            reason, hint = f"not brought here, {known} has it", "repro pull"
        else:
            reason, hint = "missing from the object store", ""
        is_note = known is not None
        of = tuple(sorted(needing))
        problems.append(Problem(Kind.DATA, subject, reason, of, is_note, names=(hash,), hint=hint))
    return Checked(problems, len(looked_at))


def _subject(hash: str, names: Mapping[str, str]) -> str:
    return f"{names[hash]} ({hash})" if hash in names else hash


def _list(root: str) -> Iterator[str]:
    try:
        fans = sorted(os.listdir(root))
    except FileNotFoundError:
        return
    for fan in fans:
        if len(fan) == 2 and os.path.isdir(f"{root}/{fan}"):
            # What is half-written has a name that is no hash.
            yield from (fan + name for name in os.listdir(f"{root}/{fan}") if is_hash(fan + name))


def _with_files(
    store: ObjectStore, needs: Mapping[str, object], present: Collection[str]
) -> set[str]:
    found = set(needs)
    for hash in needs:
        if hash.endswith(DIR_SUFFIX) and hash in present:
            files = _files_of(store, hash)
            found.update(files.values() if isinstance(files, dict) else ())
    return found


def _damaged(
    store: ObjectStore, hashes: Sequence[str], *, is_fast: bool, tell: Tell
) -> Iterator[tuple[str, str]]:
    from concurrent.futures import ThreadPoolExecutor

    def found(hash: str) -> tuple[str, os.stat_result | None]:
        path = store.path_of(hash)
        try:
            state = os.stat(path)
            if is_fast:
                return store.cache.hash_file(path), state
            return _hash(path), state
        except (ChangedWhileReadError, NotARegularFileError) as error:
            return error.message, None
        except FileNotFoundError:  # removed meanwhile
            return hash[:32], None
        except OSError as error:
            return f"it cannot be read: {error.strerror}", None

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for start in range(0, len(hashes), _BATCH):
            tell("data", start, len(hashes))
            batch = hashes[start : start + _BATCH]
            for hash, (value, state) in zip(batch, pool.map(found, batch), strict=True):
                if state is not None:
                    # The truth, also where the cache believed otherwise.
                    store.cache.remember([(state, value)])
                if value != hash[:32]:
                    yield hash, "its bytes are damaged" if state is not None else value
    store.cache.flush()


def _hash(path: str) -> str:
    from repro.data.hashing import hash_open_file, open_regular

    fd = open_regular(path)
    try:
        return hash_open_file(fd, path)[0]
    finally:
        os.close(fd)


def _expand(
    store: ObjectStore,
    needs: Mapping[str, Sequence[RunId]],
    damaged: Mapping[str, str],
    present: Collection[str],
    paths: Mapping[str, str],
) -> tuple[dict[str, set[RunId]], dict[str, str], dict[str, str]]:
    """Returns which runs need each object, the files of directories too, and broken manifests."""
    wanted = {hash: set(runs) for hash, runs in needs.items()}
    names = dict(paths)
    broken: dict[str, str] = {}
    for hash, runs in needs.items():
        if not hash.endswith(DIR_SUFFIX) or hash in damaged or hash not in present:
            continue
        files = _files_of(store, hash)
        if isinstance(files, str):
            broken[hash] = files
            continue
        for relpath, value in files.items():
            wanted.setdefault(value, set()).update(runs)
            names.setdefault(value, f"{paths.get(hash, hash)}/{relpath}")
    return wanted, names, broken


def _files_of(store: ObjectStore, hash: str) -> dict[str, str] | str:
    try:
        with open(store.path_of(hash), "rb") as file:
            return parse_manifest(file.read())
    except ManifestError as error:
        return error.message
    except OSError as error:
        return f"it cannot be read: {error.strerror}"

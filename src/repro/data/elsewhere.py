"""Where else bytes may be: what DVC files tell of places that do not go by our hash.

A cloud-versioned remote keeps a file at its path and DVC notes the version; DVC 2 named text files
by a hash of their own. Such places are only ever tried: what comes from there must have our hash.
"""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from repro.data.dvc_config import projects_of
from repro.data.manifest import (
    DIR_SUFFIX,
    encode_manifest,
    is_hash,
    is_safe_relpath,
    manifest_hash,
)
from repro.data.pipeline import working_directories
from repro.data.yaml_reader import Node, PointerError, items_of, read_yaml, text_of
from repro.model.data import Artifact, DataEntry

__all__ = [
    "Elsewhere",
    "Location",
    "ReadFile",
    "legacy_location",
    "look_elsewhere",
    "nothing_elsewhere",
]

ReadFile = Callable[[str], bytes | None]
"""Returns the content of a file of the working tree, or of the run's; None when it has none."""


class Location(NamedTuple):
    """A place on a remote that may have the bytes.

    Attributes:
        remote: Its name; None for any.
        key: Names below the remote's path.
        version: Which version of what lies there; None for the only one.
    """

    remote: str | None
    key: tuple[str, ...]
    version: str | None = None


class Elsewhere(NamedTuple):
    """What DVC files tell of the objects of some entries, all by our hash.

    Attributes:
        remotes: The remote to ask first.
        locations: Places of single files.
        manifests: Directory manifests put together from a DVC file.
        legacy: DVC 2's hash; of a directory that of DVC 2's manifest.
    """

    remotes: dict[str, str]
    locations: dict[str, list[Location]]
    manifests: dict[str, bytes]
    legacy: dict[str, str]


def nothing_elsewhere() -> Elsewhere:
    """Returns what is known when no DVC file was read."""
    return Elsewhere({}, {}, {}, {})


def legacy_location(hash: str) -> Location:
    """Returns where DVC 2 keeps the object of a hash of its own."""
    return Location(None, (hash[:2], hash[2:]))


def look_elsewhere(
    top: str, entries: Iterable[DataEntry | Artifact], readers: Sequence[ReadFile]
) -> Elsewhere:
    """Reads what the entries' DVC files tell; those that cannot be read tell nothing.

    Args:
        top: The top of the working tree.
        entries: Of a record; those that no DVC file names are passed over.
        readers: Read a DVC file by its path, in several states: the run's, the present one.
    """
    found = nothing_elsewhere()
    pointers: dict[str, list[DataEntry]] = {}
    for entry in entries:
        if isinstance(entry, DataEntry) and entry.pointer is not None:
            pointers.setdefault(entry.pointer, []).append(entry)
    for pointer, named in pointers.items():
        # One state after the other; files that did not change are read once.
        for content, pipeline in dict.fromkeys(_states(pointer, readers)):
            if content is None:
                continue
            try:
                outs = _outs(pointer, content, pipeline)
            except PointerError:
                continue
            for entry in named:
                for item in outs.get(entry.path, ()):
                    _note(found, entry.hash, item, _key(top, pointer, entry.path))
    return found


def _states(
    pointer: str, readers: Sequence[ReadFile]
) -> Iterator[tuple[bytes | None, bytes | None]]:
    """Yields a DVC file in each state, and for ``dvc.lock`` the ``dvc.yaml`` beside it."""
    pipeline = posixpath.join(posixpath.dirname(pointer), "dvc.yaml") if _is_lock(pointer) else None
    for read in readers:
        yield read(pointer), None if pipeline is None else read(pipeline)


def _is_lock(pointer: str) -> bool:
    return pointer.rpartition("/")[2] == "dvc.lock"


def _outs(pointer: str, content: bytes, pipeline: bytes | None) -> dict[str, list[dict[str, Node]]]:
    """Returns what a DVC file says of each path, deps of its stages too."""
    document = read_yaml(pointer, content)
    nodes: list[tuple[str, Node | None]] = []
    if _is_lock(pointer):
        stages = items_of(document.get("stages")) if "schema" in document else document
        places = working_directories(pointer, pipeline) if pipeline is not None else {}
        for name, stage in stages.items():
            place = places.get(name, places.get(name.partition("@")[0], ".")) or "."
            base = posixpath.join(posixpath.dirname(pointer), place)
            nodes += [(base, items_of(stage).get(role)) for role in ("outs", "deps")]
    else:
        base = posixpath.join(posixpath.dirname(pointer), text_of(document.get("wdir")) or ".")
        nodes.append((base, document.get("outs")))
    found: dict[str, list[dict[str, Node]]] = {}
    for base, node in nodes:
        for item in _mappings([node]):
            path = text_of(item.get("path"))
            if path is not None:
                found.setdefault(posixpath.normpath(posixpath.join(base, path)), []).append(item)
    return found


def _note(found: Elsewhere, hash: str, item: Mapping[str, Node], key: tuple[str, ...]) -> None:
    remote, noted = text_of(item.get("remote")), text_of(item.get("md5"))
    if remote is not None:
        found.remotes[hash] = remote
    if noted is not None and is_hash(noted) and text_of(item.get("hash")) is None:
        found.legacy[hash] = noted
        if not noted.endswith(DIR_SUFFIX):
            found.locations.setdefault(hash, []).append(legacy_location(noted))
    _note_versions(found, noted, item, key)
    files: dict[str, str] = {}
    for listed in _mappings([item.get("files")]):
        relpath, value = text_of(listed.get("relpath")), text_of(listed.get("md5"))
        if relpath is None or value is None or not is_safe_relpath(relpath) or not is_hash(value):
            return
        files[relpath] = value
        _note_versions(found, value, listed, (*key, *relpath.split("/")))
    manifest = encode_manifest(files)
    if files and manifest_hash(manifest) == hash:
        found.manifests[hash] = manifest


def _note_versions(
    found: Elsewhere, hash: str | None, item: Mapping[str, Node], key: tuple[str, ...]
) -> None:
    for remote, node in items_of(item.get("cloud")).items():
        version = text_of(items_of(node).get("version_id"))
        if hash is not None and version is not None:
            found.locations.setdefault(hash, []).append(Location(remote, key, version))


def _key(top: str, pointer: str, path: str) -> tuple[str, ...]:
    """Returns the names below a cloud-versioned remote at which DVC keeps a path."""
    project = max(projects_of(top, [pointer]), key=len, default=top)
    return tuple(f"{top}/{path}".removeprefix(f"{project}/").split("/"))


def _mappings(nodes: Iterable[Node | None]) -> Iterator[dict[str, Node]]:
    for node in nodes:
        if isinstance(node, list):
            yield from (items_of(item) for item in node)

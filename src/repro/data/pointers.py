"""Reads DVC's pointers: the hashes that ``*.dvc`` and ``dvc.lock`` name for data files."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from repro.data.manifest import encode_manifest, is_hash, is_safe_relpath, manifest_hash
from repro.data.pipeline import working_directories
from repro.data.yaml_reader import Node, PointerError, items_of, read_yaml, text_of

__all__ = [
    "MD5",
    "MD5_DOS2UNIX",
    "Pointer",
    "PointerError",
    "Role",
    "is_pointer",
    "parse_pointers",
    "pipeline_of",
]

MD5 = "md5"
MD5_DOS2UNIX = "md5-dos2unix"
"""What DVC 2 used: text files are hashed with CR LF as LF, see `capture.hash_as_text`."""

_MOST_POINTERS = 1_000_000
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class Role(StrEnum):
    """What a path is to the stage that names it."""

    OUT = "out"
    DEP = "dep"


class Pointer(NamedTuple):
    """A path and the hash that a DVC file names for it.

    Attributes:
        path: Relative to the top of the working tree, or absolute.
        hash_name: "md5" or "md5-dos2unix".
        hash: In hex, ending in ".dir" for a directory; None when nothing was hashed yet, or not
            by MD5.
        size_bytes: None when not noted.
        pointer_path: The DVC file, relative to the top.
        role: Of a ``*.dvc`` file only outs are given; its deps lie elsewhere (imports).
        stage: Name of the stage in ``dvc.lock``, such as "train" or "train@0"; None for ``*.dvc``.
        n_files: None when not noted.
        is_import: Whether ``dvc import`` or ``import-url`` made it.
        remote: The DVC remote it is kept in, None for the default.
    """

    path: str
    hash_name: str
    hash: str | None
    size_bytes: int | None
    pointer_path: str
    role: Role = Role.OUT
    stage: str | None = None
    n_files: int | None = None
    is_import: bool = False
    remote: str | None = None

    @property
    def is_directory(self) -> bool:
        """Whether the hash is that of a directory."""
        return self.hash is not None and self.hash.endswith(".dir")


def is_pointer(path: str) -> bool:
    """Tells whether `parse_pointers` is meant for a path: ``*.dvc`` or ``dvc.lock``."""
    name = path.rpartition("/")[2]
    is_inside_dvc = path.startswith(".dvc/") or "/.dvc/" in path
    return not is_inside_dvc and (name == "dvc.lock" or (name.endswith(".dvc") and name != ".dvc"))


def pipeline_of(path: str) -> str | None:
    """Returns the ``dvc.yaml`` whose stages a ``dvc.lock`` names, None for another file."""
    directory, _, name = path.rpartition("/")
    return posixpath.join(directory, "dvc.yaml") if name == "dvc.lock" else None


def parse_pointers(
    path: str, content: bytes, *, pipeline: bytes | None = None
) -> tuple[Pointer, ...]:
    """Returns the pointers in a DVC file, in the file's order.

    Paths on other machines (``s3://...``) are left out, as are those whose stage runs in a
    directory that only DVC can tell (``wdir: ${...}``). One that is known by another hash than MD5
    (HTTP's etag, HDFS' checksum) has none.

    Args:
        path: The file's, relative to the top of the working tree.
        content: Its bytes.
        pipeline: Those of the ``dvc.yaml`` beside a ``dvc.lock``: paths in the lock count from
            where its stages run.

    Raises:
        PointerError: It, or the ``dvc.yaml``, cannot be read.
    """
    document = read_yaml(path, content)
    file = pipeline_of(path)
    if file is None:
        rows = _of_dvc_file(path, document)
    else:
        places = working_directories(file, pipeline) if pipeline is not None else {}
        rows = _of_lock(path, document, places)
    found = []
    for pointer in rows:
        found.append(pointer)
        if len(found) > _MOST_POINTERS:
            raise PointerError(path, f"more than {_MOST_POINTERS} pointers")
    return tuple(found)


def _of_dvc_file(path: str, document: dict[str, Node]) -> Iterator[Pointer]:
    base = posixpath.join(posixpath.dirname(path), text_of(document.get("wdir")) or ".")
    is_import = bool(document.get("deps"))
    for out in _list(path, document, "outs"):
        pointer = _pointer(path, out, base=base, role=Role.OUT, is_import=is_import)
        if pointer is not None:
            yield pointer


def _of_lock(
    path: str, document: dict[str, Node], places: Mapping[str, str | None]
) -> Iterator[Pointer]:
    # Schema 1.0 has neither "schema" nor "stages": the stages are the whole file.
    stages = items_of(document.get("stages")) if "schema" in document else document
    for name, node in stages.items():
        place = places.get(name, places.get(name.partition("@")[0], "."))
        if place is None:
            continue
        base = posixpath.join(posixpath.dirname(path), place)
        stage = items_of(node)
        for role in (Role.DEP, Role.OUT):
            for item in _list(path, stage, f"{role}s"):
                pointer = _pointer(path, item, base=base, role=role, stage=name)
                if pointer is not None:
                    yield pointer


def _pointer(
    file: str,
    item: dict[str, Node],
    *,
    base: str,
    role: Role,
    stage: str | None = None,
    is_import: bool = False,
) -> Pointer | None:
    path = text_of(item.get("path"))
    if path is None:
        raise PointerError(file, "an entry without a path")
    found = text_of(item.get("md5")) or _hash_of_files(item.get("files"))
    if _URL.match(path):
        return None
    if found is not None and not is_hash(found):
        raise PointerError(file, f"not an MD5: {found[:80]}")
    return Pointer(
        path=_normal(base, path),
        hash_name=text_of(item.get("hash")) or MD5_DOS2UNIX,
        hash=found,
        size_bytes=_number(item.get("size")),
        pointer_path=file,
        role=role,
        stage=stage,
        n_files=_number(item.get("nfiles")),
        is_import=is_import,
        remote=text_of(item.get("remote")),
    )


def _hash_of_files(node: Node | None) -> str | None:
    """Returns the hash of a directory whose files stand in the DVC file (cloud versioning)."""
    if not isinstance(node, list) or not node:
        return None
    files: dict[str, str] = {}
    for item in map(items_of, node):
        path, value = text_of(item.get("relpath")), text_of(item.get("md5"))
        if path is None or value is None or not is_safe_relpath(path):
            return None
        files[path] = value
    return manifest_hash(encode_manifest(files))


def _list(file: str, parent: dict[str, Node], name: str) -> list[dict[str, Node]]:
    node = parent.get(name)
    if node is None or (isinstance(node, str) and text_of(node) is None):
        return []
    if not isinstance(node, list) or not all(isinstance(item, dict) for item in node):
        raise PointerError(file, f"{name} is not a list of mappings")
    return [items_of(item) for item in node]


def _normal(base: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(base, path))


def _number(node: Node | None) -> int | None:
    return int(node) if isinstance(node, str) and node.isdecimal() and len(node) < 20 else None

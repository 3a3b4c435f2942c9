"""Reads ``data.yaml`` and ``artifacts.yaml``: the parts of a record that become files again.

A checkout writes to these paths and looks hashes up in directories, so neither may lead out of the
working tree, or into what git and repro keep there.
"""

import posixpath
import re
from collections.abc import Iterable

from repro.model.data import Artifact, DataEntry, DirectoryExtras, Place, Source, check_path
from repro.model.fields import Fields, load_yaml, table_rows
from repro.model.table import table_hash_from, table_kind_of

__all__ = ["decode_artifacts", "decode_data"]

_HASH = re.compile(r"[0-9a-f]{32,128}(?:\.dir)?")


def decode_data(content: bytes) -> tuple[DataEntry, ...]:
    """Returns what ``data.yaml`` holds.

    Raises:
        RecordError: It cannot be read, or a path is not one that a checkout may write.
    """
    file = "data.yaml"
    return tuple(_data(fields) for fields in table_rows(file, load_yaml(file, content)))


def decode_artifacts(content: bytes) -> tuple[Artifact, ...]:
    """Returns what ``artifacts.yaml`` holds.

    Raises:
        RecordError: It cannot be read, or a path is not one that a checkout may write.
    """
    file = "artifacts.yaml"
    return tuple(_artifact(fields) for fields in table_rows(file, load_yaml(file, content)))


def _data(fields: Fields) -> DataEntry:
    place = fields.choice("place", Place, Place.STORE)
    hash_name = fields.text("hash_name", "md5")
    if (table_kind_of(hash_name) is not None) != (place is Place.TABLE):
        raise fields.error("hash_name", f"no data in the {place} has a {hash_name[:80]!r}")
    return DataEntry(
        path=_path(fields, place),
        hash=_hash(fields, place),
        size_bytes=fields.whole("size_bytes"),
        n_files=fields.whole("n_files", 1),
        source=fields.choice("source", Source),
        pointer=fields.optional_text("pointer"),
        place=place,
        matches_pointer=fields.flag("matches_pointer", True),
        executable=fields.flag("executable", False),
        extras=fields.optional("extras", _extras),
        hash_name=hash_name,
    )


def _artifact(fields: Fields) -> Artifact:
    place = fields.choice("place", Place, Place.STORE)
    if place is Place.TABLE:
        raise fields.error("place", "no output is a table")
    return Artifact(
        path=_path(fields, place, may_be_logged=True),
        hash=_hash(fields, place),
        size_bytes=fields.whole("size_bytes"),
        n_files=fields.whole("n_files", 1),
        place=place,
        executable=fields.flag("executable", False),
        extras=fields.optional("extras", _extras),
        hash_name=fields.text("hash_name", "md5"),
        kind=fields.text("kind", ""),
    )


def _path(fields: Fields, place: Place, *, may_be_logged: bool = False) -> str:
    path = fields.text("path")
    if problem := check_path(path, place, may_be_logged=may_be_logged):
        raise fields.error("path", problem)
    return path


def _hash(fields: Fields, place: Place) -> str:
    text = fields.text("hash")
    if place is Place.TABLE:
        if table_hash_from(text) is None:
            raise fields.error("hash", f"not a version of a table: {text[:80]!r}")
        return text
    if not _HASH.fullmatch(text) and not (place is Place.NOWHERE and not text):
        raise fields.error("hash", f"not a hash: {text[:80]!r}")
    return text


def _extras(fields: Fields) -> DirectoryExtras:
    extras = DirectoryExtras(
        executable=fields.texts("executable"),
        symlinks=fields.text_map("symlinks"),
        empty=fields.texts("empty"),
    )
    for path in (*extras.executable, *extras.symlinks, *extras.empty):
        if problem := check_path(path, Place.STORE):
            raise fields.error("", problem)
        if posixpath.normpath(path) != path:
            raise fields.error("", f"the path {path!r} is not in its plain form")
        if any(parent in extras.symlinks for parent in _parents(path)):
            raise fields.error("", f"the path {path!r} leads through a symbolic link")
    for path, target in extras.symlinks.items():
        if "\0" in target or not target:
            raise fields.error("symlinks", f"{path!r} leads nowhere")
    return extras


def _parents(path: str) -> Iterable[str]:
    return (path[:at] for at, char in enumerate(path) if char == "/")

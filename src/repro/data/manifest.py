"""DVC's directory manifests (``.dir`` objects): which file of a directory has which hash.

The bytes are those of dvc-data (``dvc_data.hashfile.tree.Tree.as_bytes``): a JSON list of objects
with the keys "md5" and "relpath", sorted by relpath. The hash of a directory is the MD5 of these
bytes with ".dir" behind it.
"""

import json
import re
from collections.abc import Mapping

from repro.data.hashing import hash_bytes
from repro.errors import ReproError

__all__ = [
    "DIR_SUFFIX",
    "ManifestError",
    "encode_manifest",
    "is_hash",
    "is_safe_relpath",
    "manifest_hash",
    "parse_manifest",
]

DIR_SUFFIX = ".dir"
_ENTRIES = 10_000
"""So many are encoded at once: all entries of a large directory would take much memory."""
_HASH = re.compile(r"[0-9a-f]{32}")
_HEX = re.compile(r"[0-9a-f]*")
_HASH_OF_ANY = re.compile(r"[0-9a-f]{32}(\.dir)?")
_UNSAFE = re.compile(r"(?:^|/)\.{0,2}(?:/|\Z)|\0")
"""An empty name, "." or ".." between slashes, or a NUL."""


class ManifestError(ReproError):
    """A directory manifest that is damaged, or that would write outside of its directory."""


def encode_manifest(files: Mapping[str, str]) -> bytes:
    """Returns the manifest of a directory.

    Args:
        files: MD5 in hex of every file, by its path relative to the directory.
    """
    names = sorted(files)
    parts = []
    for start in range(0, len(names), _ENTRIES):
        entries = [
            {"md5": files[name], "relpath": name} for name in names[start : start + _ENTRIES]
        ]
        parts.append(json.dumps(entries)[1:-1].encode("ascii"))
    return b"[%b]" % b", ".join(parts)


def manifest_hash(manifest: bytes) -> str:
    """Returns the hash of the directory that a manifest describes."""
    return hash_bytes(manifest) + DIR_SUFFIX


def is_hash(text: str) -> bool:
    """Tells whether the text is an MD5 in hex, or one of a directory, ending in ".dir"."""
    return _HASH_OF_ANY.fullmatch(text) is not None


def is_safe_relpath(path: str) -> bool:
    """Tells whether a relative path can be a file's name and stays below what it is joined to."""
    if _UNSAFE.search(path) is not None:
        return False
    try:
        path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a surrogate pair: no file has such a name
        return False
    return True


def parse_manifest(content: bytes) -> dict[str, str]:
    """Returns the MD5 in hex of every file, by relative path, in the manifest's order.

    Raises:
        ManifestError: It is no manifest; a path is absolute, has a ".." in it, or comes twice; or
            a file is also the directory of another.
    """
    try:
        entries = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _error("it is not JSON") from error
    if not isinstance(entries, list):
        raise _error("it is not a list")
    files = _read_at_once(entries)
    if files is None:
        files = _read_one_by_one(entries)
    _require_no_file_above(files)
    return files


def _read_at_once(entries: list[dict[str, str]]) -> dict[str, str] | None:
    """Reads a faultless manifest fast; None when there is a fault somewhere."""
    try:
        files = {entry["relpath"]: entry["md5"] for entry in entries}
        hashes = "".join(files.values())
        paths = "/".join(files)
    except (TypeError, KeyError):
        return None
    if not files:
        return None
    is_good = (
        len(files) == len(entries)
        and is_safe_relpath(paths)
        and set(map(len, files.values())) == {32}
        and _HEX.fullmatch(hashes) is not None
    )
    return files if is_good else None


def _read_one_by_one(entries: list[object]) -> dict[str, str]:
    files: dict[str, str] = {}
    for entry in entries:
        relpath, value = _fields(entry)
        if relpath in files:
            raise _error(f"a path comes twice: {relpath!a}")
        files[relpath] = value
    return files


def _fields(entry: object) -> tuple[str, str]:
    relpath = entry.get("relpath") if isinstance(entry, dict) else None
    value = entry.get("md5") if isinstance(entry, dict) else None
    if not isinstance(relpath, str) or not isinstance(value, str) or not _HASH.fullmatch(value):
        raise _error(f"an entry is not a path with its MD5: {str(entry)[:80]!a}")
    if not is_safe_relpath(relpath):
        raise _error(f"a path leads out of the directory: {relpath!a}")
    return relpath, value


def _require_no_file_above(files: Mapping[str, str]) -> None:
    parents = {relpath.rpartition("/")[0] for relpath in files} - {""}
    while parents:
        if both := parents & files.keys():
            raise _error(f"a path is a file and a directory: {min(both)!a}")
        parents = {path.rpartition("/")[0] for path in parents} - {""}


def _error(reason: str) -> ManifestError:
    return ManifestError(
        f"damaged directory manifest: {reason}",
        hint="fetch the data again: dvc fetch",
    )

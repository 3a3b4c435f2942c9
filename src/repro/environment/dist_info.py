"""Reads what an installer left of one distribution: a ``.dist-info``, ``.egg-info`` or egg.

The layout is that of the "Recording installed projects" specification (PEP 376, 627). What is
damaged is read as far as it goes, and said.
"""

import hashlib
import os
import re
from bisect import bisect_left
from typing import NamedTuple

from repro.environment.origin import origin_of
from repro.model.environment import Origin, Package
from repro.model.lazy_pattern import lazy_pattern

__all__ = ["Found", "digest_of_record", "is_info", "read_distribution"]

_HEAD_BYTES = 4096
_ALL_BYTES = 1 << 20
_FIELDS = (
    lazy_pattern(rb"^Name:[ \t]*(.*?)[ \t]*\r?$", re.MULTILINE),
    lazy_pattern(rb"^Version:[ \t]*(.*?)[ \t]*\r?$", re.MULTILINE),
)
_NAME = lazy_pattern(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9.+!_*-]*")
_ROW = lazy_pattern(rb"^(.+),[^,\n]*$", re.MULTILINE)
_INSTALLER_FILES = (
    *(b"INSTALLER", b"REQUESTED", b"RECORD"),
    *(b"direct_url.json", b"uv_cache.json", b"uv_build.json"),
)
"""Files in ``*.dist-info`` that the installer writes, each in its own way."""
_OUTSIDE = (b"../", b"/", b'"../')
_SYSTEMS = frozenset({"apk", "conda", "debian", "dpkg", "nix", "pacman", "portage", "rpm"})
"""Installers that keep a list of files of their own, and leave RECORD out."""
_SYSTEM_PLACES = ("/usr/lib/", "/usr/lib64/", "/nix/store/", "/gnu/store/")


class Found(NamedTuple):
    """A distribution, and what was wrong with it.

    Attributes:
        package: What it is.
        damage: A clause for a gap, "" when all is well.
    """

    package: Package
    damage: str = ""


def is_info(name: str) -> bool:
    """Tells whether a directory entry of this name describes a distribution.

    What pip could not remove it leaves with a "~" in front.
    """
    is_named = name.endswith((".dist-info", ".egg-info")) or name == "EGG-INFO"
    return is_named and not name.startswith("~")


def read_distribution(info: str) -> Found | None:
    """Returns the distribution that a path describes, None for the remains of a removal.

    Where the metadata cannot be read, the name of the directory has name and version too. A
    missing RECORD is no damage where the system or conda installed the package: those keep lists
    of their own. An editable package has no digest: RECORD would hold this machine's paths, and
    the code says what it is.
    """
    if info.endswith(".dist-info"):
        return _read_wheel(info)
    # A directory, or with distutils the metadata itself.
    head = _content(f"{info}/PKG-INFO", _HEAD_BYTES) or _content(info, _HEAD_BYTES)
    if head is None and not os.path.lexists(f"{info}/PKG-INFO"):
        return None
    name, version, damage = _named(info, "PKG-INFO", head)
    if not name or not version:
        return None
    return Found(Package(name, version, origin=_origin_of_egg(info)), damage)


def _read_wheel(info: str) -> Found | None:
    head = _content(f"{info}/METADATA", _HEAD_BYTES)
    record = _content(f"{info}/RECORD")
    if head is None and record is None and not os.path.lexists(f"{info}/METADATA"):
        return None
    name, version, damage = _named(info, "METADATA", head)
    if not name or not version:
        return None
    content = _content(f"{info}/INSTALLER", _HEAD_BYTES)
    installer = content.decode("utf-8", "replace").strip() if content else None
    origin: Origin | None = None
    direct = _content(f"{info}/direct_url.json")
    if direct is not None:
        try:
            origin = origin_of(direct)
        except ValueError:
            damage = damage or "its direct_url.json is damaged: where it came from is not known"
    digest = None
    if origin is None or "editable" not in origin:
        digest = digest_of_record(info, record) if record else None
        if digest is None and not _is_of_system(info, installer):
            damage = damage or "it has no RECORD that can be read: which files it has is not known"
    return Found(Package(name, version, digest, installer, origin), damage)


def _named(info: str, file: str, head: bytes | None) -> tuple[str, str, str]:
    """Returns name and version by the metadata, else by the directory's name, and the damage."""
    name, version = _fields(head or b"")
    if not (name and version) and head is not None and len(head) == _HEAD_BYTES:
        path = f"{info}/{file}" if os.path.isdir(info) else info
        name, version = _fields(_content(path, _ALL_BYTES) or b"")
    if name and version:
        return name, version, ""
    # An egg's is in the directory above: six-1.17.0-py3.11.egg/EGG-INFO.
    own = info if os.path.basename(info) != "EGG-INFO" else os.path.dirname(info)
    stem_name, _, rest = os.path.basename(own).rpartition(".")[0].partition("-")
    stem_version = re.sub(r"-py\d.*", "", rest)
    what = "cannot be read" if head is None else "is damaged" if head else "is empty"
    return stem_name, stem_version, f"its {file} {what}: name and version are its directory's"


def _fields(head: bytes) -> tuple[str, str]:
    """Returns Name and Version; the description below the headers may hold such lines too."""
    ends = [at for at in (head.find(b"\n\n"), head.find(b"\n\r\n")) if at >= 0]
    headers = head[: min(ends)] if ends else head
    found = (field.search(headers) for field in _FIELDS)
    name, version = (match[1].decode("utf-8", "replace") if match else "" for match in found)
    return name if _NAME.fullmatch(name) else "", version if _VERSION.fullmatch(version) else ""


def _content(path: str, limit: int | None = None) -> bytes | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return os.read(fd, limit or os.fstat(fd).st_size)
    except OSError:  # a directory
        return None
    finally:
        os.close(fd)


def digest_of_record(info: str, record: bytes) -> str | None:
    """Returns the digest that two installations of one wheel share, whoever installed it.

    Scripts, bytecode and the installer's own files differ between pip and uv, and so does the raw
    RECORD; 125 of 125 packages are equal with this digest, and none without it.

    Args:
        info: Path or name of the ``.dist-info`` directory.
        record: Content of its RECORD.
    """
    rows = sorted(_ROW.findall(record))
    if not rows:
        return None
    if b".pyc," in record:
        rows = [row for row in rows if b".pyc," not in row]
    own = os.fsencode(os.path.basename(info)) + b"/"
    for prefix in (*(own + name + b"," for name in _INSTALLER_FILES), *_OUTSIDE):
        start = end = bisect_left(rows, prefix)
        while end < len(rows) and rows[end].startswith(prefix):
            end += 1
        del rows[start:end]
    return hashlib.sha256(b"\n".join(rows)).hexdigest()


def _is_of_system(info: str, installer: str | None) -> bool:
    return installer in _SYSTEMS or info.startswith(_SYSTEM_PLACES)


def _origin_of_egg(info: str) -> Origin | None:
    """Returns the source tree of a ``setup.py develop`` installation, which is on the path."""
    directory = os.path.dirname(info)
    is_source = info.endswith(".egg-info") and os.path.isfile(f"{info}/SOURCES.txt")
    if not is_source or os.path.basename(directory) in ("site-packages", "dist-packages"):
        return None
    return {"url": f"file://{directory}", "editable": "true"}

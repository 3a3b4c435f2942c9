"""Lists what is installed for an interpreter, from outside: by reading directories on its path.

``importlib.metadata`` takes longer to import than 126 packages take to read here, and reads only
the path of the Python that runs repro. The layout is that of the "Recording installed projects"
specification (PEP 376, 627) and PEP 610.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from repro.environment.kept import read_kept, write_kept
from repro.model.environment import Origin, Package

__all__ = ["cached_scan", "directory_of", "normalised", "scan_packages", "without_credentials"]

_HEAD_BYTES = 4096
_FIELD = re.compile(rb"^(Name|Version):[ \t]*(.*?)[ \t]*\r?$", re.MULTILINE)
_INSTALLER_FILES = (
    *(b"INSTALLER", b"REQUESTED", b"RECORD"),
    *(b"direct_url.json", b"uv_cache.json", b"uv_build.json"),
)
"""Files in ``*.dist-info`` that the installer writes, each in its own way."""
_CREDENTIALS = re.compile(r"(://)[^/@\s\"']*@")
_SECRET_QUERY = re.compile(
    r"([?&][^=&#]*(?:token|sig|signature|key|password)=)[^&#\s\"']+", re.IGNORECASE
)
_CONDA_BUILD = re.compile(r"file:///(?:.*/)?(?:croot|feedstock_root|home/conda|work/ci_py)(?:/|$)")


class _Info(NamedTuple):
    """A ``.dist-info`` or ``.egg-info`` that was found."""

    path: str
    stamp: tuple[int, int]  # changes when the distribution is replaced


def normalised(name: str) -> str:
    """Returns a distribution's name as PEP 503 compares them: "typing-extensions"."""
    return re.sub(r"[-_.]+", "-", name).lower()


def without_credentials(text: str) -> str:
    """Returns a URL, or a text with URLs, without user names, passwords and tokens in it."""
    # ssh needs its user, and `git` is a secret to nobody.
    kept = _CREDENTIALS.sub(lambda m: m[0] if m[0] == "://git@" else m[1], text)
    return _SECRET_QUERY.sub(r"\1<redacted>", kept)


def directory_of(url: str) -> str | None:
    """Returns the absolute path in a ``file:`` URL, None for another URL."""
    if not url.startswith("file:///"):
        return None
    from urllib.parse import unquote

    return unquote(url.removeprefix("file://"))


def scan_packages(path: Sequence[str]) -> tuple[Package, ...]:
    """Returns the distributions on a ``sys.path``, sorted by normalised name.

    Of several of one name the first counts, as it does for ``import``. Entries of the path that do
    not exist, are archives or may not be read hold nothing that could be imported from a directory.
    """
    return _read_all(_find(path))


def cached_scan(path: Sequence[str], *, cache_dir: str) -> tuple[Package, ...]:
    """Returns what `scan_packages` does, read again only when something was installed or removed.

    Args:
        path: The interpreter's ``sys.path``.
        cache_dir: Where the last answer is kept; created when needed.
    """
    infos = _find(path)
    name = "packages-1:" + "\0".join(path)
    state = [[info.path, *info.stamp] for info in infos]
    kept = read_kept(cache_dir, name)
    if isinstance(kept, dict) and kept.get("state") == state:
        return tuple(Package(*row) for row in kept["packages"])
    packages = _read_all(infos)
    rows = [[p.name, p.version, p.record, p.installer, p.origin] for p in packages]
    write_kept(cache_dir, name, {"state": state, "packages": rows})
    return packages


def _find(path: Iterable[str]) -> list[_Info]:
    found: list[_Info] = []
    for directory in dict.fromkeys(path):
        try:
            with os.scandir(directory or ".") as entries:
                infos = [e for e in entries if e.name.endswith((".dist-info", ".egg-info"))]
                infos.sort(key=lambda entry: entry.name)
                found += [_info_of(entry) for entry in infos]
        except OSError:
            continue
    return found


def _info_of(entry: os.DirEntry[str]) -> _Info:
    status = entry.stat(follow_symlinks=False)
    return _Info(entry.path, (status.st_mtime_ns, status.st_ino))


def _read_all(infos: Iterable[_Info]) -> tuple[Package, ...]:
    packages: dict[str, Package] = {}
    for info in infos:
        package = _read_one(info.path)
        if package is not None:
            packages.setdefault(normalised(package.name), package)
    return tuple(packages[name] for name in sorted(packages))


def _read_one(info: str) -> Package | None:
    is_wheel = info.endswith(".dist-info")
    if is_wheel:
        head = _content(f"{info}/METADATA", _HEAD_BYTES)
    else:  # a directory, or with distutils the metadata itself
        head = _content(f"{info}/PKG-INFO", _HEAD_BYTES) or _content(info, _HEAD_BYTES)
    fields = _fields(head or b"")
    if head is None:  # what an interrupted removal leaves
        return None
    stem = os.path.basename(info).rpartition(".")[0]
    name, _, version = stem.partition("-")
    name = fields.get("Name") or name
    version = fields.get("Version") or re.sub(r"-py\d.*", "", version)
    if not name or not version:
        return None
    if not is_wheel:
        return Package(name, version, origin=_origin_of_egg(info))
    installer = _content(f"{info}/INSTALLER", _HEAD_BYTES)
    return Package(
        name,
        version,
        record=_record_digest(info),
        installer=installer.decode("utf-8", "replace").strip() if installer else None,
        origin=_origin(info),
    )


def _fields(head: bytes) -> dict[str, str]:
    """Returns Name and Version; the description below the headers may hold such lines too."""
    headers = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    return {
        key.decode(): value.decode("utf-8", "replace")
        for key, value in reversed(_FIELD.findall(headers))
    }


def _content(path: str, limit: int | None = None) -> bytes | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(fd, limit or os.fstat(fd).st_size)
    except OSError:  # a directory
        return None
    finally:
        os.close(fd)


def _record_digest(info: str) -> str | None:
    """Returns the digest that two installations of one wheel share, whoever installed it.

    Scripts, bytecode and the installer's own files differ between pip and uv, and so does the raw
    RECORD; 125 of 125 packages are equal with this digest, and none without it.
    """
    content = _content(f"{info}/RECORD")
    if not content:
        return None
    own = os.fsencode(os.path.basename(info)) + b"/"
    dropped = (*(own + name + b"," for name in _INSTALLER_FILES), b"../", b"/", b'"../')
    rows = [
        line.rpartition(b",")[0]
        for line in content.split(b"\n")
        if not line.startswith(dropped) and b".pyc," not in line
    ]
    rows = sorted(row for row in rows if row)
    return hashlib.sha256(b"\n".join(rows)).hexdigest()


def _origin(info: str) -> Origin | None:
    """Returns PEP 610's origin, None for a package from an index or built by conda."""
    content = _content(f"{info}/direct_url.json")
    if content is None:
        return None
    try:
        direct = json.loads(content)
        url = str(direct["url"])
    except (ValueError, TypeError, KeyError):
        return None
    if _CONDA_BUILD.match(url):
        return None
    origin = {"url": without_credentials(url)}
    vcs, archive, directory = (_part(direct, f"{x}_info") for x in ("vcs", "archive", "dir"))
    if "commit_id" in vcs:
        origin["commit"] = str(vcs["commit_id"])
    if vcs.get("vcs", "git") != "git":
        origin["vcs"] = str(vcs["vcs"])
    legacy = str(archive.get("hash", ""))  # "sha256=...", before PEP 610 had `hashes`
    sha256 = _part(archive, "hashes").get("sha256") or legacy.partition("sha256=")[2]
    if sha256:
        origin["sha256"] = str(sha256)
    if directory.get("editable"):
        origin["editable"] = "true"
    if direct.get("subdirectory"):
        origin["subdirectory"] = str(direct["subdirectory"])
    return origin


def _part(document: dict[str, object], key: str) -> dict[str, object]:
    part = document.get(key)
    return part if isinstance(part, dict) else {}


def _origin_of_egg(info: str) -> Origin | None:
    """Returns the source tree of a ``setup.py develop`` installation, which is on the path."""
    directory = os.path.dirname(info)
    is_source = os.path.isdir(info) and os.path.isfile(f"{info}/SOURCES.txt")
    if not is_source or os.path.basename(directory) in ("site-packages", "dist-packages"):
        return None
    return {"url": f"file://{directory}", "editable": "true"}

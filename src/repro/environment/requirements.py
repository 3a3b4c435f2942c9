"""Writes observed packages down for a lock: as a question to uv, or as an entry already known."""

import json
import re

from repro.environment.packages import directory_of, normalised
from repro.model.environment import Package

__all__ = ["is_archive", "is_in_tree", "known_entry", "requirement"]

_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


def requirement(package: Package) -> str | None:
    """Returns what uv is to look up (PEP 508); None for what it need not, or cannot."""
    origin = package.origin
    if not origin:
        return f"{package.name}=={package.version}"
    url = origin["url"]
    if "commit" in origin or "editable" in origin or not re.match("https?://", url):
        return None
    if "sha256" in origin:
        return None
    return f"{package.name} @ {url}{_fragment(package)}"


def _fragment(package: Package) -> str:
    subdirectory = (package.origin or {}).get("subdirectory")
    return f"#subdirectory={subdirectory}" if subdirectory else ""


def is_archive(url: str) -> bool:
    """Tells whether a URL or path names a wheel or a source archive, not a directory."""
    return url.partition("#")[0].endswith(_ARCHIVES)


def is_in_tree(package: Package) -> bool:
    """Tells whether the package was installed from a directory of the working tree."""
    return (package.origin or {}).get("url", "").startswith("./")


def known_entry(package: Package) -> str | None:
    """Returns the lock's table for a package whose origin names its exact content.

    A commit, or an archive with its hash, needs no look-up; uv would clone the whole repository
    for it. None for every other package.
    """
    origin = package.origin
    if not origin or "editable" in origin:
        return None
    if "commit" in origin and "vcs" not in origin:
        source = {"type": "git", "url": origin["url"], "commit-id": origin["commit"]}
        return _entry(package, "vcs", _inline(source, origin.get("subdirectory")))
    url = origin["url"]
    sha256 = origin.get("sha256")
    if sha256 is None or not is_archive(url):
        return None
    hashes = f"hashes = {{ sha256 = {json.dumps(sha256)} }}"
    path = directory_of(url)
    # uv refuses `file:` URLs here; PEP 751 has `path` for them.
    where = {"path": path} if path else {"url": url}
    return _entry(package, "archive", _inline(where, origin.get("subdirectory"), hashes))


def _entry(package: Package, key: str, source: str) -> str:
    name, version = json.dumps(normalised(package.name)), json.dumps(package.version)
    return f"\n[[packages]]\nname = {name}\nversion = {version}\n{key} = {source}\n"


def _inline(values: dict[str, str], subdirectory: str | None, *further: str) -> str:
    if subdirectory:
        values = {**values, "subdirectory": subdirectory}
    # A JSON string is a TOML one.
    pairs = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return f"{{ {', '.join([*pairs, *further])} }}"

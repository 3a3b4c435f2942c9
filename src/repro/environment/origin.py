"""Reads where a distribution came from: PEP 610's ``direct_url.json``."""

import json
import re

from repro.model.environment import Origin
from repro.model.lazy_pattern import lazy_pattern

__all__ = ["directory_of", "origin_of", "without_credentials"]

_CREDENTIALS = lazy_pattern(r"(://)[^/@\s\"']*@")
_SECRET_QUERY = lazy_pattern(
    r"([?&][^=&#]*(?:token|sig|signature|key|password)=)[^&#\s\"']+", re.IGNORECASE
)
_CONDA_BUILD = lazy_pattern(
    r"file:///(?:.*/)?(?:croot|feedstock_root|home/conda|work/ci_py)(?:/|$)"
)


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


def origin_of(content: bytes) -> Origin | None:
    """Returns the origin in a ``direct_url.json``, None for what conda built, or for no such file.

    Raises:
        ValueError: It is not what an installer writes.
    """
    direct = json.loads(content)
    if not isinstance(direct, dict) or not isinstance(direct.get("url"), str):
        raise ValueError("it names no URL")
    url = direct["url"]
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

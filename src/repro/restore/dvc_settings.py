"""Lets the DVC of a new worktree use the cache of the main one, so that no byte is doubled."""

import os
import re

from repro.data.dvc import cache_roots
from repro.restore.plan import Files
from repro.restore.state import write_whole

__all__ = ["share_cache", "with_cache_dir"]

_SECTION = re.compile(r"""\s*\[\s*['"]?(.*?)['"]?\s*\]\s*(?:#.*)?$""")
_DIR = re.compile(r"\s*dir\s*=")
_CONFIG = ".dvc/config"


def share_cache(top: str, worktree: str, files: Files) -> None:
    """Writes ``.dvc/config.local`` for each DVC project of a worktree.

    Args:
        top: The working tree whose settings and cache are shared.
        worktree: The new one.
        files: Its files.
    """
    for path in files:
        if path == _CONFIG or path.endswith(f"/{_CONFIG}"):
            dvc_dir = path.removesuffix("/config")
            local = f"{dvc_dir}/config.local"
            if local not in files and not os.path.islink(f"{worktree}/{dvc_dir}"):
                project = os.path.dirname(f"{top}/{dvc_dir}")
                content = with_cache_dir(_read(f"{top}/{local}"), _cache_dir(project))
                write_whole(f"{worktree}/{local}", content)


def with_cache_dir(config: str, cache: str) -> bytes:
    """Returns DVC settings with the cache at a given directory, and else as they were."""
    lines, section = [], ""
    for line in config.splitlines():
        match = _SECTION.match(line)
        section = match[1] if match else section
        if section != "cache" or not _DIR.match(line):
            lines.append(line)
    row = f'    dir = "{cache}"' if "#" in cache or "," in cache else f"    dir = {cache}"
    heads = [n for n, line in enumerate(lines) if (m := _SECTION.match(line)) and m[1] == "cache"]
    if heads:
        lines.insert(heads[0] + 1, row)
    else:
        lines += ["[cache]", row]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


def _cache_dir(project: str) -> str:
    roots = cache_roots(project)
    return roots[0].removesuffix("/files/md5") if roots else f"{project}/.dvc/cache"


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return ""

"""Finds DVC's caches from its configuration, without importing DVC (it takes 200 ms)."""

import os
import re
from collections.abc import Iterable, Iterator

__all__ = ["cache_roots", "projects_of"]

_SECTION = re.compile(r"""\s*\[\s*(['"]?)(.*?)\1\s*\]\s*(#.*)?""")
_OPTION = re.compile(r"""\s*dir\s*=\s*(?:'([^']*)'|"([^"]*)"|([^#]*?))\s*(?:#.*)?""")
_DVC_CACHE = "files/md5"


def projects_of(top: str, paths: Iterable[str] = ()) -> tuple[str, ...]:
    """Returns the DVC projects that paths belong to, the one at the top first.

    Args:
        top: The top of the working tree.
        paths: Relative to it; a DVC file or data file of a nested project (``dvc init --subdir``).
    """
    found = {"": None} if os.path.isdir(f"{top}/.dvc") else {}
    seen: set[str] = set()
    for path in paths:
        directory = path.rpartition("/")[0]
        while directory and directory not in seen and not path.startswith("/"):
            seen.add(directory)
            if os.path.isdir(f"{top}/{directory}/.dvc"):
                found[directory] = None
            directory = directory.rpartition("/")[0]
    return tuple(f"{top}/{directory}" if directory else top for directory in found)


def cache_roots(top: str, *, inside: Iterable[str] = ()) -> tuple[str, ...]:
    """Returns the directories that exist of DVC's caches, each with objects at ``xx/yyy...``.

    For each cache first that of DVC 3, ``<cache>/files/md5``, then that of DVC 2, ``<cache>``.
    A linked worktree has no cache of its own, so those of its main working tree are there too.

    Args:
        top: The top of the working tree.
        inside: Paths in nested DVC projects (``dvc init --subdir``), relative to the top.
    """
    inside = tuple(inside)
    tops = [top, *_main_worktree(top)]
    roots: dict[str, None] = {}
    for project in [project for x in tops for project in projects_of(x, inside)]:
        cache = _cache_of(f"{project}/.dvc")
        for root in (f"{cache}/{_DVC_CACHE}", cache):
            if os.path.isdir(root):
                roots[root] = None
    return tuple(roots)


def _cache_of(dvc_dir: str) -> str:
    """Returns the cache directory: the nearest ``cache.dir`` counts, or ``.dvc/cache``."""
    directories = [dvc_dir, *_user_directories()]
    files = [f"{dvc_dir}/config.local", *(f"{directory}/config" for directory in directories)]
    for file in files:
        found = _read_cache_dir(file)
        if found:
            # As in DVC, relative to the directory that holds the file.
            return os.path.normpath(os.path.join(os.path.dirname(file), os.path.expanduser(found)))
    return f"{dvc_dir}/cache"


def _user_directories() -> Iterator[str]:
    """Yields where DVC's configuration of the user and of the machine lie (``dvc/dirs.py``)."""
    env = os.environ
    home = env.get("XDG_CONFIG_HOME", "").strip() or os.path.expanduser("~/.config")
    yield env.get("DVC_GLOBAL_CONFIG_DIR") or f"{home}/dvc"
    machine = env.get("XDG_CONFIG_DIRS", "").partition(":")[0].strip() or "/etc/xdg"
    yield env.get("DVC_SYSTEM_CONFIG_DIR") or f"{machine}/dvc"


def _read_cache_dir(file: str) -> str | None:
    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as lines:
            section = found = None
            for line in lines:
                if header := _SECTION.fullmatch(line.rstrip("\n")):
                    section = header[2]
                elif section == "cache" and (option := _OPTION.fullmatch(line.rstrip("\n"))):
                    found = next((x for x in option.groups() if x is not None), None)
            return found
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None


def _main_worktree(top: str) -> Iterator[str]:
    """Yields the main working tree when `top` is a linked one (gitrepository-layout(5))."""
    try:
        with open(f"{top}/.git", encoding="utf-8", errors="surrogateescape") as file:
            git_dir = os.path.join(top, file.read().removeprefix("gitdir: ").rstrip("\n"))
        with open(f"{git_dir}/commondir", encoding="utf-8", errors="surrogateescape") as file:
            common_dir = os.path.normpath(os.path.join(git_dir, file.read().rstrip("\n")))
    except OSError:  # a directory: it is the main one; or a submodule
        return
    if common_dir.endswith("/.git"):
        yield common_dir.removesuffix("/.git")

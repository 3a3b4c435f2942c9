"""Other programs' files that call our hooks: scripts of husky, settings of lefthook, pre-commit."""

import os

from repro.git.repository import Repository
from repro.hooks.call import HookName
from repro.hooks.slots import Place, read_slot

__all__ = ["LEFTHOOK_FILES", "PRE_COMMIT_FILE", "callers_of"]

PRE_COMMIT_FILE = ".pre-commit-config.yaml"
LEFTHOOK_FILES = tuple(
    f"{dot}lefthook{local}.{ending}"
    for dot in ("", ".")
    for local in ("", "-local")
    for ending in ("yml", "yaml", "toml", "json")
)
_IDS = {
    HookName.POST_COMMIT: b"repro-record",
    HookName.POST_REWRITE: b"repro-relink",
    HookName.PRE_PUSH: b"repro-push",
    HookName.PRE_COMMIT: b"repro-check",
}
"""What ``.pre-commit-hooks.yaml`` calls them."""
_READ_BYTES = 1 << 20


def callers_of(repo: Repository, place: Place, name: HookName) -> list[str]:
    """Returns the files of others that call a hook of ours, from the top of the working tree.

    A line that calls the guard does nothing, and does not count, where hooks are not installed.
    """
    marks: tuple[bytes, ...] = (f"repro hooks run {name}".encode(),)
    if os.path.exists(f"{repo.state_dir}/hooks/{name}"):
        marks += (f"repro/hooks/{name}".encode(),)
    files = [f".husky/{name}", *LEFTHOOK_FILES]
    if not place.is_own:
        files.append(os.path.relpath(f"{place.directory}/{name}", repo.top))
    found = [file for file in files if _holds(f"{repo.top}/{file}", marks)]
    slot = read_slot(place, name)
    if place.is_own and slot.kind == "foreign":
        if slot.manager in ("pre-commit", "prek"):
            listed = (*marks, _IDS[name]) if name in _IDS else marks
            if _holds(f"{repo.top}/{PRE_COMMIT_FILE}", listed):
                found.append(PRE_COMMIT_FILE)
        if _holds(slot.path, marks):
            found.append(os.path.relpath(slot.path, repo.top))
    return list(dict.fromkeys(found))


def _holds(path: str, marks: tuple[bytes, ...]) -> bool:
    try:
        with open(path, "rb") as file:
            content = file.read(_READ_BYTES)
    except OSError:
        return False
    lines = (line for line in content.splitlines() if not line.lstrip().startswith(b"#"))
    return any(mark in line for line in lines for mark in marks)

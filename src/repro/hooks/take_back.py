"""Takes the hooks away again: what was there before is put back, what others changed is kept."""

import os
from contextlib import suppress
from typing import NamedTuple

from repro.git.repository import Repository
from repro.hooks.call import HookName
from repro.hooks.git_config import change_config, config_path, without_include
from repro.hooks.manifest import Manifest, read_manifest
from repro.hooks.slots import Slot, find_place, manager_of, read_slot
from repro.hooks.steps import Steps

__all__ = ["Removal", "is_same_hook", "take_slot_back", "uninstall"]

_READ_BYTES = 65536


class Removal(NamedTuple):
    """What was taken away.

    Attributes:
        hooks: The hooks that were installed, in git's order.
        remarks: What was put back, or could not be, a sentence each.
    """

    hooks: tuple[HookName, ...]
    remarks: tuple[str, ...]


def uninstall(repo: Repository) -> Removal:
    """Takes all hooks of ours away: git's directory of hooks and its configuration are as before.

    What others put there since is kept. Either all is done or nothing is.

    Raises:
        ConfigLockedError: Another process changes git's configuration.
        GitError: git cannot read its configuration.
        OSError: A file cannot be changed.
    """
    place = find_place(repo)
    known = read_manifest(repo)
    remarks: list[str] = []
    gone = set(known.hooks)
    with Steps() as steps:
        for name in HookName:
            slot = read_slot(place, name)
            if slot.kind == "ours" or slot.moved:
                gone.add(name)
            remarks += take_slot_back(steps, slot)
        _restore_config(repo, steps, known)
        guards = f"{repo.state_dir}/hooks"
        for file in sorted(os.listdir(guards)) if os.path.isdir(guards) else ():
            steps.remove(f"{guards}/{file}")
    directories = [guards, repo.state_dir, *([place.own] if "hooks" in known.made else [])]
    for directory in directories:
        with suppress(OSError):  # others use it
            os.rmdir(directory)
    return Removal(tuple(name for name in HookName if name in gone), tuple(remarks))


def _restore_config(repo: Repository, steps: Steps, known: Manifest) -> None:
    try:
        with open(config_path(repo), "rb") as file:
            old = file.read()
    except FileNotFoundError:
        return
    new: bytes | None = without_include(old)
    if new == b"" and "config" in known.made:
        new = None
    if new != old:
        change_config(repo, new, old=old)
        steps.on_failure(lambda: change_config(repo, old, old=new))


def take_slot_back(steps: Steps, slot: Slot) -> list[str]:
    """Leaves a slot as it would be had ours never been there.

    Returns:
        What is worth saying of it.
    """
    before = os.path.basename(slot.before)
    if slot.kind == "ours":
        if slot.moved:  # left over from an earlier time
            steps.remove(slot.moved)
        if slot.has_before:
            steps.move(slot.before, slot.path)
        else:
            steps.remove(slot.path)
        return []
    if not slot.has_before:
        if slot.moved:
            steps.remove(slot.moved)
        return []
    if slot.kind == "foreign" and is_same_hook(slot.before, slot.path):
        steps.remove(slot.before)
        if slot.moved:
            steps.remove(slot.moved)
        return []
    if slot.moved:
        # Whoever moved ours aside would have moved that one.
        steps.move(slot.before, slot.moved)
        return [f"{before} is {os.path.basename(slot.moved)} now, where {slot.whose} put ours"]
    if slot.kind == "free":
        steps.move(slot.before, slot.path)
        return [f"{slot.name} was gone: {before}, which stood there before, is back"]
    return [f"{slot.name} was overwritten, and is kept; what stood there before is {before}"]


def is_same_hook(one: str, other: str) -> bool:
    """Tells whether two files are the same hook, or one made by the same program."""
    first, second = _content(one), _content(other)
    return first == second or manager_of(first) == manager_of(second) != ""


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_READ_BYTES)
    except OSError:
        return b""

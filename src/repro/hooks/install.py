"""Puts the hooks where git calls them, beside whatever is there already."""

import os
from collections.abc import Collection
from typing import NamedTuple

from repro.errors import ReproError
from repro.git.repository import Repository
from repro.hooks.call import DEFAULT_HOOKS, HookName
from repro.hooks.git_config import (
    CONFIG_HOOKS_SINCE,
    change_config,
    config_path,
    git_version,
    settings_text,
    with_include,
    without_include,
)
from repro.hooks.manifest import Manifest, Way, manifest_path, manifest_text, read_manifest
from repro.hooks.program import choose_program
from repro.hooks.script import Program, guard_text, slot_text
from repro.hooks.slots import Place, Slot, find_place, read_slot
from repro.hooks.steps import Steps
from repro.hooks.take_back import is_same_hook, take_slot_back

__all__ = ["Installed", "Report", "install"]

_EXECUTABLE = 0o777


class Installed(NamedTuple):
    """One hook that was installed.

    Attributes:
        name: Which.
        way: How git comes to call it.
        other: Whose hook is called first, or calls it, or keeps it out; "" where there is none, or
            it cannot be told whose it is.
        is_in_the_way: Whether a hook of another stands there that cannot be called by ours.
    """

    name: HookName
    way: Way
    other: str = ""
    is_in_the_way: bool = False


class Report(NamedTuple):
    """What an installation did.

    Attributes:
        hooks: In git's order.
        place: Where git looks for hooks.
        program: What the hooks start.
        with_notes: Whether git carries notes through amend, rebase and squash from now on.
        remarks: What else is worth saying, a sentence each.
    """

    hooks: tuple[Installed, ...]
    place: Place
    program: Program
    with_notes: bool
    remarks: tuple[str, ...]


def install(
    repo: Repository,
    names: Collection[HookName] = DEFAULT_HOOKS,
    *,
    with_notes: bool = True,
    python: str | None = None,
) -> Report:
    """Installs hooks; those that are installed already stay, and are brought up to date.

    Either all is done or nothing is.

    Args:
        repo: The repository.
        names: The hooks.
        with_notes: Whether git is told to carry notes through amend, rebase and squash.
        python: The interpreter that they start; None for this one.

    Raises:
        ConfigLockedError: Another process changes git's configuration.
        GitError: git cannot read its configuration.
        OSError: A file cannot be written.
    """
    known = read_manifest(repo)
    place = find_place(repo)
    has_config_hooks = git_version(repo) >= CONFIG_HOOKS_SINCE
    choice = choose_program(repo, python)
    wanted = [name for name in HookName if name in names or name in known.hooks]
    remarks = [f"{choice.reason}: the hooks call `repro` by its name on PATH"]
    remarks = remarks if choice.reason else []
    made = set(known.made)
    with Steps() as steps:
        steps.make_directory(f"{repo.state_dir}/hooks")
        remarks += _write_guards(repo, steps, wanted, choice.program)
        done = []
        for name in wanted:
            slot = read_slot(place, name)
            row = _choose(place, slot, has_config_hooks)
            if row.way in (Way.FILE, Way.CHAINED, Way.CALLED) and steps.make_directory(place.own):
                made.add("hooks")
            _fill(steps, slot, row)
            done.append(row)
        with_notes = with_notes or known.with_notes
        _write_settings(repo, steps, done, with_notes, made)
        manifest = Manifest(
            {row.name: row.way for row in done}, choice.program, with_notes, frozenset(made)
        )
        steps.write(manifest_path(repo), manifest_text(manifest))
    return Report(tuple(done), place, choice.program, with_notes, tuple(remarks))


def _write_guards(
    repo: Repository, steps: Steps, names: Collection[HookName], program: Program
) -> list[str]:
    """Writes what the slots call, and the list of files that they look at."""
    from repro.hooks.watched import SETTINGS, refresh_watched

    data = (":(top,glob)**/*.dvc", ":(top,glob)**/dvc.lock", *SETTINGS)
    for name in names:
        steps.write(f"{repo.state_dir}/hooks/{name}", guard_text(name, program, data))
    watched = f"{repo.state_dir}/hooks/watched"
    if not os.path.exists(watched):
        steps.on_failure(lambda: os.unlink(watched))
    try:
        refresh_watched(repo)
    except ReproError as error:  # the guards start Python at each commit then, which says it again
        return [error.message]
    return []


def _choose(place: Place, slot: Slot, has_config_hooks: bool) -> Installed:
    name, other = slot.name, slot.manager
    if not place.is_own:
        way = Way.CONFIG if has_config_hooks else Way.BY_HAND
        return Installed(name, way, place.manager)
    if slot.kind != "foreign":
        return Installed(name, Way.CHAINED if slot.has_before else Way.FILE, slot.before_manager)
    if slot.calls_moved:
        return Installed(name, Way.CALLED, other)
    if has_config_hooks:
        return Installed(name, Way.CONFIG, other)
    is_free = not slot.has_before or slot.moved != "" or is_same_hook(slot.before, slot.path)
    if slot.calls_legacy and is_free:
        return Installed(name, Way.CALLED, other)
    if slot.can_be_called and is_free:
        return Installed(name, Way.CHAINED, other)
    return Installed(name, Way.BY_HAND, other, is_in_the_way=True)


def _fill(steps: Steps, slot: Slot, row: Installed) -> None:
    """Makes a slot what was chosen for it."""
    ours = slot_text(slot.name)
    if row.way in (Way.CONFIG, Way.BY_HAND):
        # Where ours is not called any more, it is not left to be called twice one day.
        take_slot_back(steps, slot)
    elif row.way is Way.CALLED:
        if not slot.calls_moved:
            take_slot_back(steps, slot)
            if os.path.lexists(slot.legacy):
                steps.put_aside(slot.legacy, slot.before)
        steps.write(slot.legacy, ours, mode=_EXECUTABLE)
    else:
        if slot.kind == "foreign":
            take_slot_back(steps, slot)
            steps.put_aside(slot.path, slot.before)
        steps.write(slot.path, ours, mode=_EXECUTABLE)


def _write_settings(
    repo: Repository, steps: Steps, done: Collection[Installed], with_notes: bool, made: set[str]
) -> None:
    """Writes our settings and has git's configuration include them."""
    called = [row.name for row in done if row.way is Way.CONFIG]
    steps.write(f"{repo.state_dir}/hooks/config", settings_text(called, with_notes=with_notes))
    path = config_path(repo)
    try:
        with open(path, "rb") as file:
            old: bytes | None = file.read()
    except FileNotFoundError:
        old = None
        made.add("config")
    is_needed = with_notes or bool(called)
    new = with_include(old or b"") if is_needed else without_include(old or b"")
    if new != (old or b""):
        change_config(repo, new, old=old)
        steps.on_failure(lambda: change_config(repo, old, old=new))

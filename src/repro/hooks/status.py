"""How each hook is installed now, and what keeps it from working."""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from repro.git.repository import HOOKS_SWITCH, Repository
from repro.hooks.call import HookName, is_switched_off
from repro.hooks.callers import callers_of
from repro.hooks.git_config import CARRIED_NOTES, CONFIG_HOOKS_SINCE, friendly_name, git_version
from repro.hooks.manifest import Manifest, Way, read_manifest
from repro.hooks.program import can_start
from repro.hooks.slots import Place, Slot, find_place, read_slot
from repro.model.ids import NOTES_REF

__all__ = ["HookState", "Status", "read_status"]

_NO = frozenset({"false", "no", "off", "0"})
_AGAIN = "repro hooks install"


class HookState(NamedTuple):
    """How one hook is installed.

    Attributes:
        name: Which.
        way: How git comes to call it; None for not at all.
        other: Whose hook is called first, or what calls ours: a program or a file; "" for none.
        problems: What is wrong with it, a sentence each.
    """

    name: HookName
    way: Way | None
    other: str
    problems: tuple[str, ...]


class Status(NamedTuple):
    """How the hooks are installed.

    Attributes:
        place: Where git looks for them.
        hooks: All that repro knows, in git's order.
        is_installed: Whether any is, or was.
        problems: What is wrong with all of them, a sentence each.
        carries_notes: Whether git carries our notes through amend, rebase and squash.
    """

    place: Place
    hooks: tuple[HookState, ...]
    is_installed: bool
    problems: tuple[str, ...]
    carries_notes: bool

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems and not any(hook.problems for hook in self.hooks)


class _Around(NamedTuple):
    """What the hooks have in common."""

    repo: Repository
    place: Place
    known: Manifest
    settings: Mapping[str, Sequence[str]]
    version: tuple[int, int]


def read_status(repo: Repository, env: Mapping[str, str]) -> Status:
    """Looks how the hooks are installed.

    Args:
        repo: The repository.
        env: The user's environment.

    Raises:
        GitError: git cannot read its configuration.
    """
    known = read_manifest(repo)
    around = _Around(repo, find_place(repo), known, _settings(repo), git_version(repo))
    hooks = tuple(_state(around, name) for name in HookName)
    is_installed = bool(known.hooks) or any(hook.way is not None for hook in hooks)
    carried = {CARRIED_NOTES, NOTES_REF, "refs/notes/*"}
    carries_notes = not carried.isdisjoint(around.settings.get("notes.rewriteref", ()))
    problems = []
    if is_installed and is_switched_off(env):
        problems.append(f"{HOOKS_SWITCH}={env[HOOKS_SWITCH]} switches them off here")
    if known.hooks:
        problems += _program(repo, known, env)
    if known.with_notes and not carries_notes:
        problems.append(f"git's configuration does not include repro's settings any more: {_AGAIN}")
    return Status(around.place, hooks, is_installed, tuple(problems), carries_notes)


def _settings(repo: Repository) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in os.fsdecode(repo.git("config", "--list", "-z")).split("\0"):
        key, _, value = row.partition("\n")
        found.setdefault(key, []).append(value)
    return found


def _program(repo: Repository, known: Manifest, env: Mapping[str, str]) -> list[str]:
    python, flags = known.program
    if not python:
        on_path = any(
            os.access(f"{directory}/repro", os.X_OK) for directory in env.get("PATH", "").split(":")
        )
        return [] if on_path else ["they call `repro` by its name, and it is not on PATH"]
    path = os.path.join(f"{repo.state_dir}/hooks", python)
    if not os.access(path, os.X_OK):
        return [f"the interpreter that they start is gone: {os.path.normpath(path)}: {_AGAIN}"]
    if not can_start(path, flags):
        return [f"{os.path.normpath(path)} cannot import repro any more: {_AGAIN}"]
    return []


def _state(around: _Around, name: HookName) -> HookState:
    slot = read_slot(around.place, name)
    ways = _ways(around, slot)
    problems = []
    if len(ways) > 1:
        said = " and ".join(_by(way, other) for way, other in ways)
        problems.append(f"called twice: by {said}")
    guard = f"{around.repo.state_dir}/hooks/{name}"
    if any(not other.startswith(".") for _, other in ways) and not os.path.exists(guard):
        problems.append(f"what it calls is gone, {guard}: {_AGAIN}")
    if not ways and name in around.known.hooks:
        problems.append(_why_not(around, slot))
    enabled = around.settings.get(f"hook.{friendly_name(name)}.enabled", ["true"])[-1]
    if Way.CONFIG in [way for way, _ in ways] and enabled.lower() in _NO:
        problems.append(f"hook.{friendly_name(name)}.enabled switches it off")
    way, other = ways[0] if ways else (None, "")
    return HookState(name, way, other, tuple(problems))


def _ways(around: _Around, slot: Slot) -> list[tuple[Way, str]]:
    """Returns all ways in which git comes to call a hook of ours."""
    name = slot.name
    found: list[tuple[Way, str]] = []
    if around.place.is_own and slot.kind == "ours" and slot.is_executable:
        way = Way.CHAINED if slot.has_before else Way.FILE
        found.append((way, slot.before_manager))
    if around.place.is_own and slot.calls_moved and os.access(slot.moved, os.X_OK):
        found.append((Way.CALLED, slot.manager))
    is_set = f"hook.{friendly_name(name)}.command" in around.settings
    if is_set and around.version >= CONFIG_HOOKS_SINCE:
        found.append((Way.CONFIG, ""))
    found += ((Way.CALLED, file) for file in callers_of(around.repo, around.place, name))
    return found


def _by(way: Way, other: str) -> str:
    if way is Way.CALLED:
        return other
    return "git's configuration" if way is Way.CONFIG else "its own file"


def _why_not(around: _Around, slot: Slot) -> str:
    place, way = around.place, around.known.hooks[slot.name]
    if way is Way.CONFIG and f"hook.{friendly_name(slot.name)}.command" in around.settings:
        version = ".".join(map(str, around.version))
        return f"this git, {version}, does not call the hooks that its configuration names"
    if not place.is_own and slot.kind == "ours":
        return f"bypassed: core.hooksPath is {place.setting}"
    if way is Way.BY_HAND:
        return f"nothing calls it yet: {_AGAIN} shows the line to add"
    if not place.is_own:
        return f"bypassed: core.hooksPath is {place.setting}: {_AGAIN}"
    if slot.kind == "ours":
        return f"its file cannot be executed: chmod +x {slot.path}"
    if slot.kind == "free":
        return f"its file is gone: {_AGAIN}"
    said = f"overwritten by {slot.whose}"
    if slot.moved:
        said += f", which does not call what it put aside as {os.path.basename(slot.moved)}"
    return f"{said}: {_AGAIN}"

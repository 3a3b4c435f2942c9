"""What was installed, and how: a note for the next installation, for status and for taking away."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from repro.git.repository import Repository
from repro.hooks.call import HookName
from repro.hooks.script import Program

__all__ = ["Manifest", "Way", "manifest_path", "manifest_text", "read_manifest"]

_VERSION = 1


class Way(StrEnum):
    """How git comes to call a hook of ours."""

    FILE = "file"
    """Ours stands where git looks."""
    CHAINED = "chained"
    """The same, and ours calls the one that was there before, first."""
    CALLED = "called"
    """Another stands there, and calls ours."""
    CONFIG = "config"
    """git's configuration names it."""
    BY_HAND = "by hand"
    """Not at all, until the user adds a line to what belongs to another program."""


class Manifest(NamedTuple):
    """What was installed.

    Attributes:
        hooks: How, by hook; empty where none is installed.
        program: What they start.
        with_notes: Whether git was told to carry notes through rewrites.
        made: What was not there before: "hooks" (the directory), "config" (git's file).
    """

    hooks: Mapping[HookName, Way]
    program: Program
    with_notes: bool
    made: frozenset[str]


def manifest_path(repo: Repository) -> str:
    """Returns where the note is."""
    return f"{repo.state_dir}/hooks/installed.json"


def manifest_text(manifest: Manifest) -> bytes:
    """Returns the note as it is written."""
    value = {
        "version": _VERSION,
        "hooks": dict(manifest.hooks),
        "python": manifest.program.python,
        "flags": manifest.program.flags,
        "notes": manifest.with_notes,
        "made": sorted(manifest.made),
    }
    return f"{json.dumps(value, indent=2)}\n".encode("ascii")


def read_manifest(repo: Repository) -> Manifest:
    """Reads the note; that nothing is installed where there is none, or none that can be read."""
    try:
        with open(manifest_path(repo), "rb") as file:
            value = json.loads(file.read())
        return Manifest(
            hooks={HookName(name): Way(way) for name, way in value["hooks"].items()},
            program=Program(str(value["python"]), str(value["flags"])),
            with_notes=bool(value["notes"]),
            made=frozenset(map(str, value["made"])),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Manifest({}, Program(""), False, frozenset())

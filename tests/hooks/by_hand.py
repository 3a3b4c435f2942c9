"""Hooks as the installation would write them, without its guard: Python starts each time."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from repro.git.repository import open_repository
from repro.lineage.belonging import runs_of
from repro.model.ids import Oid, short_id
from tests.repos import Completed, Scratch, run_program

__all__ = ["add_hook", "belongs", "git", "hook_line", "said"]


def add_hook(scratch: Scratch, name: str, *, line: str | None = None) -> Path:
    """Writes a hook of a repository: ours, unless the line is given."""
    common = scratch.git("rev-parse", "--path-format=absolute", "--git-common-dir").strip()
    path = Path(common) / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line or hook_line(name)}\n")
    path.chmod(0o755)
    return path


def hook_line(name: str) -> str:
    """Returns the line of sh that starts one of our hooks."""
    return f"exec '{sys.executable}' -m repro hooks run {name} \"$@\""


def git(
    scratch: Scratch,
    *args: str,
    check: bool = True,
    env: Mapping[str, str] | None = None,
    **more: str,
) -> Completed:
    """Runs git as a user would; what its hooks say is in its stderr."""
    quiet = {"GIT_EDITOR": "true", "GIT_SEQUENCE_EDITOR": "true"}
    changes = {**quiet, **(env or {}), **more}
    return run_program("git", *args, cwd=scratch.path, check=check, env=changes)


def belongs(scratch: Scratch, revision: str) -> set[str]:
    """Returns the letters of the runs that belong to a commit as it was written down."""
    oid = Oid(scratch.git("rev-parse", revision).strip())
    repo = open_repository(os.fspath(scratch.path))
    return {short_id(run)[0] for run in runs_of(repo, [oid])}


def said(done: Completed) -> list[str]:
    """Returns the lines that hooks of ours said."""
    return [line for line in done.stderr.splitlines() if line.startswith("repro: ")]

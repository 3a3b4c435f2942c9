"""What git tells a hook, and what a hook has to say."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from repro.git.repository import Repository
from repro.record.surroundings import Surroundings

__all__ = ["DEFAULT_HOOKS", "Answer", "HookCall", "HookName", "is_switched_off"]


class HookName(StrEnum):
    """The hooks of git that repro knows, by git's names."""

    POST_COMMIT = "post-commit"
    POST_REWRITE = "post-rewrite"
    POST_MERGE = "post-merge"
    POST_CHECKOUT = "post-checkout"
    PRE_PUSH = "pre-push"
    PREPARE_COMMIT_MSG = "prepare-commit-msg"
    """Opt in: adds a ``Repro-Run:`` trailer."""
    PRE_COMMIT = "pre-commit"
    """Opt in: the one hook that may stop the user."""


DEFAULT_HOOKS = (
    *(HookName.POST_COMMIT, HookName.POST_REWRITE, HookName.POST_MERGE, HookName.POST_CHECKOUT),
    HookName.PRE_PUSH,
)
"""Those that are installed unless others are asked for."""


class HookCall(NamedTuple):
    """One call of a hook.

    Attributes:
        name: Which.
        args: git's arguments.
        stdin: git's input; b"" for hooks that get none, and under managers that keep it.
        repo: The repository, opened from the directory that git calls hooks in.
        around: What stands around; no snapshot and no status.
        now: UTC.
    """

    name: HookName
    args: tuple[str, ...]
    stdin: bytes
    repo: Repository
    around: Surroundings
    now: datetime


class Answer(NamedTuple):
    """What a hook has to say.

    Attributes:
        lines: For stderr, each a line of its own, without a prefix; may hold anything.
        code: 0, but for `HookName.PRE_COMMIT`, where 1 stops the commit.
    """

    lines: tuple[str, ...] = ()
    code: int = 0


def is_switched_off(env: Mapping[str, str]) -> bool:
    """Tells whether ``REPRO_HOOKS`` switches hooks off: 0, no, false, off."""
    return env.get("REPRO_HOOKS", "").lower() in {"0", "no", "false", "off"}

"""The rebase under way in a working tree, by the directory that git keeps for it."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from repro.git.repository import Repository

__all__ = ["AMENDED_NAME", "MELTING_NAME", "Rebase", "rebase_under_way"]

AMENDED_NAME = "repro-amended"
"""In the directory of a rebase: what was amended while it lasts, as git tells it. Ours."""
MELTING_NAME = "current-fixups"
"""There while commits are melted into one: git amends for each, and tells of all at the end."""

_REBASES = (("rebase-merge", "rewritten-list"), ("rebase-apply", "rewritten"))


class Rebase(NamedTuple):
    """A rebase that git is at.

    Attributes:
        directory: git's for it, which goes with it.
        rewritten: The name in it of what became which so far.
    """

    directory: str
    rewritten: str

    def has(self, name: str) -> bool:
        """Tells whether its directory has a file."""
        return os.path.exists(f"{self.directory}/{name}")

    def read(self, name: str) -> bytes:
        """Returns the content of a file in its directory, b"" where there is none."""
        try:
            with open(f"{self.directory}/{name}", "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def makes_commits(self, env: Mapping[str, str]) -> bool:
        """Tells whether git makes the commits of this moment by itself.

        Args:
            env: The variables that git gives to its hooks.
        """
        if os.path.basename(self.directory) == "rebase-apply":
            return True
        has_stopped = self.has("stopped-sha") or self.has("amend")
        return not has_stopped or env.get("GIT_REFLOG_ACTION", "").startswith("rebase")


def rebase_under_way(repo: Repository) -> Rebase | None:
    """Returns the rebase under way in this working tree, None when there is none."""
    for name, rewritten in _REBASES:
        directory = f"{repo.git_dir}/{name}"
        if os.path.isdir(directory):
            return Rebase(directory, rewritten)
    return None

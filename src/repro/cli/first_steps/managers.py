"""Programs that have git's hooks in hand already: pre-commit, husky, lefthook, or someone's own."""

import os
from typing import NamedTuple

from repro.git.repository import Repository
from repro.hooks.callers import LEFTHOOK_FILES, PRE_COMMIT_FILE
from repro.hooks.slots import is_ours

__all__ = ["Managers", "find_managers"]


class Managers(NamedTuple):
    """Who else has hooks here.

    Attributes:
        names: Of the managers, with the file or directory that tells: ("husky", ".husky/").
        hooks: Names of the hooks in git's own directory that are not repro's.
        hooks_path: What ``core.hooksPath`` says; "" where it is not set.
        has_ours_in_pre_commit: Whether pre-commit's configuration calls repro already.
    """

    names: tuple[tuple[str, str], ...]
    hooks: tuple[str, ...]
    hooks_path: str
    has_ours_in_pre_commit: bool

    @property
    def has_pre_commit(self) -> bool:
        """Whether the project has a configuration of pre-commit (prek reads the same)."""
        return any(name == "pre-commit" for name, _ in self.names)


def find_managers(repo: Repository) -> Managers:
    """Looks who else has hooks here."""
    hooks_path = repo.start("config", "--get", "core.hooksPath").result()
    names = []
    if os.path.isfile(f"{repo.top}/{PRE_COMMIT_FILE}"):
        names.append(("pre-commit", PRE_COMMIT_FILE))
    if os.path.isdir(f"{repo.top}/.husky"):
        names.append(("husky", ".husky/"))
    names += [("lefthook", x) for x in LEFTHOOK_FILES if os.path.isfile(f"{repo.top}/{x}")][:1]
    return Managers(
        names=tuple(names),
        hooks=tuple(_foreign_hooks(f"{repo.common_dir}/hooks")),
        hooks_path=os.fsdecode(hooks_path.out).removesuffix("\n"),
        has_ours_in_pre_commit=b"repro-record" in _read(f"{repo.top}/{PRE_COMMIT_FILE}"),
    )


def _foreign_hooks(directory: str) -> list[str]:
    if not os.path.isdir(directory):
        return []
    return [
        name
        for name in sorted(os.listdir(directory))
        # What has a dot is a sample, or was put aside by whoever stands in its place.
        if "." not in name and not is_ours(_read(f"{directory}/{name}"))
    ]


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError:  # not there, or a directory: it calls nothing of ours
        return b""

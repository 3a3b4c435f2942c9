"""Tells which changes are the same but for where they stand, line for line."""

import os
from collections.abc import Collection

from repro.git.repository import Repository
from repro.lineage.changes import Change, read_patches
from repro.lineage.commits import Step
from repro.lineage.facts import FactKind, Facts

__all__ = ["may_be_same_patch", "same_patches"]

_MOST_PATHS = 30
"""A commit that touches more has a patch that takes long to make; its objects must do."""
_MOST_PATCHES = 1_500
"""So many, the first asked for, are made: a second of work the first time, then they are known."""


def may_be_same_patch(old: Change, new: Change) -> bool:
    """Tells whether two changes of the same paths may have the same lines in them.

    What is added or taken away as a whole, must be the same object; so must be a file's mode.
    """
    if old.paths != new.paths or not 0 < old.n_paths <= _MOST_PATHS:
        return False
    rows = zip(old.objects.split(b"\0"), new.objects.split(b"\0"), strict=True)
    return all(
        row == other or (row[:14] == other[:14] and row[:3] == row[7:10] == b"100")
        for row, other in rows
    )


def same_patches(repo: Repository, pairs: Collection[tuple[Step, Step]]) -> set[tuple[Step, Step]]:
    """Returns which pairs of steps have the same patch.

    Raises:
        GitError: git could not make a patch.
    """
    # In a partial clone the content of files would be fetched one by one.
    if not pairs or _is_partial(repo):
        return set()
    steps = dict.fromkeys(step for pair in pairs for step in pair)
    cache = Facts(repo, FactKind.PATCH)
    digests = read_patches(repo, list(steps)[:_MOST_PATCHES], cache)
    cache.save()
    return {
        (old, new)
        for old, new in pairs
        if old in digests and new in digests and digests[old] == digests[new]
    }


def _is_partial(repo: Repository) -> bool:
    try:
        names = os.listdir(f"{repo.common_dir}/objects/pack")
    except OSError:
        return False
    return any(name.endswith(".promisor") for name in names)

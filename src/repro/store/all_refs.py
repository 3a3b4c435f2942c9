"""Every ref that tells of runs, as they stood at one moment."""

import os

from repro.git.refs import list_refs
from repro.git.repository import Repository
from repro.model.ids import ARCHIVE_REFS, LOG_REFS, RUN_REFS, Oid, RefName

__all__ = ["read_all_refs"]

_TRIES = 10


def read_all_refs(repo: Repository) -> list[tuple[RefName, Oid]]:
    """Returns the refs of runs, archives and logs, and what they name, sorted by name.

    git reads archives before runs: a run folded between the two would be seen in neither. Whoever
    folds touches the directory of archives, so while that changes, refs are read again.

    Raises:
        GitError: git could not read them.
    """
    refs: list[tuple[RefName, Oid]] = []
    for _ in range(_TRIES):
        before = _stamp_of_archives(repo)
        refs = list_refs(repo, RUN_REFS, ARCHIVE_REFS, LOG_REFS)
        if _stamp_of_archives(repo) == before:
            break
    return refs


def _stamp_of_archives(repo: Repository) -> tuple[int, int]:
    try:
        found = os.stat(f"{repo.common_dir}/{ARCHIVE_REFS}")
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_ino)

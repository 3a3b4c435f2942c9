"""What a pull that died has fetched: refs that nobody will ever move into place."""

import fcntl
import os

from repro.git.refs import RefChange, list_refs, update_refs
from repro.git.repository import Repository
from repro.model.ids import INCOMING_REFS

__all__ = ["drop_dead_incoming"]


def drop_dead_incoming(repo: Repository, *, is_dry: bool) -> int:
    """Removes what no pull is at work on, and returns how many refs that are.

    Args:
        repo: The repository.
        is_dry: Whether only to count.

    Raises:
        GitError: git could not write.
        OSError: repro's directory cannot be written.
    """
    refs = list_refs(repo, INCOMING_REFS)
    if not refs:
        return 0
    fd = os.open(f"{repo.state_dir}/pull.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a pull holds it as long as it lives
        except OSError:
            return 0
        refs = list_refs(repo, INCOMING_REFS)
        if not is_dry:
            update_refs(repo, [RefChange(ref, oid, None) for ref, oid in refs])
        return len(refs)
    finally:
        os.close(fd)

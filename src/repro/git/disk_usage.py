"""How much space objects take in git."""

from repro.git.repository import GitError, Repository

__all__ = ["disk_usage"]


def disk_usage(repo: Repository, *revisions: str, stdin: bytes = b"") -> int | None:
    """Returns the bytes on disk of the objects that revisions reach; None when git cannot tell.

    Args:
        repo: The repository.
        revisions: As ``git rev-list`` takes them.
        stdin: More of them, one a line.
    """
    flags = ("--stdin",) if stdin else ()
    args = ("rev-list", "--objects", "--disk-usage", *flags, *revisions)
    try:
        return int(repo.git(*args, stdin=stdin))
    except (GitError, ValueError):  # older than git 2.31, or something is missing
        return None

"""The quarantine: what a pull has fetched is kept apart until it is checked.

No ref is made for it but one, ``refs/repro/incoming/...``, which names a commit that has all of it
as parents, so that git keeps it meanwhile; a thousand refs, each synced to the disk, would take
longer than everything else. No listing looks there, so whatever a killed pull leaves behind is no
run; the next one clears it.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from repro.git.commits import write_commit
from repro.git.refs import RefChange, list_refs, update_refs
from repro.git.remotes import GitRemote, OnProgress, fetch_refs
from repro.git.repository import Repository
from repro.model.ids import INCOMING_REFS, Oid, RefName
from repro.share.trees import sizes_of

__all__ = ["Quarantine", "quarantine"]

_MAX_PARENTS = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Quarantine:
    """The place of one pull."""

    def __init__(self, repo: Repository, remote: GitRemote, on_progress: OnProgress | None) -> None:
        self._repo = repo
        self._remote = remote
        self._on_progress = on_progress
        self._prefix = f"{INCOMING_REFS}{os.getpid()}-{os.urandom(4).hex()}/"
        self._n_kept = 0

    def fetch(self, theirs: Mapping[RefName, Oid], refs: Iterable[RefName]) -> dict[RefName, Oid]:
        """Fetches refs of the remote and returns what each names.

        Args:
            theirs: What the remote said that its refs name. One that was moved since is as it was:
                refs of repro's only move forward.
            refs: Which of them.

        Raises:
            RemoteError: The remote did not give them.
        """
        wanted = {ref: theirs[ref] for ref in refs}
        fetch_refs(self._repo, self._remote, wanted, on_progress=self._on_progress)
        sizes = sizes_of(self._repo, wanted.values())
        commits = [oid for oid in dict.fromkeys(wanted.values()) if oid in sizes]
        for start in range(0, len(commits), _MAX_PARENTS):
            self._keep(commits[start : start + _MAX_PARENTS], sizes)
        return wanted

    def _keep(self, oids: Sequence[Oid], sizes: Mapping[Oid, tuple[str, int]]) -> None:
        parents = [oid for oid in oids if sizes[oid][0] == "commit"]
        if not parents:
            return
        self._n_kept += 1
        write_commit(
            self._repo,
            tree=None,
            parents=parents,
            message=b"repro: incoming, not checked yet\n",
            author=None,
            at=_EPOCH,
            ref=RefName(f"{self._prefix}{self._n_kept}"),
        )


@contextmanager
def quarantine(
    repo: Repository, remote: GitRemote, *, on_progress: OnProgress | None = None
) -> Iterator[Quarantine]:
    """Opens an empty quarantine, when no other pull has one, and leaves none behind."""
    os.makedirs(repo.state_dir, exist_ok=True)
    fd = os.open(f"{repo.state_dir}/pull.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        _clear(repo)
        try:
            yield Quarantine(repo, remote, on_progress)
        finally:
            _clear(repo)
    finally:
        os.close(fd)


def _clear(repo: Repository) -> None:
    update_refs(repo, [RefChange(ref, oid, None) for ref, oid in list_refs(repo, INCOMING_REFS)])

"""Takes removed runs out of git for good: out of the trash, and out of this clone's archives.

A folded run's commit is a parent of an archive's, so its bytes stay in git as long as that is
there. An archive that no remote has is written anew without it; one that a remote has is left
alone, for a chain of commits that others have cannot be taken back.
"""

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from repro.git.commits import write_commit
from repro.git.objects import read_objects
from repro.git.refs import RefChange, read_ref, update_refs
from repro.git.repository import Repository
from repro.model.ids import Oid, RefName, RunId, WriterId, archive_ref, trash_ref
from repro.store.archive import Folded, encode_segment, list_segments, read_segment
from repro.store.removal import Trashed
from repro.store.shared import shared_with
from repro.store.writer import own_writers

__all__ = ["Forgotten", "empty_trash", "forget_folded", "forgettable"]

_ID = re.compile(rb'"id": ?"([0-9T]{15}-[k-z]{8})"')


class Forgotten(NamedTuple):
    """What became of removed runs that are folded.

    Attributes:
        runs: Those that no archive of this clone lists any more.
        stay: Those that stay in git, as remotes have the archive that they are in.
    """

    runs: frozenset[RunId]
    stay: frozenset[RunId]


class _Archive(NamedTuple):
    ref: RefName
    tip: Oid
    segments: tuple[tuple[Folded, ...], ...]

    def ids(self) -> set[RunId]:
        return {_id_of(line) for segment in self.segments for line in segment}


def empty_trash(repo: Repository, runs: Sequence[Trashed]) -> None:
    """Takes runs out of the trash: git frees what nothing else needs when it next tidies up.

    Raises:
        RefMovedError: One was restored meanwhile; none is taken out.
        GitError: git could not write.
    """
    update_refs(repo, [RefChange(trash_ref(run.id), run.oid, None) for run in runs])


def forgettable(repo: Repository, runs: Collection[RunId]) -> Forgotten:
    """Returns which of the runs `forget_folded` would take out of archives.

    Raises:
        GitError: git could not read the archives.
    """
    return _sorted_out(_own_archives(repo), runs, _on_remotes(repo))


def forget_folded(repo: Repository, runs: Collection[RunId], *, at: datetime) -> Forgotten:
    """Writes this clone's archives anew without removed runs, where no remote has the archive.

    Args:
        repo: The repository.
        runs: Removed, and no longer in the trash.
        at: The time for the archives' commits, aware.

    Raises:
        RefMovedError: Another process folded runs meanwhile; that archive is as it was.
        GitError: git could not read or write.
    """
    archives, shared = _own_archives(repo), _on_remotes(repo)
    for archive in archives:
        ids = archive.ids()
        if ids.isdisjoint(shared) and not ids.isdisjoint(runs):
            _write_anew(repo, archive, frozenset(runs), at)
    return _sorted_out(archives, runs, shared)


def _sorted_out(
    archives: Sequence[_Archive], runs: Collection[RunId], shared: frozenset[RunId]
) -> Forgotten:
    gone: set[RunId] = set()
    stay: set[RunId] = set()
    for archive in archives:
        ids = archive.ids()
        (gone if ids.isdisjoint(shared) else stay).update(ids.intersection(runs))
    return Forgotten(frozenset(gone - stay), frozenset(stay))


def _on_remotes(repo: Repository) -> frozenset[RunId]:
    return frozenset[RunId]().union(*(shared.runs for shared in shared_with(repo)))


def _own_archives(repo: Repository) -> list[_Archive]:
    return [archive for writer in own_writers(repo) if (archive := _read(repo, writer)) is not None]


def _read(repo: Repository, writer: WriterId) -> _Archive | None:
    ref = archive_ref(writer)
    tip = read_ref(repo, ref)
    if tip is None:
        return None
    blobs = [oid for _, oid in list_segments(repo, [(ref, tip)])]
    contents = read_objects(repo, blobs)
    if None in contents:
        return None  # damaged: `repro fsck` says so, and nothing is to be written from it
    segments = (tuple(read_segment(ref, content or b"")) for content in contents)
    return _Archive(ref, tip, tuple(segments))


def _write_anew(repo: Repository, archive: _Archive, runs: frozenset[RunId], at: datetime) -> None:
    tip: Oid | None = None
    number = 0
    for segment in archive.segments:
        lines = [line for line in segment if _id_of(line) not in runs]
        if not lines:
            continue
        number += 1
        tip = write_commit(
            repo,
            tree=tip and _tree_of(repo, tip),
            parents=[*([tip] if tip is not None else []), *(line.oid for line in lines)],
            message=f"repro: fold {len(lines)} runs\n".encode(),
            author=None,
            at=at,
            ref=None,
            files={f"{number:06}.jsonl": encode_segment([(x.oid, x.summary) for x in lines])},
        )
    update_refs(repo, [RefChange(archive.ref, archive.tip, tip)])


def _tree_of(repo: Repository, commit: Oid) -> Oid:
    out = repo.git("rev-parse", "--verify", f"{commit}^{{tree}}")
    return Oid(out.decode("ascii").strip())


def _id_of(line: Folded) -> RunId:
    found = _ID.search(line.summary)
    return RunId(found[1].decode("ascii") if found else "")

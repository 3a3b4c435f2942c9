"""Which runs are here, and which a remote has, as far as its refs and what is here tell."""

from collections.abc import Collection, Mapping

from repro.git.refs import list_refs
from repro.git.repository import Repository
from repro.model.ids import (
    ARCHIVE_REFS,
    LOG_REFS,
    RUN_REFS,
    TRASH_REFS,
    Oid,
    RefName,
    RunId,
    run_id_from_ref,
)
from repro.share.check_archive import has_commit, is_ancestor
from repro.store.folded import find_folded, read_folded_runs
from repro.store.shared import note_shared, read_note

__all__ = ["SHARED_REFS", "note_runs", "runs_here", "runs_there", "trusted_archives"]

SHARED_REFS = (f"{RUN_REFS}*", f"{ARCHIVE_REFS}*", f"{LOG_REFS}*")
"""What a remote is asked for."""


def runs_here(repo: Repository, *, among: Collection[RunId] | None = None) -> dict[RunId, Oid]:
    """Returns every run that is here in whatever way: on its ref, folded, or removed.

    Args:
        repo: The repository.
        among: Folded runs only of these, which are found without reading the archives.

    Raises:
        GitError: git could not read them.
    """
    refs = list_refs(repo, RUN_REFS, TRASH_REFS, ARCHIVE_REFS)
    found: dict[RunId, Oid] = {}
    for ref, oid in refs:
        run_id = run_id_from_ref(ref)
        if run_id is not None and not ref.startswith(ARCHIVE_REFS):
            found[run_id] = oid
    if among is None:
        archives = [row for row in refs if row[0].startswith(ARCHIVE_REFS)]
        folded = {run.id: run.oid for run in read_folded_runs(repo, archives)}
    else:
        lacking = frozenset(among) - found.keys()
        folded = {run.id: run.oid for run in find_folded(repo, lacking).values()}
    return {**folded, **found}


def trusted_archives(
    repo: Repository,
    theirs: Mapping[RefName, Oid],
    *,
    ours: Mapping[RefName, Oid] | None = None,
) -> dict[RefName, Oid]:
    """Returns the archives of a remote that were checked here: ours, or what ours have grown from.

    Args:
        repo: The repository.
        theirs: The remote's refs.
        ours: The archives here, where they were listed a moment ago.
    """
    if not any(ref.startswith(ARCHIVE_REFS) for ref in theirs):
        return {}
    ours = dict(list_refs(repo, ARCHIVE_REFS)) if ours is None else ours
    found = {}
    for ref, tip in theirs.items():
        if not ref.startswith(ARCHIVE_REFS):
            continue
        # Under another name too: a copied clone's archive that was moved aside.
        nearest = [ours[ref]] if ref in ours else []
        candidates = [*nearest, *(oid for oid in ours.values() if oid not in nearest)]
        if tip in candidates or (
            has_commit(repo, tip) and any(is_ancestor(repo, tip, oid) for oid in candidates)
        ):
            found[ref] = tip
    return found


def runs_there(
    repo: Repository,
    theirs: Mapping[RefName, Oid],
    *,
    archives: Mapping[RefName, Oid] | None = None,
    among: Collection[RunId] | None = None,
) -> dict[RunId, Oid]:
    """Returns the runs that a remote has: on refs of their own, and in archives known here.

    Args:
        repo: The repository.
        theirs: Its refs.
        archives: `trusted_archives` of them.
        among: Folded runs only of these: where the remote's archive is as ours, it is not read.
    """
    archives = trusted_archives(repo, theirs) if archives is None else archives
    found: dict[RunId, Oid] = {}
    to_read = list(archives.items())
    if among is not None and archives:
        ours = dict(list_refs(repo, ARCHIVE_REFS))
        same = {ref for ref, tip in archives.items() if ours.get(ref) == tip}
        folded = find_folded(repo, among) if same else {}
        found |= {run.id: run.oid for run in folded.values() if run.ref in same}
        to_read = [row for row in to_read if row[0] not in same]
    if to_read:
        found |= {run.id: run.oid for run in read_folded_runs(repo, to_read)}
    for ref, oid in theirs.items():
        run_id = run_id_from_ref(ref) if ref.startswith(RUN_REFS) else None
        if run_id is not None:
            found[run_id] = oid
    return found


def note_runs(
    repo: Repository, remote: str, theirs: Mapping[RefName, Oid], here: Mapping[RunId, Oid]
) -> None:
    """Writes down which runs a remote has; one that is another run of that id here is none."""
    note = read_note(repo, remote)
    runs = frozenset(
        run
        for ref, oid in theirs.items()
        if ref.startswith(RUN_REFS)
        and (run := run_id_from_ref(ref)) is not None
        and here.get(run, oid) == oid
    )
    found = note._replace(runs=runs, archives=trusted_archives(repo, theirs))
    if found != note:
        note_shared(repo, found)

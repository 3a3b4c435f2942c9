"""Makes refs whole again, and sets aside those that name nothing."""

import os
from collections.abc import Iterator

from repro.fsck.archives import FOLD_MESSAGE, unfinished
from repro.fsck.check import Findings
from repro.fsck.logs import find_unnamed
from repro.fsck.mend_objects import Remotes
from repro.fsck.problem import Kind, Problem, counted
from repro.fsck.quarantine import Quarantine
from repro.fsck.reader import Reader
from repro.git.refs import RefChange, RefMovedError, update_refs
from repro.git.repository import GitError, Repository
from repro.model.ids import (
    ARCHIVE_REFS,
    RUN_REFS,
    TRASH_REFS,
    Oid,
    RefName,
    run_id_from_ref,
    run_ref,
    short_id,
)
from repro.model.summary import SummaryError, parse_message
from repro.store.writer import own_writers

__all__ = ["finish_folds", "mend_refs", "remove_locks"]


def remove_locks(problems: tuple[Problem, ...], quarantine: Quarantine) -> Iterator[str]:
    """Takes locks away that dead processes left.

    Yields:
        What was done.
    """
    for problem in problems:
        if problem.kind is Kind.LOCK and quarantine.take(problem.at, why=problem.reason):
            yield f"moved the lock {problem.at} into quarantine"


def mend_refs(
    repo: Repository, findings: Findings, remotes: Remotes, quarantine: Quarantine
) -> Iterator[str]:
    """Gives broken refs what they named before; those for which nobody knows are set aside.

    Yields:
        What was done.
    """
    reader = Reader(repo)
    for ref, path in findings.refs.broken.items():
        if quarantine.take(path, why="it holds no object id") is None:
            continue
        yield f"moved the broken ref {ref} into quarantine"
        known = findings.refs.packed.get(ref)
        if known is not None and reader.kinds([known])[known] == "commit":
            yield f"{ref} names {known} again, as it did when refs were last packed"
            continue
        yield from _name_again(repo, findings, remotes, reader, ref)
    for problem in findings.report.problems:
        if problem.kind is not Kind.REF or not problem.names:
            continue
        ref, oid = RefName(problem.subject), Oid(problem.names[0])
        if findings.refs.good.get(ref) != oid or reader.kinds([oid])[oid] is not None:
            continue
        yield from _set_aside(repo, ref, oid, quarantine)
        yield from _name_again(repo, findings, remotes, reader, ref)


def _name_again(
    repo: Repository, findings: Findings, remotes: Remotes, reader: Reader, ref: RefName
) -> Iterator[str]:
    for oid, source in _candidates(findings, remotes, ref):
        item = next(reader.read([oid]))[1]
        if item is None or not _fits(ref, oid, item.content):
            continue
        try:
            update_refs(repo, [RefChange(ref, None, oid)])
        except (RefMovedError, GitError):  # it is there again, or cannot be written: looked at last
            return
        yield f"{ref} names {oid} again, {source}"
        return
    run_id = run_id_from_ref(ref)
    what = f"run {short_id(run_id)}" if run_id is not None else ref
    yield f"{what} is lost here: nothing that can be asked has it"


def _candidates(findings: Findings, remotes: Remotes, ref: RefName) -> Iterator[tuple[Oid, str]]:
    run_id = run_id_from_ref(ref)
    is_of_run = ref.startswith((RUN_REFS, TRASH_REFS))  # a live one names a snapshot of code
    if is_of_run and run_id is not None and run_id in findings.unnamed.runs:
        yield findings.unnamed.runs[run_id], "found among the commits that nothing named"
    if ref.startswith(ARCHIVE_REFS):
        # The end of a chain that was this archive's: the one that no other fold continues.
        folds = findings.unnamed.folds
        continued = {parent for parents in folds.values() for parent in parents[:1]}
        for oid in folds:
            if oid not in continued:
                yield oid, "found among the commits that nothing named"
    for remote, refs in remotes.refs.items():
        if ref in refs:
            yield refs[ref], f"as on {remote}"


def _fits(ref: RefName, oid: Oid, commit: bytes) -> bool:
    run_id = run_id_from_ref(ref)
    if run_id is None:
        is_archive = ref.startswith(ARCHIVE_REFS)
        return not is_archive or commit.partition(b"\n\n")[2].startswith(FOLD_MESSAGE)
    if not ref.startswith(RUN_REFS):
        return True  # a snapshot, whose message names no run
    try:
        return parse_message(commit, oid=oid, ref=ref).id == run_id
    except SummaryError:
        return False


def _set_aside(repo: Repository, ref: RefName, oid: Oid, quarantine: Quarantine) -> Iterator[str]:
    quarantine.note(f"deleted {ref}, which named {oid}", f"git update-ref {ref} {oid}")
    try:
        repo.git("update-ref", "-d", ref)
    except GitError:  # as git does with a ref that it cannot follow: by hand
        path = f"{repo.common_dir}/{ref}"
        if not os.path.exists(path) or quarantine.take(path, why="it names nothing") is None:
            return
    yield f"took away {ref}, which named {oid}: it is missing everywhere"


def finish_folds(repo: Repository, findings: Findings, quarantine: Quarantine) -> Iterator[str]:
    """Ends what folding began: gives back refs that were dropped too early, drops those left over.

    Yields:
        What was done.
    """
    folds = findings.unnamed.folds
    # An archive whose ref has been mended keeps them by now.
    unnamed = find_unnamed(repo, Reader(repo), folds).folds if folds else {}
    for problem in findings.report.problems:
        if problem.kind is Kind.ARCHIVE and problem.subject in unnamed:
            ids = {oid: run_id for run_id, oid in findings.unnamed.runs.items()}
            oids = [Oid(name) for name in problem.names]
            changes = [RefChange(run_ref(ids[oid]), None, oid) for oid in oids]
            try:
                update_refs(repo, changes)
            except RefMovedError:  # someone else was quicker
                continue
            yield f"gave {counted(len(changes), 'run')} the refs back that folding had dropped"
    own = frozenset(ARCHIVE_REFS + writer for writer in own_writers(repo))
    for ref, both in unfinished(findings.archives, findings.refs.good):
        if ref not in own:
            continue
        for run in both:
            quarantine.note(
                f"deleted {run_ref(run.id)}, which {ref} keeps",
                f"git update-ref {run_ref(run.id)} {run.oid}",
            )
        try:
            update_refs(repo, [RefChange(run_ref(run.id), run.oid, None) for run in both])
        except RefMovedError:
            continue
        yield f"finished folding {counted(len(both), 'run')} into {ref}"

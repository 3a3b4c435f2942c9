"""Checks all that repro keeps in a repository."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from repro.data.store import ObjectStore
from repro.fsck.archives import Archive, KeptRun, read_archives, runs_on_refs, unfinished
from repro.fsck.data import Checked, check_store
from repro.fsck.logs import Unnamed, check_logs, find_unnamed
from repro.fsck.objects import Bytes, check_bytes, check_objects, check_tips
from repro.fsck.problem import Kind, Problem, Report, Tell, counted, silent
from repro.fsck.reader import Reader
from repro.fsck.records import Records, check_records
from repro.fsck.refs import Refs, scan_refs
from repro.fsck.state import check_state
from repro.git.repository import GitError, Repository
from repro.model.ids import ARCHIVE_REFS, RunId, trash_ref
from repro.store.removal import removed_here
from repro.store.shared import shared_with
from repro.store.writer import own_writers

__all__ = ["Findings", "check"]


class Findings(NamedTuple):
    """What a check has found, and what a repair needs to know of it.

    Attributes:
        report: What is wrong.
        refs: The refs as they lie on disk.
        found: The git objects' bytes.
        runs: The runs that are kept.
        archives: The archives.
        unnamed: Commits that no ref reaches.
        records: What the records say.
    """

    report: Report
    refs: Refs
    found: Bytes
    runs: tuple[KeptRun, ...]
    archives: tuple[Archive, ...]
    unnamed: Unnamed
    records: Records


def check(
    repo: Repository,
    *,
    now_s: float,
    only: Collection[RunId] | None = None,
    is_fast: bool = False,
    tell: Tell = silent,
) -> Findings:
    """Checks refs, git objects, records, archives, logs, the object store, and repro's own files.

    Args:
        repo: The repository.
        now_s: Seconds since the epoch.
        only: The runs to check; by default all, and what no run needs.
        is_fast: Whether stored objects that look unchanged are believed.
        tell: Told what is being done.

    Raises:
        GitError: Not even a broken repository can be read.
    """
    refs = scan_refs(repo, now_s=now_s)
    found = check_bytes(repo, tell=tell)
    reader = Reader(repo, damaged=found.unreadable)
    n_hash_bytes = 20 if repo.hash_name == "sha1" else 32
    archives = read_archives(reader, refs.good, n_hash_bytes=n_hash_bytes)
    runs = _kept(repo, refs, archives, only)
    unnamed = find_unnamed(repo, reader, found.loose.whole)
    problems = [*refs.problems, *check_tips(reader, refs.good)]
    problems += check_objects(
        repo,
        reader,
        found,
        runs={run.id: run.oid for run in runs},
        archives=archives,
        tips=refs.good,
        tell=tell,
    )
    problems += _of_archives(repo, refs, archives, unnamed)
    problems += check_logs(repo, refs.good)
    records = check_records(reader, runs, hash_name=repo.hash_name, tell=tell)
    problems += records.problems
    stored = _check_data(repo, records, only=only, is_fast=is_fast, tell=tell)
    problems += [*stored.problems, *check_state(repo)]
    if only is not None:
        problems = [problem for problem in problems if set(problem.runs) & set(only)]
    report = Report(
        tuple(_sorted(problems)),
        records.names,
        n_runs=len(runs),
        n_git_objects=found.n_objects,
        n_data_objects=stored.n_objects,
    )
    return Findings(report, refs, found, tuple(runs), tuple(archives), unnamed, records)


def _check_data(
    repo: Repository,
    records: Records,
    *,
    only: Collection[RunId] | None,
    is_fast: bool,
    tell: Tell,
) -> Checked:
    return check_store(
        ObjectStore(f"{repo.state_dir}/store"),
        records.needs,
        elsewhere=_elsewhere(repo),
        is_fast=is_fast,
        only_needed=only is not None,
        paths={hash: path for path, hash in records.entries},
        tell=tell,
    )


def _kept(
    repo: Repository, refs: Refs, archives: Sequence[Archive], only: Collection[RunId] | None
) -> list[KeptRun]:
    """Returns each run once, oldest first; its own ref counts before an archive.

    Of a run that was removed and swept up since, an archive still has the line, and nobody the
    data.
    """
    gone = _removed(repo)
    found = {run.id: run for item in archives for run in item.runs if run.id not in gone}
    found |= {run.id: run for run in runs_on_refs(refs.good)}
    return [run for _, run in sorted(found.items()) if only is None or run.id in only]


def _removed(repo: Repository) -> frozenset[RunId]:
    try:
        return removed_here(repo)
    except GitError:  # its log is damaged, which is said elsewhere
        return frozenset()


def _of_archives(
    repo: Repository, refs: Refs, archives: Sequence[Archive], unnamed: Unnamed
) -> Iterator[Problem]:
    own = frozenset(ARCHIVE_REFS + writer for writer in own_writers(repo))
    for archive in archives:
        yield from archive.problems
    for ref, both in unfinished(archives, refs.good):
        reason = f"{counted(len(both), 'run')} of it on refs of their own too; nothing is lost"
        if ref in own:
            reason = f"folding was interrupted: {reason}"
        ids = tuple(sorted(run.id for run in both))
        yield Problem(Kind.ARCHIVE, ref, reason, ids, is_note=True)
    yield from _lost_folds(refs, archives, unnamed)


def _lost_folds(refs: Refs, archives: Sequence[Archive], unnamed: Unnamed) -> Iterator[Problem]:
    """Yields folds that were written and named by nothing, though their runs' refs are gone."""
    tips = {archive.chain[0] for archive in archives if archive.chain}
    known = {run.oid for archive in archives for run in archive.runs} | set(refs.good.values())
    ids = {oid: run_id for run_id, oid in unnamed.runs.items()}
    for fold, parents in unnamed.folds.items():
        is_next = bool(tips.intersection(parents[:1])) or not tips
        lost = [oid for oid in parents if oid in ids and oid not in known]
        lost = [oid for oid in lost if trash_ref(ids[oid]) not in refs.good]
        if is_next and lost:
            reason = f"folding was interrupted: no ref names {counted(len(lost), 'run')} any more"
            of = tuple(sorted(ids[oid] for oid in lost))
            yield Problem(Kind.ARCHIVE, fold, reason, of, names=tuple(lost))


def _elsewhere(repo: Repository) -> Mapping[str, str]:
    """Returns where objects are known to be, by hash."""
    return {
        hash: f"the DVC remote {name}"
        for shared in shared_with(repo)
        for name, hashes in shared.data.items()
        for hash in hashes
    }


_ORDER = {kind: number for number, kind in enumerate(Kind)}


def _sorted(problems: Sequence[Problem]) -> list[Problem]:
    def place(problem: Problem) -> tuple[bool, int, str]:
        return problem.is_note, _ORDER[problem.kind], problem.subject

    return sorted(dict.fromkeys(problems), key=place)

"""Which runs a retention policy removes, and what leaves the trash."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from repro.cli.format import counted
from repro.cli.garbage.freed import Freed, Left
from repro.git.disk_usage import disk_usage
from repro.git.refs import RefMovedError
from repro.git.repository import Repository
from repro.model.ids import ARCHIVE_REFS, RUN_REFS, TRASH_REFS, RunId, short_id
from repro.model.summary import Summary
from repro.store.forgetting import empty_trash, forget_folded, forgettable
from repro.store.listing import known_runs_directly
from repro.store.removal import Trashed, list_trash, removed_here
from repro.store.retention import Kept, Retention, registered_commits, retain

__all__ = ["Policy", "called", "emptied", "forget", "policy_keeps", "retention_of"]


class Policy(NamedTuple):
    """Which runs to keep; without any rule all are.

    Attributes:
        last: So many, the newest.
        matching: Those that match one of the expressions.
        days: Those that began within so many days.
    """

    last: int | None = None
    matching: tuple[str, ...] = ()
    days: int | None = None

    @property
    def is_set(self) -> bool:
        """Whether there is any rule."""
        return self.last is not None or bool(self.matching) or self.days is not None


def policy_keeps(
    policy: Policy, runs: Sequence[Summary], *, now: datetime
) -> dict[Kept, Callable[[int, Summary], bool]]:
    """Returns the rules of a policy as tests.

    Raises:
        QueryError: An expression cannot be read, or names what no run has.
    """
    from repro.compare.query import check, compile_query

    rules: dict[Kept, Callable[[int, Summary], bool]] = {}
    if policy.last is not None:
        last = policy.last
        rules[Kept.NEWEST] = lambda number, _: number < last
    if policy.days is not None:
        since = now - timedelta(days=policy.days)
        rules[Kept.NEWER] = lambda _, run: run.started_at >= since
    if policy.matching:
        queries = [compile_query(text) for text in policy.matching]
        for query in queries:
            check(query.keys, runs, text=query.text)
        rules[Kept.MATCHING] = lambda _, run: any(query.matches(run) for query in queries)
    return rules


def retention_of(repo: Repository, policy: Policy, *, now: datetime) -> Retention:
    """Returns what a policy makes of the runs that can be read; the others stay.

    Raises:
        QueryError: An expression cannot be read, or names what no run has.
        GitError: git could not read the runs.
    """
    from repro.store.listing import read_listing_directly
    from repro.store.runs import complete_all
    from repro.store.shared import shared_with

    runs = read_listing_directly(repo).summaries  # from git itself, not from an index
    if policy.matching:
        runs = complete_all(repo, runs)
    return retain(
        repo,
        runs,
        wanted=policy_keeps(policy, runs, now=now),
        registered=registered_commits(repo),
        shared=shared_with(repo),
    )


def called(run: Summary | Trashed) -> str:
    """Returns what people call a run."""
    return f"{run.name} ({short_id(run.id)})" if run.name else run.id


def emptied(
    repo: Repository, *, now: datetime, days: int, also: Sequence[Summary] = ()
) -> list[Trashed]:
    """Returns the runs that leave the trash: those that were removed so long ago.

    Args:
        repo: The repository.
        now: The clock, aware.
        days: How long they must have been there.
        also: Runs that a dry run would have moved there just now, for `days` 0.
    """
    before = now - timedelta(days=days)
    found = [run for run in list_trash(repo) if _is_old(run, before, days)]
    known = {run.id for run in found}
    if days == 0:
        found += [
            Trashed(run.id, run.oid, now, "", False, run) for run in also if run.id not in known
        ]
    return found


def _is_old(run: Trashed, before: datetime, days: int) -> bool:
    # One whose removal was interrupted has no time: the next removal gives it one.
    return days == 0 or (run.removed_at is not None and run.removed_at <= before)


def forget(
    repo: Repository, leaving: Sequence[Trashed], *, now: datetime, is_dry: bool
) -> tuple[list[Freed], list[Left]]:
    """Takes runs out of the trash and out of this clone's archives.

    Returns:
        What went, and what stays in git all the same.
    """
    doomed = {run.id for run in leaving}
    n_bytes = _git_bytes(repo, leaving, forgettable(repo, doomed).stay)
    if leaving and not is_dry:
        try:
            empty_trash(repo, leaving)
        except RefMovedError:
            text = counted(len(leaving), "removed run")
            return [], [Left(text, "one is being restored", "repro gc")]
    # What a gc that was killed took out of the trash, and had no time to forget, goes as well.
    doomed |= removed_here(repo) - ({run.id for run in list_trash(repo)} - doomed)
    left: list[Left] = []
    try:
        found = forgettable(repo, doomed) if is_dry else forget_folded(repo, doomed, at=now)
    except RefMovedError:
        left.append(Left("removed runs", "runs are being folded at this moment", "repro gc"))
    else:
        stay = found.stay.intersection(run.id for run in leaving)
        if stay:
            why = "git keeps their code and record: a remote has the archive they are folded in"
            left.append(Left(counted(len(stay), "removed run"), why))
    why = f"removed, git frees {'its' if len(leaving) == 1 else 'their'} objects within two weeks"
    text = f"{counted(len(leaving), 'run')} from the trash"
    return [Freed("trash", text, why, n_bytes, len(leaving))] if leaving else [], left


def _git_bytes(repo: Repository, leaving: Sequence[Trashed], stay: Collection[RunId]) -> int:
    """Returns the bytes that git keeps for these runs alone, but for those that stay in it."""
    going = {run.id: run.oid for run in leaving if run.id not in stay}
    if not going:
        return 0
    kept = {run.oid for run in known_runs_directly(repo) if run.id not in going}
    kept |= {run.oid for run in list_trash(repo) if run.id not in going}
    rows = [*going.values(), *(f"^{oid}" for oid in kept - set(going.values()))]
    others = (f"--exclude={prefix}*" for prefix in (RUN_REFS, TRASH_REFS, ARCHIVE_REFS))
    stdin = "".join(f"{row}\n" for row in rows).encode()
    return disk_usage(repo, "--not", *others, "--all", stdin=stdin) or 0

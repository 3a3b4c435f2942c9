"""All that `repro gc` does, in an order in which it may be killed at any moment.

Refs go before the bytes that they need, and bytes before the notes of where they were: whatever is
interrupted, nothing that is kept has lost anything, and the next `repro gc` does the rest.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from repro.cli.format import counted
from repro.cli.garbage import leftovers, objects
from repro.cli.garbage.freed import Freed, Left, disk_bytes
from repro.cli.garbage.incoming import drop_dead_incoming
from repro.cli.garbage.needs import Without
from repro.cli.garbage.runs import Policy, emptied, forget, retention_of
from repro.cli.unused import find_unused, remove
from repro.git.refs import RefMovedError
from repro.git.repository import Repository
from repro.model.run import Identity
from repro.model.summary import Summary
from repro.rebuild.kept import EnvironmentInUseError
from repro.restore.state import StateError
from repro.store.listing import known_runs_directly
from repro.store.removal import Trashed, remove_runs
from repro.store.retention import Kept

__all__ = ["Report", "Request", "collect"]


class Request(NamedTuple):
    """What was asked for.

    Attributes:
        days: What was removed or not used for so long may go.
        policy: Which runs to keep.
        is_now: Whether the trash is emptied at once.
        is_dry: Whether to change nothing.
        at_ns: Now, nanoseconds since the epoch.
        author: Who removes runs.
    """

    days: int
    policy: Policy
    is_now: bool
    is_dry: bool
    at_ns: int
    author: Identity | None = None

    @property
    def now(self) -> datetime:
        """The same time, UTC."""
        return datetime.fromtimestamp(self.at_ns / 1e9, UTC)


class Report(NamedTuple):
    """What was done, or would be.

    Attributes:
        removed: Runs moved to the trash, newest first.
        kept: How many runs the policy kept, by reason.
        emptied: Runs that left the trash.
        freed: What else went.
        left: What did not go, and why.
        n_young: Objects that nothing needs and that came too lately to tell.
        n_folded: Runs that were folded.
    """

    removed: tuple[Summary, ...]
    kept: dict[Kept, int]
    emptied: tuple[Trashed, ...]
    freed: tuple[Freed, ...]
    left: tuple[Left, ...]
    n_young: int = 0
    n_folded: int = 0

    @property
    def freed_bytes(self) -> int:
        """All bytes that went."""
        return sum(row.n_bytes for row in self.freed)


def collect(repo: Repository, asked: Request) -> Report:
    """Removes what nobody needs, under the turn of `repro.cli.garbage.turn`.

    Raises:
        QueryError: An expression of the policy cannot be read, or names what no run has.
        GitError: git could not read or write.
        OSError: repro's directory cannot be written.
    """
    removed, kept = _apply_policy(repo, asked)
    days = 0 if asked.is_now else asked.days
    leaving = emptied(repo, now=asked.now, days=days, also=removed if asked.is_dry else ())
    freed, left = forget(repo, leaving, now=asked.now, is_dry=asked.is_dry)
    for step in (_undo, _incoming, _unused):
        more, stays = step(repo, asked)
        freed += more
        left += stays
    without = _without(leaving, removed, asked)
    found = objects.find_unneeded(repo, at_ns=asked.at_ns, without=without)
    rows, stays_in_store = found.freed(), found.left
    if not asked.is_dry:
        rows, stays_in_store = objects.remove_unneeded(repo, found, without=without)
    freed += rows
    left += [stays_in_store] if stays_in_store else []
    freed += _leftovers(repo, asked)
    n_folded = 0
    if not asked.is_dry:
        n_folded = _keep_quick(repo, asked.now)
    return Report(removed, kept, tuple(leaving), tuple(freed), tuple(left), found.n_young, n_folded)


def _apply_policy(repo: Repository, asked: Request) -> tuple[tuple[Summary, ...], dict[Kept, int]]:
    if not asked.policy.is_set:
        return (), {}
    retention = retention_of(repo, asked.policy, now=asked.now)
    if not asked.is_dry:
        remove_runs(repo, retention.leaving, now=asked.now, author=asked.author)
    return retention.leaving, retention.counts()


def _without(leaving: Sequence[Trashed], removed: Sequence[Summary], asked: Request) -> Without:
    if not asked.is_dry:
        return Without()  # what went has gone, and what is there counts
    gone = frozenset(run.id for run in leaving)
    return Without(gone, gone.intersection(run.id for run in removed))


_Step = tuple[list[Freed], list[Left]]


def _undo(repo: Repository, asked: Request) -> _Step:
    from repro.restore.old_undo import drop_undo, old_undo

    try:
        old = old_undo(repo, now=asked.now)
    except StateError as error:
        return [], [Left("undo entries", error.message, error.hint or "")]
    if not old:
        return [], []
    if not asked.is_dry:
        try:
            drop_undo(repo, old)
        except RefMovedError:
            return [], [Left("undo entries", "another process is changing them", "repro gc")]
    n = len(old)
    text = f"{n:,} undo entries" if n > 1 else "1 undo entry"
    return [Freed("undo", text, "older than 30 days, and not among the newest 20", n=n)], []


def _incoming(repo: Repository, asked: Request) -> _Step:
    n = drop_dead_incoming(repo, is_dry=asked.is_dry)
    text = f"{counted(n, 'ref')} of an interrupted pull"
    return [Freed("incoming", text, "the next pull fetches them anew", n=n)] if n else [], []


def _unused(repo: Repository, asked: Request) -> _Step:
    freed: list[Freed] = []
    left: list[Left] = []
    for unused in find_unused(repo, at_ns=asked.at_ns, days=asked.days):
        text, stays = f"{unused.what} {unused.path}", unused.stays
        n_bytes = 0 if stays else disk_bytes(unused.path)
        if not (stays or asked.is_dry):
            try:
                remove(repo, unused)
            except EnvironmentInUseError:
                stays = "it is in use"
        if stays:
            left.append(Left(text, stays, unused.fix))
        else:
            freed.append(Freed(unused.what, text, unused.why, n_bytes, path=unused.path))
    return freed, left


def _leftovers(repo: Repository, asked: Request) -> list[Freed]:
    runs = frozenset(run.id for run in known_runs_directly(repo))
    found = leftovers.find_leftovers(repo, runs, at_ns=asked.at_ns)
    freed = leftovers.leftovers_freed(found)
    if not asked.is_dry:
        leftovers.remove_leftovers(found)
    return freed


def _keep_quick(repo: Repository, now: datetime) -> int:
    from repro.store.folding import fold_cold_runs, pack_refs

    n_folded = fold_cold_runs(repo, now=now, at_least=0)
    pack_refs(repo)
    return n_folded

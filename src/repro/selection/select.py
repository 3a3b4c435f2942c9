"""Which runs a listing is about: filtered, sorted, counted."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from repro.compare.fields import SCOPES, Key, names_in
from repro.git.repository import Repository
from repro.model.ids import Oid, RunId
from repro.model.summary import Summary
from repro.selection.running import running_records, running_summaries
from repro.store.listing import UnreadableRun, read_listing

__all__ = ["Request", "Selection", "completed", "keys_named", "merged", "select", "select_directly"]


class Request(NamedTuple):
    """What was asked for.

    Attributes:
        expression: A filter.
        sort: A key, with "-" for the largest first; None for the newest first.
        commits: Whatever names commits: only runs that belong to one of these.
        limit: How many runs; 0 for all.
        revisions: As ``git log`` takes them, ``main..`` or ``HEAD``: only runs that belong to one
            of the commits there; with `commits`, to either.
    """

    expression: str | None = None
    sort: str | None = None
    commits: tuple[str, ...] = ()
    limit: int = 0
    revisions: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether the newest runs answer it."""
        return not (self.expression or self.sort or self.is_of_commits)

    @property
    def is_of_commits(self) -> bool:
        """Whether it asks for runs of some commits only."""
        return bool(self.commits or self.revisions)


class Selection(NamedTuple):
    """The runs to show.

    Attributes:
        runs: At most the limit.
        n_more: Runs that match beyond the limit.
        n_other: Runs that do not match.
        unreadable: What is on run refs but is no run that this repro reads.
        belongs: Where runs of some commits were asked for: of each run shown to which of them it
            belongs, and why.
    """

    runs: tuple[Summary, ...]
    n_more: int = 0
    n_other: int = 0
    unreadable: tuple[UnreadableRun, ...] = ()
    belongs: Mapping[RunId, Mapping[Oid, str]] = {}


def select(repo: Repository, request: Request) -> Selection:
    """Returns the runs that a listing shows, those in progress among them.

    Raises:
        QueryError: The filter or the key cannot be read, or names what no run has.
        UnknownRevisionError: A revision names no commit.
        GitError: git could not read them.
    """
    running = running_summaries(repo, running_records(repo))
    if request.is_plain:
        return _newest(repo, running, request.limit)
    from repro.selection.indexed import select_indexed

    belongs = None
    if request.is_of_commits:
        from repro.selection.belonging import belonging_to

        belongs = belonging_to(repo, request.revisions, request.commits, running)
    found = select_indexed(repo, request, running, among=belongs)
    if found is None:
        found = select_directly(repo, request, running, among=belongs)
    if belongs is None:
        return found
    of = {run.id: belongs[run.id] for run in found.runs}
    return found._replace(
        belongs={run: dict.fromkeys(sorted(its.commits), its.why.value) for run, its in of.items()}
    )


def select_directly(
    repo: Repository,
    request: Request,
    running: Sequence[Summary],
    *,
    among: Collection[RunId] | None,
) -> Selection:
    """Returns what `select` does, looking at every run.

    Args:
        repo: The repository.
        request: What was asked for.
        running: The runs in progress.
        among: The runs that belong to the commits of the request; None where it names none.

    Raises:
        QueryError: The filter or the key cannot be read, or names what no run has.
    """
    listing = read_listing(repo)
    runs = merged(running, listing.summaries)
    matching = _sorted(_filtered(repo, runs, request, among), request)
    shown = matching[: request.limit] if request.limit else matching
    return Selection(
        tuple(completed(repo, shown)),
        n_more=len(matching) - len(shown),
        n_other=len(runs) - len(matching),
        unreadable=tuple(listing.unreadable),
    )


def _newest(repo: Repository, running: Sequence[Summary], limit: int) -> Selection:
    listing = read_listing(repo, newest=limit + 1 if limit else None)
    runs = merged(running, listing.summaries)
    shown = runs[:limit] if limit else runs
    n_runs = listing.n_runs + len(running)
    n_more = n_runs - len(shown) if len(shown) < len(runs) else 0
    shown = completed(repo, shown)
    return Selection(tuple(shown), n_more, unreadable=tuple(listing.unreadable))


def completed(repo: Repository, runs: Sequence[Summary]) -> list[Summary]:
    """Returns the runs with what was too large for their summaries."""
    if not any(run.is_partial for run in runs):
        return list(runs)
    from repro.store.runs import complete_all

    return complete_all(repo, runs)


def merged(running: Sequence[Summary], recorded: Sequence[Summary]) -> list[Summary]:
    """Returns the runs in progress among those recorded, newest first."""
    ids = {run.id for run in recorded}
    runs = [*(run for run in running if run.id not in ids), *recorded]
    return sorted(runs, key=lambda run: run.started_at, reverse=True)


def _filtered(
    repo: Repository, runs: list[Summary], request: Request, among: Collection[RunId] | None
) -> list[Summary]:
    every = runs
    if among is not None:
        runs = [run for run in runs if run.id in among]
    runs = completed(repo, runs)
    if request.expression is None:
        return runs
    from repro.compare.query import check, compile_query

    query = compile_query(request.expression)
    # A key that only runs of other commits have is no typo.
    check(query.keys, runs if among is None else completed(repo, every), text=query.text)
    return [run for run in runs if query.matches(run)]


def _sorted(runs: list[Summary], request: Request) -> list[Summary]:
    if request.sort is None:
        return runs
    from repro.compare.order import sort_runs

    return sort_runs(runs, request.sort)


def keys_named(text: str, runs: Sequence[Summary]) -> list[Key]:
    """Returns the keys in a list such as ``status,params.lr,metrics``; a scope is all its keys.

    Raises:
        QueryError: One cannot be read, or no run has it.
    """
    from repro.compare.query import check, compile_key

    keys: list[Key] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        key = compile_key(part)
        check([key], runs, text=part)
        if key.scope in SCOPES and not key.name:
            keys += [Key(key.scope, name) for name in names_in(runs, key.scope)]
        else:
            keys.append(key)
    return keys

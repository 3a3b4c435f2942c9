"""The runs of commits, those included whose commits were rewritten and nobody wrote it down."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from repro.git.repository import Repository
from repro.lineage.belonging import Ledger
from repro.lineage.commits import Commit, read_commits
from repro.lineage.holding import runs_held
from repro.lineage.rewrites import find_rewrites
from repro.lineage.why import Why
from repro.model.ids import Oid, RunId

__all__ = ["Belongs", "Why", "belonging", "runs_behind"]


class Belongs(NamedTuple):
    """To which commits a run belongs.

    Attributes:
        commits: Those of the question that it belongs to.
        why: How that is known; the surest where there are several.
    """

    commits: frozenset[Oid]
    why: Why


def belonging(repo: Repository, commits: Sequence[Commit]) -> dict[RunId, Belongs]:
    """Returns the runs that belong to some commits, to which, and how that is known.

    All that was written down; and for runs that nobody tied to these commits, what the commits
    themselves tell. Runs in progress are left out, and so are those that were removed.

    Args:
        repo: The repository.
        commits: The commits, newest first: as `repro.lineage.commits.read_commits` gives them.

    Raises:
        GitError: git could not read them.
    """
    if not commits:
        return {}
    ledger = Ledger(repo)
    asked = {commit.oid for commit in commits}
    began, said, noted = ledger.ties(asked)
    named = [(run, commit.oid) for commit in commits for run in commit.runs]
    ties = _Ties()
    ties.add(Why.BEGAN, began)
    ties.add(Why.SAID, said)
    ties.add(Why.NOTED, noted)
    ties.add(Why.TRAILER, named)
    _add_rewritten(repo, ledger, commits, ties)
    # Runs that began from it may have changed it: they are not what it holds.
    have_runs = {oid for of, why in ties.found.values() if why is not Why.BEGAN for oid in of}
    ties.add(Why.HOLDS, runs_held(repo, ledger, commits, have_runs))
    present = ledger.present(list(ties.found))
    return {
        run: Belongs(frozenset(of), why) for run, (of, why) in ties.found.items() if run in present
    }


class _Ties:
    """The runs found so far."""

    def __init__(self) -> None:
        self.found: dict[RunId, tuple[set[Oid], Why]] = {}

    def add(self, why: Why, pairs: Collection[tuple[RunId, Oid]]) -> None:
        """Adds runs with their commits; what is known for a better reason keeps that."""
        for run, commit in pairs:
            self.found.setdefault(run, (set(), why))[0].add(commit)


def _add_rewritten(
    repo: Repository, ledger: Ledger, commits: Sequence[Commit], ties: _Ties
) -> None:
    asked = {commit.oid for commit in commits}
    elsewhere = ledger.commits() - asked
    rewrites = find_rewrites(repo, commits, elsewhere)
    if not rewrites:
        return
    known = frozenset(ties.found)
    of: dict[Oid, set[RunId]] = {}
    for pairs in ledger.ties({rewrite.old for rewrite in rewrites}):
        for run, commit in pairs:
            of.setdefault(commit, set()).add(run)
    for why in (Why.SAME_TREE, Why.SAME_CHANGE, Why.SQUASH):
        pairs = [
            (run, rewrite.new)
            for rewrite in rewrites
            if rewrite.why is why
            for run in of.get(rewrite.old, ())
            if run not in known
        ]
        ties.add(why, pairs)


def runs_behind(repo: Repository, commit: Oid, among: Collection[RunId]) -> list[RunId]:
    """Returns which of some runs have a commit that a commit is a rewriting of, in their order.

    Those of which that was said already are among them: the same commit may be made twice.

    Args:
        repo: The repository.
        commit: The commit, such as one that a cherry-pick just made.
        among: Runs, few.

    Raises:
        GitError: git could not read them.
    """
    if not among:
        return []
    from repro.store.lookup import Lookup

    commits = read_commits(repo, [f"{commit}^!"])
    wanted = frozenset(among)
    runs = [run for run in Lookup(repo).of_ids(wanted).summaries if run.id in wanted]
    of = {
        run.id: {oid for oid in (run.commit, *run.commits) if oid is not None} - {commit}
        for run in runs
    }
    old = {oid for oids in of.values() for oid in oids}
    found = {rewrite.old for rewrite in find_rewrites(repo, commits, old, is_quick=True)}
    said = {run.id for run in runs if commit in run.commits}
    return [run for run in among if run in said or not found.isdisjoint(of.get(run, ()))]

"""What is known of runs and commits and stands nowhere yet: for somebody to write it down."""

from collections.abc import Sequence
from typing import NamedTuple

from repro.git.repository import Repository
from repro.lineage.belonging import Ledger
from repro.lineage.commits import Commit
from repro.lineage.rewrites import find_rewrites
from repro.lineage.why import Why
from repro.model.ids import Oid, RunId

__all__ = ["Unwritten", "unwritten"]


class Unwritten(NamedTuple):
    """That a run belongs to a commit.

    Attributes:
        commit: The commit.
        run: The run.
        why: How it is known: `Why.NOTED`, or what the commits themselves tell.
    """

    commit: Oid
    run: RunId
    why: Why


def unwritten(repo: Repository, commits: Sequence[Commit]) -> list[Unwritten]:
    """Returns what the log does not say of some commits, in their order.

    What a commit's message says stays with it by itself, and is left out; git notes are not shared
    as the log is, and are in. A run that belongs to one of the commits already is not looked for in
    the others; one that only began from one of them is: what it was committed as may be another.

    Args:
        repo: The repository.
        commits: Newest first, as `repro.lineage.commits.read_commits` gives them.

    Raises:
        GitError: git could not read them.
    """
    ledger = Ledger(repo)
    asked = {commit.oid for commit in commits}
    began, said, noted = map(frozenset, ledger.ties(asked)) if asked else (frozenset(),) * 3
    named = {(run, commit.oid) for commit in commits for run in commit.runs}
    settled = {run for run, _ in said | noted | named}
    found = dict.fromkeys(noted - said - began, Why.NOTED)
    for run, commit, why in _rewritten(repo, ledger, commits):
        if run not in settled and (run, commit) not in began:
            found.setdefault((run, commit), why)
    present = ledger.present({run for run, _ in found})
    places = {commit.oid: place for place, commit in enumerate(commits)}
    ties = [Unwritten(oid, run, why) for (run, oid), why in found.items() if run in present]
    return sorted(ties, key=lambda tie: (places[tie.commit], tie.run))


def _rewritten(
    repo: Repository, ledger: Ledger, commits: Sequence[Commit]
) -> list[tuple[RunId, Oid, Why]]:
    """Returns the runs of what some commits are rewritings of, the surest reason first."""
    elsewhere = ledger.commits() - {commit.oid for commit in commits}
    rewrites = find_rewrites(repo, commits, elsewhere)
    of: dict[Oid, set[RunId]] = {}
    for ties in ledger.ties({rewrite.old for rewrite in rewrites}) if rewrites else ():
        for run, commit in ties:
            of.setdefault(commit, set()).add(run)
    order = list(Why)
    rewrites = sorted(rewrites, key=lambda rewrite: order.index(rewrite.why))
    return [(run, x.new, x.why) for x in rewrites for run in sorted(of.get(x.old, ()))]

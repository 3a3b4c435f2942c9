"""Commits that hold what a run had uncommitted, and its results: somebody ran, and then committed.

Where hooks are installed that was written down at once; this finds it where they are not.
"""

from collections.abc import Collection, Iterable, Sequence

from repro.git.objects import read_objects
from repro.git.repository import Repository
from repro.lineage.belonging import Ledger
from repro.lineage.commits import Commit
from repro.lineage.facts import FactKind, Facts
from repro.model.ids import Oid, RunId
from repro.model.summary import Summary

__all__ = ["runs_held"]

_MOST_COMMITS = 60
"""So many, the newest, are compared with the runs before them: half a second the first time, then
it is known."""
_MOST_PAIRS = 600
_MOST_RUNS = 100
"""So many of the runs that began from a commit's parent, the newest, and fewer where there are many
commits: a search through params leaves dozens, of which the best is committed."""


def runs_held(
    repo: Repository, ledger: Ledger, commits: Sequence[Commit], without: Collection[Oid]
) -> list[tuple[RunId, Oid]]:
    """Returns runs that began from the parent of a commit that has their changes and results.

    Args:
        repo: The repository.
        ledger: What was written down.
        commits: The commits, newest first.
        without: Those that have runs already; they are passed over.

    Raises:
        GitError: git could not read them.
    """
    known = ledger.commits()
    chosen = [
        commit
        for commit in commits
        if len(commit.parents) == 1 and commit.parents[0] in known and commit.oid not in without
    ][:_MOST_COMMITS]
    chosen = _that_change(repo, chosen, commits)
    if not chosen:
        return []
    from repro.store.lookup import Lookup

    began, _, _ = ledger.ties({commit.parents[0] for commit in chosen})
    by_parent: dict[Oid, list[RunId]] = {}
    for run_id, parent in began:
        by_parent.setdefault(parent, []).append(run_id)
    most = min(_MOST_PAIRS // len(chosen), _MOST_RUNS)
    ids = {run_id for of in by_parent.values() for run_id in sorted(of)[-most:]}
    runs = [run for run in Lookup(repo).of_ids(ids).summaries if run.id in ids]
    by_commit: dict[Oid | None, list[Summary]] = {}
    for run in runs:
        by_commit.setdefault(run.commit, []).append(run)
    facts = Facts(repo, FactKind.HOLDS)
    found = [
        (run, commit.oid)
        for commit in chosen
        for run in _held(repo, commit, by_commit.get(commit.parents[0], ()), facts)
    ]
    facts.save()
    return found


def _that_change(
    repo: Repository, chosen: Sequence[Commit], commits: Sequence[Commit]
) -> list[Commit]:
    """Returns those of some commits that change anything: an empty one holds no results."""
    trees = {commit.oid: commit.tree for commit in commits}
    others = list({commit.parents[0] for commit in chosen} - trees.keys())
    for oid, content in zip(others, read_objects(repo, others), strict=True):
        if content is not None and content.startswith(b"tree "):
            trees[oid] = Oid(content[5 : content.index(b"\n")].decode("ascii"))
    return [commit for commit in chosen if trees.get(commit.parents[0]) != commit.tree]


def _held(repo: Repository, commit: Commit, runs: Iterable[Summary], facts: Facts) -> list[RunId]:
    known = {run.id: facts.get(commit.oid, run.oid) for run in runs}
    unknown = [run for run in runs if known[run.id] is None]
    if unknown:
        from repro.lineage.held import held_runs

        held = frozenset(held_runs(repo, commit.oid, unknown))
        for run in unknown:
            known[run.id] = fact = "yes" if run.id in held else "no"
            facts.add(commit.oid, run.oid, fact)
    return [run for run, fact in known.items() if fact == "yes"]

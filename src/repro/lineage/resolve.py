"""Finds the run that a word names: by itself, or as the newest run of a commit."""

from collections.abc import Callable, Collection

from repro.git.repository import Repository
from repro.lineage.belonging import Ledger
from repro.model.ids import Oid, RunId
from repro.model.summary import Summary
from repro.store.lookup import Lookup
from repro.store.resolve import UnknownRunError, named_run, unknown_run

__all__ = ["resolve_run"]

_AT_A_TIME = 200


def resolve_run(repo: Repository, text: str) -> Summary:
    """Returns the run that a word names.

    What `repro.store.resolve.named_run` finds; else, where git takes the word for a commit (a
    branch, a tag, ``HEAD~2``), the newest run that this commit is: begun from it without further
    changes, or said to belong to it; else one whose results it holds, or that belongs to what it
    was made of by an amend, a rebase or a squash; else one that began from it with changes.

    Raises:
        UnknownRunError: There is none.
        AmbiguousRunError: There are several.
        UnreadableRunError: It is damaged, or a newer repro wrote it.
    """
    named = named_run(repo, text)
    if named is not None:
        return named
    commit = _commit(repo, text)
    if commit is None:
        raise unknown_run(repo, text)
    lookup = Lookup(repo)
    for run in lookup.exactly(commit).summaries:
        if run.oid == commit:  # a ref of somebody's own names the run itself
            return run
    newest = _of_commit(repo, lookup, commit)
    if newest is None:
        message = f"no run belongs to {text} ({commit[:10]})"
        raise UnknownRunError(text, message, hint=f"the runs of its history: repro ls {text}")
    return newest


def _commit(repo: Repository, text: str) -> Oid | None:
    if not text or "\0" in text:
        return None
    spec = f"{text}^{{commit}}"
    result = repo.start("rev-parse", "-q", "--verify", "--end-of-options", spec).result()
    return Oid(result.out.decode("ascii").split()[-1]) if result.code == 0 else None


def _of_commit(repo: Repository, lookup: Lookup, commit: Oid) -> Summary | None:
    began, said, noted = ({run for run, _ in ties} for ties in Ledger(repo).ties([commit]))
    told = said | noted

    def is_it(run: Summary) -> bool:
        return run.id in told or not run.dirty

    return (
        _newest(lookup, began | told, is_it)
        or _newest(lookup, _unseen(repo, commit))
        or _newest(lookup, began)
    )


def _unseen(repo: Repository, commit: Oid) -> set[RunId]:
    """Returns the runs that belong to a commit, though nobody wrote that down."""
    from repro.lineage.commits import read_commits
    from repro.lineage.origins import Why, belonging

    found = belonging(repo, read_commits(repo, [f"{commit}^!"]))
    return {run for run, belongs in found.items() if belongs.why is not Why.BEGAN}


def _newest(
    lookup: Lookup, runs: Collection[RunId], is_wanted: Callable[[Summary], bool] = bool
) -> Summary | None:
    """Returns the newest of some runs that can be read and are wanted."""
    rest = sorted(runs, reverse=True)
    while rest:
        # Ids tell the second in which a run began, and only its summary the moment.
        last = _second(rest[min(len(rest), _AT_A_TIME) - 1])
        some = {run for run in rest if _second(run) >= last}
        rest = rest[len(some) :]
        found = [run for run in lookup.of_ids(some).summaries if run.id in some and is_wanted(run)]
        if found:
            return max(found, key=lambda run: (run.started_at, run.id))
    return None


def _second(run: RunId) -> str:
    return run.rpartition("-")[0]

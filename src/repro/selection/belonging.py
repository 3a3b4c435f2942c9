"""Which runs belong to some commits, those in progress among them, and why."""

from collections.abc import Iterable, Sequence

from repro.git.repository import Repository
from repro.lineage.commits import Commit, UnknownRevisionError, read_commits
from repro.lineage.origins import Belongs, Why, belonging
from repro.model.ids import Oid, RunId
from repro.model.summary import Summary
from repro.selection.revisions import unknown_revision

__all__ = ["belonging_to"]


def belonging_to(
    repo: Repository,
    revisions: Sequence[str],
    commits: Iterable[str],
    running: Iterable[Summary],
) -> dict[RunId, Belongs]:
    """Returns the runs that belong to some commits: of each to which, and why.

    Args:
        repo: The repository.
        revisions: As ``git log`` takes them.
        commits: Each names one commit, besides those of the revisions.
        running: The runs in progress.

    Raises:
        UnknownRevisionError: One names no commit.
        GitError: git could not read them.
    """
    commits = list(commits)
    if any("\0" in word for word in (*revisions, *commits)):
        raise unknown_revision(repo, (*revisions, *commits))
    wanted = _commits(repo, revisions, commits)
    if not wanted:
        return {}
    found = belonging(repo, list(wanted.values()))
    for run in running:
        of = wanted.keys() & {run.commit, *run.commits}
        if of:
            why = Why.BEGAN if run.commit in of else Why.SAID
            found.setdefault(run.id, Belongs(frozenset(of), why))
    return found


def _commits(
    repo: Repository, revisions: Sequence[str], commits: Iterable[str]
) -> dict[Oid, Commit]:
    try:
        read = read_commits(repo, revisions) if revisions else []
    except UnknownRevisionError:
        # What git said of it is said again, of the word and no more.
        raise unknown_revision(repo, revisions) from None
    for text in commits:
        read += read_commits(repo, [f"{_named(repo, text)}^!"])
    return {commit.oid: commit for commit in read}


def _named(repo: Repository, text: str) -> Oid:
    spec = f"{text}^{{commit}}"
    result = repo.start("rev-parse", "-q", "--verify", "--end-of-options", spec).result()
    if result.code != 0:
        raise unknown_revision(repo, [text])
    return Oid(result.out.decode("ascii").split()[-1])

"""The commits that a run was said to belong to, as people know them."""

from collections.abc import Sequence
from typing import NamedTuple

from repro.git.notes import read_notes
from repro.git.objects import read_objects
from repro.git.refs import read_ref
from repro.git.repository import Repository
from repro.model.ids import NOTES_REF, Oid, RefName
from repro.model.summary import Summary

__all__ = ["LinkedCommit", "commits_of"]

_NOTES = RefName(NOTES_REF)


class LinkedCommit(NamedTuple):
    """A commit that a run belongs to.

    Attributes:
        oid: It.
        subject: The first line of its message.
    """

    oid: Oid
    subject: str


def commits_of(repo: Repository, run: Summary) -> list[LinkedCommit]:
    """Returns the commits that a run was said or noted to belong to, besides where it began.

    In the order in which that was said. What an amend or a rebase left behind, in no branch and no
    tag any more, is left out where another one took its place.

    Raises:
        GitError: git could not read them.
    """
    oids = dict.fromkeys((*run.commits, *_noted(repo, run)))
    oids.pop(run.commit, None)  # type: ignore[arg-type]
    if not oids:
        return []
    contents = read_objects(repo, list(oids))
    found = [
        LinkedCommit(oid, _subject(content))
        for oid, content in zip(oids, contents, strict=True)
        if content is not None and content.startswith(b"tree ")  # else it is no commit, or not here
    ]
    left = _left_behind(repo, [commit.oid for commit in found]) if len(found) > 1 else frozenset()
    return [commit for commit in found if commit.oid not in left] or found


def _subject(commit: bytes) -> str:
    message = commit.partition(b"\n\n")[2].decode("utf-8", "replace")
    return message.strip().partition("\n")[0]


def _noted(repo: Repository, run: Summary) -> list[Oid]:
    if read_ref(repo, _NOTES) is None:
        return []
    rows = repo.git("notes", f"--ref={_NOTES}", "list").decode("ascii").splitlines()
    notes = read_notes(repo, _NOTES, [Oid(row.rpartition(" ")[2]) for row in rows])
    return [commit for commit, lines in notes.items() if run.id in lines]


def _left_behind(repo: Repository, oids: Sequence[Oid]) -> frozenset[Oid]:
    kept = ("--not", *(["HEAD"] if repo.head else []), "--branches", "--tags", "--remotes")
    out = repo.git("rev-list", "--stdin", *kept, stdin="\n".join(oids).encode())
    return frozenset(oids) & frozenset(map(Oid, out.decode("ascii").split()))

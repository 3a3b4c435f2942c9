"""Notes that git put on the wrong commit in a rebase.

Of a commit that was skipped, or had nothing left to change, git says that it became what HEAD was
just then, and copies its note there: the base would have the runs of a commit that is gone.
"""

from collections.abc import Collection
from typing import TypeAlias

from repro.git.notes import read_notes
from repro.git.repository import Repository
from repro.model.ids import NOTES_REF, Oid, RefName

__all__ = ["take_notes_back"]

_NOTES = RefName(NOTES_REF)
_BEFORE = RefName(f"{NOTES_REF}^")
_COPIED = "Notes added by 'git "
"""How the subject of git's own commit of notes begins; the newest, as hooks come right after."""

_Row: TypeAlias = tuple[Oid, Oid]


def take_notes_back(repo: Repository, dropped: Collection[_Row], kept: Collection[_Row]) -> None:
    """Takes out of notes what git has just copied there from commits that became nothing.

    What a note said before, and what it has from commits that did become that one, stays. Nothing
    is done once anybody wrote other notes after git: then it is not known which are its copies.

    Args:
        repo: The repository.
        dropped: The commits that became nothing, each with where git put its note.
        kept: The other commits of the rebase, each with what it became.

    Raises:
        GitError: git could not read or write notes.
    """
    noted = read_notes(repo, _NOTES, {oid for row in dropped for oid in row})
    wrong = {new for old, new in dropped if set(noted.get(old, ())) & set(noted.get(new, ()))}
    if not wrong:
        return
    told = repo.git("log", "-1", "--format=%P %s", _NOTES).decode("utf-8", "replace")
    parents, _, subject = told.partition(" ")
    if not parents or not subject.startswith(_COPIED):
        return
    before = read_notes(repo, _BEFORE, wrong)
    sources = read_notes(repo, _NOTES, {old for old, new in kept if new in wrong})
    for commit in sorted(wrong):
        said = set(before.get(commit, ()))
        said.update(line for old, new in kept if new == commit for line in sources.get(old, ()))
        copied = {line for old, new in dropped if new == commit for line in noted.get(old, ())}
        lines = [line for line in noted[commit] if line in said or line not in copied]
        if lines == noted[commit]:
            continue
        text = "".join(f"{line}\n" for line in lines).encode()
        edit = ("add", "--force", "--file=-", commit) if lines else ("remove", commit)
        repo.git("notes", f"--ref={_NOTES}", *edit, stdin=text)

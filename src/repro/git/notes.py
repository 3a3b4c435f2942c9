"""git notes: words on commits that git itself carries through amend, rebase and squash."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from repro.git.objects import read_objects
from repro.git.refs import RefExistsError, read_ref
from repro.git.repository import Repository
from repro.git.turn import turn
from repro.model.ids import Oid, RefName

if TYPE_CHECKING:
    from repro.model.run import Identity

__all__ = ["add_lines", "noted_commits", "read_notes"]

_MAX_TRIES = 50


def read_notes(repo: Repository, ref: RefName, commits: Collection[Oid]) -> dict[Oid, list[str]]:
    """Returns the lines of the notes on some commits, each once; those without a note left out.

    Raises:
        GitError: git could not read them.
    """
    if not commits:
        return {}
    blobs = noted_commits(repo, ref)
    noted = [commit for commit in commits if commit in blobs]
    contents = read_objects(repo, [blobs[commit] for commit in noted])
    return {
        commit: _lines(content) for commit, content in zip(noted, contents, strict=True) if content
    }


def noted_commits(repo: Repository, ref: RefName) -> dict[Oid, Oid]:
    """Returns the note on each commit that has one; none where there is no such ref.

    Raises:
        GitError: git could not read them, or what the ref names are no notes.
    """
    rows = repo.git("notes", f"--ref={ref}", "list").decode("ascii").splitlines()
    return {Oid(commit): Oid(blob) for blob, _, commit in (row.partition(" ") for row in rows)}


def _lines(content: bytes) -> list[str]:
    # Where git joined two notes there is an empty line between them, and a line may stand twice.
    lines = content.decode("utf-8", "replace").splitlines()
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))


def add_lines(
    repo: Repository,
    ref: RefName,
    lines: Mapping[Oid, Collection[str]],
    *,
    author: "Identity | None",
    at: datetime,
) -> None:
    """Adds lines to the notes on some commits; a line that is there already is not added again.

    What else a note says stays. Processes take turns, so that none takes away what another adds;
    git itself waits for no turn, and whoever is later goes on from what the other wrote.

    Args:
        repo: The repository.
        ref: Such as ``refs/notes/repro``.
        lines: Lines by commit; a commit that is not in this repository gets none.
        author: Author and committer; None where git knows none.
        at: Their time.

    Raises:
        RefExistsError: Somebody else was quicker again and again.
        GitError: git could not write.
        OSError: repro's directory cannot be written.
    """
    if not lines:
        return
    with turn(repo, "notes"):
        for attempt in range(_MAX_TRIES):
            # Before its notes: what is added to them meanwhile makes the writing fail.
            tip = read_ref(repo, ref)
            notes = _with_lines(repo, ref, lines)
            if not notes:
                return
            try:
                _write(repo, ref, notes, tip=tip, author=author, at=at)
            except RefExistsError:
                if attempt == _MAX_TRIES - 1:
                    raise
            else:
                return


def _with_lines(
    repo: Repository, ref: RefName, lines: Mapping[Oid, Collection[str]]
) -> dict[Oid, bytes]:
    """Returns the new content of each note that needs one."""
    blobs = noted_commits(repo, ref)
    noted = [commit for commit in lines if commit in blobs]
    # The commits are read too, which tells those that are not here.
    contents = read_objects(repo, [*lines, *(blobs[commit] for commit in noted)])
    commits, old = contents[: len(lines)], dict(zip(noted, contents[len(lines) :], strict=True))
    found = {}
    for (commit, added), content in zip(lines.items(), commits, strict=True):
        note = old.get(commit) or b""
        said = set(_lines(note))
        new = [line for line in dict.fromkeys(added) if line not in said]
        if new and content is not None and content.startswith(b"tree "):
            gap = b"" if not note or note.endswith(b"\n") else b"\n"
            found[commit] = note + gap + "".join(f"{line}\n" for line in new).encode()
    return found


def _write(
    repo: Repository,
    ref: RefName,
    notes: Mapping[Oid, bytes],
    *,
    tip: Oid | None,
    author: "Identity | None",
    at: datetime,
) -> None:
    from repro.git.commits import NOBODY, commit_head, fast_import

    stream = [commit_head(ref, b"Notes added by repro\n", author or NOBODY, at)]
    stream += [f"from {tip}\n".encode()] if tip is not None else []
    for commit, content in notes.items():
        stream.append(b"N inline %s\ndata %d\n%s\n" % (commit.encode(), len(content), content))
    fast_import(repo, ref, b"".join((*stream, b"\ndone\n")))

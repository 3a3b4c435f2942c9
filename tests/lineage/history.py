"""A repository whose history is rewritten in every way that git knows, with runs on its commits."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from repro.git.repository import Repository, open_repository
from repro.lineage.commits import read_commits
from repro.lineage.origins import Why, belonging
from repro.model.ids import Oid, RunId
from tests.repos import Scratch, run_program
from tests.store.conftest import Shelf

__all__ = ["History"]

_LINES = [f"line {number}" for number in range(30)]


class History(NamedTuple):
    """A repository.

    Attributes:
        scratch: It, for git.
    """

    scratch: Scratch

    @property
    def repo(self) -> Repository:
        """The repository as it stands now, for repro."""
        return open_repository(str(self.scratch.path))

    def commit(self, message: str = "change", **lines: str) -> Oid:
        """Commits files, named without their ending, that hold the lines given between others."""
        for name, text in lines.items():
            self.scratch.write(f"{name}.txt", text)
        return Oid(self.scratch.commit(message))

    def run(self, letter: str) -> RunId:
        """Writes a run that began from HEAD."""
        shelf = Shelf(self.scratch, self.repo)
        shelf.put(letter)
        return shelf.record(letter).run.id

    def work(self, letter: str, **lines: str) -> tuple[Oid, RunId]:
        """Commits files, and writes a run that began from the commit."""
        commit = self.commit(f"work {letter}", **lines)
        return commit, self.run(letter)

    def git(self, *args: str) -> str:
        """Runs git."""
        return self.scratch.git(*args)

    def head(self, back: int = 0) -> Oid:
        """Returns HEAD, or a commit before it."""
        return Oid(self.git("rev-parse", f"HEAD~{back}"))

    def rebase(self, *args: str, todo: Mapping[str, str] | None = None, edit: str = "") -> None:
        """Rebases, with the list of what is to be done edited.

        Args:
            args: For ``git rebase``.
            todo: Another command for the commits with these subjects.
            edit: A program for sed that edits the list; put after `todo`.
        """
        swaps = [f"-e '/ {subject}$/s/^pick/{word}/'" for subject, word in (todo or {}).items()]
        swaps += [f"-e '{edit}'"] if edit else []
        editor = f"sed -i {' '.join(swaps)}" if swaps else "true"
        env = {"GIT_SEQUENCE_EDITOR": editor, "GIT_EDITOR": "true"}
        flags = ("--interactive",) if swaps else ()
        run_program("git", "rebase", *flags, *args, cwd=self.scratch.path, env=env)

    def found(self, *revisions: str) -> dict[RunId, tuple[set[Oid], Why]]:
        """Returns the runs of some revisions, to which commits, and why."""
        repo = self.repo
        found = belonging(repo, read_commits(repo, revisions))
        return {run: (set(of), why) for run, (of, why) in found.items()}

    def clone(self, destination: Path) -> "History":
        """Clones what branches there are, and all runs."""
        clone = self.scratch.clone(destination)
        clone.git("fetch", "--quiet", "origin", "refs/repro/*:refs/repro/*")
        return History(clone)


def text_with(**lines: str) -> str:
    """Returns thirty lines, with others in place of some: ``l3="x"``."""
    return "".join(f"{lines.get(f'l{at}', line)}\n" for at, line in enumerate(_LINES))

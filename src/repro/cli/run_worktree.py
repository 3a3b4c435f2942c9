"""The working trees that repro keeps for itself: one a run, for `repro exec` and `repro shell`.

Each is made when it is first wanted and then stays as it is left, so that what was changed there
to look into a run is there the next time.
"""

import os
import shlex
from contextlib import suppress
from typing import NamedTuple

from repro.cli.console import Console
from repro.errors import ReproError
from repro.git.repository import GitError, Repository, open_repository
from repro.model.ids import short_id
from repro.model.run import Record
from repro.model.summary import Summary

__all__ = ["Changes", "OtherWorktreeError", "RunWorktree", "changes_in", "worktrees_home"]

_MAX_NAMED = 3


class OtherWorktreeError(ReproError):
    """The directory holds a working tree, but not of the run that is wanted there."""


def worktrees_home(repo: Repository) -> str:
    """Returns the directory of the working trees that repro makes for itself."""
    return f"{repo.state_dir}/worktrees"


class RunWorktree(NamedTuple):
    """Where a run's working tree is, or is to be made.

    Attributes:
        repo: The repository.
        summary: The run's.
        record: The run's.
        top: Absolute, without symbolic links.
        is_own: Whether repro chose the place, and may clear it.
    """

    repo: Repository
    summary: Summary
    record: Record
    top: str
    is_own: bool

    @classmethod
    def of(
        cls, repo: Repository, run: tuple[Summary, Record], directory: str | None
    ) -> "RunWorktree":
        """Returns the working tree of a run.

        Args:
            repo: The repository.
            run: The run.
            directory: Where the user wants it; None for repro's own place.
        """
        own = f"{worktrees_home(repo)}/{short_id(run[0].id)}"
        return cls(repo, *run, os.path.realpath(directory or own), directory is None)

    def is_ready(self) -> bool:
        """Tells whether it is there, whole.

        Raises:
            OtherWorktreeError: It is another run's, or none's.
            ReproError: What is checked out there cannot be told.
        """
        if not os.path.isfile(f"{self.top}/.git"):
            return False
        from repro.restore.state import checked_out

        try:
            found = open_repository(self.top)
        except GitError:
            if self.is_own:  # a process that made it was killed
                return False
            raise
        is_ours = found.top == self.top and found.common_dir == self.repo.common_dir
        note = checked_out(found) if is_ours else None
        if note is not None and note.run == self.summary.id:
            return True
        if note is None and self.is_own:
            return False
        letters, where = short_id(self.summary.id), shlex.quote(self.top)
        raise OtherWorktreeError(
            f"there is a working tree at {self.top}, and not of {self.summary.name}: "
            + (f"{note.name} is checked out there" if note else "it is none of a run"),
            hint=f"repro -C {where} checkout {letters}"
            if note
            else "--worktree takes a directory that does not exist, too",
        )

    def make(self, console: Console, *, inexact: bool = False) -> None:
        """Makes it; what a process that was killed left in repro's own place goes.

        Args:
            console: Told what is made.
            inexact: Whether to go on though a version of a table that it read is gone.

        Raises:
            DirectoryTakenError: Something else is there.
            ReproError: The run cannot be put back.
        """
        from repro.restore.new_worktree import checkout_worktree

        if self.is_own:
            self._clear()
        os.makedirs(os.path.dirname(self.top), exist_ok=True)
        outcome = checkout_worktree(self.repo, self.summary, self.record, self.top, inexact=inexact)
        console.talk(f"made a working tree of {outcome.title}: {_shown(self.top)}")
        for note in outcome.notes:
            console.talk(f"note: {note}")

    def _clear(self) -> None:
        import shutil

        from repro.git.worktrees import remove_worktree

        # git remembers a working tree even where its directory is gone.
        with suppress(GitError):
            remove_worktree(self.repo, self.top)
        if os.path.lexists(self.top):
            shutil.rmtree(self.top)

    def tell_of_changes(self, console: Console) -> None:
        """Says what there is not as the run had it: work that was left there."""
        try:
            paths, commit = changes_in(open_repository(self.top), self.record)
        except ReproError as error:  # a merge under way, and the like
            console.talk(f"note: {error.message}")
            return
        if commit:
            console.talk(f"note: as you left it: at commit {commit[:10]}, not at the run's")
        if paths:
            more = len(paths) - _MAX_NAMED
            names = ", ".join(paths[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
            files = "1 file differs" if len(paths) == 1 else f"{len(paths)} files differ"
            console.talk(f"note: as you left it: {files} from the run's: {names}")

    @property
    def cwd(self) -> str:
        """The directory in it that the run's command was started in."""
        place = os.path.normpath(os.path.join(self.top, self.record.run.cwd))
        return place if f"{place}/".startswith(f"{self.top}/") else self.top


class Changes(NamedTuple):
    """What in a run's working tree is not as the run had it.

    Attributes:
        paths: Files and data.
        commit: Where HEAD is, "" where it is where the run's was.
    """

    paths: tuple[str, ...]
    commit: str


def changes_in(worktree: Repository, record: Record) -> Changes:
    """Returns what in a run's working tree is not as the run had it.

    Raises:
        ReproError: That cannot be told, since a merge is under way, say.
    """
    from repro.data.place import matches
    from repro.restore.present import DirtyTreeError, look, require_clean
    from repro.restore.state import checked_out
    from repro.restore.stores import open_stores

    paths: set[str] = set()
    present = look(worktree, every_byte=False)
    try:
        require_clean(worktree, present)
    except DirtyTreeError as error:
        paths.update(error.paths)
    note = checked_out(worktree)
    placed = note.placed if note is not None else ()
    cache = open_stores(worktree).cache
    entries = [entry for entry in record.data if entry.path in placed and entry.path not in paths]
    paths.update(e.path for e in entries if not matches(e, f"{worktree.top}/{e.path}", cache=cache))
    head = present.head.oid or "none"
    return Changes(tuple(sorted(paths)), "" if present.head.oid == record.run.code.commit else head)


def _shown(path: str) -> str:
    """Returns a path as it would be typed: from here where that is shorter."""
    return shlex.quote(min(path, os.path.relpath(path), key=len))

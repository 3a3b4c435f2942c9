"""The code of a run, for programs."""

from functools import cached_property

from repro.git.repository import Repository
from repro.model.ids import Oid
from repro.model.run import Code as Entry
from repro.model.run import DirtyPath

__all__ = ["Code"]


class Code:
    """The code that a run ran: a commit, and what differed from it."""

    def __init__(self, repo: Repository, entry: Entry, snapshot: Oid) -> None:
        self._repo = repo
        self._entry = entry
        self._snapshot = snapshot

    @property
    def commit(self) -> str | None:
        """HEAD when the run started, None before the first commit."""
        return self._entry.commit

    @property
    def branch(self) -> str | None:
        """The branch then, None where HEAD was detached."""
        return self._entry.branch

    @property
    def tree(self) -> str:
        """The git tree of all files as they were."""
        return self._entry.tree

    @property
    def dirty(self) -> tuple[DirtyPath, ...]:
        """What differed from the commit: ``path`` and ``change`` of each, sorted by path."""
        return self._entry.dirty

    @property
    def is_dirty(self) -> bool:
        """Whether anything differed from the commit."""
        return bool(self._entry.dirty)

    def patch(self) -> str:
        """Returns the uncommitted changes as a patch; "" for none, and before the first commit."""
        return self._patch

    @cached_property
    def _patch(self) -> str:
        if self._entry.commit is None or not self._entry.dirty:
            return ""
        from repro.git.history import patch

        return patch(self._repo, self._entry.commit, self._snapshot)

    def __repr__(self) -> str:
        """Says where it is."""
        on = f" on {self.branch}" if self.branch else ""
        changes = f" + {len(self.dirty)} changed" if self.dirty else ""
        return f"<Code {(self.commit or 'no commit')[:10]}{on}{changes}>"

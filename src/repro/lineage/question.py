"""The commits that are asked about, found by what they hold and what they change."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping

from repro.git.repository import Repository
from repro.lineage.changes import Change
from repro.lineage.commits import Commit
from repro.lineage.graph import CLOCKS_S, shallow_ends
from repro.lineage.known_changes import KnownChanges
from repro.model.ids import Oid

__all__ = ["Question", "is_later"]

_MOST_COMMITS = 20_000
"""So many, the newest, are compared: to read what they change takes half a second."""
_AFTER, _BEFORE = 40, 10
"""So many of those that change the same paths are compared by their lines, the first ones made
after a commit and, for clocks are wrong, the last ones before it: a rewriting comes soon. There may
be thousands of them, where each commit of a project changes the same files."""


class Question:
    """The commits of a question that may be rewritings: no merges, and none older than all else.

    Attributes:
        changes: What they change, by commit.
    """

    def __init__(
        self,
        repo: Repository,
        commits: Iterable[Commit],
        old: Iterable[Commit],
        results: Collection[bytes],
        known: KnownChanges,
    ) -> None:
        """Reads what they change.

        Args:
            repo: The repository.
            commits: Those asked about, newest first.
            old: Those that they may be rewritings of; there is one at least.
            results: The objects that any of these puts in place, see `Change.results`.
            known: What is known of commits.

        Raises:
            GitError: git could not read them.
        """
        self._every = {commit.oid: commit for commit in commits}
        self._places = {oid: place for place, oid in enumerate(self._every)}
        self._before: dict[Oid, set[Oid]] = {}
        since_s = min(commit.authored_at for commit in old) - CLOCKS_S
        ends = shallow_ends(repo)
        chosen = [
            commit
            for commit in self._every.values()
            if commit.committed_at >= since_s and len(commit.parents) < 2 and commit.oid not in ends
        ][:_MOST_COMMITS]
        chosen.sort(key=lambda commit: commit.committed_at)
        read = known.of([commit.step for commit in chosen])
        self.changes: Mapping[Oid, Change] = {step.new: change for step, change in read.items()}
        self._sizes: set[int] = set()
        self._by_tree: dict[Oid, list[Commit]] = {}
        self._by_change: dict[Change, list[Commit]] = {}
        self._by_paths: dict[bytes, list[Commit]] = {}
        self._by_result: dict[bytes, list[Commit]] = {}
        for commit, change in zip(chosen, read.values(), strict=True):
            self._by_tree.setdefault(commit.tree, []).append(commit)
            if not change.paths:
                continue
            self._by_change.setdefault(change, []).append(commit)
            self._by_paths.setdefault(change.paths, []).append(commit)
            self._sizes.add(change.n_paths)
            for result in change.results():
                if result in results:
                    self._by_result.setdefault(result, []).append(commit)

    def with_tree_of(self, commit: Commit) -> list[Commit]:
        """Returns those that hold exactly what a commit holds, and may be a rewriting of it."""
        return [new for new in self._by_tree.get(commit.tree, ()) if is_later(new, commit)]

    def with_change(self, change: Change, commit: Commit) -> list[Commit]:
        """Returns those that make a change, and may be a rewriting of a commit."""
        return [new for new in self._by_change.get(change, ()) if is_later(new, commit)]

    def with_paths(self, paths: bytes, commit: Commit) -> list[Commit]:
        """Returns those that change certain paths, and may be a rewriting of a commit.

        Not all where there are many: those that come soon after it.
        """
        found = self._by_paths.get(paths, [])
        if len(found) > _AFTER + _BEFORE:
            at = bisect_left(found, commit.authored_at, key=lambda new: new.committed_at)
            found = found[max(at - _BEFORE, 0) : at + _AFTER]
        return [new for new in found if is_later(new, commit)]

    def has_size(self, n_paths: int) -> bool:
        """Tells whether any changes so many paths."""
        return n_paths in self._sizes

    def with_result(self, change: Change) -> dict[Oid, Commit]:
        """Returns those that put an object in place which a change puts in place."""
        return {
            commit.oid: commit
            for result in change.results()
            for commit in self._by_result.get(result, ())
        }

    def descends(self, starts: Iterable[Oid], new: Oid) -> bool:
        """Tells whether any of the commits that a branch began from is, or descends from, another.

        What was there before a branch, is no rewriting of anything on it.
        """
        place = self._places[new]
        # Commits are listed after those that descend from them: most need not be looked for.
        return any(
            self._places[start] <= place and new in self._back_from(start)
            for start in starts
            if start in self._places
        )

    def _back_from(self, start: Oid) -> set[Oid]:
        found = self._before.get(start)
        if found is None:
            found = self._before[start] = set()
            waiting = [start]
            while waiting:
                oid = waiting.pop()
                if oid not in found and oid in self._every:
                    found.add(oid)
                    waiting += self._every[oid].parents
        return found


def is_later(new: Commit, old: Commit) -> bool:
    """Tells whether a commit was written late enough to be a rewriting of another."""
    # The time of the change, for some tools write it over that of the commit.
    return new.committed_at >= old.authored_at - CLOCKS_S

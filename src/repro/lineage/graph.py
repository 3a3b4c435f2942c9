"""The commits that a question does not reach: where runs are whose commits were rewritten."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from repro.git.repository import Repository
from repro.lineage.commits import Commit, read_graph_of, start_graph
from repro.model.ids import Oid, is_oid
from repro.process import Pending

__all__ = ["CLOCKS_S", "Unreached", "read_unreached", "shallow_ends", "start_unreached"]

CLOCKS_S = 86_400
"""A rewriting is later than what it rewrites; two clocks are no further apart than this."""
_MOST_COMMITS = 5_000
"""Of the commits before those with runs, so many, the newest: read in a tenth of a second."""
_MOST_AFTER = 1_000
"""Of the commits after them, which have no runs, so many: each branch that is there adds some."""
_REFLOG_BYTES = 50_000
"""Some 300 moves of HEAD, the last ones."""


class Unreached(NamedTuple):
    """Commits that those of a question do not descend from.

    Attributes:
        graph: Them by id.
        with_runs: Those that have runs, newest first.
    """

    graph: Mapping[Oid, Commit]
    with_runs: Sequence[Commit]

    def line(self, tip: Oid) -> Iterator[Commit]:
        """Yields a commit and its first parents as far as they are here."""
        commit = self.graph.get(tip)
        while commit is not None:
            yield commit
            commit = self.graph.get(commit.parents[0]) if commit.parents else None

    def starts(self, tip: Oid) -> set[Oid]:
        """Returns where the branch of a commit began, and what was merged into it since."""
        before = self._before(tip)
        return {parent for oid in before for parent in self.graph[oid].parents} - before

    def between(self, tip: Oid, start: Oid | None) -> set[Oid]:
        """Returns a commit and those before it, but for another and those before that."""
        return self._before(tip) - (self._before(start) if start is not None else set())

    def _before(self, tip: Oid) -> set[Oid]:
        found: set[Oid] = set()
        waiting = [tip]
        while waiting:
            oid = waiting.pop()
            if oid not in found and oid in self.graph:
                found.add(oid)
                waiting += self.graph[oid].parents
        return found


def start_unreached(
    repo: Repository, commits: Sequence[Commit], with_runs: Collection[Oid], *, is_quick: bool
) -> tuple[Pending, Pending | None]:
    """Starts what `read_unreached` waits for.

    Args:
        repo: The repository.
        commits: Those of the question; there is one at least.
        with_runs: Commits that have runs; some may be missing.
        is_quick: Whether to leave out the commits that come after those with runs.
    """
    parents = {parent for commit in commits for parent in commit.parents}
    tips = [commit.oid for commit in commits if commit.oid not in parents]
    # What was written after all of the question was not rewritten into it.
    until = f"--until={max(commit.committed_at for commit in commits) + CLOCKS_S}"
    before = start_graph(repo, with_runs, tips, until, f"--max-count={_MOST_COMMITS}")
    if is_quick:
        return before, None
    options = (until, f"--max-count={_MOST_AFTER}", "--branches", "--remotes")
    return before, start_graph(repo, _last_heads(repo), tips, *options)


def read_unreached(
    repo: Repository, with_runs: Collection[Oid], started: tuple[Pending, Pending | None]
) -> Unreached:
    """Returns the commits with runs that those of a question do not descend from, with others.

    Raises:
        GitError: git could not read them.
    """
    before, after = started
    later = read_graph_of(after) if after is not None else {}
    graph = read_graph_of(before)
    old = [commit for oid, commit in graph.items() if oid in with_runs]
    if later:
        graph = _descendants(later, {commit.oid for commit in old}) | graph
    ends = shallow_ends(repo)
    graph = {oid: commit for oid, commit in graph.items() if oid not in ends}
    return Unreached(graph, [commit for commit in old if commit.oid in graph])


def _descendants(graph: Mapping[Oid, Commit], of: set[Oid]) -> dict[Oid, Commit]:
    """Returns what descends from some commits: all but those themselves."""
    found = set(of)
    before = 0
    # Children are listed before their parents: a second time round finds what wrong clocks hid.
    while before < len(found):
        before = len(found)
        for oid in reversed(list(graph)):
            if not found.isdisjoint(graph[oid].parents):
                found.add(oid)
    return {oid: commit for oid, commit in graph.items() if oid in found and oid not in of}


def _last_heads(repo: Repository) -> list[Oid]:
    """Returns where HEAD was lately, in this working tree: branches that are gone are known so."""
    try:
        with open(f"{repo.git_dir}/logs/HEAD", "rb") as file:
            size_bytes = file.seek(0, 2)
            file.seek(max(size_bytes - _REFLOG_BYTES, 0))
            rows = file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return []
    words = [row.split(" ", 2)[1] for row in rows if row.count(" ") >= 2]
    zero = "0" * len(words[-1]) if words else ""
    return [Oid(word) for word in dict.fromkeys(words) if is_oid(word) and word != zero]


def shallow_ends(repo: Repository) -> frozenset[Oid]:
    """Returns where a shallow clone ends: what these commits change is not known here."""
    try:
        with open(f"{repo.common_dir}/shallow", encoding="ascii", errors="replace") as file:
            return frozenset(map(Oid, file.read().split()))
    except OSError:
        return frozenset()

"""Finds which objects are missing below the tips of a repository, and which runs need them.

Only for when something is wrong: whether nothing is, git says faster.
"""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from repro.fsck.problem import Tell, silent
from repro.fsck.reader import Reader, commit_headers, parse_raw_tree
from repro.git.repository import Repository
from repro.model.ids import LOG_REFS, Oid, RunId

__all__ = ["Lost", "find_lost", "is_connected", "shallow_commits"]

_SUBMODULE = "160000"
_TREE = "40000"


class Lost(NamedTuple):
    """An object that is needed and cannot be read.

    Attributes:
        oid: The object.
        kind: "commit", "tree" or "blob".
        paths: Where it lies in the trees that hold it, as far as they are known.
        runs: The runs whose code, record or starting commit it is part of, oldest first.
        n_later: How many runs have it in their history only.
        chains: The refs of archives and logs that it is part of.
    """

    oid: Oid
    kind: str
    paths: tuple[str, ...]
    runs: tuple[RunId, ...]
    n_later: int
    chains: tuple[str, ...]


def is_connected(repo: Repository, tips: Iterable[Oid]) -> bool:
    """Tells whether all that the commits reach is there; bytes are not looked at."""
    stdin = "".join(f"{oid}\n" for oid in dict.fromkeys(tips)).encode("ascii")
    # Without the commit graph, which would vouch for commits that are gone.
    settings = ("-c", "core.commitGraph=false")
    flags = ("--exclude-promisor-objects",) if is_partial(repo) else ()
    args = (*settings, "rev-list", "--objects", "--quiet", *flags, "--stdin")
    return repo.start(*args, stdin=stdin).result().code == 0


def is_partial(repo: Repository) -> bool:
    """Tells whether the repository is a partial clone, where objects are missing by design."""
    args = ("config", "--get-regexp", r"^(remote\..*\.promisor|extensions\.partialclone)$")
    return bool(repo.start(*args).result().out.strip())


def shallow_commits(repo: Repository) -> frozenset[Oid]:
    """Returns the commits at which a shallow clone ends."""
    try:
        with open(f"{repo.common_dir}/shallow", encoding="ascii", errors="replace") as lines:
            return frozenset(Oid(line.strip()) for line in lines)
    except FileNotFoundError:
        return frozenset()


def find_lost(
    repo: Repository,
    reader: Reader,
    *,
    runs: Mapping[RunId, Oid],
    chains: Mapping[str, Collection[Oid]],
    tips: Collection[Oid],
    tell: Tell = silent,
) -> list[Lost]:
    """Returns every object that is needed and cannot be read.

    Args:
        repo: The repository.
        reader: Reads it.
        runs: The commit of each run.
        chains: The commits of each archive and log, by ref.
        tips: All commits to start from, those of runs too.
        tell: Told how far it is.
    """
    graph = _Graph(repo, reader, tell)
    graph.read_commits([*runs.values(), *tips, *(x for chain in chains.values() for x in chain)])
    graph.read_trees()
    if is_partial(repo):
        graph.lost = {oid: kind for oid, kind in graph.lost.items() if oid in reader.damaged}
    return [graph.attribute(oid, runs, chains) for oid in graph.lost]


class _Graph:
    def __init__(self, repo: Repository, reader: Reader, tell: Tell) -> None:
        self.lost: dict[Oid, str] = {}
        self._reader = reader
        self._tell = tell
        self._n_hash_bytes = 20 if repo.hash_name == "sha1" else 32
        self._shallow = shallow_commits(repo)
        self._parents: dict[Oid, tuple[Oid, ...]] = {}
        self._children: dict[Oid, list[Oid]] = defaultdict(list)
        self._commits_of: dict[Oid, list[Oid]] = defaultdict(list)
        # Which trees hold a tree, or an object that is lost, and under which name.
        self._holders: dict[Oid, list[tuple[Oid, str]]] = defaultdict(list)

    def read_commits(self, tips: Iterable[Oid]) -> None:
        todo = list(dict.fromkeys(tips))
        seen = set(todo)
        while todo:
            self._tell("history", len(seen), 0)
            fresh: list[Oid] = []
            for oid, found in self._reader.read(todo):
                if found is None or found.kind != "commit":
                    self.lost[oid] = "commit"
                    continue
                tree, parents = commit_headers(found.content)
                self._parents[oid] = () if oid in self._shallow else parents
                if tree is not None:
                    self._commits_of[tree].append(oid)
                fresh += self._parents[oid]
            todo = [oid for oid in dict.fromkeys(fresh) if oid not in seen]
            seen.update(todo)
        for oid, parents in self._parents.items():
            for parent in parents:
                self._children[parent].append(oid)

    def read_trees(self) -> None:
        todo = list(self._commits_of)
        seen = set(todo)
        # One holder of each blob is enough to tell which are lost.
        blobs: dict[Oid, list[tuple[Oid, str]]] = defaultdict(list)
        while todo:
            self._tell("trees", len(seen), 0)
            fresh: dict[Oid, None] = {}
            for oid, found in self._reader.read(todo):
                if found is None or found.kind != "tree":
                    self.lost[oid] = "tree"
                    continue
                for mode, name, child in parse_raw_tree(
                    found.content, n_hash_bytes=self._n_hash_bytes
                ):
                    if mode == _TREE:
                        self._holders[child].append((oid, name))
                        if child not in seen:
                            fresh[child] = None
                    elif mode != _SUBMODULE:
                        blobs[child].append((oid, name))
            todo = list(fresh)
            seen.update(todo)
        for oid, kind in self._reader.kinds(blobs).items():
            if kind is None:
                self.lost[oid] = "blob"
                self._holders[oid] = blobs[oid]

    def attribute(
        self, oid: Oid, runs: Mapping[RunId, Oid], chains: Mapping[str, Collection[Oid]]
    ) -> Lost:
        paths: dict[str, None] = {}
        holders = {oid} if self.lost[oid] == "commit" else set()
        for root, path in self._climb(oid):
            paths[path] = None
            holders.update(self._commits_of.get(root, ()))
        direct, later = [], 0
        descendants = self._descendants(holders)
        for run_id, commit in sorted(runs.items()):
            if commit in holders or holders.intersection(self._parents.get(commit, ())):
                direct.append(run_id)
            elif commit in descendants:
                later += 1
        of = tuple(
            ref
            for ref, chain in chains.items()
            if holders.intersection(chain)
            or (ref.startswith(LOG_REFS) and descendants.intersection(chain))
        )
        found = tuple(path for path in paths if path)
        return Lost(oid, self.lost[oid], found, tuple(direct), later, of)

    def _climb(self, oid: Oid) -> Iterator[tuple[Oid, str]]:
        """Yields the roots of the trees that hold an object, with its path from there."""
        todo = [(oid, "")]
        seen = {oid}
        while todo:
            at, path = todo.pop()
            if at in self._commits_of:
                yield at, path
            for holder, name in self._holders.get(at, ()):
                if holder not in seen:
                    seen.add(holder)
                    todo.append((holder, os.path.join(name, path) if path else name))

    def _descendants(self, commits: Iterable[Oid]) -> set[Oid]:
        todo = list(commits)
        seen = set(todo)
        while todo:
            for child in self._children.get(todo.pop(), ()):
                if child not in seen:
                    seen.add(child)
                    todo.append(child)
        return seen

"""Which runs a retention policy keeps, and for which reason; nothing is removed here."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from repro.git.objects import read_objects
from repro.git.repository import Repository
from repro.model.ids import Oid, RunId
from repro.model.summary import Summary
from repro.store.shared import Shared

__all__ = ["Kept", "Retention", "registered_commits", "retain"]

_PARENT = re.compile(rb"^parent_run: \"?([0-9T]{15}-[k-z]{8})\"?$", re.MULTILINE)


class Kept(StrEnum):
    """Why a run stays; the first that holds is given."""

    NEWEST = "newest"
    """Among the newest."""
    MATCHING = "matching"
    """It matches an expression."""
    NEWER = "newer"
    """It started after the date."""
    TAGGED = "tagged"
    STARRED = "starred"
    REGISTERED = "registered"
    """A git tag, such as those that register a model, or a branch names its commit."""
    SHARED = "shared"
    """A remote has it."""
    PARENT = "parent of a kept run"


class Retention(NamedTuple):
    """What becomes of the runs.

    Attributes:
        kept: Why each stays, newest first.
        leaving: The others, newest first.
    """

    kept: dict[RunId, Kept]
    leaving: tuple[Summary, ...]

    def counts(self) -> dict[Kept, int]:
        """Returns how many runs stay for each reason."""
        found = dict.fromkeys(Kept, 0)
        for reason in self.kept.values():
            found[reason] += 1
        return {reason: n for reason, n in found.items() if n}


def retain(
    repo: Repository,
    runs: Sequence[Summary],
    *,
    wanted: Mapping[Kept, Callable[[int, Summary], bool]],
    registered: Collection[Oid],
    shared: Iterable[Shared],
) -> Retention:
    """Decides which runs stay.

    Args:
        repo: The repository.
        runs: All that can be read, newest first.
        wanted: For each rule whether it keeps a run, given how many are newer.
        registered: From `registered_commits`.
        shared: What remotes have.

    Raises:
        GitError: git could not read the records.
    """
    on_remotes = frozenset[RunId]().union(*(known.runs for known in shared))
    rules: dict[Kept, Callable[[int, Summary], bool]] = {
        **wanted,
        Kept.TAGGED: lambda _, run: bool(run.tags),
        Kept.STARRED: lambda _, run: run.starred,
        Kept.REGISTERED: lambda _, run: run.oid in registered,
        Kept.SHARED: lambda _, run: run.id in on_remotes,
    }
    kept: dict[RunId, Kept] = {}
    for number, run in enumerate(runs):
        why = next((reason for reason, holds in rules.items() if holds(number, run)), None)
        if why is not None:
            kept[run.id] = why
    if len(kept) < len(runs):
        _keep_parents(repo, {run.id: run for run in runs}, kept)
    return Retention(
        {run.id: kept[run.id] for run in runs if run.id in kept},
        tuple(run for run in runs if run.id not in kept),
    )


def _keep_parents(repo: Repository, runs: Mapping[RunId, Summary], kept: dict[RunId, Kept]) -> None:
    waiting = list(kept)
    while waiting:
        contents = read_objects(repo, [f"{runs[run].oid}:.repro/run.yaml" for run in waiting])
        parents = (_PARENT.search(content or b"") for content in contents)
        ids = {RunId(match[1].decode("ascii")) for match in parents if match is not None}
        waiting = [run for run in sorted(ids) if run in runs and run not in kept]
        kept.update(dict.fromkeys(waiting, Kept.PARENT))


def registered_commits(repo: Repository) -> frozenset[Oid]:
    """Returns the commits that tags and branches of the user's name, through other tags too.

    Raises:
        GitError: git could not read them.
    """
    branches = repo.git("for-each-ref", "--format=%(objectname)", "refs/heads/", "refs/remotes/")
    # Peels a tag of a tag, which for-each-ref does not; without any tag it fails, silently.
    tags = repo.start("show-ref", "--tags", "--dereference").result().out.splitlines()
    named = [*branches.splitlines(), *(row.partition(b" ")[0] for row in tags)]
    return frozenset(Oid(oid.decode("ascii")) for oid in named)

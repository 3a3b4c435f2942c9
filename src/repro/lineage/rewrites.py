"""Which commits are others rewritten: by what they hold, by what they change, or as a squash.

Nothing of this is written down anywhere; all of it follows from the commits themselves. What cannot
be told is not guessed: a rewriting that makes another change, as after a conflict, is not found.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from repro.git.repository import Repository
from repro.lineage.changes import Change
from repro.lineage.commits import Commit
from repro.lineage.graph import Unreached, read_unreached, start_unreached
from repro.lineage.known_changes import KnownChanges
from repro.lineage.patches import may_be_same_patch, same_patches
from repro.lineage.question import Question
from repro.lineage.squashes import find_squashes
from repro.lineage.why import Why
from repro.model.ids import Oid

__all__ = ["Rewrite", "find_rewrites"]


class Rewrite(NamedTuple):
    """One commit is another rewritten.

    Attributes:
        old: A commit that has runs.
        new: One of the question.
        why: How that is known.
    """

    old: Oid
    new: Oid
    why: Why


def find_rewrites(
    repo: Repository,
    commits: Sequence[Commit],
    with_runs: Collection[Oid],
    *,
    is_quick: bool = False,
) -> list[Rewrite]:
    """Returns which of a question's commits are rewritings of commits that have runs.

    Args:
        repo: The repository.
        commits: Those of the question, newest first.
        with_runs: Commits that have runs, none of these; some may be missing.
        is_quick: Whether to leave out squashes whose last commits had no runs.

    Raises:
        GitError: git could not read them.
    """
    if not commits or not with_runs:
        return []
    started = start_unreached(repo, commits, with_runs, is_quick=is_quick)
    known = KnownChanges(repo)
    known.expect(len(commits))  # while git works
    unreached = read_unreached(repo, with_runs, started)
    if not unreached.with_runs:
        return []
    read = known.of([commit.step for commit in unreached.graph.values()])
    changes = {step.new: change for step, change in read.items()}
    results = {result for change in changes.values() for result in change.results()}
    question = Question(repo, commits, unreached.with_runs, results, known)
    if not question.changes:
        return []
    alone = _one_by_one(repo, unreached, changes, question)
    squashes = find_squashes(
        repo,
        unreached,
        changes,
        question,
        same={(one.old, one.new) for one in alone if one.why is Why.SAME_CHANGE},
    )
    matched = {one.old for one in alone}
    return alone + [Rewrite(old, new, Why.SQUASH) for old, new in squashes if old not in matched]


class _Likeness(NamedTuple):
    """How alike two commits are; the greater the more."""

    is_tree_same: bool
    is_change_same: bool
    is_time_same: bool
    """Of the change: amending, rebasing and picking keep it."""


def _one_by_one(
    repo: Repository,
    unreached: Unreached,
    changes: Mapping[Oid, Change],
    question: Question,
) -> list[Rewrite]:
    old = unreached.with_runs
    by_objects = {
        commit.oid: {
            oid: likeness
            for oid, likeness in _by_objects(commit, changes[commit.oid], question).items()
            if not question.descends(unreached.starts(commit.oid), oid)
        }
        for commit in old
    }
    # Lines are compared only where objects tell nothing.
    pairs = {
        (commit.step, new.step): (commit, new)
        for commit in old
        if not by_objects[commit.oid]
        for new in _perhaps(commit, changes[commit.oid], question)
    }
    for pair in same_patches(repo, pairs):
        commit, new = pairs[pair]
        is_time_same = commit.authored_at == new.authored_at
        if not question.descends(unreached.starts(commit.oid), new.oid):
            by_objects[commit.oid][new.oid] = _Likeness(False, True, is_time_same)
    return [
        Rewrite(oid, new, Why.SAME_TREE if likeness.is_tree_same else Why.SAME_CHANGE)
        for oid, found in by_objects.items()
        for new, likeness in found.items()
        if likeness == max(found.values())
    ]


def _by_objects(commit: Commit, change: Change, question: Question) -> dict[Oid, _Likeness]:
    found = {}
    is_merge = len(commit.parents) > 1
    holding = {
        new.oid: new for new in question.with_tree_of(commit) if _may_hold(commit, new, question)
    }
    changing = {new.oid: new for new in question.with_change(change, commit) if not is_merge}
    for oid, new in (holding | changing).items():
        is_time_same = commit.authored_at == new.authored_at
        found[oid] = _Likeness(oid in holding, oid in changing, is_time_same)
    return found


def _may_hold(commit: Commit, new: Commit, question: Question) -> bool:
    """Tells whether the same tree means a rewriting.

    A commit without any change holds what the one before it holds, and is not all of those that
    hold the same: it is taken for an empty one with another message only.
    """
    if question.changes[new.oid].paths:
        return True
    is_same_place = commit.parents == new.parents
    return is_same_place and commit.authored_at == new.authored_at


def _perhaps(commit: Commit, change: Change, question: Question) -> Iterator[Commit]:
    """Yields those that may have the same patch."""
    if len(commit.parents) > 1:
        return
    for new in question.with_paths(change.paths, commit):
        if may_be_same_patch(change, question.changes[new.oid]):
            yield new

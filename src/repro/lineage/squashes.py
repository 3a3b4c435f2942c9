"""Which commits are the squash of several, wherever that was done.

A squash makes at once the change from where a branch began to where it ended, or that of a few
commits in the middle of it. Changes of steps that follow one another are put together here, without
git, and compared.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from repro.git.repository import Repository
from repro.lineage.changes import Change, Rows, read_changes
from repro.lineage.commits import Commit, Step
from repro.lineage.graph import Unreached
from repro.lineage.patches import may_be_same_patch, same_patches
from repro.lineage.question import Question, is_later
from repro.model.ids import Oid

__all__ = ["find_squashes"]

_MOST_TOGETHER = 200
"""No more commits are taken for one: the work grows with the square of it."""
_MOST_MERGES = 200
"""So many branches with merges in them, the newest, are compared with what they merged."""


class _Range(NamedTuple):
    """Commits that may have become one.

    Attributes:
        step: From before the first of them to the last.
        change: What they change together.
    """

    step: Step
    change: Change


_Candidates: TypeAlias = Iterator[tuple[_Range, Commit]]


def find_squashes(
    repo: Repository,
    unreached: Unreached,
    changes: Mapping[Oid, Change],
    question: Question,
    *,
    same: Collection[tuple[Oid, Oid]],
) -> set[tuple[Oid, Oid]]:
    """Returns commits with runs, and of each the commit that it was squashed into with others.

    Args:
        repo: The repository.
        unreached: The commits with runs, and those about them.
        changes: What each of them changes, against its first parent.
        question: The commits of the question.
        same: Of commits that make the same change alone, the old and the new one.

    Raises:
        GitError: git could not read them.
    """
    with_runs = {commit.oid for commit in unreached.with_runs}
    sure: list[tuple[_Range, Commit]] = []
    perhaps: dict[tuple[Step, Step], tuple[_Range, Commit]] = {}
    for one, new in _candidates(repo, unreached, changes, question):
        if one.change == question.changes[new.oid]:
            sure.append((one, new))
        elif may_be_same_patch(one.change, question.changes[new.oid]):
            perhaps[one.step, new.step] = (one, new)
    sure += [perhaps[pair] for pair in same_patches(repo, perhaps)]
    found = set()
    for one, new in sure:
        several = unreached.between(one.step.new, one.step.old)
        # What makes the change alone, needs no others for it.
        is_alone = any((old, new.oid) in same for old in several)
        starts = unreached.starts(one.step.new)
        if len(several) > 1 and not is_alone and not question.descends(starts, new.oid):
            found |= {(old, new.oid) for old in several & with_runs}
    return found


def _candidates(
    repo: Repository,
    unreached: Unreached,
    changes: Mapping[Oid, Change],
    question: Question,
) -> _Candidates:
    rows = {oid: change.rows for oid, change in changes.items()}
    yield from _whole_branches(unreached, rows, question)
    yield from _parts(unreached, changes, rows, question)
    yield from _after_merges(repo, unreached, question)


def _whole_branches(
    unreached: Unreached, rows_of: Mapping[Oid, Rows], question: Question
) -> _Candidates:
    """Yields what begins where a branch began, and ends anywhere on it."""
    graph = unreached.graph
    followed = {commit.parents[0] for commit in graph.values() if commit.parents}
    seen: set[Oid] = set()
    for tip in graph:
        if tip in followed:
            continue
        upwards = list(unreached.line(tip))[::-1][:_MOST_TOGETHER]
        start = upwards[0].step.old
        rows: Rows = {}
        for commit in upwards:
            _go_on(rows, rows_of[commit.oid])
            if commit.oid not in seen and question.has_size(len(rows)):
                seen.add(commit.oid)
                whole = _Range(Step(commit.oid, start), Change.of(rows))
                yield from _alike(whole, commit, question)


def _parts(
    unreached: Unreached,
    changes: Mapping[Oid, Change],
    rows_of: Mapping[Oid, Rows],
    question: Question,
) -> _Candidates:
    """Yields what ends in what a commit of the question leaves, and begins anywhere before."""
    for tip in unreached.graph.values():
        wanted = question.with_result(changes[tip.oid])
        wanted = {oid: new for oid, new in wanted.items() if is_later(new, tip)}
        if not wanted:
            continue
        sizes = {oid: question.changes[oid].n_paths for oid in wanted}
        rows: Rows = {}
        for number, commit in enumerate(unreached.line(tip.oid)):
            if number == _MOST_TOGETHER:
                break
            _go_back(rows, rows_of[commit.oid])
            for new in wanted.values():
                if len(rows) == sizes[new.oid]:
                    part = _Range(Step(tip.oid, commit.step.old), Change.of(rows))
                    if part.change.paths == question.changes[new.oid].paths:
                        yield part, new


def _after_merges(repo: Repository, unreached: Unreached, question: Question) -> _Candidates:
    """Yields what begins where the branch that a squash went to was merged last."""
    steps: dict[Step, Commit] = {}
    for tip in unreached.graph.values():
        for number, commit in enumerate(unreached.line(tip.oid)):
            merged = [oid for oid in commit.parents[1:] if oid not in unreached.graph]
            if merged:
                steps |= {Step(tip.oid, oid): tip for oid in merged}
            if merged or number == _MOST_TOGETHER:
                break
        if len(steps) >= _MOST_MERGES:
            break
    for step, change in read_changes(repo, steps).items():
        yield from _alike(_Range(step, change), steps[step], question)


def _alike(one: _Range, tip: Commit, question: Question) -> _Candidates:
    same = question.with_change(one.change, tip)
    for new in same or question.with_paths(one.change.paths, tip):
        yield one, new


def _go_on(rows: Rows, later: Rows) -> None:
    """Puts a change after those that are together already."""
    for path, (before, after) in later.items():
        first = rows.pop(path, (before, after))[0]
        if first != after:
            rows[path] = (first, after)


def _go_back(rows: Rows, earlier: Rows) -> None:
    """Puts a change before those that are together already."""
    for path, (before, after) in earlier.items():
        last = rows.pop(path, (before, after))[1]
        if before != last:
            rows[path] = (before, last)

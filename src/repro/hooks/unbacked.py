"""Metrics that no run here has: what is about to be committed as a result, and may be none."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple, TypeAlias

from repro.git.objects import read_objects
from repro.git.repository import Repository
from repro.hooks.staged import StagedFile
from repro.model.summary import Summary
from repro.model.values import Number, is_same
from repro.record.formats import FormatError
from repro.record.live import list_live_runs
from repro.record.metrics import metrics_in
from repro.record.project import Project

__all__ = ["Unbacked", "unbacked_metrics"]

_UNDER_WAY = ("CHERRY_PICK_HEAD", "REVERT_HEAD", "SQUASH_MSG", "rebase-merge", "rebase-apply")
"""What git makes a commit of that is in a history already, its runs perhaps elsewhere."""

_ENOUGH = 4
"""A run that has all values has one of so many."""

_Values: TypeAlias = Mapping[str, Number]


class Unbacked(NamedTuple):
    """A metrics file that no run here stands behind.

    Attributes:
        path: The file.
        name: One of its metrics that the run most like it has not.
        value: Its value.
    """

    path: str
    name: str
    value: Number


def unbacked_metrics(
    repo: Repository, files: Sequence[StagedFile], projects: Mapping[str, Project]
) -> list[Unbacked]:
    """Returns the metrics files whose new values are those of no run, recorded or in progress.

    A file whose values are what they were, or are what they are in some commit already, is none.

    Args:
        repo: The repository.
        files: The metrics files that the commit adds or changes.
        projects: The project of each.

    Raises:
        GitError: git cannot read its objects.
    """
    if any(os.path.exists(f"{repo.git_dir}/{name}") for name in _UNDER_WAY):
        return []
    changed = list(_changed(repo, files, projects))
    if not changed:
        return []
    starts_ns = list(_starts_ns(repo))
    return [
        found
        for file, values in changed
        if not _is_written_since(repo, file.path, starts_ns)
        if (found := _judged(repo, file, values)) is not None
    ]


def _changed(
    repo: Repository, files: Sequence[StagedFile], projects: Mapping[str, Project]
) -> Iterator[tuple[StagedFile, _Values]]:
    """Yields the files that have other values than at HEAD, with their values, new ones first."""
    blobs = [oid for file in files for oid in (file.new, file.old or file.new)]
    contents = read_objects(repo, blobs)
    for file, new, old in zip(files, contents[::2], contents[1::2], strict=True):
        values = _values(file.path, new, projects[file.path])
        before = _values(file.path, old, projects[file.path]) if file.old is not None else {}
        other = {n: x for n, x in values.items() if n not in before or not is_same(before[n], x)}
        if other:
            yield file, {**other, **values}


def _values(path: str, content: bytes | None, project: Project) -> _Values:
    try:
        summary = metrics_in(path, content or b"", project).summary
    except FormatError:  # no numbers, so nothing is claimed
        return {}
    return {name: metric.value for name, metric in summary.items()}


def _starts_ns(repo: Repository) -> Iterator[int]:
    """Yields when each of the runs in progress in this working tree began."""
    for live in list_live_runs(repo):
        begun = live.read("run")
        if begun is not None and begun.get("worktree") == repo.top:
            yield int(begun["started_ns"])


def _is_written_since(repo: Repository, path: str, starts_ns: Sequence[int]) -> bool:
    """Tells whether a run in progress may have written a file, whose record is yet to be made."""
    with suppress(OSError):
        return bool(starts_ns) and os.stat(f"{repo.top}/{path}").st_mtime_ns >= min(starts_ns)
    return False


def _judged(repo: Repository, file: StagedFile, values: _Values) -> Unbacked | None:
    lacking: list[str] = list(values)
    for run in _runs_like(repo, file.path, values):
        without = [name for name, x in values.items() if not _has(run, file.path, name, x)]
        if not without:
            return None
        lacking = min(lacking, without, key=len)
    if _is_in_history(repo, file):
        return None
    return Unbacked(file.path, lacking[0], values[lacking[0]])


def _has(run: Summary, path: str, name: str, value: Number) -> bool:
    # Where two files give one name two values, the second has the file's name before it.
    known = (run.metrics.get(name), run.metrics.get(f"{path}:{name}"))
    return any(other is not None and is_same(other, value) for other in known)


def _runs_like(repo: Repository, path: str, values: _Values) -> Sequence[Summary]:
    """Returns the runs that may have the values: of the index those that have one of the first."""
    from repro.store.index import ask_index
    from repro.store.index_query import Place, Some, Test
    from repro.store.listing import read_listing
    from repro.store.runs import complete_all

    tests = Some(
        tuple(
            Test(Place("metrics", full), "==", value)
            for name, value in islice(values.items(), _ENOUGH)
            for full in (name, f"{path}:{name}")
        )
    )
    found = ask_index(repo, lambda index: index.read(m.number for m in index.matches(tests)))
    return complete_all(repo, (found or read_listing(repo)).summaries)


def _is_in_history(repo: Repository, file: StagedFile) -> bool:
    """Tells whether some commit holds the same file: then it is no news of this one."""
    commits = ("HEAD",) if repo.head else ()
    args = ("log", "-1", "--format=%H", f"--find-object={file.new}", *commits)
    everywhere = ("--branches", "--remotes", "--tags")
    literal = {"GIT_LITERAL_PATHSPECS": "1", "GIT_NO_LAZY_FETCH": "1"}
    result = repo.start(*args, *everywhere, "--", file.path, env=literal).result()
    return result.code == 0 and bool(result.out.strip())

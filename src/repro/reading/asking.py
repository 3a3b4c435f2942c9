"""``repro.runs`` and ``repro.get_run``: from words to runs."""

import os
from collections.abc import Iterable
from typing import TypeAlias

from repro.git.repository import Repository, open_repository
from repro.model.ids import RunId
from repro.reading.run import Run
from repro.reading.run_list import Runs
from repro.record.live import list_live_runs
from repro.selection.running import find_running, running_records

__all__ = ["Place", "find", "get_run", "runs"]

Place: TypeAlias = str | os.PathLike[str] | Repository | None
"""A directory in a repository; None for the current one."""


def runs(
    expression: str | None = None,
    *,
    sort: str | None = None,
    limit: int | None = None,
    revisions: str | Iterable[str] = (),
    commit: str | Iterable[str] = (),
    repo: Place = None,
) -> Runs:
    """Returns runs, newest first, those in progress among them, as ``repro ls`` does.

    ::

        repro.runs("metrics.acc > 0.9 and not dirty", sort="-metrics.acc", limit=10)
        repro.runs('params.opt in ["adam", "sgd"] and "baseline" in tags').to_pandas()
        repro.runs(revisions="main..")  # of this branch alone

    Args:
        expression: A filter, in the language of ``repro ls``; None for every run.
        sort: A key such as ``metrics.acc``, with "-" for the largest first.
        limit: At most so many.
        revisions: As ``git log`` takes them, such as ``HEAD``, ``main..`` or
            ``["feature", "^main"]``: only runs that belong to one of the commits there. A run
            belongs to the commit that it began from, to one that holds its results, and to what an
            amend, a rebase or a squash made of these.
        commit: Anything that names a commit, or several: only runs that belong to one of these,
            without their history. With `revisions`, runs of either.
        repo: A directory of the repository; by default the current one.

    Raises:
        QueryError: The filter or the key cannot be read, or names what no run has.
        NotARepositoryError: There is no repository.
        UnknownRevisionError: A revision names no commit.
        ValueError: `limit` is less than 1.
    """
    from repro.selection.select import Request, select

    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}, and at least 1 is needed; None is for all runs")
    where = _opened(repo)
    records = {record.run.id: record for record in running_records(where)}
    request = Request(expression or None, sort, _words(commit), limit or 0, _words(revisions))
    selection = select(where, request)
    for run in selection.unreadable:
        _warn(run.reason)
    return Runs(Run(where, run, records.get(run.id)) for run in selection.runs)


def get_run(run: str = "@", *, repo: Place = None) -> Run:
    """Returns the run that a text names, recorded or in progress.

    ::

        repro.get_run("@")  # the newest; "@~2" the third
        repro.get_run("best:accuracy")  # also "max:accuracy", "min:loss"
        repro.get_run("kxwm")  # the first letters of its id, its name, a commit, a branch

    Args:
        run: The text.
        repo: A directory of the repository; by default the current one.

    Raises:
        UnknownRunError: There is none.
        AmbiguousRunError: There are several.
        UnreadableRunError: It is damaged, or a newer repro wrote it.
        NotARepositoryError: There is no repository.
    """
    from repro.lineage.resolve import resolve_run

    where = _opened(repo)
    records = running_records(where)
    running = find_running(where, records, run)
    if running is not None:
        record = next(record for record in records if record.run.id == running.id)
        return Run(where, running, record)
    return Run(where, resolve_run(where, run))


def find(repo: Repository, run: RunId) -> Run | None:
    """Returns a run by its id, None where it is not here."""
    from repro.store.resolve import UnknownRunError

    try:
        return get_run(run, repo=repo)
    except UnknownRunError:
        return None


def _words(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _opened(place: Place) -> Repository:
    """Opens the repository, and first records the runs whose recorder died."""
    if isinstance(place, Repository):
        return place
    repo = open_repository(None if place is None else os.path.abspath(os.fspath(place)))
    if list_live_runs(repo):
        from repro.record.recover import recover_dead_runs

        _, failures = recover_dead_runs(repo, home=os.path.expanduser("~"))
        for failure in failures:
            _warn(f"could not record {failure}")
    return repo


def _warn(text: str) -> None:
    import logging

    logging.getLogger("repro").warning("%s", text)

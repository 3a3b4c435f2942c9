"""Which runs a listing is about, found by the index: only what is shown or in doubt is read."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from repro.compare.fields import MISSING, Key
from repro.compare.order import sort_key, sort_runs
from repro.compare.query import Query, compile_query
from repro.git.repository import Repository
from repro.model.ids import RunId
from repro.model.summary import Summary
from repro.selection.prefilter import condition_of, place_of
from repro.selection.select import Request, Selection, completed
from repro.store.index import ask_index
from repro.store.index_leading import Leading, newest_of
from repro.store.index_reader import Reader

__all__ = ["select_indexed"]


class _NotHere(Exception):  # noqa: N818 - a signal, met in this module
    """The index does not tell; every run must be read."""


def select_indexed(
    repo: Repository,
    request: Request,
    running: Sequence[Summary],
    *,
    among: Collection[RunId] | None,
) -> Selection | None:
    """Returns what `repro.selection.select.select` does, None where the index cannot tell.

    Args:
        repo: The repository.
        request: What was asked for.
        running: The runs in progress.
        among: The runs that belong to the commits of the request; None where it names none.

    Raises:
        QueryError: The filter or the key cannot be read.
    """
    if not request.limit and request.expression is None and among is None:
        return None  # all of them
    query = compile_query(request.expression) if request.expression is not None else None
    key = sort_key(request.sort) if request.sort is not None else None
    asked = _Asked(request, query, key, among)
    try:
        return ask_index(
            repo,
            lambda index: _Selecting(repo, index, asked).select(running),
        )
    except _NotHere:
        return None


class _Asked(NamedTuple):
    request: Request
    query: Query | None
    key: Key | None
    among: Collection[RunId] | None


class _Selecting:
    """One request, and one state of the index."""

    def __init__(self, repo: Repository, index: Reader, asked: _Asked) -> None:
        self._repo = repo
        self._index = index
        self._request, self._query, self._key, self._among = asked

    def select(self, running: Sequence[Summary]) -> Selection:
        index, limit = self._index, self._request.limit
        found = self._found()
        doubtful = index.read(match.number for match in found.matches if not match.is_certain)
        recorded_ids = index.recorded(run.id for run in running)
        running = [run for run in running if run.id not in recorded_ids]
        n_readable = index.n_runs - len(doubtful.unreadable) + len(running)
        whole = completed(self._repo, [*doubtful.summaries, *running])
        self._check(self._query.keys if self._query else (), whole)
        passing = [run for run in whole if self._matches(run)]
        n_matching = found.n_certain + len(passing)
        certain = [match for match in found.matches if match.is_certain]
        if limit and self._key is None:
            certain = newest_of(certain, limit)
        runs = [*passing, *index.read(match.number for match in certain).summaries]
        runs.sort(key=lambda run: (run.started_at, run.id), reverse=True)
        runs = completed(self._repo, runs)
        if self._key is not None:
            runs = self._sorted(runs, self._key)
        shown = runs[:limit] if limit else runs
        return Selection(
            tuple(shown),
            n_more=n_matching - len(shown) if limit else 0,
            n_other=n_readable - n_matching,
            unreadable=tuple(doubtful.unreadable),
        )

    def _found(self) -> Leading:
        condition = condition_of(self._request.expression)
        limit, key = self._request.limit, self._key
        if key is None or not limit:
            matches = self._index.matches(condition, among=self._among)
            return Leading(matches, sum(match.is_certain for match in matches))
        place = place_of(key)
        if place is None:
            raise _NotHere
        found = self._index.leading(
            condition,
            place,
            limit=limit,
            is_descending=(self._request.sort or "").strip().startswith("-"),
            among=self._among,
        )
        if found is None:
            raise _NotHere
        return found

    def _sorted(self, runs: list[Summary], key: Key) -> list[Summary]:
        if runs and self._request.limit and key.scope and not any(_has(run, key) for run in runs):
            raise _NotHere  # the nearest key is to be named, of those of all runs
        return sort_runs(runs, self._request.sort or "")

    def _matches(self, run: Summary) -> bool:
        if self._among is not None and run.id not in self._among:
            return False
        return self._query is None or self._query.matches(run)

    def _check(self, keys: Sequence[Key], read: Sequence[Summary]) -> None:
        """Goes back to reading all, which names the nearest, when no run has a key."""
        for key in keys:
            place = place_of(key)
            if not key.scope or not key.name or any(_has(run, key) for run in read):
                continue
            if place is None or place.path is None:
                raise _NotHere
            some = self._index.some_with(place).summaries
            if not any(_has(run, key) for run in some):
                raise _NotHere


def _has(run: Summary, key: Key) -> bool:
    return key.value_in(run) is not MISSING

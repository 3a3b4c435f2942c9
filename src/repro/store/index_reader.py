"""What the index answers; the same as reading everything from git would."""

# ruff: noqa: S608 - the parts of a query are written here, and values are bound

import json
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from repro.git.objects import read_objects
from repro.git.repository import Repository
from repro.model.ids import RUN_REFS, Oid, RefName, RunId
from repro.model.summary import SummaryError, parse_summary
from repro.store.index_text import join_summary, storable
from repro.store.listing import (
    KnownRun,
    Listing,
    parse_commit,
    parse_folded,
    sorted_listing,
    unreadable_run,
    with_edits,
)

if TYPE_CHECKING:
    import sqlite3

    from repro.store.index_leading import Leading
    from repro.store.index_query import Condition, Match, Place

__all__ = ["Reader", "Tie"]

_COLUMNS = (
    "runs.id, runs.oid, runs.is_hot, runs.is_odd, runs.is_edited, runs.measures,"
    " runs.head,"
    " (SELECT ref FROM segments WHERE segments.number = runs.segment)"
)
_MAX_VARIABLES = 500
_FEW = 8


class _Row(NamedTuple):
    id: str
    oid: Oid
    is_hot: int
    is_odd: int
    is_edited: int
    measures: str | None
    head: str | bytes | None
    archive: RefName | None

    @property
    def known(self) -> KnownRun:
        """The run."""
        if self.is_hot or self.archive is None:
            return KnownRun(RunId(self.id), self.oid, RefName(RUN_REFS + self.id))
        return KnownRun(RunId(self.id), self.oid, self.archive, self.text)

    @property
    def text(self) -> bytes:
        """The summary as it was written, where it could be read."""
        if isinstance(self.head, str):
            return join_summary(self.head, self.measures).encode()
        return self.head or b""


class Tie(NamedTuple):
    """A run and a commit that it belongs to.

    Attributes:
        run: The run.
        commit: The commit.
        is_said: Whether somebody said so, rather than that it began from there.
    """

    run: RunId
    commit: Oid
    is_said: bool


class Reader:
    """One state of the index.

    Attributes:
        n_runs: How many runs there are.
    """

    def __init__(self, db: "sqlite3.Connection", repo: Repository, n_runs: int) -> None:
        """Reads what a transaction on the index sees."""
        self._db = db
        self._repo = repo
        self.n_runs = n_runs

    def known_runs(self) -> list[KnownRun]:
        """Returns what `repro.store.listing.known_runs` does."""
        return [row.known for row in self._rows("1 ORDER BY id DESC")]

    def listing(self, *, newest: int | None = None) -> Listing:
        """Returns what `repro.store.listing.read_listing` does."""
        if newest is None:
            return self._read(self._rows("1 ORDER BY id DESC"))._replace(n_runs=self.n_runs)
        found = self._read(self._newest("1", (), max(newest, 0)))
        return found._replace(summaries=found.summaries[: max(newest, 0)], n_runs=self.n_runs)

    def _rows(self, where: str, values: Sequence[object] = ()) -> list[_Row]:
        # By id alone, and hidden rows passed over: there are few.
        query = f"SELECT {_COLUMNS} FROM runs WHERE is_shown AND {where}"
        return [_Row(*row) for row in self._db.execute(query, values)]

    def _newest(self, where: str, values: Sequence[object], number: int) -> list[_Row]:
        """Returns the newest runs, and those that began in the same second as the last of them."""
        order = f"{where} ORDER BY id DESC LIMIT {number}"
        rows = self._rows(order, values)
        if not rows or len(rows) < number:
            return rows
        second = f"{rows[-1].id.rpartition('-')[0]}-"
        known = {row.id for row in rows}
        more = self._rows(f"{where} AND id >= ? AND id < ?", (*values, second, f"{second}~"))
        return rows + sorted((row for row in more if row.id not in known), reverse=True)

    def _read(self, rows: Sequence[_Row]) -> Listing:
        listing = Listing([], [], len(rows))
        odd = [row for row in rows if row.is_hot and row.is_odd]
        contents = iter(read_objects(self._repo, [row.oid for row in odd]))
        for row in rows:
            run = row.known
            try:
                if not row.is_hot:
                    summary = parse_folded(run)
                elif row.is_odd:
                    summary = parse_commit(run.ref, run.oid, next(contents))
                else:
                    summary = parse_summary(row.text, oid=run.oid, ref=run.ref)
            except SummaryError as error:
                listing.unreadable.append(unreadable_run(run.ref, run.oid, error))
            else:
                listing.summaries.append(summary)
        edited = [row.id for row in rows if row.is_edited]
        if edited:
            from repro.store.index_log import edits_in

            edits = edits_in(self._db, edited)
            listing.summaries[:] = [with_edits(run, edits) for run in listing.summaries]
        return sorted_listing(listing)

    def read(self, numbers: Iterable[int]) -> Listing:
        """Returns the runs of some matches, and which of them cannot be read."""
        wanted = list(numbers)
        rows: list[_Row] = []
        for at in range(0, len(wanted), _MAX_VARIABLES):
            some = wanted[at : at + _MAX_VARIABLES]
            marks = ", ".join("?" * len(some))
            rows += self._rows(f"number IN ({marks})", some)
        return self._read(rows)

    def exactly(self, text: str) -> Listing:
        """Returns the runs that have an id, all eight letters, a ref or a commit."""
        word = storable(text)
        run = word.removeprefix("refs/").removeprefix(RUN_REFS.removeprefix("refs/"))
        where = "(id = ? OR oid = ? OR substr(id, 17) = ?)"
        return self._read(self._rows(where, (run, word, word)))

    def named(self, text: str) -> Listing:
        """Returns the runs of a name."""
        return self._read(self._rows("name = ?", (storable(text),)))

    def beginning(self, text: str) -> Listing:
        """Returns the runs whose letters or id begin with a text."""
        word = storable(text)
        end = f"{word}\U0010ffff"
        where = "(id >= ? AND id < ? OR substr(id, 17) >= ? AND substr(id, 17) < ?)"
        return self._read(self._rows(where, (word, end, word, end)))

    def ties(self, commits: Iterable[Oid]) -> list[Tie]:
        """Returns the runs that began from some commits, or were said to belong to them.

        A run may be there more than once, and hidden ones are.
        """
        query = (
            "SELECT id, begun_from, 0 FROM runs"
            " WHERE begun_from IN (SELECT value FROM json_each(?1))"
            " UNION ALL SELECT run, belongs_to, 1 FROM events"
            " WHERE belongs_to IN (SELECT value FROM json_each(?1))"
        )
        rows = self._db.execute(query, (json.dumps(list(commits)),))
        return [Tie(RunId(run), Oid(commit), bool(is_said)) for run, commit, is_said in rows]

    def commits(self) -> set[Oid]:
        """Returns every commit that a run began from, or was said to belong to; hidden ones too."""
        query = (
            "SELECT begun_from FROM runs WHERE begun_from IS NOT NULL"
            " UNION SELECT belongs_to FROM events WHERE belongs_to IS NOT NULL"
        )
        return {Oid(oid) for (oid,) in self._db.execute(query)}

    def of_ids(self, runs: Iterable[RunId]) -> Listing:
        """Returns those of some runs that are there."""
        ids = json.dumps(list(runs))
        return self._read(self._rows("id IN (SELECT value FROM json_each(?))", (ids,)))

    def beginning_words(self, text: str, number: int) -> Listing:
        """Returns some runs whose letters or name begin with a text."""
        word = storable(text)
        end = f"{word}\U0010ffff"
        rows = [
            *self._rows(f"name >= ? AND name < ? LIMIT {number}", (word, end)),
            *self._rows(f"substr(id, 17) >= ? AND substr(id, 17) < ? LIMIT {number}", (word, end)),
        ]
        return self._read(list(dict.fromkeys(rows)))

    def matches(
        self, condition: "Condition", *, among: Collection[RunId] | None = None
    ) -> "list[Match]":
        """Returns the runs that may meet a condition, newest first by id.

        Args:
            condition: The condition.
            among: Only these runs; and those that cannot be read.
        """
        from repro.store.index_query import Match, render

        sql = render(condition)
        where, values = sql.where(among)
        query = f"SELECT number, id, {sql.certain} FROM runs WHERE {where}"
        found = [
            Match(number, run, bool(is_certain))
            for number, run, is_certain in self._db.execute(query, (*sql.certain_values, *values))
        ]
        found.sort(key=lambda match: match.id, reverse=True)
        return found

    def leading(
        self,
        condition: "Condition",
        place: "Place",
        *,
        limit: int,
        is_descending: bool,
        among: Collection[RunId] | None = None,
    ) -> "Leading | None":
        """Returns what `repro.store.index_leading.leading` does."""
        from repro.store.index_leading import leading

        return leading(
            self._db,
            condition,
            place,
            limit=limit,
            is_descending=is_descending,
            among=among,
        )

    def extremes(self, place: "Place", *, is_lowest: bool) -> Listing:
        """Returns the runs where a number may be the best, and those where it is in doubt."""
        from repro.store.index_query import ALWAYS

        is_descending = not is_lowest
        found = self.leading(ALWAYS, place, limit=1, is_descending=is_descending)
        return self.listing() if found is None else self.read(m.number for m in found.matches)

    def some_with(self, place: "Place") -> Listing:
        """Returns some of the runs that have a value at a place, perhaps others too."""
        from repro.store.index_query import Test, render

        where, values = render(Test(place, "exists")).where()
        return self._read(self._rows(f"{where} LIMIT {_FEW}", values))

    def folded(self, runs: Iterable[RunId]) -> list[tuple[RunId, Oid, RefName]]:
        """Returns id, commit and archive of those of some runs that are folded, hidden ones too."""
        query = (
            "SELECT runs.id, runs.oid, segments.ref FROM runs, segments"
            " WHERE runs.id = ? AND NOT runs.is_hot AND segments.number = runs.segment"
        )
        found = []
        for run in runs:
            rows = self._db.execute(query, (run,))
            found += [(RunId(name), Oid(oid), RefName(ref)) for name, oid, ref in rows]
        return found

    def recorded(self, runs: Iterable[RunId]) -> set[RunId]:
        """Returns which of some runs are there."""
        query = "SELECT id FROM runs WHERE id IN (SELECT value FROM json_each(?)) AND is_shown"
        return {RunId(run) for (run,) in self._db.execute(query, (json.dumps(list(runs)),))}

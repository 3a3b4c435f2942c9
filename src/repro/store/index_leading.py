"""Which runs may come first in an order: found without decoding the others."""

import heapq
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from repro.store.index_query import CLOSE, TINY, Condition, Match, Place, render, unreadable

# ruff: noqa: S608 - the parts of a query are written here, and values are bound

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Leading", "leading", "newest_of"]

_MOST_ODD = 1_000
_MOST_TIED = 1_000
_MAX_VARIABLES = 500


class Leading(NamedTuple):
    """The runs that may come first.

    Attributes:
        matches: Those, and all that may or may not meet the condition, newest first by id.
        n_certain: How many meet the condition for certain, those that come later among them.
    """

    matches: list[Match]
    n_certain: int


def leading(
    db: "sqlite3.Connection",
    condition: Condition,
    place: Place,
    *,
    limit: int,
    is_descending: bool,
    among: Collection[str] | None = None,
) -> Leading | None:
    """Returns the runs that may be the first of those that meet a condition, by a number of theirs.

    Args:
        db: The index.
        condition: The condition.
        place: The number.
        limit: How many runs come first, at least 1.
        is_descending: Whether the largest come first.
        among: Only these runs; and those that cannot be read.

    Returns:
        None where so many have the same number, or something else than a number, that it is no
        quicker than to sort them all.
    """
    if place.path is None:
        return None
    sql = render(condition, wanted=place)
    where, values = sql.where(among)
    path = place.path.replace("'", "''")
    cases = unreadable([place.column], "NULL")
    value = f"CASE {cases} ELSE json_extract({place.column}, '{path}') END"
    kind = f"CASE {cases} ELSE json_type({place.column}, '{path}') END"
    rows = db.execute(
        f"SELECT number, {sql.certain}, {value},"
        f" CASE WHEN typeof({value}) IN ('integer', 'real') THEN '' ELSE {kind} END"
        f" FROM runs WHERE {where}",
        (*sql.certain_values, *values),
    )
    found = _sorted_out(rows, place)
    first = _first_numbers(db, found.numbers, limit, is_descending=is_descending)
    if first is None or len(found.odd) > _MOST_ODD:
        return None
    matches = [*first, *_matches(db, found.odd), *_matches(db, found.doubtful, is_certain=False)]
    if len(first) < limit:
        for rest in (found.nan, found.absent):
            matches += newest_of(_matches(db, rest), limit)
    matches.sort(key=_id_of, reverse=True)
    n_certain = len(found.numbers) + len(found.odd) + len(found.nan) + len(found.absent)
    return Leading(matches, n_certain)


class _Found(NamedTuple):
    numbers: list[tuple[float, int]]
    doubtful: list[int]
    odd: list[int]
    nan: list[int]
    absent: list[int]


def _sorted_out(rows: Iterable[tuple[int, int, Any, str | None]], place: Place) -> _Found:
    """Returns the rows that have a number, with it; then those in doubt, and the others by kind."""
    found = _Found([], [], [], [], [])
    for number, is_certain, value, kind in rows:
        if not is_certain:
            found.doubtful.append(number)
        elif kind == "":
            found.numbers.append((value, number))
        elif kind is None or (kind == "null" and not place.scope):
            found.absent.append(number)
        elif value == "NaN" and place.scope == "metrics":
            found.nan.append(number)
        else:
            found.odd.append(number)
    return found


def _first_numbers(
    db: "sqlite3.Connection",
    numbers: list[tuple[float, int]],
    limit: int,
    *,
    is_descending: bool,
) -> list[Match] | None:
    """Returns the rows that may be the first, None where too many are as good as the last."""
    if len(numbers) <= limit:
        return _matches(db, [number for _, number in numbers])
    pick = heapq.nlargest if is_descending else heapq.nsmallest
    last = pick(limit, numbers)[-1][0]
    # SQLite may have rounded the others to the wrong side of it.
    slack = abs(last) * CLOSE + TINY
    low, high = last - slack, last + slack
    if is_descending:
        better = [number for value, number in numbers if value > high]
    else:
        better = [number for value, number in numbers if value < low]
    tied = [(value, number) for value, number in numbers if low <= value <= high]
    matches = _matches(db, [number for _, number in tied])
    if len(tied) > _MOST_TIED:
        if not all(isinstance(value, int) for value, _ in tied):
            return None
        matches = newest_of(matches, limit)
    return [*_matches(db, better), *matches]


def _matches(
    db: "sqlite3.Connection", numbers: Sequence[int], *, is_certain: bool = True
) -> list[Match]:
    found: list[Match] = []
    for at in range(0, len(numbers), _MAX_VARIABLES):
        some = numbers[at : at + _MAX_VARIABLES]
        marks = ", ".join("?" * len(some))
        rows = db.execute(f"SELECT number, id FROM runs WHERE number IN ({marks})", some)
        found += [Match(number, run, is_certain) for number, run in rows]
    return found


def newest_of(matches: Iterable[Match], limit: int) -> list[Match]:
    """Returns the newest matches, and those that began in the same second as the last of them.

    Ids tell the second in which a run began, and only its summary the moment.
    """
    found = sorted(matches, key=_id_of, reverse=True)
    if len(found) <= limit:
        return found
    second = _second(found[limit - 1])
    end = limit
    while end < len(found) and _second(found[end]) == second:
        end += 1
    return found[:end]


def _id_of(match: Match) -> str:
    return match.id


def _second(match: Match) -> str:
    return match.id.rpartition("-")[0]

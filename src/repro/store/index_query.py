"""Conditions on runs as SQL: which rows may meet one, and which surely do.

SQLite reads numbers a little differently from Python, and cannot see what people changed since, or
what was too large for a summary. So a condition becomes two expressions, one true for every run
that meets it and perhaps for others, one true for none that does not; rows between them are decided
by whoever asked.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple, TypeAlias

__all__ = [
    "ALWAYS",
    "AMONG",
    "CLOSE",
    "TINY",
    "Condition",
    "Every",
    "Match",
    "Not",
    "Place",
    "Rendered",
    "Some",
    "Test",
    "Unknown",
    "render",
    "unreadable",
]

_SAFE_INT = 2**53
CLOSE = 1e-12
"""SQLite reads no number further from what it is than this part of it, or"""
TINY = 1e-300
_HEAD = "head"
_MEASURES = "ifnull(measures, head)"
"""Params and metrics stand alone where the summary is as repro writes it."""
_SAID = frozenset({"name", "starred", "notes", "commits"})
"""Fields that people may set at any time."""
AMONG = (
    "number IN (SELECT number FROM runs WHERE id IN (SELECT value FROM json_each(?))"
    " UNION ALL SELECT number FROM runs WHERE is_odd)"
)
"""True for the runs of a JSON array of ids, and for those that cannot be read.

Each half is found by an index of its own.
"""


class Place(NamedTuple):
    """Where a summary holds a value.

    Attributes:
        scope: "params", "metrics", "tags", or "" for a field of the summary itself.
        name: The key.
    """

    scope: str
    name: str

    @property
    def path(self) -> str | None:
        """As SQLite names it; None where it cannot."""
        # Keys are compared as they are written in JSON: what is escaped there differs.
        is_plain = all(" " <= c <= "~" for c in self.name) and not {'"', "\\"} & {*self.name}
        if not self.name or not is_plain:
            return None
        return f'$.{self.scope}."{self.name}"' if self.scope else f'$."{self.name}"'

    @property
    def column(self) -> str:
        """The JSON that it stands in."""
        return _MEASURES if self.scope in ("params", "metrics") else _HEAD

    @property
    def flags(self) -> tuple[str, ...]:
        """The columns that say of a run that its summary does not tell the value."""
        if self.scope in ("params", "metrics"):
            return ("is_partial",)  # it may be left out for want of room
        if self.scope == "tags" or (not self.scope and self.name in _SAID):
            return ("is_edited",)  # people may have changed it since
        return ()


class Test(NamedTuple):
    """A comparison of a value with a constant.

    Attributes:
        place: The value.
        operator: "==", "<", "<=", ">", ">=", "exists" (whatever it is), "true" (a true boolean),
            "contains" (a text that the value, a text, has somewhere in it), or "since" and "until"
            (an ISO 8601 time in UTC, to the second).
        value: The constant.
    """

    place: Place
    operator: str
    value: bool | int | float | str | None = None


class Not(NamedTuple):
    """The opposite."""

    condition: "Condition"


class Every(NamedTuple):
    """All of them."""

    conditions: "tuple[Condition, ...]"


class Some(NamedTuple):
    """At least one of them."""

    conditions: "tuple[Condition, ...]"


class Unknown(NamedTuple):
    """Something that only whoever asks can tell."""


Condition: TypeAlias = Test | Not | Every | Some | Unknown
ALWAYS = Every(())


class Match(NamedTuple):
    """A run that may meet a condition.

    Attributes:
        number: Its number in the index.
        id: Its id.
        is_certain: Whether it meets the condition for certain.
    """

    number: int
    id: str
    is_certain: bool


class Rendered(NamedTuple):
    """A condition as SQL.

    Attributes:
        possible: True for every row that may meet it.
        possible_values: For its question marks.
        certain: True for rows that surely do.
        certain_values: Likewise.
    """

    possible: str
    possible_values: tuple[object, ...]
    certain: str
    certain_values: tuple[object, ...]

    def where(self, among: Collection[str] | None = None) -> tuple[str, tuple[object, ...]]:
        """Returns what finds the rows that are shown and may meet it, and its values.

        Args:
            among: Only these runs; and those that cannot be read.
        """
        if among is None:
            return f"is_shown AND {self.possible}", self.possible_values
        where = f"is_shown AND {AMONG} AND {self.possible}"
        return where, (json.dumps(list(among)), *self.possible_values)


class _Sql(NamedTuple):
    """Two expressions with the values of their question marks; each is 0 or 1, never NULL."""

    possible: str
    certain: str
    possible_values: tuple[object, ...] = ()
    certain_values: tuple[object, ...] = ()


_ANY = _Sql("1", "0")


def render(condition: Condition, *, wanted: Place | None = None) -> Rendered:
    """Returns a condition as SQL.

    Args:
        condition: The condition.
        wanted: What will be asked of the runs: one is certain only where its summary tells that.
    """
    sql = _render(condition)
    certain = sql.certain
    for flag in wanted.flags if wanted is not None else ():
        certain = f"({certain}) AND NOT {flag}"
    columns = {place.column for place in (*_places(condition), wanted) if place is not None}
    # A row whose summary cannot be read is decided by whoever asks, who will find that out.
    return Rendered(
        f"CASE {unreadable(columns, 1)} ELSE {sql.possible} END",
        sql.possible_values,
        f"CASE {unreadable(columns, 0)} ELSE {certain} END",
        sql.certain_values,
    )


def unreadable(columns: Iterable[str], value: object) -> str:
    """Returns the cases in which some JSON cannot be looked into; they end the evaluation."""
    odd = (f"NOT json_valid({column})" for column in sorted(columns))
    return " ".join(f"WHEN {case} THEN {value}" for case in ("is_odd", *odd))


def _places(condition: Condition) -> Iterator[Place]:
    if isinstance(condition, Test):
        yield condition.place
    elif isinstance(condition, Not):
        yield from _places(condition.condition)
    elif isinstance(condition, (Every, Some)):
        for part in condition.conditions:
            yield from _places(part)


def _render(condition: Condition) -> _Sql:
    if isinstance(condition, Test):
        return _test(condition)
    if isinstance(condition, Not):
        inner = _render(condition.condition)
        return _Sql(
            f"NOT ({inner.certain})",
            f"NOT ({inner.possible})",
            inner.certain_values,
            inner.possible_values,
        )
    if isinstance(condition, Unknown):
        return _ANY
    is_every = isinstance(condition, Every)
    parts = [_render(part) for part in condition.conditions]
    if not parts:
        return _Sql("1", "1") if is_every else _Sql("0", "0")
    word = " AND " if is_every else " OR "
    return _Sql(
        word.join(f"({part.possible})" for part in parts),
        word.join(f"({part.certain})" for part in parts),
        tuple(value for part in parts for value in part.possible_values),
        tuple(value for part in parts for value in part.certain_values),
    )


def _test(test: Test) -> _Sql:
    place = test.place
    if place.path is None:
        return _ANY
    found = _comparison(test, place.path.replace("'", "''"))
    for flag in place.flags:
        found = found._replace(
            possible=f"({flag} OR {found.possible})",
            certain=f"(NOT {flag} AND {found.certain})",
        )
    return found


def _comparison(test: Test, path: str) -> _Sql:
    value = f"json_extract({test.place.column}, '{path}')"
    match test.operator:
        case "exists":
            return _existence(test.place, path)
        case "true":
            is_true = f"ifnull({value} = 1, 0)"
            return _Sql(is_true, is_true)
        case "since" | "until":
            return _time(test, value)
        case "contains" if isinstance(test.value, str) and _is_storable(test.value):
            return _Sql(f"ifnull(instr({value}, ?), 0)", "0", (test.value,))
        case "==" if isinstance(test.value, str) and _is_storable(test.value):
            # The same JSON is the same text; another spelling of it may be.
            is_same = f"ifnull(({test.place.column} -> '{path}') = ?, 0)"
            certain = ("0", ()) if test.place.scope == "metrics" else (is_same, (_json(test),))
            return _Sql(f"ifnull({value} = ?, 0)", certain[0], (test.value,), certain[1])
        case "==" | "<" | "<=" | ">" | ">=" if isinstance(test.value, (int, float)):
            return _number(test, value, test.value)
    return _ANY


def _existence(place: Place, path: str) -> _Sql:
    kind = f"json_type({place.column}, '{path}')"
    # A param may be null and be there all the same; a field that is null is not there.
    is_there = f"{kind} IS NOT NULL" if place.scope else f"ifnull({kind}, 'null') <> 'null'"
    return _Sql(is_there, is_there)


def _time(test: Test, value: str) -> _Sql:
    second, is_utc = f"substr({value}, 1, 19)", f"substr({value}, -6) = '+00:00'"
    sign = ">" if test.operator == "since" else "<"
    return _Sql(
        f"ifnull(NOT {is_utc} OR {second} {sign}= ?, 1)",
        f"ifnull({is_utc} AND {second} {sign} ?, 0)",
        (test.value,),
        (test.value,),
    )


def _number(test: Test, value: str, constant: float) -> _Sql:
    if not abs(constant) <= _SAFE_INT:  # nor is NaN
        return _ANY
    slack = abs(constant) * CLOSE + TINY
    low, high = constant - slack, constant + slack
    # NaN, infinities and very large numbers are texts there.
    or_text = f" OR typeof({value}) = 'text'" if test.place.scope == "metrics" else ""
    is_number = f"typeof({value}) <> 'text'"
    if test.operator == "==":
        return _Sql(
            f"ifnull({value} BETWEEN ? AND ?{or_text}, 0)",
            f"ifnull(typeof({value}) = 'integer' AND {value} = ?, 0)",
            (low, high),
            (constant,),
        )
    if test.operator in ("<", "<="):
        return _Sql(
            f"ifnull({value} <= ?{or_text}, 0)",
            f"ifnull({is_number} AND {value} < ?, 0)",
            (high,),
            (low,),
        )
    return _Sql(
        f"ifnull({value} >= ?, 0)", f"ifnull({is_number} AND {value} > ?, 0)", (low,), (high,)
    )


def _is_storable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _json(test: Test) -> str:
    return json.dumps(test.value)

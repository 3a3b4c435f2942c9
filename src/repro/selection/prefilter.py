"""What a filter asks of a run, in the terms of the index, as far as these go.

`repro.compare.query` says what a filter means; this says which runs need not be looked at.
"""

import ast
from datetime import UTC
from typing import Final

from repro.compare.fields import Key
from repro.compare.parse import QueryError, one_line, parse
from repro.compare.query import compile_key
from repro.compare.values import parse_date
from repro.store.index_query import ALWAYS, Condition, Every, Not, Place, Some, Test, Unknown

__all__ = ["condition_of", "place_of"]

_UNKNOWN: Final = Unknown()
_NUMBERS = frozenset({"duration_s", "exit_code"})
_TEXTS = frozenset({"name", "status", "branch", "command"})
_BOOLEANS = frozenset({"dirty", "starred"})
_HEXES = frozenset({"id", "commit"})
_SAID_SINCE = (Key("", "notes"), Key("", "commits"))
_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def condition_of(expression: str | None) -> Condition:
    """Returns what a run must meet to match a filter that `compile_query` has accepted."""
    return ALWAYS if expression is None else _condition(parse(one_line(expression)))


def place_of(key: Key) -> Place | None:
    """Returns where a summary holds the value of a key; None where it is made of several."""
    if key.scope:
        return Place(key.scope, key.name) if key.name else None
    is_held = key.name in _NUMBERS | _TEXTS or key.name == "dirty"
    return Place("", key.name) if is_held else None


def _condition(node: ast.expr) -> Condition:
    match node:
        case ast.BoolOp(op=ast.And()):
            return Every(tuple(map(_condition, node.values)))
        case ast.BoolOp():
            return Some(tuple(map(_condition, node.values)))
        case ast.UnaryOp(op=ast.Not()):
            return Not(_condition(node.operand))
        case ast.Compare():
            nodes = [node.left, *node.comparators]
            pairs = zip(nodes, node.ops, nodes[1:], strict=False)
            return Every(tuple(_pair(left, op, right) for left, op, right in pairs))
        case _:
            return _truth(node)


def _truth(node: ast.expr) -> Condition:
    key = _key(node)
    if key is not None and not key.scope and key.name in _BOOLEANS:
        return Test(Place("", key.name), "true")
    if key is not None and key.scope and key.name:
        return Every((Test(Place(key.scope, key.name), "exists"), _UNKNOWN))
    return _UNKNOWN


def _pair(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Condition:
    if isinstance(operator, (ast.In, ast.NotIn)):
        return _membership(left, right, is_in=isinstance(operator, ast.In))
    key, other = _key(left), right
    is_flipped = key is None
    if key is None:
        key, other = _key(right), left
    constant = _constant(other)
    if key is None or constant is None:
        return _UNKNOWN
    if isinstance(operator, ast.Eq):
        return _equality(key, constant)
    if isinstance(operator, ast.NotEq):
        return Every((_existence(key), Not(_equality(key, constant))))
    sign = _OPERATORS.get(type(operator))
    if sign is None:
        return _UNKNOWN
    return _order(key, _FLIPPED[sign] if is_flipped else sign, constant)


def _membership(left: ast.expr, right: ast.expr, *, is_in: bool) -> Condition:
    scope, word = _key(right), _constant(left)
    if scope is not None and scope.scope and not scope.name and isinstance(word, str):
        inside: Condition = Test(Place(scope.scope, word), "exists")
        return inside if is_in else Not(inside)
    if scope in _SAID_SINCE and word:
        # No summary has them: only what people said of a run since can hold the word.
        said = Every((Test(Place("", scope.name), "exists"), _UNKNOWN))
        return said if is_in else Not(said)
    key = _key(left)
    if key is None or not isinstance(right, (ast.List, ast.Tuple, ast.Set)):
        return _UNKNOWN
    values = [_constant(item) for item in right.elts]
    equal = Some(tuple(_UNKNOWN if value is None else _equality(key, value) for value in values))
    return equal if is_in else Every((_existence(key), Not(equal)))


def _existence(key: Key) -> Condition:
    place = place_of(key)
    return Test(place, "exists") if place is not None else _UNKNOWN


def _equality(key: Key, constant: bool | float | str) -> Condition:
    if not key.scope and key.name in _HEXES:
        return Test(Place("", key.name), "contains", constant) if _is_text(constant) else _UNKNOWN
    if not key.scope and key.name == "started_at":
        return Every((_order(key, ">=", constant), _order(key, "<=", constant)))
    place = place_of(key)
    return Test(place, "==", constant) if place is not None else _UNKNOWN


def _order(key: Key, sign: str, constant: bool | float | str) -> Condition:
    if not key.scope and key.name == "started_at":
        at = parse_date(constant) if isinstance(constant, str) else None
        if at is None or not 1 < at.year < 9999:  # in UTC it may lie beyond all years
            return _UNKNOWN
        second = at.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00")
        return Test(Place("", "started_at"), "since" if ">" in sign else "until", second)
    place = place_of(key)
    if place is None or isinstance(constant, str):
        return _UNKNOWN
    return Test(place, sign, constant)


def _is_text(constant: object) -> bool:
    return isinstance(constant, str)


def _key(node: ast.expr) -> Key | None:
    """Returns the key that a node names, None where it names none."""
    if not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        return None
    try:
        # As Python writes it: what was typed may have spaces in it.
        return compile_key(ast.unparse(node))._replace(column=0)
    except QueryError:
        return None  # true, nan


def _constant(node: ast.expr) -> bool | int | float | str | None:
    """Returns a literal that the index can compare with, None for any other node."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.Name() if node.id.lower() in ("true", "false"):
            return node.id.lower() == "true"
    return None

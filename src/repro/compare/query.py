"""Filters: ``params.lr > 0.01 and metrics.acc >= .9 and not dirty``.

The grammar is the part of Python's that a filter needs, read by `ast` and compiled to closures
here; nothing is ever evaluated by Python. Comparing what cannot be compared, or a key that a run
does not have, is false, never an error: runs of one project need not look alike.
"""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from repro.compare.fields import FIELDS, MISSING, SCOPES, Key, names_in, nearest, spell
from repro.compare.parse import QueryError, one_line, parse
from repro.compare.values import COMPARISONS, parse_date
from repro.model.run import Status
from repro.model.summary import Summary

__all__ = ["Query", "QueryError", "check", "compile_key", "compile_query"]

Operand: TypeAlias = Callable[[Summary], object]

_CONSTANTS = {
    "true": True,
    "false": False,
    "none": None,
    "null": None,
    "nan": float("nan"),
    "inf": float("inf"),
}


class Query(NamedTuple):
    """A compiled filter.

    Attributes:
        text: As it was written, on one line.
        keys: Every key it names, in the order written.
    """

    text: str
    keys: tuple[Key, ...]
    test: Operand

    def matches(self, run: Summary) -> bool:
        """Tells whether a run passes."""
        return _truth(self.test(run))


def compile_query(text: str) -> Query:
    """Compiles a filter.

    Raises:
        QueryError: It cannot be read, names an unknown field, or is too long or too deep.
    """
    text = one_line(text)
    compiler = _Compiler(text)
    test = compiler.test(parse(text))
    return Query(text, tuple(compiler.keys), test)


def compile_key(text: str) -> Key:
    """Reads one name: a field, ``params.lr``, ``metrics["train/loss"]``.

    Raises:
        QueryError: It names no field and no key.
    """
    text = one_line(text)
    scope, dot, name = text.partition(".")
    if dot and name and scope in SCOPES and "[" not in text:
        return Key(
            scope, name
        )  # names that are no identifiers need no quotes where nothing follows
    return _Compiler(text).key(parse(text))


def check(keys: Sequence[Key], runs: Iterable[Summary], *, text: str) -> None:
    """Refuses keys that no run has.

    Args:
        keys: What a filter, a sort key or a list of columns names.
        runs: All that it was applied to; none at all refuse nothing.
        text: Where the keys were written.

    Raises:
        QueryError: A key that no run has; the hint names the nearest that one has.
    """
    runs = list(runs)
    if not runs or any(run.is_partial for run in runs):
        return
    names = {scope: names_in(runs, scope) for scope in SCOPES}
    for key in keys:
        if key.scope and key.name and key.name not in names[key.scope]:
            hint = _did_you_mean(key, names)
            raise QueryError(f"no run has {key}", text, key.column, hint=hint)


def _did_you_mean(key: Key, names: Mapping[str, Iterable[str]]) -> str | None:
    others = [scope for scope in names if scope != key.scope]
    for scope in others:
        if key.name in names[scope]:
            return f"did you mean {spell(scope, key.name)}?"
    for scope in (key.scope, *others):
        if (guess := nearest(key.name, names[scope])) is not None:
            return f"did you mean {spell(scope, guess)}?"
    some = [spell(key.scope, name) for name in names[key.scope]][:8]
    return f"there are: {', '.join(some)}" if some else None


def _truth(value: object) -> bool:
    return value is not MISSING and bool(value)


class _Compiler:
    """Turns the nodes that a filter may have into closures, and refuses all others."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.keys: list[Key] = []

    def column_of(self, node: ast.expr) -> int:
        """Returns where a node starts; ast counts UTF-8 bytes."""
        return len(self.text.encode("utf-8")[: node.col_offset].decode("utf-8", "ignore"))

    def error(self, message: str, node: ast.expr, *, hint: str | None = None) -> QueryError:
        """Returns the error that points at a node."""
        return QueryError(message, self.text, self.column_of(node), hint=hint)

    def test(self, node: ast.expr) -> Operand:
        """Compiles what stands for true or false."""
        if isinstance(node, ast.BoolOp):
            tests = [self.test(value) for value in node.values]
            if isinstance(node.op, ast.And):
                return lambda run: all(_truth(test(run)) for test in tests)
            return lambda run: any(_truth(test(run)) for test in tests)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self.test(node.operand)
            return lambda run: not _truth(inner(run))
        if isinstance(node, ast.Compare):
            return self.comparison(node)
        return self.operand(node)

    def comparison(self, node: ast.Compare) -> Operand:
        """Compiles a comparison, which may be a chain: ``0.1 < params.lr < 1``."""
        nodes = [node.left, *node.comparators]
        operands = [self.operand(item) for item in nodes]
        steps = []
        for number, operator in enumerate(node.ops):
            compare = COMPARISONS.get(type(operator))
            if compare is None:
                raise self.error("`is` is not known", nodes[number], hint="equality is `==`")
            steps.append((operands[number], compare, operands[number + 1]))
            self.check_literal(nodes[number], nodes[number + 1])
        return lambda run: all(compare(left(run), right(run)) for left, compare, right in steps)

    def check_literal(self, left: ast.expr, right: ast.expr) -> None:
        """Refuses a date that is none and a status that no run can have."""
        for field, literal in ((left, right), (right, left)):
            if not isinstance(field, ast.Name) or not isinstance(literal, ast.Constant):
                continue
            text = literal.value
            if field.id == "started_at" and (not isinstance(text, str) or not parse_date(text)):
                raise self.error("not a date", literal, hint="such as '2026-01-31 08:00' (UTC)")
            if field.id == "status" and text not in list(Status):
                known = ", ".join(Status)
                raise self.error("no run has this status", literal, hint=f"there are: {known}")

    def operand(self, node: ast.expr) -> Operand:
        """Compiles a key, a literal, or a list of literals."""
        if isinstance(node, ast.Name) and node.id.lower() in _CONSTANTS:
            constant = _CONSTANTS[node.id.lower()]
            return lambda _: constant
        if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
            key = self.key(node)
            self.keys.append(key)
            return key.value_in
        if isinstance(node, (ast.BoolOp, ast.Compare)) or (
            isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        ):
            return self.test(node)
        literal = self.literal(node)
        return lambda _: literal

    def literal(self, node: ast.expr) -> object:
        """Returns the value of a literal."""
        if isinstance(node, ast.Constant):
            if node.value is None or isinstance(node.value, (str, bool, int, float)):
                return node.value
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            number = self.literal(node.operand)
            if isinstance(number, (int, float)):
                return -number if isinstance(node.op, ast.USub) else number
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return [self.literal(item) for item in node.elts]
        elif isinstance(node, ast.Name) and node.id.lower() in _CONSTANTS:
            return _CONSTANTS[node.id.lower()]
        raise self.error("not known in a filter", node, hint=self.hint_for(node))

    def hint_for(self, node: ast.expr) -> str:
        """Returns what to write instead of what is not known."""
        if isinstance(node, ast.BinOp):
            name = ast.get_source_segment(self.text, node) or ""
            scope, _, rest = name.partition(".")
            if scope in SCOPES:
                return f'quote names that are no words: {scope}["{rest}"]'
        return "names, numbers, strings, lists, comparisons, and, or, not, in"

    def key(self, node: ast.expr) -> Key:
        """Reads the name of a field or of a key.

        A flat name may itself hold dots: ``params.model.lr`` is the key "model.lr" of the params.
        """
        parts: list[str] = []
        root = node
        while not isinstance(root, ast.Name):
            if isinstance(root, ast.Attribute):
                parts.append(root.attr)
            elif isinstance(root, ast.Subscript):
                parts.append(self.subscript(root))
            else:
                raise self.error("not a name", root, hint=self.hint_for(root))
            root = root.value
        column = self.column_of(node)
        if root.id in SCOPES:
            return Key(root.id, ".".join(reversed(parts)), column)
        if root.id in FIELDS and not parts:
            return Key("", root.id, column)
        raise self.unknown(root, parts)

    def subscript(self, node: ast.Subscript) -> str:
        """Returns the string in brackets."""
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            return node.slice.value
        raise self.error("only a quoted name can stand in brackets", node.slice)

    def unknown(self, root: ast.Name, parts: Sequence[str]) -> QueryError:
        """Returns the error for a name that is neither a field nor a scope."""
        if root.id in FIELDS:
            return self.error(f"{root.id} has no parts", root)
        if root.id in list(Status):
            return self.error(f"unknown name: {root.id}", root, hint=f"status == '{root.id}'")
        guess = nearest(root.id, [*FIELDS, *SCOPES])
        hint = f"params.{root.id} or metrics.{root.id}" if not parts else None
        if guess is not None:
            hint = f"did you mean {guess}?" + (f" or {hint}?" if hint else "")
        return self.error(f"unknown name: {root.id}", root, hint=hint)

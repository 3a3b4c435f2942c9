"""What differs between two runs, as an object that prints itself, in a notebook as a table."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from repro.compare.diff import Difference, FileStat, compare_records
from repro.git.code_changes import code_changes
from repro.git.repository import Repository
from repro.model.data import LOGGED_DIRECTORY
from repro.model.run import Record
from repro.model.summary import Summary
from repro.model.values import Number, Value
from repro.reading.html import escaped, faint, number, section, table, value

if TYPE_CHECKING:
    from repro.compare.curves import CurveChange
    from repro.compare.strict_json import Json

__all__ = ["RunDifference", "difference_of"]

_MAX_ROWS = 40
_ARROW = "→"

Row: TypeAlias = tuple[str, str]


class RunDifference:
    """What differs from run `a` to run `b`.

    ``print(difference)`` says it in a few lines; a notebook shows it as tables. ::

        difference = repro.get_run("@~1").diff("@")
        difference.params  # {'lr': (0.1, 0.01)}

    Attributes:
        whole: All of it, in the terms of `repro.compare.diff`.
    """

    def __init__(self, a: Summary, b: Summary, whole: Difference) -> None:
        self._ends = a, b
        self.whole = whole

    @property
    def is_same(self) -> bool:
        """Whether all pillars, metrics, curves and outputs are the same."""
        return self.whole.is_same

    @property
    def pillars(self) -> dict[str, bool]:
        """Whether each of code, data, params and environment is the same."""
        return self.whole.pillars

    @property
    def params(self) -> dict[str, tuple[Value, Value]]:
        """Old and new value of each param that differs; None where a run has none."""
        return {name: (old, new) for name, old, new in self.whole.params}

    @property
    def metrics(self) -> dict[str, tuple[Number | None, Number | None]]:
        """Old and new value of each metric that differs; None where a run has none."""
        return {m.name: (m.old, m.new) for m in self.whole.metrics if not m.is_same}

    @property
    def curves(self) -> "Mapping[str, CurveChange]":
        """The learning curves that differ: where they part, and by how much at most."""
        return {curve.name: curve for curve in self.whole.curves}

    def to_json(self) -> "dict[str, Json]":
        """Returns all of it as JSON has it, as ``repro diff --json`` does."""
        from repro.compare.diff_json import to_json

        return {"a": self._ends[0].id, "b": self._ends[1].id} | to_json(self.whole)

    @cached_property
    def _parts(self) -> dict[str, list[Row]]:
        """Everything that differs, as texts: a name, and how."""
        whole = self.whole
        environment = whole.environment
        return {
            "code": [*_commits(whole), *map(_file, whole.code.files)],
            "data": [_row(path, _hash(old), _hash(new)) for path, old, new in whole.data],
            "params": [_row(n, _value(old), _value(new)) for n, (old, new) in self.params.items()],
            "environment": [
                *(_row(n, _value(old), _value(new)) for n, old, new in environment.interpreter),
                *(_row(n, _version(old), _version(new)) for n, old, new in environment.packages),
                *(_row(n, _value(old), _value(new)) for n, old, new in environment.variables),
                *(_row(n, _value(old), _value(new)) for n, old, new in environment.platform),
            ],
            "artifacts": [
                _row(path.removeprefix(LOGGED_DIRECTORY), _hash(old), _hash(new))
                for path, old, new in whole.artifacts
            ],
            "metrics": [_row(n, _number(a), _number(b)) for n, (a, b) in self.metrics.items()],
            "curves": [_curve(curve) for curve in whole.curves],
        }

    def _titles(self) -> tuple[str, str]:
        a, b = self._ends
        verdict = ", ".join(
            f"{name} {'same' if same else 'changed'}" for name, same in self.pillars.items()
        )
        return f"{a.name} {_ARROW} {b.name}", verdict

    def _lines(self) -> Iterator[str]:
        yield from self._titles()
        for title, rows in self._parts.items():
            yield from (f"  {title}: {name}: {text}" for name, text in rows[:_MAX_ROWS])
            if len(rows) > _MAX_ROWS:
                yield f"  {title}: … and {len(rows) - _MAX_ROWS:,} more"

    def __str__(self) -> str:
        """Returns it as plain text; control characters are spelled out."""
        from repro.reading.html import spelled_out

        return "\n".join(spelled_out(line) for line in self._lines())

    def __repr__(self) -> str:
        """Returns the first two lines."""
        return f"<RunDifference {': '.join(self._titles())}>"

    def __bool__(self) -> bool:
        """Tells whether anything differs."""
        return not self.is_same

    def _repr_html_(self) -> str:
        title, verdict = self._titles()
        sections = "".join(section(name, _html(rows)) for name, rows in self._parts.items() if rows)
        return f"<div><b>{escaped(title)}</b><br>{escaped(verdict)}{sections}</div>"


def difference_of(
    repo: Repository, a: tuple[Summary, Record], b: tuple[Summary, Record]
) -> RunDifference:
    """Returns what differs from one run to another.

    Raises:
        HistoryError: git cannot compare their code.
    """
    found = code_changes(repo, (a[0].oid, a[1]), (b[0].oid, b[1]))
    whole = compare_records(a[1], b[1], files=[FileStat(*change) for change in found.files])
    return RunDifference(a[0], b[0], whole)


def _html(rows: Sequence[Row]) -> str:
    cells = [[escaped(name), escaped(text)] for name, text in rows[:_MAX_ROWS]]
    more = faint(f"… and {len(rows) - _MAX_ROWS:,} more") if len(rows) > _MAX_ROWS else ""
    return table(cells) + more


def _row(name: str, old: str, new: str) -> Row:
    return name, f"{old} {_ARROW} {new}"


def _commits(whole: Difference) -> list[Row]:
    first, second = whole.code.commits
    is_same = first == second
    return [] if is_same else [_row("commit", (first or "none")[:10], (second or "none")[:10])]


def _file(file: FileStat) -> Row:
    lines = "binary" if file.added is None else f"+{file.added} -{file.removed}"
    name = f"{file.old_path} {_ARROW} {file.path}" if file.old_path else file.path
    return name, f"{file.status} {lines}"


def _hash(entry: object) -> str:
    return str(getattr(entry, "hash", "none"))[:12]


def _version(package: object) -> str:
    return str(getattr(package, "version", "none"))


def _value(given: Value) -> str:
    return "none" if given is None else value(given)


def _number(given: Number | None) -> str:
    return "none" if given is None else number(given)


def _curve(curve: "CurveChange") -> Row:
    most = ""
    if curve.largest is not None and curve.largest_at is not None:
        most = f", by {number(curve.largest)} at most, at step {curve.largest_at}"
    return curve.name, f"part at step {curve.parts_at}{most}"

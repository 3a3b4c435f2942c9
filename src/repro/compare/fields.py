"""What a filter or a column may name, and its value in a run."""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple

from repro.model.summary import Summary

__all__ = ["FIELDS", "MISSING", "SCOPES", "Key", "Missing", "Name", "names_in", "nearest", "spell"]


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
"""The value of a key that a run does not have; None is a value."""


class Name(str):
    """An id or a commit: equal to any prefix of itself that is long enough to be meant.

    A run id is also equal to a prefix of its letters.
    """

    __slots__ = ()
    min_length = 3

    def is_named_by(self, text: str) -> bool:
        """Tells whether the text names it."""
        if len(text) < self.min_length:
            return False
        return self.startswith(text) or self.rpartition("-")[2].startswith(text)


def _or_missing(value: object) -> object:
    return MISSING if value is None else value


FIELDS: Final[Mapping[str, Callable[[Summary], object]]] = MappingProxyType(
    {
        "id": lambda run: Name(run.id),
        "name": lambda run: run.name,
        "status": lambda run: run.status.value,
        "branch": lambda run: _or_missing(run.branch),
        "commit": lambda run: MISSING if run.commit is None else Name(run.commit),
        "commits": lambda run: [Name(commit) for commit in run.commits],
        "dirty": lambda run: run.dirty,
        "duration_s": lambda run: _or_missing(run.duration_s),
        "started_at": lambda run: run.started_at,
        "command": lambda run: run.command,
        "exit_code": lambda run: _or_missing(run.exit_code),
        "gaps": lambda run: len(run.gaps),
        "starred": lambda run: run.starred,
        "notes": lambda run: "\n".join(note.text for note in run.notes),
    }
)
"""The fields of a run that are no keys of its own."""

SCOPES: Final[Mapping[str, Callable[[Summary], Mapping[str, object]]]] = MappingProxyType(
    {
        "params": lambda run: run.params,
        "metrics": lambda run: run.metrics,
        "tags": lambda run: run.tags,
    }
)
"""The mappings of a run, each with keys that differ from run to run."""


class Key(NamedTuple):
    """A field, a scope as a whole, or a key in a scope.

    Attributes:
        scope: "params", "metrics", "tags", or "" for a field.
        name: The field, or the flat name in the scope; "" for the scope as a whole.
        column: Where it was written, counted from 0.
    """

    scope: str
    name: str
    column: int = 0

    def value_in(self, run: Summary) -> object:
        """Returns its value in a run, `MISSING` when the run has none."""
        if not self.scope:
            return FIELDS[self.name](run)
        values = SCOPES[self.scope](run)
        return values.get(self.name, MISSING) if self.name else values

    def __str__(self) -> str:
        """Returns it as one writes it in a filter."""
        return spell(self.scope, self.name)


def spell(scope: str, name: str) -> str:
    """Returns how a filter names a key: ``metrics.acc``, ``metrics["train/loss"]``."""
    if not scope or not name:
        return scope or name
    if all(part.isidentifier() and not _is_keyword(part) for part in name.split(".")):
        return f"{scope}.{name}"
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'{scope}["{quoted}"]'


def _is_keyword(word: str) -> bool:
    import keyword

    return keyword.iskeyword(word)


def names_in(runs: Iterable[Summary], scope: str) -> dict[str, None]:
    """Returns the names that any run has in a scope, in the order met."""
    names: dict[str, None] = {}
    for run in runs:
        names.update(dict.fromkeys(SCOPES[scope](run)))
    return names


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """Returns the candidate that the word was most likely meant to be, None when none is near."""
    from difflib import get_close_matches

    names = list(candidates)
    lowered: dict[str, str] = {}
    for name in names:
        lowered.setdefault(name.lower(), name)
        lowered.setdefault(name.rpartition(".")[2].lower(), name)
    found = get_close_matches(word.lower(), lowered, n=1, cutoff=0.5)
    return lowered[found[0]] if found else None

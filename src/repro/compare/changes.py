"""What differs between two mappings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["Changes", "changes"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Changes(Generic[T]):
    """What differs between two mappings; names are sorted.

    Attributes:
        added: Only in the second.
        removed: Only in the first.
        changed: Old and new.
    """

    added: Mapping[str, T] = field(default_factory=dict)
    removed: Mapping[str, T] = field(default_factory=dict)
    changed: Mapping[str, tuple[T, T]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Returns how many names differ."""
        return len(self.added) + len(self.removed) + len(self.changed)

    def __iter__(self) -> Iterator[tuple[str, T | None, T | None]]:
        """Yields name, old and new, sorted by name; None where there is none."""
        rows: list[tuple[str, T | None, T | None]] = [
            *((name, None, new) for name, new in self.added.items()),
            *((name, old, None) for name, old in self.removed.items()),
            *((name, old, new) for name, (old, new) in self.changed.items()),
        ]
        return iter(sorted(rows, key=lambda row: row[0]))


def changes(
    old: Mapping[str, T], new: Mapping[str, T], *, same: Callable[[T, T], bool]
) -> Changes[T]:
    """Returns what differs; `same` tells whether two values under one name are equal."""
    return Changes(
        added={name: new[name] for name in sorted(new.keys() - old.keys())},
        removed={name: old[name] for name in sorted(old.keys() - new.keys())},
        changed={
            name: (old[name], new[name])
            for name in sorted(old.keys() & new.keys())
            if not same(old[name], new[name])
        },
    )

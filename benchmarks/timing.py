"""Two things measured in turn, so that what disturbs the machine disturbs both."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from benchmarks.result import Samples

__all__ = ["Timed", "interleave"]

Timed: TypeAlias = Callable[[], float]
"""Prepares, does the work once, and returns how long the work alone took, in ms."""


def interleave(floor: Timed, ours: Timed, *, pairs: int, warmups: int) -> Samples:
    """Measures floor, ours, floor, ours, ...

    Args:
        floor: What there is to compare with.
        ours: repro.
        pairs: How many of each are kept.
        warmups: How many of each go before and are thrown away: they fill the page cache, compile
            bytecode and create what a first run creates.
    """
    floors, mine = [], []
    with _no_collections():
        for number in range(-warmups, pairs):
            first, second = floor(), ours()
            if number >= 0:
                floors.append(first)
                mine.append(second)
    return Samples(floors, mine)


@contextmanager
def _no_collections() -> Iterator[None]:
    """Keeps the stopwatch's own garbage collection out of the times."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

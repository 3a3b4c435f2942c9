"""What `repro init` offers in a project, given what was found there."""

from collections.abc import Iterator, Sequence

from repro.cli.first_steps.found import Found
from repro.cli.first_steps.ignoring import FILE, add_lines, plan
from repro.cli.first_steps.offer import Offer
from repro.cli.format import counted

__all__ = ["lines_of_ignoring", "offer_to_ignore"]

_MAX_SHOWN = 6
_WIDTH = 80


def offer_to_ignore(found: Found) -> Offer | None:
    """Returns the offer to add what is missing in ``.gitignore``; None where nothing is."""
    ignoring = plan(found)
    if ignoring is None:
        return None
    lines = ignoring.lines
    n_lines = counted(len(lines), "line")

    def do() -> Sequence[str]:
        add_lines(found.repo, lines)
        return (f"added {n_lines} to {FILE}; it is yours to commit",)

    return Offer(
        what=tuple(lines_of_ignoring(lines)),
        question=f"add {n_lines} to {FILE}",
        undo=ignoring.undo,
        do=do,
    )


def lines_of_ignoring(lines: Sequence[str]) -> Iterator[str]:
    """Yields what the lines are for, and the lines, about as many as fit."""
    shown = "  ".join(lines[:_MAX_SHOWN])
    more = f"  and {len(lines) - _MAX_SHOWN} more" if len(lines) > _MAX_SHOWN else ""
    heading = "Not in .gitignore, and so part of every run:"
    if len(heading) + len(shown) < _WIDTH:
        yield f"{heading} {shown}{more}"
    else:
        yield heading
        yield f"  {shown}{more}"

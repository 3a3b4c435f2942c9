"""The difference between the cells that two kernels executed."""

__all__ = ["compare_cells"]


def compare_cells(old: bytes | None, new: bytes | None) -> tuple[str, ...]:
    """Returns a unified diff, a line at a time and without its header; nothing for equal ones.

    Execution counts, times and what was raised do not count.

    Args:
        old: ``notebook/cells.py`` of the first run; None where no kernel executed any.
        new: Of the second.
    """
    if old == new:
        return ()
    from difflib import unified_diff

    from repro.model.cells import plain_source

    texts = ("" if cells is None else plain_source(cells) for cells in (old, new))
    a, b = (text.split("\n") for text in texts)
    return tuple(unified_diff(a, b, lineterm="", n=2))[2:]

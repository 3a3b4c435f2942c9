"""What repro does inside of a kernel that loads it: it makes runs of the cells that ask for it."""

from typing import TYPE_CHECKING

from repro.api.cells import cells_of, forget_cells
from repro.notebook.magic import CellRuns

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["load", "unload"]

_magics: dict[int, CellRuns] = {}


def load(shell: "InteractiveShell") -> None:
    """Keeps the cells of a shell from now on, and gives it the magic; a second time nothing."""
    cells_of(shell)
    if id(shell) not in _magics:
        magic = _magics[id(shell)] = CellRuns(shell)
        magic.start()


def unload(shell: "InteractiveShell") -> None:
    """Reverses `load`."""
    magic = _magics.pop(id(shell), None)
    if magic is not None:
        magic.stop()
    forget_cells(shell)

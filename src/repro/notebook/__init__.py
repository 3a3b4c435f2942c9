"""Runs inside of a notebook's kernel, and around one.

In a kernel, the magic ``%%repro`` makes a run of a cell; the cells that it executes are kept by
`repro.api.cells`. `repro.notebook.command` executes a whole notebook from outside.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(ipython: "InteractiveShell") -> None:
    """Does what ``%load_ext repro`` asks for."""
    from repro.notebook.kernel import load

    load(ipython)


def unload_ipython_extension(ipython: "InteractiveShell") -> None:
    """Does what ``%unload_ext repro`` asks for."""
    from repro.notebook.kernel import unload

    unload(ipython)

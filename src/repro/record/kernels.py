"""Command lines of kernels: they name a file of sockets, which is another every time."""

import posixpath
from collections.abc import Sequence

__all__ = ["kernel_command"]

_LAUNCHERS = frozenset(
    ("ipykernel", "ipykernel_launcher", "ipykernel_launcher.py", "colab_kernel_launcher")
)


def kernel_command(argv: Sequence[str]) -> tuple[str, ...] | None:
    """Returns what a kernel was started with, without its sockets and settings.

    Args:
        argv: A command line, the interpreter first.

    Returns:
        None for one that is no kernel.
    """
    for at, word in enumerate(argv):
        if posixpath.basename(word) in _LAUNCHERS:
            return tuple(argv[: at + 1])
    return None

"""Questions with a yes or a no, asked on a terminal."""

import sys

from repro.cli.console import Console

__all__ = ["asks", "is_wanted"]

_YES = frozenset({"y", "yes"})
_NO = frozenset({"n", "no"})


def asks() -> bool:
    """Tells whether somebody is there who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def is_wanted(console: Console, question: str, *, default: bool = True) -> bool:
    """Asks, and returns the answer; Enter alone is the default.

    Raises:
        KeyboardInterrupt: Ctrl-C, or Ctrl-D.
    """
    choices = "[Y/n]" if default else "[y/N]"
    while True:
        sys.stderr.write(f"{question} {choices} ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise KeyboardInterrupt
        answer = line.strip().lower()
        if not answer or answer in _YES | _NO:
            return default if not answer else answer in _YES
        console.talk("  y or n; Ctrl-C stops, and changes nothing more")

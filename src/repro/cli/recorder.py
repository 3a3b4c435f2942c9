"""`repro _recorder`: the process beside a Python program that began a run by itself."""

import os
import sys
from contextlib import suppress

from repro.cli.page import clean
from repro.cli.recording import surroundings
from repro.git.identity import ASK_IDENTITY
from repro.git.repository import Opening, Repository
from repro.git.snapshot import STATUS
from repro.record.recorder import Recorder
from repro.record.recorder_server import serve
from repro.record.request import Surroundings

__all__ = ["run_recorder"]


def run_recorder() -> int:
    """Serves the socket that is stdin and stdout, and returns 0 when the program is gone."""
    with suppress(PermissionError):  # whoever started us has seen to it
        os.setsid()
    socket = _take_socket()
    from repro.cli.outcome import print_recorded

    serve(socket, Recorder(_open, print_recorded), complain=_complain)
    return 0


def _take_socket() -> int:
    """Moves the socket away from where anything printed would go into it."""
    socket = os.dup(0)  # not inherited by what we start
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return socket


def _open(directory: str) -> tuple[Repository, Surroundings]:
    opening = Opening(directory, asking=(STATUS, ASK_IDENTITY))
    repo = opening.repository()
    return repo, surroundings(opening)


def _complain(problem: str) -> None:
    try:
        sys.stderr.write(f"repro: warning: a run could not be recorded: {clean(problem)}\n")
        sys.stderr.write("repro: mend that, then repro ls: it records what was kept\n")
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody listens
        return

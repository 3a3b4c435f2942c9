"""Starts a program that gets our terminal, and stays out of its way until it ends."""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress

from repro import process

__all__ = ["run_in_place"]

_FORWARDED = frozenset(
    {
        *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT),
        *(signal.SIGUSR1, signal.SIGUSR2),
    }
)
_FROM_KERNEL = 0x80
"""si_code of a signal that the kernel made, such as that of Ctrl-C (sigaction(2), SI_KERNEL)."""


def run_in_place(argv: Sequence[str], *, cwd: str, env: Mapping[str, str]) -> int:
    """Runs a program with our stdin, stdout and stderr, and returns its exit code.

    What is typed at the terminal (Ctrl-C) reaches it from there, other signals to us are handed on;
    we wait for what it makes of them.

    Args:
        argv: Looked up on the PATH of `env`.
        cwd: Where; absolute.
        env: Its variables.

    Raises:
        CommandNotFoundError: It cannot be started.
    """
    here = os.getcwd()
    # Blocked rather than handled: who waits for them learns where they come from, and none is lost
    # while the program starts. It gets them unblocked, and ignored where we were told to.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*_FORWARDED, signal.SIGCHLD})
    try:
        os.chdir(cwd)
        pid = process.spawn(argv, env={**env, "PWD": cwd}, fds=(0, 1, 2))
        return _wait(pid)
    finally:
        os.chdir(here)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait(pid: int) -> int:
    while True:
        info = signal.sigwaitinfo({*_FORWARDED, signal.SIGCHLD})
        if info.si_signo in _FORWARDED and info.si_code != _FROM_KERNEL:
            with suppress(ProcessLookupError):
                os.kill(pid, info.si_signo)
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return process.exit_code_of(status)

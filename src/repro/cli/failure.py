"""One place where errors become words and exit codes."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from repro import __version__
from repro.errors import ReproError

if TYPE_CHECKING:
    import click

__all__ = ["guarded", "report"]

_USER_ERROR = 2
_OUR_BUG = 3
_INTERRUPTED = 130
_BROKEN_PIPE = 141


def guarded(work: Callable[[], int], args: Sequence[str]) -> int:
    """Does the work and returns the exit code of the process, whatever happens.

    Args:
        work: Returns the exit code when all is well.
        args: The command line, for a report.
    """
    try:
        done_with = work()
        # Here, where a reader that has gone away is expected; Python would complain at its exit.
        sys.stdout.flush()
        return done_with
    except ReproError as error:
        report(error)
        return error.exits_with
    except KeyboardInterrupt:
        _say("interrupted")
        return _INTERRUPTED
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0 if done.code is None else _USER_ERROR
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except OSError as error:
        if error.errno is None:
            return _report_bug(args)
        _report_os_error(error)
        return _USER_ERROR
    except Exception as error:  # noqa: BLE001 - the last resort: it is a bug of ours, and reported
        code = _exit_code_of_click(error)
        return _report_bug(args) if code is None else code


def _exit_code_of_click(error: Exception) -> int | None:
    """Returns the code for what click raises; None for anything else."""
    click = sys.modules.get("click")
    if click is None:
        return None
    if isinstance(error, click.exceptions.Exit):
        return int(error.exit_code)
    if isinstance(error, click.Abort):
        _say("interrupted")
        return _INTERRUPTED
    return _report_usage(error) if isinstance(error, click.ClickException) else None


def report(error: ReproError) -> None:
    """Says what is wrong, why, and what to type next."""
    from repro.cli.page import clean

    _say(f"error: {clean(error.message)}")
    cause = error.__cause__
    while isinstance(cause, ReproError):
        _say(f"caused by: {clean(cause.message)}")
        cause = cause.__cause__
    for line in error.details:
        _say(f"  {clean(line)}")
    if error.hint:
        _say(f"hint: {clean(error.hint)}")


def _report_usage(error: "click.ClickException") -> int:
    message = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":  # since click 8.2: the message is the help
        _say(message)
        return _USER_ERROR
    _say(f"error: {message[:1].lower() + message[1:]}")
    context = getattr(error, "ctx", None)
    if context is not None:
        _say(f"hint: {context.command_path} --help")
    return _USER_ERROR


def _report_os_error(error: OSError) -> None:
    hints = {
        "ENOSPC": "free some disk space and try again: df -h .",
        "EDQUOT": "free some disk space and try again: df -h .",
        "EROFS": "repro writes its records into .git: make it writable",
        "EACCES": "repro writes its records into .git: make it writable",
        "EPERM": "repro writes its records into .git: make it writable",
    }
    import errno

    where = f": {error.filename}" if error.filename else ""
    _say(f"error: {error.strerror or error}{where}")
    hint = hints.get(errno.errorcode.get(error.errno or 0, ""))
    if hint:
        _say(f"hint: {hint}")


def _report_bug(args: Sequence[str]) -> int:
    import platform
    import tempfile
    import traceback

    from repro.secrets.redactor import Redactor

    # Not a record: nothing needs to compare its marks with those of another.
    command, _ = Redactor(os.urandom(16)).command(args)
    text = (
        f"repro {__version__}\npython {sys.version}\nplatform {platform.platform()}\n"
        f"command repro {' '.join(command)}\n\n{traceback.format_exc()}"
    )
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="repro-bug-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
        where = file.name
    except OSError:
        _say(text)
        where = "above"
    kind = traceback.format_exc().strip().splitlines()[-1]
    _say(f"error: a bug in repro: {kind}")
    _say(f"hint: please report it with the text in {where}")
    return _OUR_BUG


def _say(text: str) -> None:
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody listens
        return

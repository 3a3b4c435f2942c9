"""The entry point: dispatches to one command, and turns errors into words and exit codes."""

import gc
import os
import sys
from collections.abc import Sequence

from repro import __version__

__all__ = ["entry", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs repro and returns its exit code.

    0 done; 1 the answer is "differs"; 2 a user error; 3 a bug of ours; 130 interrupted; 141 the
    reader of stdout went away. `repro run` returns the command's own.
    """
    args = list(sys.argv[1:] if argv is None else argv)
    _open_standard_streams()
    from repro.cli.failure import guarded

    return guarded(lambda: _dispatch(args), args)


def _open_standard_streams() -> None:
    """Gives a process that was started without stdin, stdout or stderr an empty one.

    Else the next file that is opened takes its place, and is written to.
    """
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    # Python has None for them then.
    if sys.stdout is None or sys.stderr is None:
        nothing = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the process ends
        sys.stdout, sys.stderr = sys.stdout or nothing, sys.stderr or nothing


def entry() -> None:
    """Is the process: runs repro and ends at once, without taking apart what the system will."""
    # What is allocated in a tenth of a second is no garbage worth looking for.
    gc.set_threshold(100_000, 50, 50)
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 1
    os._exit(code)


def _dispatch(args: list[str]) -> int:
    if args in (["--version"], ["-V"]):
        # click alone takes longer than everything else that this needs.
        print(f"repro {__version__}")
        return 0
    if args == ["_recorder"]:
        from repro.cli.recorder import run_recorder

        return run_recorder()
    if args[:2] == ["hooks", "run"] and args[2:3] not in ([], ["-h"], ["--help"]):
        from repro.cli.hook import run_hook

        return run_hook(args[2:])
    if args[:1] in (["run"], ["record"]) and "_REPRO_COMPLETE" not in os.environ:
        code = _record(args[0], args[1:])
        if code is not None:
            return code
    if args[:1] == ["ls"]:
        from repro.git.repository import begin_to_open

        begin_to_open()
    from repro.cli.group import repro

    result = repro.main(args, prog_name="repro", standalone_mode=False)
    return result if isinstance(result, int) else 0


def _record(name: str, words: list[str]) -> int | None:
    """Does what the recording commands do without click; None when click must look at it."""
    from repro.cli import early

    early.ask_git()
    if name == "record" and (code := early.record_unchanged(words)) is not None:
        return code
    try:
        early.begin_snapshot()
        if name == "run":
            from repro.cli.run import run_quickly

            return run_quickly(words)
        from repro.cli.record import record_quickly

        return record_quickly(words)
    finally:
        early.settle()

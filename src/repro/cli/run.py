"""What `repro run` does, apart from click: see `repro.cli.options`."""

from collections.abc import Sequence

from repro.cli.failure import report
from repro.cli.options import Option, Values, read_quickly
from repro.cli.recording import OPTIONS, prepare, request_of
from repro.cli.watching import watched
from repro.record.session import NotRecordedError, run_command

__all__ = ["RUN_OPTIONS", "run", "run_quickly"]

RUN_OPTIONS = (
    *OPTIONS,
    Option("no_trace", ("--no-trace",), "Do not look at which files it opens.", is_flag=True),
    Option(
        "no_system_metrics",
        ("--no-system-metrics",),
        "Do not watch CPU, memory, disk, network and GPUs.",
        is_flag=True,
    ),
    Option("strict", ("--strict",), "Do not start while a gap is known.", is_flag=True),
    Option("no_strict", ("--no-strict",), "Start, whatever the project says.", is_flag=True),
)


def run_quickly(words: Sequence[str]) -> int | None:
    """Runs a command line that is plainly in order; None when click must look at it."""
    read = read_quickly(RUN_OPTIONS, words)
    if read is None or not read[1]:
        return None
    return run(*read)


def run(values: Values, command: Sequence[str]) -> int:
    """Runs a command, records it, says so, and returns its exit code."""
    is_notebook = command[0].endswith(".ipynb")
    if is_notebook:
        from repro.cli.notebook import with_options_behind

        values, command = with_options_behind(RUN_OPTIONS, values, command)
    repo, around = prepare(quiet=values["quiet"])
    request = request_of(values, command)._replace(
        is_traced=not values["no_trace"],
        is_sampled=not values["no_system_metrics"],
        is_strict=False if values["no_strict"] else values["strict"] or None,
    )
    if is_notebook:
        from repro.cli.notebook import executing_notebook

        request = executing_notebook(request, around)
    try:
        with watched(around, is_quiet=bool(values["quiet"])) as around:
            outcome = run_command(repo, request, around)
    except NotRecordedError as error:
        report(error)
        return error.exit_code
    if not values["quiet"]:
        from repro.cli.outcome import print_outcome

        print_outcome(outcome.record, is_strict=outcome.is_strict)
    return outcome.exit_code

"""``repro env show``: the environment of a run, for people, programs and installers."""

import click

from repro.cli.console import Console, current_console
from repro.cli.run_argument import RUN
from repro.cli.runs import find_run, open_runs
from repro.errors import ReproError
from repro.model.ids import RunId, short_id
from repro.model.run import Record

__all__ = ["NotLockedError", "command"]


class NotLockedError(ReproError):
    """A run that does not hold the list that was asked for.

    Attributes:
        run_id: The run.
        what: The list.
    """

    exits_with = 4

    def __init__(self, run_id: RunId, what: str) -> None:
        letters = short_id(run_id)
        super().__init__(
            f"run {letters} has no {what}", hint=f"to see why: repro env show {letters}"
        )
        self.run_id = run_id
        self.what = what


@click.command("show", short_help="Show the environment of a run")
@click.argument("run", type=RUN, default="@")
@click.option("--lock", "form", flag_value="lock", help="Write its pylock.toml (PEP 751).")
@click.option(
    "--conda", "form", flag_value="conda", help="Write conda's explicit list of packages."
)
@click.option(
    "--requirements",
    "form",
    flag_value="requirements",
    help="Write name==version lines, for pip.",
)
@click.option("--json", "form", flag_value="json", help="Write JSON.")
def command(run: str, *, form: str | None) -> None:
    """Show the environment of a run (the newest): interpreter, packages, machine, and gaps.

    To build it again: repro env create RUN. With --lock, --conda or --requirements it can be built
    by other tools:

    \b
      repro env show RUN --lock > pylock.toml && uv pip sync pylock.toml
      repro env show RUN --conda > explicit.txt && conda create --name again --file explicit.txt
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    summary, record = find_run(open_runs(), run)
    if form is None:
        from repro.cli.views.environment import page

        console.show(page(record, summary))
    elif form == "json":
        from repro.cli.views.record_json import environment_to_json

        console.json(environment_to_json(record, summary))
    else:
        _write_list(console, record, form)


def _write_list(console: Console, record: Record, form: str) -> None:
    run_id = record.run.id
    if form == "requirements":
        from repro.environment.freeze import freeze

        if record.environment is None or record.environment.interpreter is None:
            raise NotLockedError(run_id, "list of packages")
        console.write(freeze(record.environment.packages))
        return
    content, what = (
        (record.lock, "pylock.toml") if form == "lock" else (record.conda, "conda packages")
    )
    if content is None:
        raise NotLockedError(run_id, what)
    console.write(content.decode("utf-8", "surrogateescape"))

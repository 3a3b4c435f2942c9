"""``repro show``: one run on one page."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from repro.cli.console import Console, current_console
from repro.cli.page import clean
from repro.cli.run_argument import RUN
from repro.cli.runs import find_run, open_runs, runs_elsewhere
from repro.git.repository import Repository
from repro.model.run import Record
from repro.model.summary import Summary

if TYPE_CHECKING:
    from repro.lineage.of_run import LinkedCommit

__all__ = ["command"]


@click.command("show", short_help="Show everything about a run")
@click.argument("run", type=RUN, default="@")
@click.option("--log", "show_log", is_flag=True, help="Show what the command printed.")
@click.option(
    "--patch", "show_patch", is_flag=True, help="Show the uncommitted changes it ran with."
)
@click.option("--cells", "show_cells", is_flag=True, help="Show the notebook's cells, as they ran.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON: everything in the record.")
def command(run: str, *, show_log: bool, show_patch: bool, show_cells: bool, as_json: bool) -> None:
    """Show a run: code, params, metrics, data, environment, and what is missing.

    RUN is an id or the first letters of one, a name, @ (the newest, the default), @~2, a branch or
    commit (its newest run), or best:METRIC.
    """
    console = current_console()
    repo = open_runs()
    summary, record = find_run(repo, run)
    now = datetime.now(UTC)
    where = runs_elsewhere(repo).get(summary.id)
    if as_json:
        from repro.cli.views import record_json

        row = record_json.to_json(record, summary, now=now, where=where)
        row["commits"] = [commit.oid for commit in _commits(repo, summary)]
        console.json(row)
        return
    if show_log:
        _write_log(console, record)
    if show_patch:
        _write_patch(console, repo, summary)
    if show_cells:
        _write_cells(console, record)
    if not (show_log or show_patch or show_cells):
        from repro.cli.views import record as view

        commits = _commits(repo, summary)
        console.show(view.page(record, summary, now=now, where=where, commits=commits))


def _commits(repo: Repository, summary: Summary) -> "list[LinkedCommit]":
    from repro.lineage.of_run import commits_of

    return commits_of(repo, summary)


def _write_log(console: Console, record: Record) -> None:
    if record.output is None:
        console.talk("it printed nothing")
        return
    text = record.output.decode("utf-8", "replace")
    # A pipe gets what was printed; a terminal must not obey what it is shown.
    console.write(clean(text, keep="\n\t\r") if console.is_terminal else text)


def _write_cells(console: Console, record: Record) -> None:
    if record.cells is None:
        console.talk("it ran no cells of a notebook")
        return
    text = record.cells.decode("utf-8", "replace")
    console.write(clean(text, keep="\n\t") if console.is_terminal else text)


def _write_patch(console: Console, repo: Repository, summary: Summary) -> None:
    from repro.git.history import patch

    if summary.commit is None:
        console.talk("it ran before the first commit: there is nothing to compare with")
        return
    text = patch(repo, summary.commit, summary.oid, colour=console.has_colour)
    if not text:
        console.talk("no uncommitted changes")
    console.write(text)

"""``repro ls``: which runs there are."""

from datetime import UTC, datetime

import click

from repro.cli.console import Console, current_console
from repro.cli.runs import open_runs, runs_elsewhere
from repro.cli.table import show_table, to_tsv
from repro.cli.views import listing
from repro.compare.columns import Columns, all_columns, columns_that_differ
from repro.git.repository import Repository
from repro.selection.select import Request, Selection, keys_named, select

__all__ = ["command"]

_NEWEST = 20
_DEFAULT_REMOTE = ""
"""What --remote without a name gives."""


@click.command("ls", short_help="List runs")
@click.argument("expression", required=False)
@click.option("--sort", metavar="KEY", help="Sort by a key; -KEY for the largest first.")
@click.option(
    "-n", "--limit", type=click.IntRange(min=0), metavar="N", help="Show N runs, 0 for all."
)
@click.option("-c", "--columns", metavar="KEY,...", help="Show these columns.")
@click.option("--all", "every", is_flag=True, help="Show every column, not only what differs.")
@click.option("--commit", metavar="REV", help="Only runs that started from this commit.")
@click.option(
    "--remote",
    metavar="[NAME]",
    is_flag=False,
    flag_value=_DEFAULT_REMOTE,
    help="Ask a git remote, and show what of each run is shared.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def command(
    expression: str | None,
    *,
    sort: str | None,
    limit: int | None,
    columns: str | None,
    every: bool,
    commit: str | None,
    remote: str | None,
    as_json: bool,
) -> None:
    """List runs, newest first.

    A terminal gets the newest 20 and the columns in which they differ; a pipe gets everything, as
    tab-separated values.

    \b
    EXPRESSION chooses runs:
      repro ls 'metrics.acc > 0.9 and not dirty'
      repro ls 'params.opt in ["adam", "sgd"] and started_at > "2026-01-31"'
      repro ls 'status == "failed" or "baseline" in tags' --sort -duration_s

    With --remote, which comes last or with its NAME, each run is said to have its record here, on
    the remote, or both; its code on a branch of the remote, or with the run alone; and its data
    all, in part or not at all on the DVC remotes.

    \b
    Keys, in filters, --sort and --columns:
      id name status branch commit dirty duration_s started_at command exit_code gaps starred notes
      params.NAME  metrics.NAME  tags.NAME  metrics["any name"]
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    if limit is None:
        limit = _NEWEST if console.is_terminal and not as_json else 0
    request = Request(expression or None, sort, commit, limit)
    repo = open_runs()
    selection = select(repo, request)
    for run in selection.unreadable:
        console.talk(f"warning: {run.reason}")
    if remote is not None:
        is_filtered = bool(expression or commit)
        _ask(console, repo, selection, remote, is_filtered=is_filtered, as_json=as_json)
    elif as_json:
        now = datetime.now(UTC)
        away = runs_elsewhere(repo)
        console.json(
            [listing.to_json(run, now=now, where=away.get(run.id)) for run in selection.runs]
        )
    elif not selection.runs:
        _say_none(console, selection)
    elif console.is_terminal:
        _draw(console, selection, columns, every=every, away=runs_elsewhere(repo))
    else:
        _write_tsv(console, selection, columns)
    if selection.n_more and not as_json:
        console.talk(f"… and {selection.n_more:,} more: repro ls -n 0")


def _ask(
    console: Console,
    repo: Repository,
    selection: Selection,
    remote: str,
    *,
    is_filtered: bool,
    as_json: bool,
) -> None:
    from repro.cli.whereabouts import list_whereabouts

    list_whereabouts(
        console,
        repo,
        selection,
        remote or None,
        now=datetime.now(UTC),
        is_filtered=is_filtered,
        as_json=as_json,
    )


def _say_none(console: Console, selection: Selection) -> None:
    if selection.n_other:
        console.talk(f"no run matches, of {selection.n_other:,}")
    else:
        console.talk("no runs yet; record one with: repro run -- python train.py")


def _draw(
    console: Console,
    selection: Selection,
    columns: str | None,
    *,
    every: bool,
    away: listing.Away,
) -> None:
    runs = selection.runs
    now = datetime.now(UTC)
    if columns is not None:
        shown = listing.chosen(runs, keys_named(columns, runs), now=now, away=away)
    else:
        brought: Columns = all_columns(runs) if every else columns_that_differ(runs)
        shown = listing.table(runs, brought, now=now, whole=every, away=away)
    hidden = show_table(console, shown, whole=every or columns is not None)
    if hidden:
        names = ", ".join(hidden[:4]) + (", …" if len(hidden) > 4 else "")
        console.talk(f"no room for {names}: repro ls --all, or choose with --columns")


def _write_tsv(console: Console, selection: Selection, columns: str | None) -> None:
    runs = selection.runs
    keys = keys_named(columns, runs) if columns is not None else None
    header, rows = listing.tsv_rows(runs, all_columns(runs), keys)
    console.write(to_tsv(header, rows))

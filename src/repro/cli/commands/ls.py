"""``repro ls``: which runs there are."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from repro.cli.console import Console, current_console
from repro.cli.format import counted
from repro.cli.revision_argument import REVISION
from repro.cli.runs import open_runs, runs_elsewhere
from repro.cli.table import show_table, to_tsv
from repro.cli.views import listing
from repro.compare.columns import Columns, all_columns, columns_that_differ
from repro.compare.strict_json import strict
from repro.git.repository import Repository
from repro.selection.select import Request, Selection, keys_named, select

__all__ = ["command"]

_NEWEST = 20
_DEFAULT_REMOTE = ""
"""What --remote without a name gives."""


@click.command("ls", short_help="List runs")
@click.argument("words", nargs=-1, metavar="[REVISION]... [EXPRESSION]", type=REVISION)
@click.option("--sort", metavar="KEY", help="Sort by a key; -KEY for the largest first.")
@click.option(
    "-n", "--limit", type=click.IntRange(min=0), metavar="N", help="Show N runs, 0 for all."
)
@click.option("-c", "--columns", metavar="KEY,...", help="Show these columns.")
@click.option("--all", "every", is_flag=True, help="Show every column, not only what differs.")
@click.option(
    "--commit",
    "commits",
    metavar="REV",
    multiple=True,
    type=REVISION,
    help="Only runs of this commit, without its history.",
)
@click.option(
    "--remote",
    metavar="[NAME]",
    is_flag=False,
    flag_value=_DEFAULT_REMOTE,
    help="Ask a git remote, and show what of each run is shared.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def command(
    words: tuple[str, ...],
    *,
    sort: str | None,
    limit: int | None,
    columns: str | None,
    every: bool,
    commits: tuple[str, ...],
    remote: str | None,
    as_json: bool,
) -> None:
    """List runs, newest first.

    A terminal gets the newest 20 and the columns in which they differ; a pipe gets everything, as
    tab-separated values.

    \b
    REVISION chooses the runs of commits, as git log takes them:
      repro ls HEAD               those of all that led here
      repro ls main..             those of this branch alone
      repro ls --commit HEAD~2    those of one commit

    A run belongs to the commit that it began from, to one that holds its results, and to what an
    amend, a rebase or a squash made of these. A branch called as a key is, say, heads/dirty.

    \b
    EXPRESSION chooses runs by what they are:
      repro ls 'metrics.acc > 0.9 and not dirty'
      repro ls 'params.opt in ["adam", "sgd"] and started_at > "2026-01-31"'
      repro ls 'status == "failed" or "baseline" in tags' --sort -duration_s

    With --remote, which comes last or with its NAME, each run is said to have its record here, on
    the remote, or both; its code on a branch of the remote, or with the run alone; and its data
    all, in part or not at all on the DVC remotes.

    \b
    Keys, in filters, --sort and --columns:
      id name status branch commit commits dirty duration_s started_at command exit_code gaps
      starred notes  params.NAME  metrics.NAME  tags.NAME  metrics["any name"]
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    if limit is None:
        limit = _NEWEST if console.is_terminal and not as_json else 0
    repo = open_runs()
    request, selection = _select(console, repo, words, Request(None, sort, commits, limit))
    for run in selection.unreadable:
        console.talk(f"warning: {run.reason}")
    if remote is not None:
        is_filtered = bool(words or commits)
        _ask(console, repo, selection, remote, is_filtered=is_filtered, as_json=as_json)
    elif as_json:
        _write_json(console, repo, selection, is_of_commits=request.is_of_commits)
    elif not selection.runs:
        _say_none(console, repo, selection, request)
    elif console.is_terminal:
        _draw(console, selection, columns, every=every, away=runs_elsewhere(repo))
    else:
        _write_tsv(console, selection, columns)
    if selection.n_more and not as_json:
        console.talk(f"… and {selection.n_more:,} more: repro ls -n 0")


def _select(
    console: Console, repo: Repository, words: Sequence[str], request: Request
) -> tuple[Request, Selection]:
    """Returns what was asked for, with the words in it, and the runs."""
    words = [word for word in words if word]
    if not words:
        return request, select(repo, request)
    from repro.lineage.commits import UnknownRevisionError
    from repro.selection.words import read_words, wrong_word

    read = read_words(repo, words)
    if read.shadowed is not None:
        console.talk(f"{read.expression} is read as a filter; the revision is {read.shadowed}")
    request = request._replace(expression=read.expression, revisions=read.revisions)
    try:
        return request, select(repo, request)
    except UnknownRevisionError as error:
        if error.revisions[0] in read.revisions:
            raise wrong_word(repo, error, words) from None
        raise


def _write_json(
    console: Console, repo: Repository, selection: Selection, *, is_of_commits: bool
) -> None:
    now = datetime.now(UTC)
    away = runs_elsewhere(repo)
    rows = []
    for run in selection.runs:
        row = listing.to_json(run, now=now, where=away.get(run.id))
        if is_of_commits:
            row["belongs"] = strict(dict(selection.belongs[run.id]))
        rows.append(row)
    console.json(rows)


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


def _say_none(console: Console, repo: Repository, selection: Selection, request: Request) -> None:
    if selection.n_other and request.is_of_commits and not request.expression:
        commits = " ".join((*request.revisions, *request.commits))
        elsewhere = f"{counted(selection.n_other, 'run')} elsewhere"
        console.talk(f"no run belongs to {commits} ({elsewhere}: repro ls)")
    elif selection.n_other:
        console.talk(f"no run matches, of {selection.n_other:,}")
    else:
        # A clone begins without runs, as git fetches none.
        has_remote = bool(repo.start("remote").result().out.strip())
        others = "get those of others with: repro pull; " if has_remote else ""
        console.talk(f"no runs yet; {others}record one with: repro run -- python train.py")


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

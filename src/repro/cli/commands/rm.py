"""``repro rm``: removes runs, and says how to bring them back."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from repro.cli.console import current_console
from repro.cli.format import counted
from repro.cli.page import clean
from repro.cli.rebuilding import StillRunningError
from repro.cli.run_argument import RUN
from repro.cli.runs import find_summary, open_runs
from repro.cli.speaking import said_of
from repro.git.repository import Repository
from repro.model.ids import RunId, run_id_from_ref, short_id
from repro.model.run import Status
from repro.model.summary import Summary

if TYPE_CHECKING:
    from repro.store.listing import KnownRun

__all__ = ["command"]

_MAX_NAMED = 10


@click.command("rm", short_help="Remove runs; `repro restore` brings them back")
@click.argument("runs", metavar="[RUN]...", nargs=-1, type=RUN)
@click.option(
    "--filter", "expression", metavar="EXPRESSION", help="Remove the runs that match, as in `ls`."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def command(runs: tuple[str, ...], *, expression: str | None, dry_run: bool) -> None:
    """Remove runs: all that are named, or none where one cannot be.

    They go to the trash of this clone, with everything in them, until `repro gc` empties it; until
    then `repro restore` brings them back. Other clones and remotes keep what they have, and a pull
    does not bring a removed run back. Runs that are starred, tagged, annotated or on a remote are
    removed where they are named; a --filter leaves them alone.

    \b
      repro rm kxwm
      repro rm @ @~1
      repro rm --filter 'status == "failed"' --dry-run
    """  # noqa: D301 - click reads the backspace
    if not runs and expression is None:
        raise click.UsageError("missing argument RUN..., or --filter")
    console = current_console()
    repo = open_runs()
    doomed = {run.id: run for run in (_find(repo, text) for text in runs)}
    if expression is not None:
        doomed |= {run.id: run for run in _matching(repo, expression) if run.id not in doomed}
    if not doomed:
        return
    if not dry_run:
        _remove(repo, doomed.values())
    for run in doomed.values():
        verb = "would remove" if dry_run else "removed"
        if isinstance(run, Summary):
            reasons = "; ".join(_reasons_to_keep(repo, run))
            console.talk(f"{verb} {said_of(run)}" + (f" ({clean(reasons)})" if reasons else ""))
        else:
            console.talk(f"{verb} {run.id}, which could not be read")
    if not dry_run:
        letters = [short_id(run) for run in doomed] if len(doomed) <= _MAX_NAMED else []
        console.talk(f"to go back: repro restore {' '.join(letters)}".rstrip())


def _remove(repo: Repository, runs: "Iterable[Summary | KnownRun]") -> None:
    from datetime import UTC, datetime

    from repro.git.identity import author_of
    from repro.store.removal import remove_runs

    remove_runs(repo, runs, now=datetime.now(UTC), author=author_of(repo))


def _matching(repo: Repository, expression: str) -> list[Summary]:
    """Returns the runs that match and that nothing speaks for."""
    from repro.selection.select import Request, select

    selection = select(repo, Request(expression))
    matching = [run for run in selection.runs if run.status is not Status.RUNNING]
    doomed = [run for run in matching if not _reasons_to_keep(repo, run)]
    n_kept = len(matching) - len(doomed)
    console = current_console()
    if not matching:
        console.talk(f"no run matches, of {selection.n_other:,}")
    if n_kept:
        what = counted(n_kept, "matching run")
        console.talk(f"kept {what}, starred, tagged, annotated or shared: name what is to go")
    return doomed


def _find(repo: Repository, text: str) -> "Summary | KnownRun":
    from repro.store.listing import KnownRun
    from repro.store.resolve import UnreadableRunError

    try:
        run = find_summary(repo, text)
    except UnreadableRunError as error:  # to be rid of it is reason enough
        found = error.run
        run_id = run_id_from_ref(found.ref) or RunId(found.ref.rpartition("/")[2])
        return KnownRun(run_id, found.oid, found.ref)
    if run.status is Status.RUNNING:
        letters = short_id(run.id)
        raise StillRunningError(
            f"run {run.name} has not ended", hint=f"when it has: repro rm {letters}"
        )
    return run


def _reasons_to_keep(repo: Repository, run: Summary) -> list[str]:
    """Returns what might have been a reason to keep a run."""
    from repro.cli.views.listing import tags_text
    from repro.store.shared import shared_with

    remotes = [shared.remote for shared in shared_with(repo) if run.id in shared.runs]
    return [
        *(["starred"] if run.starred else []),
        *([f"tagged {tags_text(run.tags)}"] if run.tags else []),
        *([f"with {counted(len(run.notes), 'note')}"] if run.notes else []),
        *([f"stays on {' and '.join(remotes)}"] if remotes else []),
    ]

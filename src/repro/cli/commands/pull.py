"""``repro pull``: runs of others, checked before they are believed, and their bytes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import click

from repro.cli.console import Console, current_console
from repro.cli.format import counted, size
from repro.cli.progress_line import ProgressLine, progress_line
from repro.cli.run_argument import RUN
from repro.cli.runs import open_runs
from repro.git.identity import author_of
from repro.git.remotes import find_remote
from repro.git.repository import Repository
from repro.lineage.resolve import resolve_run
from repro.model.ids import Oid, RunId, short_id
from repro.share.bytes import Brought
from repro.share.pull import Pulled, pull_refs, title_of
from repro.share.pull_data import pull_data

__all__ = ["command"]

_SHOWN = 10


@click.command("pull", short_help="Get runs from the git remote, their data from the DVC remote")
@click.argument("runs", metavar="[RUN]...", nargs=-1, type=RUN)
@click.option("--remote", metavar="NAME", help="A git remote, or its address.")
@click.option("--no-data", is_flag=True, help="Leave the bytes of data and artifacts.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def command(runs: tuple[str, ...], *, remote: str | None, no_data: bool, as_json: bool) -> None:
    """Get every run that the git remote has and this clone lacks, then the bytes they need.

    Each run is checked before it is believed; what fails is left out, with the reason, and the exit
    code is 1. Branches, tags and the working tree stay as they are.

    With RUN, which may have been pulled before or just now, only the bytes of those runs are
    fetched. Without the bytes (--no-data) a run can be listed, shown and compared; `repro checkout`
    fetches what it needs.

    \b
    Examples:
      repro pull
      repro pull --no-data
      repro pull swift-otter
      repro pull --remote backup
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    repo = open_runs()
    source = find_remote(repo, remote)
    _want_back(repo, runs)
    with progress_line(console) as line:
        pulled = pull_refs(repo, source, with_data=not (no_data or runs), on_progress=line.git)
        named = {run.id: run.oid for run in (resolve_run(repo, text) for text in runs)}
        brought = None
        if not no_data:
            brought = _bring(repo, pulled, named if runs else None, line)
    if as_json:
        console.json(_to_json(pulled, brought))
    else:
        _say(console, pulled, brought)
    _warn(console, pulled, brought)
    if pulled.refused or pulled.clashes or (brought is not None and brought.missing):
        raise click.exceptions.Exit(1)


def _want_back(repo: Repository, texts: Sequence[str]) -> None:
    """Takes back the removal of runs that are asked for by id or letters."""
    from repro.store.removal import list_trash, removed_here, restore_runs, take_back_removals

    removed = removed_here(repo) if texts else frozenset()
    wanted = [run for run in removed if run in texts or short_id(run) in texts]
    if not wanted:
        return
    now, author = datetime.now(UTC), author_of(repo)
    trashed = [item for item in list_trash(repo) if item.id in wanted]
    restore_runs(repo, trashed, now=now, author=author)
    take_back_removals(repo, wanted, now=now, author=author)


def _bring(
    repo: Repository, pulled: Pulled, named: Mapping[RunId, Oid] | None, line: ProgressLine
) -> Brought:
    return pull_data(repo, pulled.remote, pulled.runs, named=named, on_progress=line.data)


def _say(console: Console, pulled: Pulled, brought: Brought | None) -> None:
    data = ""
    if brought is not None and brought.n_entries:
        data = f", {size(brought.size_bytes)} of data"
    if not (pulled.runs or pulled.n_logs or data):
        console.talk(f"nothing new on {pulled.remote}")
        return
    console.talk(f"pulled {counted(len(pulled.runs), 'run')} from {pulled.remote}{data}")


def _warn(console: Console, pulled: Pulled, brought: Brought | None) -> None:
    for run, notes in pulled.notes.items():
        for note in notes:
            console.talk(f"note: run {short_id(run)}: {note}")
    for name, reason in list(pulled.refused.items())[:_SHOWN]:
        console.talk(f"warning: not taken: {title_of(name)}: {reason}")
    if len(pulled.refused) > _SHOWN:
        console.talk(f"warning: and {len(pulled.refused) - _SHOWN:,} more not taken")
    for run in pulled.clashes:
        console.talk(
            f"warning: {pulled.remote} has another run with the id {run}; the one here was kept"
        )
    if brought is None or not brought.missing:
        return
    for run, rows in list(brought.missing.items())[:_SHOWN]:
        path, reason = rows[0]
        more = f", and {len(rows) - 1} more" if len(rows) > 1 else ""
        console.talk(f"warning: without its data: {short_id(run)}: {path}: {reason}{more}")
    if len(brought.missing) > _SHOWN:
        console.talk(f"warning: and {len(brought.missing) - _SHOWN:,} more without their data")
    console.talk("hint: on a machine that has them: repro push; then here: repro pull")


def _to_json(pulled: Pulled, brought: Brought | None) -> dict[str, object]:
    missing = {} if brought is None else brought.missing
    return {
        "remote": pulled.remote,
        "runs": list(pulled.runs),
        "refused": dict(pulled.refused),
        "clashes": list(pulled.clashes),
        "data_bytes": 0 if brought is None else brought.size_bytes,
        "without_data": {
            run: [{"path": path, "reason": reason} for path, reason in rows]
            for run, rows in missing.items()
        },
    }

"""``repro ls --remote``: for each run, what of it is shared."""

from datetime import datetime

from repro.cli.console import Console
from repro.cli.format import counted
from repro.cli.table import show_table, to_tsv
from repro.cli.views import remote as view
from repro.git.remotes import find_remote
from repro.git.repository import Repository
from repro.model.run import Status
from repro.selection.select import Selection
from repro.share.survey import Data, Record, survey
from repro.share.there import runs_here

__all__ = ["list_whereabouts"]


def list_whereabouts(
    console: Console,
    repo: Repository,
    selection: Selection,
    name: str | None,
    *,
    now: datetime,
    is_filtered: bool,
    as_json: bool,
) -> None:
    """Asks the remotes where the selected runs are, and writes the answers.

    Args:
        console: Where to.
        repo: The repository.
        selection: The runs.
        name: A git remote; None for the one that is pulled from.
        now: The time.
        is_filtered: Whether runs were chosen, so that those on the remote alone are not asked for.
        as_json: Whether to write JSON.

    Raises:
        RemoteError: The git remote cannot be asked.
    """
    remote = find_remote(repo, name)
    runs = [run for run in selection.runs if run.status is not Status.RUNNING]
    names = {run.id: run.name for run in runs}
    found = survey(repo, remote, runs, known=runs_here(repo))
    rows = [
        (where, names.get(where.id, ""))
        for where in found
        if not (is_filtered and where.record is Record.THERE)
    ]
    if as_json:
        console.json(view.to_json(rows))
        return
    if not rows:
        console.talk(f"no runs here, and none on {remote.name}")
    elif console.is_terminal:
        show_table(console, view.table(rows, now=now))
    else:
        console.write(to_tsv(view.HEADER, view.tsv_rows(rows)))
    n_alone = sum(1 for where, _ in rows if where.record is Record.THERE)
    if n_alone:
        console.talk(f"{counted(n_alone, 'run')} on {remote.name} alone: repro pull")
    n_lacking = sum(
        1
        for where, _ in rows
        if where.record is Record.HERE or where.data in (Data.SOME, Data.NONE)
    )
    if n_lacking:
        console.talk(f"{counted(n_lacking, 'run')} not shared whole: repro push")

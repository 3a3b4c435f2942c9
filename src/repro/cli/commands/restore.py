"""``repro restore``: brings removed runs back."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from repro.cli.console import Console, current_console
from repro.cli.format import ago
from repro.cli.page import Cell, clean
from repro.cli.runs import open_runs
from repro.cli.table import Column, show_table, to_tsv
from repro.cli.trash_argument import TRASHED
from repro.cli.views.listing import iso
from repro.compare.strict_json import Json
from repro.git.identity import author_of
from repro.model.ids import is_run_id, short_id, started_at_from_id, trash_ref
from repro.store.removal import Trashed, list_trash, restore_runs
from repro.store.trash import find_trashed

__all__ = ["command"]


@click.command("restore", short_help="Bring removed runs back, or list them")
@click.argument("runs", metavar="[RUN]...", nargs=-1, type=TRASHED)
@click.option("--json", "as_json", is_flag=True, help="Write the list as JSON.")
def command(runs: tuple[str, ...], *, as_json: bool) -> None:
    """Bring back runs that `repro rm` removed: all that are named, or none where one cannot be.

    Without a RUN, what can be brought back is listed, the last removed first. RUN is an id, its
    letters or the first of them, or a name.

    \b
      repro restore
      repro restore kxwm
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    repo = open_runs()
    now = datetime.now(UTC)
    if not runs:
        trash = [run for run in list_trash(repo) if not run.is_back]
        if as_json:
            console.json([_to_json(run) for run in trash])
        else:
            _list(console, trash, now)
        return
    found = {run.id: run for run in (find_trashed(repo, text) for text in runs)}
    restore_runs(repo, found.values(), now=now, author=author_of(repo))
    for run in found.values():
        console.talk(f"restored {clean(f'{short_id(run.id)} {run.name}'.rstrip())}")
    if as_json:
        console.json([_to_json(run) for run in found.values()])


def _list(console: Console, trash: Sequence[Trashed], now: datetime) -> None:
    if not trash:
        console.talk("the trash is empty")
        return
    if not console.is_terminal:
        rows = [
            [run.id, run.name, iso(run.removed_at) if run.removed_at else "", run.by]
            for run in trash
        ]
        console.write(to_tsv(["id", "name", "removed_at", "by"], rows))
        return
    texts: dict[str, list[str]] = {
        "run": [short_id(run.id) for run in trash],
        "name": [run.name or "(cannot be read)" for run in trash],
        "started": [_started(run, now) for run in trash],
        "removed": [ago(run.removed_at, now) if run.removed_at else "unknown" for run in trash],
        "by": [run.by.partition(" <")[0] for run in trash],
    }
    styles = {"run": "cyan", "started": "dim", "by": "dim"}
    columns = [
        Column(title, tuple(Cell(text, styles.get(title, "")) for text in column), rank=rank)
        for rank, (title, column) in enumerate(texts.items())
    ]
    show_table(console, columns)
    console.talk("to bring one back: repro restore RUN")


def _started(run: Trashed, now: datetime) -> str:
    return ago(started_at_from_id(run.id), now) if is_run_id(run.id) else ""


def _to_json(run: Trashed) -> dict[str, Json]:
    return {
        "id": run.id,
        "name": run.name or None,
        "oid": run.oid,
        "ref": trash_ref(run.id),
        "removed_at": iso(run.removed_at) if run.removed_at else None,
        "by": run.by,
    }

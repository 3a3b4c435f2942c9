"""``repro note``: notes on runs, added and listed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import BinaryIO

import click

from repro.cli.console import Console, current_console
from repro.cli.format import counted
from repro.cli.page import Block, Cell, Line
from repro.cli.run_argument import RUN
from repro.cli.runs import open_runs
from repro.cli.speaking import find_all, said_of, say
from repro.cli.table import to_tsv
from repro.cli.views.listing import iso, note_to_json
from repro.cli.views.record import note_lines
from repro.git.repository import Repository
from repro.model.event import MAX_NOTE, EventKind
from repro.model.ids import short_id
from repro.model.summary import Summary
from repro.store.log import Word

__all__ = ["command"]

_MAX_BYTES = 4 * MAX_NOTE


@click.command("note", short_help="Write notes on runs, or list them")
@click.argument("run", type=RUN)
@click.argument("text", nargs=-1)
@click.option(
    "-F", "--file", type=click.File("rb"), help="Take the text from FILE, - for standard input."
)
@click.option("-e", "--edit", "is_edited", is_flag=True, help="Write the text in git's editor.")
@click.option("-r", "--run", "others", multiple=True, type=RUN, help="A further run.")
@click.option("--json", "as_json", is_flag=True, help="Write the notes as JSON.")
def command(
    run: str,
    text: tuple[str, ...],
    *,
    file: BinaryIO | None,
    is_edited: bool,
    others: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write a note on a run: what was tried, what came out, what to look at.

    Notes are added, never replaced, each with its author and time. Without a TEXT, the notes of the
    run are listed. The run itself does not change: notes are kept beside it, and go where it is
    pushed.

    \b
      repro note @ 'overfits after epoch 12'
      repro note kxwm -e
      tail -n 20 train.log | repro note @ -F -
      repro note @
      repro ls '"overfits" in notes'
    """  # noqa: D301 - click reads the backspace
    if sum((bool(text), file is not None, is_edited)) > 1:
        raise click.UsageError("a note is a TEXT, or a --file, or what --edit gives")
    console = current_console()
    repo = open_runs()
    runs = find_all(repo, [run, *others])
    if is_edited:
        from repro.cli.editor import edited

        with edited(repo, f"a note on {', '.join(map(said_of, runs))}") as written:
            _add(console, repo, runs, written)
    elif file is not None:
        _add(console, repo, runs, _read(file))
    elif text:
        _add(console, repo, runs, " ".join(text))
    else:
        _list(console, runs, as_json=as_json)
        return
    if as_json:
        _list(console, find_all(repo, [found.id for found in runs]), as_json=True)


def _add(console: Console, repo: Repository, runs: Sequence[Summary], text: str) -> None:
    note = text.replace("\r\n", "\n").strip("\n")
    say(repo, [Word(EventKind.NOTE, found.id, value=note) for found in runs])
    for found in runs:
        n_notes = counted(len(found.notes) + 1, "note")
        console.talk(f"noted on {said_of(found)}, which has {n_notes}")


def _read(file: BinaryIO) -> str:
    # One more than a note may have: longer ones are refused, not cut.
    return file.read(_MAX_BYTES + 1).decode("utf-8", "surrogateescape")


def _list(console: Console, runs: Sequence[Summary], *, as_json: bool) -> None:
    if as_json:
        console.json(
            [
                {"id": run.id, "name": run.name, "notes": [*map(note_to_json, run.notes)]}
                for run in runs
            ]
        )
        return
    for run in runs:
        if not run.notes:
            letters = short_id(run.id)
            console.talk(f"{said_of(run)} has no notes; to write one: repro note {letters} 'TEXT'")
    if not console.is_terminal:
        rows = [[run.id, iso(note.at), note.by, note.text] for run in runs for note in run.notes]
        console.write(to_tsv(["id", "at", "by", "text"], rows))
        return
    now = datetime.now(UTC)
    page: list[Block] = []
    for run in (run for run in runs if run.notes):
        page += [Line.of()] if page else []
        page.append(Line.of(Cell(run.name, "bold"), "  ", Cell(short_id(run.id), "cyan")))
        page += note_lines(run.notes, now)
    console.show(page)

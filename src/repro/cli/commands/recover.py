"""``repro recover``: records runs that died, and says what is left."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import click

from repro.cli.console import Console, current_console
from repro.cli.format import ago
from repro.cli.page import Cell, Grid
from repro.cli.run_argument import RUN
from repro.cli.runs import find_summary, open_runs
from repro.cli.views.listing import elsewhere_to_json, status_text
from repro.git.repository import Repository
from repro.model.ids import short_id
from repro.model.run import Status
from repro.record.live import LiveRun, list_live_runs, live_run
from repro.record.liveness import (
    Elsewhere,
    Life,
    command_of,
    elsewhere,
    life_of_command,
    recorder_of,
)

__all__ = ["command"]


class _Left(NamedTuple):
    """A run that is not recorded yet.

    Attributes:
        live: The run.
        name: Its name.
        state: "running", "elsewhere" or "unrecorded".
        why: Why it is left, in words.
        where: Of one elsewhere.
    """

    live: LiveRun
    name: str
    state: str
    why: str
    where: Elsewhere | None = None


@click.command("recover", short_help="Record runs that died, or one that you say is dead")
@click.argument("run", type=RUN, required=False)
@click.option("--json", "as_json", is_flag=True, help="Write JSON: what is left.")
def command(run: str | None, *, as_json: bool) -> None:
    """Record runs whose recorder died, as every repro command does, and say what is left and why.

    With RUN, record a run that only you know to be dead: one that another machine began, which
    nobody here can see. It becomes a crashed run with all that it had logged. A run that is seen to
    live is never recorded so.

    \b
      repro recover             which runs are not recorded yet, and why
      repro recover kxwm        it is dead, whatever it looks like
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    repo = open_runs()
    if run is not None:
        _declare_dead(console, repo, run)
        return
    left = list(_left(repo))
    if as_json:
        console.json([_to_json(one) for one in left])
    elif left:
        rows = [(Cell(short_id(x.live.id), "cyan"), Cell(x.name), Cell(x.why)) for x in left]
        console.show([Grid(tuple(rows), wrap=2)])
    else:
        console.talk("nothing is left to record")
    if any(one.state == "unrecorded" for one in left):
        raise click.exceptions.Exit(1)


def _declare_dead(console: Console, repo: Repository, text: str) -> None:
    from repro.record.recover import declare_dead

    summary = find_summary(repo, text)
    letters = short_id(summary.id)
    if summary.status is not Status.RUNNING:
        status = status_text(summary.status, summary.exit_code)
        console.talk(f"{summary.name} ({letters}) is recorded already: {status}")
        return
    declare_dead(repo, live_run(repo, summary.id), home=os.path.expanduser("~"))
    recorded = find_summary(repo, summary.id)
    status = status_text(recorded.status, recorded.exit_code)
    console.talk(f"recorded {recorded.name} ({letters}): {status}")


def _left(repo: Repository) -> Iterator[_Left]:
    now = datetime.now(UTC)
    for live in list_live_runs(repo):
        begun = live.read("run") or {}
        name = str(begun.get("name") or "")
        try:
            yield _judged(live, name, now)
        except FileNotFoundError:  # it has just ended
            continue


def _judged(live: LiveRun, name: str, now: datetime) -> _Left:
    where = elsewhere(live.directory)
    if where is not None:
        seen = ago(where.last_sign_at, now)
        why = f"runs elsewhere, on {where.host}; last sign of life {seen}"
        hint = f"if it is dead: repro recover {short_id(live.id)}"
        return _Left(live, name, "elsewhere", f"{why}; {hint}", where)
    claim = live.claim()
    if claim is None:
        return _Left(live, name, "running", f"runs{_process(recorder_of(live.directory))}")
    os.close(claim)
    if life_of_command(live.directory) is not Life.ENDED:
        process = _process(command_of(live.directory))
        why = f"runs{process}, though its recorder died: it is recorded when it has ended"
        return _Left(live, name, "running", why)
    return _Left(live, name, "unrecorded", f"could not be recorded; it is kept in {live.directory}")


def _process(pid: int | None) -> str:
    return "" if pid is None else f", process {pid}"


def _to_json(left: _Left) -> dict[str, object]:
    return {
        "id": left.live.id,
        "name": left.name,
        "state": left.state,
        "why": left.why,
        "directory": left.live.directory,
        "elsewhere": elsewhere_to_json(left.where),
    }

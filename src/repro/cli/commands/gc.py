"""``repro gc``: removes what nobody can want any more, and runs that a policy does not keep."""

import click

from repro.cli.console import Console, current_console
from repro.cli.format import counted, size
from repro.cli.garbage.collect import Report, Request, collect
from repro.cli.garbage.freed import Freed
from repro.cli.garbage.runs import Policy, called
from repro.cli.page import clean
from repro.cli.runs import open_runs
from repro.git.repository import Repository
from repro.model.ids import short_id

__all__ = ["command"]

_MAX_NAMED = 10


@click.command("gc", short_help="Free space; keep only the runs that a policy names")
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(min=0),
    default=14,
    show_default=True,
    metavar="DAYS",
    help="Keep what was used or removed in the last DAYS; 0 for all that is not in use.",
)
@click.option(
    "--keep-last", "last", type=click.IntRange(min=0), metavar="N", help="Keep the newest N runs."
)
@click.option(
    "--keep",
    "matching",
    multiple=True,
    metavar="EXPRESSION",
    help="Keep the runs that match, as in `repro ls`; may be repeated.",
)
@click.option(
    "--keep-days",
    "keep_days",
    type=click.IntRange(min=0),
    metavar="DAYS",
    help="Keep the runs of the last DAYS.",
)
@click.option(
    "--now", "is_now", is_flag=True, help="Empty the trash at once; there is no way back."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--remote", metavar="NAME", help="Fold the old runs on a remote, and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def command(
    *,
    days: int,
    last: int | None,
    matching: tuple[str, ...],
    keep_days: int | None,
    is_now: bool,
    dry_run: bool,
    remote: str | None,
    as_json: bool,
) -> None:
    """Free space, and keep the repository quick.

    Without --keep options every run stays. What goes: runs that `repro rm` removed 14 days ago or
    more; environments and working trees that repro made and nobody used for as long; stored bytes
    that no run, no removed run and no `repro undo` needs; old undo entries; caches; what processes
    that died left behind. Then old runs are folded together, and git's refs packed.

    With --keep options, runs that none of them keeps move to the trash, as with `repro rm`: until
    the trash is emptied, `repro restore` brings them back. Runs with a tag, with a star, with a git
    tag or branch on them, runs that a remote has, and parents of runs that stay are always kept; to
    remove one of those, name it: `repro rm RUN`.

    \b
      repro gc --dry-run
      repro gc --keep-last 100 --keep 'metrics.accuracy > 0.9'
      repro gc --keep-days 90 --now
      repro gc --remote origin
    """  # noqa: D301 - click reads the backspace
    import time

    from repro.cli.garbage.turn import only_gc
    from repro.git.identity import author_of

    console = current_console()
    repo = open_runs()
    policy = Policy(last, matching, keep_days)
    if remote is not None:
        if policy.is_set or is_now or as_json:
            raise click.UsageError("--remote goes with --dry-run only")
        _fold_remote(console, repo, remote, is_dry=dry_run)
        return
    asked = Request(days, policy, is_now, dry_run, time.time_ns(), author_of(repo))
    with only_gc(repo):
        report = collect(repo, asked)
    if as_json:
        console.json(_to_json(report, is_dry=dry_run))
    else:
        _say(console, report, is_dry=dry_run)


def _say(console: Console, report: Report, *, is_dry: bool) -> None:
    """Writes what went to stdout, a line each, and all else to stderr."""
    verb = "would remove" if is_dry else "removed"
    for run in report.removed:
        to_trash = "would move" if is_dry else "moved"
        console.write(f"{to_trash} to the trash: run {clean(called(run))}\n")
    for trashed in report.emptied:
        console.write(f"{verb} from the trash: run {clean(called(trashed))}\n")
    for row in report.freed:
        console.write(f"{verb} {row.text} ({_sizes(row)}): {row.why}\n")
    for left in report.left:
        console.talk(f"kept {left.text}: {left.reason}")
        if left.fix:
            console.talk(f"  to remove it all the same: {left.fix}")
    if report.kept:
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in report.kept.items())
        console.talk(f"kept {counted(sum(report.kept.values()), 'run')}: {reasons}")
    if report.n_young:
        young = counted(report.n_young, "object")
        console.talk(f"kept {young} less than an hour old, which nothing needs so far")
    if report.n_folded:
        console.talk(f"folded {counted(report.n_folded, 'run')}")
    back = [run for run in report.removed if run.id not in {gone.id for gone in report.emptied}]
    if back and not is_dry:
        letters = " ".join(short_id(run.id) for run in back[:_MAX_NAMED])
        console.talk(f"to go back: repro restore {letters if len(back) <= _MAX_NAMED else 'RUN'}")
    console.talk(f"{size(report.freed_bytes)} {'would be freed' if is_dry else 'freed'}")


def _sizes(row: Freed) -> str:
    if not row.shared_bytes:
        return size(row.n_bytes)
    return f"{size(row.n_bytes)}, and {size(row.shared_bytes)} that other files share"


def _to_json(report: Report, *, is_dry: bool) -> dict[str, object]:
    return {
        "dry_run": is_dry,
        "freed_bytes": report.freed_bytes,
        "removed": [{"id": run.id, "name": run.name} for run in report.removed],
        "kept": {reason.value: n for reason, n in report.kept.items()},
        "emptied": [{"id": run.id, "name": run.name} for run in report.emptied],
        "freed": [row.to_json() for row in report.freed],
        "left": [left.to_json() for left in report.left],
        "young_objects": report.n_young,
        "folded": report.n_folded,
    }


def _fold_remote(console: Console, repo: Repository, name: str, *, is_dry: bool) -> None:
    from repro.git.remotes import find_remote
    from repro.share.fold_remote import fold_remote

    done = fold_remote(repo, find_remote(repo, name, to_push=True), dry_run=is_dry)
    verb = "would fold" if is_dry else "folded"
    console.talk(f"{verb} {counted(done.n_runs, 'run')} on {done.remote}, of {done.n_refs:,}")

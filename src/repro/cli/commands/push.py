"""``repro push``: runs and their bytes, to where others can get them."""

import os
from collections.abc import Mapping, Sequence

import click

from repro.cli.console import Console, current_console
from repro.cli.format import counted, size
from repro.cli.progress_line import progress_line
from repro.cli.run_argument import RUN
from repro.cli.runs import open_runs
from repro.git.remotes import GitRemote, find_remote, list_remote_refs
from repro.git.repository import Repository
from repro.lineage.resolve import resolve_run
from repro.lineage.settling import settle_rewrites
from repro.model.ids import Oid, RunId, short_id
from repro.share.needs import needs_of
from repro.share.push import PushPlan, PushResult, Sharing, plan_push, push_runs
from repro.share.there import SHARED_REFS

__all__ = ["command"]

_SHOWN = 10


@click.command("push", short_help="Share runs: to the git remote, their data to the DVC remote")
@click.argument("runs", metavar="[RUN]...", nargs=-1, type=RUN)
@click.option("--remote", metavar="NAME", help="A git remote, or its address.")
@click.option("--no-data", is_flag=True, help="Leave the bytes of data and artifacts.")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def command(
    runs: tuple[str, ...], *, remote: str | None, no_data: bool, dry_run: bool, as_json: bool
) -> None:
    """Send every run that the git remote lacks, or only those named.

    The bytes of a run's data and artifacts go to the repository's DVC remote first, then its commit
    goes to the git remote, together with the commits it was begun from, and with tags, notes and
    stars. What is there already is not sent again, nothing there is overwritten, and a push that
    was stopped goes on where it was.

    The git remote is the one that `git push` would use, else origin, else the only one. A run whose
    data cannot be shared is pushed all the same, and said to lack it; the exit code is then 1.

    \b
    Examples:
      repro push
      repro push swift-otter best:accuracy
      repro push --remote backup --no-data
      repro push --dry-run
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    repo = open_runs()
    settle_rewrites(repo)
    target = find_remote(repo, remote, to_push=True)
    found = [resolve_run(repo, text) for text in runs]
    named = {run.id: run.oid for run in found} if runs else None
    if dry_run:
        _write_plan(console, repo, target, named, as_json=as_json)
        return
    with progress_line(console) as line:
        sharing = Sharing(
            data=not no_data,
            on_git=line.git,
            on_bytes=line.data,
            on_runs=lambda done, of: line.count("runs", done, of),
        )
        result = push_runs(repo, target, named, sharing=sharing)
    if as_json:
        console.json(_to_json(result))
    else:
        _say(console, result)
    _warn(console, repo, result)
    if not result.is_complete:
        raise click.exceptions.Exit(1)


def _write_plan(
    console: Console,
    repo: Repository,
    target: GitRemote,
    named: Mapping[RunId, Oid] | None,
    *,
    as_json: bool,
) -> None:
    theirs = list_remote_refs(repo, target, *SHARED_REFS, to_push=True)
    plan = plan_push(repo, target, theirs, named)
    needs = needs_of(repo, list(plan.with_data.items()))
    entries = {entry.hash: entry for need in needs.values() for entry in need.entries}
    n_bytes = sum(entry.size_bytes for entry in entries.values())
    ids = [*plan.runs, *plan.folded]
    if as_json:
        console.json(
            {
                "remote": target.name,
                "runs": ids,
                "already_there": plan.n_there,
                "data_bytes": n_bytes,
                "clashes": list(plan.clashes),
            }
        )
        return
    console.write("".join(f"{run}\n" for run in ids))
    if not (ids or n_bytes or plan.chains):
        console.talk(f"{target.name} has everything already{_there(plan)}")
        return
    what = counted(len(ids), "run") if ids or n_bytes else "what was said of runs"
    data = f", with up to {size(n_bytes)} of data" if n_bytes else ""
    console.talk(f"would push {what} to {target.name}{data}{_there(plan)}; to do it: repro push")


def _there(found: PushPlan | PushResult) -> str:
    return f"; {found.n_there:,} there already" if found.n_there else ""


def _say(console: Console, result: PushResult) -> None:
    objects = counted(result.n_objects, "object")
    data = f", {objects} to the DVC remote {result.data_remote}" if result.n_objects else ""
    if not (result.runs or result.n_objects or result.n_chains):
        console.talk(f"{result.remote} has everything already{_there(result)}")
        return
    if not (result.runs or result.n_objects):
        console.talk(f"pushed what was said of runs to {result.remote}{_there(result)}")
        return
    console.talk(
        f"pushed {counted(len(result.runs), 'run')} to {result.remote}{data}{_there(result)}"
    )


def _warn(console: Console, repo: Repository, result: PushResult) -> None:
    if result.renamed:
        console.talk(
            "note: a copy of this clone has pushed under its name; this one goes by a new name now"
        )
    for ref, reason in list(result.refused.items())[:_SHOWN]:
        console.talk(f"warning: not pushed: {ref.removeprefix('refs/repro/')}: {reason}")
    if len(result.refused) > _SHOWN:
        console.talk(f"warning: and {len(result.refused) - _SHOWN:,} more not pushed")
    for run in result.clashes:
        console.talk(
            f"warning: not pushed: {result.remote} has another run with the id of {short_id(run)}"
        )
    by_reason: dict[str, list[RunId]] = {}
    for run, reason in result.without_data.items():
        by_reason.setdefault(reason, []).append(run)
    if by_reason and result.data_remote is None:
        by_reason = {"there is no DVC remote": list(result.without_data)}
    for reason, runs in by_reason.items():
        console.talk(f"warning: without its data: {_named(runs)}: {reason}")
    if by_reason:
        console.talk(f"hint: {_fix(repo, result)}")


def _named(runs: Sequence[RunId]) -> str:
    more = f" and {len(runs) - _SHOWN:,} more" if len(runs) > _SHOWN else ""
    return " ".join(short_id(run) for run in runs[:_SHOWN]) + more


def _fix(repo: Repository, result: PushResult) -> str:
    if result.data_remote is None:
        start = "" if os.path.isdir(f"{repo.top}/.dvc") else "dvc init && "
        return f"{start}dvc remote add -d NAME URL && repro push"
    return "once that is mended: repro push; to share the runs alone: repro push --no-data"


def _to_json(result: PushResult) -> dict[str, object]:
    return {
        "remote": result.remote,
        "data_remote": result.data_remote,
        "runs": list(result.runs),
        "already_there": result.n_there,
        "objects": result.n_objects,
        "refused": dict(result.refused),
        "clashes": list(result.clashes),
        "without_data": dict(result.without_data),
    }

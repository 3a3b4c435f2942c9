"""``repro diff``: what differs between two runs."""

import posixpath

import click

from repro.cli.console import Console, current_console
from repro.cli.run_argument import RUN
from repro.cli.runs import find_run, open_runs
from repro.compare.diff import Difference, FileStat, compare_records
from repro.git.repository import Repository
from repro.model.run import Record
from repro.model.summary import Summary

__all__ = ["command"]

_OTHER_PILLARS = frozenset(
    f"{stem}.{suffix}"
    for stem in ("params", "metrics")
    for suffix in ("yaml", "yml", "json", "toml", "csv")
)
"""Files that hold another pillar or the result, and are shown there."""


@click.command("diff", short_help="Compare two runs, pillar by pillar")
@click.argument("a", type=RUN)
@click.argument("b", type=RUN, default="@")
@click.option("--patch", "show_patch", is_flag=True, help="Show the code's difference as a patch.")
@click.option("--exit-code", "exit_code", is_flag=True, help="Exit with 1 when anything differs.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_context
def command(
    context: click.Context, a: str, b: str, *, show_patch: bool, exit_code: bool, as_json: bool
) -> None:
    """Compare run A with run B (the newest): code, data, params, environment, metrics.

    A and B are ids or the first letters of one, names, @ (the newest), @~2, branches, commits, or
    best:METRIC.
    """
    console = current_console()
    repo = open_runs()
    first, second = find_run(repo, a), find_run(repo, b)
    files, excluded = _files(repo, first, second)
    difference = compare_records(first[1], second[1], files=files)
    if as_json:
        from repro.compare.diff_json import to_json

        ends = {"a": first[0].id, "b": second[0].id}
        console.json(ends | to_json(difference))
    else:
        _show(console, first[0], second[0], difference)
    if show_patch and not as_json:
        _write_patch(console, repo, (first[0], second[0]), excluded)
    if exit_code and not difference.is_same:
        context.exit(1)


def _show(console: Console, a: Summary, b: Summary, difference: Difference) -> None:
    from repro.cli.views.difference import page

    console.show(page(a, b, difference))


def _files(
    repo: Repository, first: tuple[Summary, Record], second: tuple[Summary, Record]
) -> tuple[list[FileStat], list[str]]:
    """Returns how the code's files differ, and the paths that belong to other pillars."""
    (a, old), (b, new) = first, second
    if old.run.code.tree == new.run.code.tree:
        return [], []
    from repro.git.history import diffstat

    pointers = {entry.pointer for entry in (*old.data, *new.data) if entry.pointer is not None}
    changes = diffstat(repo, a.oid, b.oid, sorted(pointers))
    files = [
        FileStat(c.path, c.status, c.added, c.removed, c.old_path)
        for c in changes
        if posixpath.basename(c.path) not in _OTHER_PILLARS
    ]
    kept = {file.path for file in files}
    return files, sorted(pointers | {c.path for c in changes if c.path not in kept})


def _write_patch(
    console: Console, repo: Repository, ends: tuple[Summary, Summary], excluded: list[str]
) -> None:
    from repro.git.history import patch

    a, b = ends
    text = patch(repo, a.oid, b.oid, excluded, colour=console.has_colour)
    if text:
        console.write(f"\n{text}")

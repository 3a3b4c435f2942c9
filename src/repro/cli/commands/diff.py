"""``repro diff``: what differs between two runs."""

from collections.abc import Sequence

import click

from repro.cli.console import Console, current_console
from repro.cli.page import clean
from repro.cli.run_argument import RUN
from repro.cli.runs import find_run, open_runs
from repro.compare.diff import Difference, FileStat, compare_records
from repro.git.code_changes import code_changes
from repro.git.repository import Repository
from repro.model.summary import Summary

__all__ = ["command"]


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
    found = code_changes(repo, (first[0].oid, first[1]), (second[0].oid, second[1]))
    files = [FileStat(*change) for change in found.files]
    difference = compare_records(first[1], second[1], files=files)
    if as_json:
        from repro.compare.diff_json import to_json

        ends = {"a": first[0].id, "b": second[0].id}
        console.json(ends | to_json(difference))
    else:
        _show(console, first[0], second[0], difference)
    if show_patch and not as_json:
        _write_patch(console, repo, (first[0], second[0]), found.excluded)
        _write_cells(console, difference)
    if exit_code and not difference.is_same:
        context.exit(1)


def _show(console: Console, a: Summary, b: Summary, difference: Difference) -> None:
    from repro.cli.views.difference import page

    console.show(page(a, b, difference))


def _write_patch(
    console: Console, repo: Repository, ends: tuple[Summary, Summary], excluded: Sequence[str]
) -> None:
    from repro.git.history import patch

    a, b = ends
    text = patch(repo, a.oid, b.oid, excluded, colour=console.has_colour)
    if text:
        console.write(f"\n{text}")


def _write_cells(console: Console, difference: Difference) -> None:
    lines = difference.code.cells
    if lines:
        text = "\n".join(("--- a/notebook/cells.py", "+++ b/notebook/cells.py", *lines, ""))
        console.write(clean(text, keep="\n\t") if console.is_terminal else text)

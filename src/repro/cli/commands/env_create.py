"""``repro env create``: the environment of a run, built again."""

import os
import shlex

import click

from repro.cli.console import current_console
from repro.cli.rebuilding import (
    Wanted,
    rebuild_options,
    request_of,
    run_to_rebuild,
    say_rebuilt,
)
from repro.cli.run_argument import RUN
from repro.cli.run_place import RunPlace
from repro.cli.runs import open_runs

__all__ = ["command"]


@click.command("create", short_help="Build the environment of a run again")
@click.argument("run", type=RUN)
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path())
@rebuild_options
def command(run: str, directory: str | None, *, python: str | None, inexact: bool) -> None:
    """Build the environment that a run had, and print where it is.

    Without DIR it is kept in the repository, once for all runs that had the same. Its packages are
    then held against the record, byte by byte. Packages that the run had installed from its working
    tree come from a working tree of the run, which is made for that.

    Exit code 4: it cannot be built exactly; what stands in the way is listed.

    \b
      source "$(repro env create best:accuracy)/bin/activate"
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    repo = open_runs()
    found = run_to_rebuild(repo, run)
    from repro.rebuild.environment import rebuild
    from repro.rebuild.kept import has_packages_from_tree

    # Not made canonical: a virtual environment has its own place written into it as it was named.
    wanted = Wanted(python, inexact, os.path.abspath(directory) if directory else None)
    if has_packages_from_tree(found[1]):
        with RunPlace(console, repo, found, wanted) as place:
            rebuilt = place.rebuilt
            if not (rebuilt.is_new or rebuilt.differences):  # else it has been said
                say_rebuilt(console, rebuilt)
    else:
        rebuilt = rebuild(request_of(repo, found[1], wanted, top=None), talk=console.talk)
        say_rebuilt(console, rebuilt)
    console.talk(f"to use it: source {shlex.quote(f'{rebuilt.prefix}/bin/activate')}")
    console.write(f"{rebuilt.prefix}\n")

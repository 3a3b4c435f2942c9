"""``repro env check``: whether the environment at hand is the one that a run had."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from repro.cli.console import Console, current_console
from repro.cli.page import Cell, Line
from repro.cli.rebuilding import run_to_rebuild
from repro.cli.run_argument import RUN
from repro.cli.runs import open_runs
from repro.compare.changes import Changes
from repro.errors import ReproError
from repro.git.repository import Repository
from repro.model.environment import Environment
from repro.model.ids import short_id
from repro.model.summary import Summary

if TYPE_CHECKING:
    from repro.compare.environment import EnvironmentChange

__all__ = ["NoPythonError", "command"]

_PLACES = frozenset(
    "VIRTUAL_ENV VIRTUAL_ENV_PROMPT CONDA_PREFIX CONDA_DEFAULT_ENV CONDA_PROMPT_MODIFIER".split()
)
_Edited = Mapping[str, tuple[str, ...]]
_MAX_NAMED = 3


class NoPythonError(ReproError):
    """There is no Python here to compare."""


@click.command("check", short_help="Hold the environment at hand against that of a run")
@click.argument("run", type=RUN, default="@")
@click.option(
    "--files", "with_files", is_flag=True, help="Hash every installed file, to find edited ones."
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_context
def command(context: click.Context, run: str, *, with_files: bool, as_json: bool) -> None:
    """Tell whether the environment you stand in is the one that a run (the newest) had.

    That is the activated one, else .venv or venv at the top, else the python on PATH: what
    `repro record` would record. Exit code 1 when interpreter, packages, variables or platform
    differ; the machine is shown beside them and does not count, nor does where things lie.
    """
    from repro.compare.environment import compare_environments
    from repro.rebuild.environment import NotObservedError

    console = current_console()
    repo = open_runs()
    summary, record = run_to_rebuild(repo, run)
    if record.environment is None:
        raise NotObservedError(
            f"the environment of run {summary.name} was not observed",
            hint=f"repro show {short_id(summary.id)}",
        )
    here = _observe(repo)
    difference = _known(compare_environments(record.environment, here))
    edited = _edited_files(here) if with_files else {}
    is_same = difference.is_same and not edited
    if as_json:
        from repro.compare.diff_json import environment_to_json

        python = here.interpreter.executable if here.interpreter else None
        answer = {"run": summary.id, "python": python, "same": is_same}
        files = {"edited": {name: list(paths) for name, paths in edited.items()}}
        console.json(answer | (files if with_files else {}) | environment_to_json(difference))
    else:
        _show(console, summary, here, difference, edited)
    if not is_same:
        context.exit(1)


def _known(difference: "EnvironmentChange") -> "EnvironmentChange":
    """Returns the difference without what only a process can say of itself, and without places."""
    names = difference.variable_names
    added, removed = (
        {name: "" for name in side if name not in _PLACES} for side in (names.added, names.removed)
    )
    return difference._replace(
        runtime=Changes(), modules=Changes(), variable_names=Changes(added, removed)
    )


def _show(
    console: Console,
    summary: Summary,
    here: Environment,
    difference: "EnvironmentChange",
    edited: _Edited,
) -> None:
    from repro.cli.views.environment_difference import page

    console.show(page(_head(summary, here), difference))
    for package, paths in edited.items():
        more = len(paths) - _MAX_NAMED
        names = ", ".join(paths[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
        console.write(f"edited: {package}: {names}\n")
    is_same = difference.is_same and not edited
    console.talk(f"{'same environment as' if is_same else 'not the environment of'} {summary.name}")


def _head(summary: Summary, here: Environment) -> Line:
    prefix = here.interpreter.prefix if here.interpreter else "here"
    name = Cell(summary.name, "bold")
    return Line.of(name, " ", Cell(short_id(summary.id), "cyan"), " → ", Cell(prefix, "bold"))


def _observe(repo: Repository) -> Environment:
    from repro.environment.observe import observe
    from repro.environment.probe import cached_probe, find_python
    from repro.record.project import find_project
    from repro.record.redactor import redactor_of

    env = dict(os.environ)
    executable = find_python(repo.top, env)
    if executable is None:
        raise NoPythonError(
            "there is no Python here: none is activated, in .venv or venv, or on PATH",
            hint="activate the environment: source DIR/bin/activate",
        )
    cache_dir = f"{repo.state_dir}/cache"
    environment, _ = observe(
        cached_probe(executable, cache_dir=cache_dir, env=env),
        variables=env,
        cache_dir=cache_dir,
        redactor=redactor_of(repo),
        top=repo.top,
        extra=find_project(repo).config.variables,
    )
    return environment


def _edited_files(here: Environment) -> _Edited:
    from repro.rebuild.verify import damaged_files

    path = here.interpreter.path if here.interpreter else ()
    places = [entry for entry in path if entry.endswith(("site-packages", "dist-packages"))]
    return damaged_files([entry for entry in places if os.path.isdir(entry)])

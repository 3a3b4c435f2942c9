"""What the commands that rebuild an environment share: options, the request, what is said."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from repro.cli.console import Console
from repro.cli.runs import find_run
from repro.errors import ReproError
from repro.git.repository import Repository
from repro.model.ids import short_id
from repro.model.run import Record, Status
from repro.model.summary import Summary

if TYPE_CHECKING:
    from repro.rebuild.request import Rebuilt, Request

__all__ = [
    "StillRunningError",
    "Wanted",
    "home_of",
    "rebuild_options",
    "request_of",
    "run_to_rebuild",
    "say_rebuilt",
]

_Command = TypeVar("_Command", bound="Callable[..., object]")


class StillRunningError(ReproError):
    """A run in progress: what its environment is will be known at its end."""


class Wanted(NamedTuple):
    """What the options ask for.

    Attributes:
        python: A version or path of an interpreter to go on with.
        is_inexact_accepted: Whether what can be built is built.
        directory: Where to build, absolute; None for the repository's own place.
    """

    python: str | None
    is_inexact_accepted: bool
    directory: str | None = None


def rebuild_options(function: _Command) -> _Command:
    """Adds ``--python`` and ``--inexact``."""
    inexact = click.option(
        "--inexact", is_flag=True, help="Build what can be built, and say what is not the same."
    )
    python = click.option(
        "--python",
        metavar="VERSION|PATH",
        help="Go on with this interpreter where the run's is not to be had.",
    )
    return python(inexact(function))


def run_to_rebuild(repo: Repository, text: str) -> tuple[Summary, Record]:
    """Returns the run that a text names.

    Raises:
        StillRunningError: It has not ended.
        UnknownRunError: There is none.
        AmbiguousRunError: There are several.
    """
    summary, record = find_run(repo, text)
    if record.run.status is Status.RUNNING:
        raise StillRunningError(
            f"run {summary.name} has not ended: its environment is not recorded yet",
            hint=f"when it has: repro show {short_id(summary.id)}",
        )
    return summary, record


def home_of(repo: Repository) -> str:
    """Returns the directory of the repository's rebuilt environments."""
    return f"{repo.state_dir}/envs"


def request_of(repo: Repository, record: Record, wanted: Wanted, *, top: str | None) -> "Request":
    """Returns the request for a run's environment.

    Args:
        repo: The repository.
        record: The run's.
        wanted: From the options.
        top: The working tree that has, or will have, its code.
    """
    from repro.rebuild.request import Request

    return Request(
        record=record,
        home=home_of(repo),
        env=dict(os.environ),
        top=top,
        python=wanted.python,
        is_inexact_accepted=wanted.is_inexact_accepted,
        directory=wanted.directory,
    )


def say_rebuilt(console: Console, rebuilt: "Rebuilt") -> None:
    """Says how like the recorded environment the rebuilt one is."""
    from repro.rebuild.differences import lines_of

    said = f"{rebuilt.n_identical} of {rebuilt.n_packages} packages byte-identical"
    if rebuilt.from_tree:
        said += f", {', '.join(rebuilt.from_tree)} from the working tree"
    console.talk(said if rebuilt.is_new else f"{said} (built before)")
    if rebuilt.differences:
        console.talk("not exactly the run's environment:")
        for line in lines_of(rebuilt.differences):
            console.talk(f"  {line}")

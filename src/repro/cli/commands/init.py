"""``repro init``: what is there for repro to work with, and what to set up."""

import os

import click

from repro.cli.console import Console, current_console
from repro.cli.page import clean
from repro.git.repository import NotARepositoryError, Repository, open_repository

__all__ = ["command"]

_WORD_WIDTH = 13


@click.command("init", short_help="Say what is here, and set up hooks")
@click.option("-y", "--yes", is_flag=True, help="Do what is offered, without asking.")
@click.option("--no-hooks", is_flag=True, help="Leave git's hooks alone.")
def command(*, yes: bool, no_hooks: bool) -> None:
    """Say what repro finds in this project, and offer what makes it easier to use.

    Nothing of it is needed: `repro run -- COMMAND` works in any git repository. Offered, with one
    question each, are git hooks that make runs of commits, and lines that are missing in
    .gitignore. Each says how to undo it; what is there already stays as it is, so this can be
    repeated.

    Without a terminal nothing is asked and nothing changed, unless there is --yes.

    \b
      repro init
      repro init --yes
      repro init --yes --no-hooks
    """  # noqa: D301 - click reads the backspace
    from repro.cli.first_steps.asking import asks
    from repro.cli.first_steps.found import look_around
    from repro.cli.first_steps.hooking import offer_hooks, pre_commit_lines
    from repro.cli.first_steps.next_command import next_command
    from repro.cli.first_steps.offer import Answering, make_offer
    from repro.cli.first_steps.offers import offer_to_ignore
    from repro.cli.first_steps.shown import rows_of

    console = current_console()
    answering = Answering(is_asked=asks() and not yes, is_yes=yes)
    repo = _open(console, is_asked=answering.is_asked)
    found = look_around(repo, os.environ)
    for word, text in rows_of(found):
        console.write(f"{word:<{_WORD_WIDTH}}{clean(text)}\n")
    offers = [offer_to_ignore(found), *([] if no_hooks else [offer_hooks(found)])]
    wanted = [offer for offer in offers if offer is not None]
    # Each is made, whatever became of the one before.
    done = [make_offer(console, offer, answering) for offer in wanted]
    for line in [] if no_hooks else pre_commit_lines(found):
        console.talk(line)
    console.talk("")
    if wanted and not answering.is_asked and not answering.is_yes:
        console.talk("nothing was changed; to do it: repro init --yes")
    console.talk(f"next: {next_command(found, os.environ)}")
    raise SystemExit(0 if all(done) else 2)


def _open(console: Console, *, is_asked: bool) -> Repository:
    """Opens the repository; where there is none, offers to make one.

    Raises:
        NotARepositoryError: There is none, and nobody to ask or none wanted.
        BareRepositoryError: It has no working tree.
    """
    try:
        return open_repository()
    except NotARepositoryError:
        if not is_asked:
            raise
        from repro.cli.first_steps.new_repository import offer_repository

        if not offer_repository(console):
            raise
    return open_repository()

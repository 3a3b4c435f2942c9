"""``repro hooks install``: has git call repro."""

import click

from repro.cli.console import current_console
from repro.cli.page import clean
from repro.git.repository import open_repository
from repro.hooks.call import DEFAULT_HOOKS, HookName

__all__ = ["command"]


@click.command("install", short_help="Have git record, push and keep track of runs by itself")
@click.option(
    "--check",
    is_flag=True,
    help="Add pre-commit: stop a commit whose metrics have no run, or that holds secrets.",
)
@click.option(
    "--trailer", is_flag=True, help="Add prepare-commit-msg: name the run in the commit's message."
)
@click.option("--no-notes", is_flag=True, help="Do not have git carry notes through rewrites.")
def command(*, check: bool, trailer: bool, no_notes: bool) -> None:
    """Install hooks in this repository, for all of its working trees.

    \b
      post-commit    records a commit that touches params, metrics or data
      post-rewrite   keeps runs attached through amend, rebase and squash
      post-merge     tells when data no longer matches; so does post-checkout
      pre-push       pushes the runs of the commits that are pushed

    A hook that is there goes on working: it is called first. Where another program holds the
    hooks, git 2.54 calls repro's beside them; for an older git the lines to add are printed on
    stdout. Other commits cost a few milliseconds more, and REPRO_HOOKS=0 switches all off.

    It is safe to repeat, and `repro hooks uninstall` leaves everything as it was before.
    """  # noqa: D301 - click reads the backspace
    from repro.cli.views.hooks import advice_of, by_hand, report_lines
    from repro.hooks.install import install

    console = current_console()
    repo = open_repository()
    names = [*DEFAULT_HOOKS]
    names += [HookName.PREPARE_COMMIT_MSG] if trailer else []
    names += [HookName.PRE_COMMIT] if check else []
    report = install(repo, names, with_notes=not no_notes)
    for line in report_lines(repo, report):
        console.talk(line)
    for heading, text in (*by_hand(repo, report.place, report.hooks), *advice_of(report.hooks)):
        console.talk(heading)
        console.write(clean(text, keep="\n"))

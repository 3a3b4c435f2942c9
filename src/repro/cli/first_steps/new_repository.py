"""A git repository for a directory that has none."""

import os

from repro import process
from repro.cli.console import Console
from repro.cli.first_steps.asking import is_wanted
from repro.git.repository import GitError, git_environment

__all__ = ["offer_repository"]


def offer_repository(console: Console) -> bool:
    """Asks whether to make one in the current directory, and does; tells whether it is there.

    Raises:
        GitError: git could not make it.
        KeyboardInterrupt: The user stopped.
    """
    here = os.path.realpath(os.getcwd())
    console.talk(f"There is no git repository here: {here}")
    console.talk("  to undo: rm -r .git")
    # In these everything below would be the project.
    is_home = here in ("/", os.path.realpath(os.path.expanduser("~")))
    if not is_wanted(console, "make one (git init)?", default=not is_home):
        return False
    args = ("init", "--quiet")
    result = process.run(("git", "-C", here, *args), env=git_environment())
    if result.code != 0:
        raise GitError(args, result)
    console.talk("")
    return True

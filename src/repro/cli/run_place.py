"""What `repro exec` and `repro shell` run in: a working tree of a run, and its environment."""

import os
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from repro.cli.console import Console
from repro.cli.rebuilding import Wanted, home_of, request_of, say_rebuilt
from repro.cli.run_worktree import RunWorktree, worktrees_home
from repro.git.repository import Repository
from repro.model.run import Record
from repro.model.summary import Summary

if TYPE_CHECKING:
    from repro.rebuild.request import Rebuilt

__all__ = ["Place", "RunPlace"]

_OF_THE_CALLER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
"""Set where git calls us, from a hook or an alias: its own working tree, not the run's."""


class Place(NamedTuple):
    """A run's working tree and environment.

    Attributes:
        cwd: The directory that the run's command was started in.
        rebuilt: The environment.
        variables: For what is started there.
    """

    cwd: str
    rebuilt: "Rebuilt"
    variables: dict[str, str]


class RunPlace:
    """Makes a run's working tree and environment, or finds them made; use it as a context.

    Both are there while it is entered: `repro gc` leaves them alone.
    """

    def __init__(
        self,
        console: Console,
        repo: Repository,
        run: tuple[Summary, Record],
        wanted: Wanted,
        *,
        worktree: str | None = None,
    ) -> None:
        """Takes note of what is wanted; makes nothing yet.

        Args:
            console: Told what is made, and what is not as the run had it.
            repo: The repository.
            run: The run.
            wanted: The environment.
            worktree: Where its working tree is to be; None for repro's own place.
        """
        self._console = console
        self._home = home_of(repo)
        self._worktree = RunWorktree.of(repo, run, worktree)
        self._request = request_of(repo, run[1], wanted, top=self._worktree.top)
        self._inexact = wanted.is_inexact_accepted
        self._held = ExitStack()

    def __enter__(self) -> Place:
        with ExitStack() as held:
            rebuilt = self._build(held)
            if rebuilt.is_new or rebuilt.differences:
                say_rebuilt(self._console, rebuilt)
            cwd = self._worktree.cwd
            os.makedirs(cwd, exist_ok=True)  # git keeps no empty directory
            place = Place(cwd, rebuilt, self._variables(rebuilt.prefix))
            self._held = held.pop_all()
        return place

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del kind, error, traceback
        self._held.close()

    def _build(self, held: ExitStack) -> "Rebuilt":
        """Builds both, and has `held` keep them."""
        from repro.rebuild.environment import Rebuilding
        from repro.rebuild.kept import hold

        own = self._worktree
        is_ready = own.is_ready()  # before anything is built: there may be another run's
        while True:
            with Rebuilding(self._request, talk=self._console.talk) as rebuilding:
                rebuilding.require_possible()
                rebuilding.install_locked()
                self._ready_worktree(held)
                rebuilding.install_from_tree()
                rebuilt: Rebuilt = rebuilding.check()
            if self._request.directory is not None:
                break
            # Who builds keeps all others out; now it is shared with them.
            held.enter_context(hold(self._home, rebuilding.key, is_shared=True))
            if os.path.lexists(rebuilt.python):  # `repro gc` was not quicker
                break
        if is_ready:
            own.tell_of_changes(self._console)
        return rebuilt

    def _ready_worktree(self, held: ExitStack) -> None:
        own = self._worktree
        if not own.is_own:
            if not own.is_ready():
                own.make(self._console, inexact=self._inexact)
            return
        from repro.rebuild.kept import hold

        home, name = worktrees_home(own.repo), os.path.basename(own.top)
        while True:
            # Shared at first: it may be in use, in a shell that is open for days.
            with ExitStack() as mine:
                mine.enter_context(hold(home, name, is_shared=True))
                if own.is_ready():
                    held.enter_context(mine.pop_all())
                    break
            with hold(home, name):
                if not own.is_ready():  # who had it before may have made it
                    own.make(self._console, inexact=self._inexact)
        os.utime(own.top)  # for `repro gc`: it is used

    def _variables(self, prefix: str) -> dict[str, str]:
        from repro.rebuild.variables import variables_for

        env = {n: value for n, value in self._request.env.items() if n not in _OF_THE_CALLER}
        environment = self._request.record.environment
        if environment is None:  # `Rebuilding` refuses such a run
            return env
        return variables_for(environment, prefix, self._worktree.top, env)

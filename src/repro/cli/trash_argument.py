"""The RUN argument of `repro restore`: a word that names a removed run, completed by the shell."""

from typing import TYPE_CHECKING

import click

from repro.cli.run_argument import RunParamType
from repro.errors import ReproError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["TRASHED"]


class TrashedParamType(RunParamType):
    """Any text; `repro.store.trash` finds the run. Completes ids and names of removed runs."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """Returns the letters of the removed runs, with their names, and the names themselves."""
        del ctx, param
        from click.shell_completion import CompletionItem

        from repro.git.repository import open_repository
        from repro.model.ids import short_id
        from repro.store.removal import list_trash

        try:
            trash = [run for run in list_trash(open_repository()) if not run.is_back]
        except ReproError:  # a shell that completes is no place for complaints
            return []
        pairs = [(short_id(run.id), run.name) for run in trash]
        words = [*pairs, *((name, letters) for letters, name in pairs if name)]
        return [
            CompletionItem(word, help=also) for word, also in words if word.startswith(incomplete)
        ]


TRASHED = TrashedParamType()

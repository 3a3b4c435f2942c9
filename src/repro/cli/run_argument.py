"""The RUN argument: a word that names a run, completed by the shell."""

from typing import TYPE_CHECKING

import click

from repro.errors import ReproError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    _Text = click.ParamType[str]
else:
    _Text = click.ParamType  # not generic before click 8.2

__all__ = ["RUN"]

_MOST = 200


class RunParamType(_Text):
    """Any text; `repro.store.resolve` finds the run. Completes ids and names of the newest runs."""

    name = "run"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Returns the text."""
        del param, ctx
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """Returns the letters of the newest runs, with their names, and the names themselves."""
        del ctx, param
        from click.shell_completion import CompletionItem

        from repro.git.repository import open_repository
        from repro.model.ids import short_id
        from repro.store.index import ask_index
        from repro.store.listing import list_runs

        try:
            repo = open_repository()
            found = None
            if incomplete:  # then older runs are worth offering too, where they are at hand
                found = ask_index(repo, lambda index: index.beginning_words(incomplete, _MOST))
            runs = list_runs(repo, newest=_MOST) if found is None else found.summaries
        except ReproError:  # a shell that completes is no place for complaints
            return []
        pairs = [(short_id(run.id), run.name) for run in runs]
        words = [*pairs, *((name, letters) for letters, name in pairs)]
        return [
            CompletionItem(word, help=also) for word, also in words if word.startswith(incomplete)
        ]


RUN = RunParamType()

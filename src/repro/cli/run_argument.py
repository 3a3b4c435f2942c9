"""The RUN argument: a word that names a run, completed by the shell."""

from typing import TYPE_CHECKING

from repro.cli.completed_text import CompletedText

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["RUN"]

_MOST = 200


class RunParamType(CompletedText):
    """Any text, for `repro.lineage.resolve`. Completes ids and names of the newest runs."""

    name = "run"

    def offers(self, incomplete: str) -> "list[CompletionItem]":
        """Returns the letters of the newest runs, with their names, and the names themselves."""
        from click.shell_completion import CompletionItem

        from repro.git.repository import open_repository
        from repro.model.ids import short_id
        from repro.store.index import ask_index
        from repro.store.listing import list_runs

        repo = open_repository()
        found = None
        if incomplete:  # then older runs are worth offering too, where they are at hand
            found = ask_index(repo, lambda index: index.beginning_words(incomplete, _MOST))
        runs = list_runs(repo, newest=_MOST) if found is None else found.summaries
        pairs = [(short_id(run.id), run.name) for run in runs]
        words = [*pairs, *((name, letters) for letters, name in pairs)]
        return [
            CompletionItem(word, help=also) for word, also in words if word.startswith(incomplete)
        ]


RUN = RunParamType()

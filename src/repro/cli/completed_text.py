"""An argument that may be any text, and that the shell completes."""

from typing import TYPE_CHECKING

import click

from repro.errors import ReproError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    _Text = click.ParamType[str]
else:
    _Text = click.ParamType  # not generic before click 8.2

__all__ = ["CompletedText"]


class CompletedText(_Text):
    """Any text; what it may be is for `offers` to say."""

    name = "text"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Returns the text."""
        del param, ctx
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """Returns what is offered; nothing where there is trouble."""
        del ctx, param
        try:
            return self.offers(incomplete)
        except ReproError:  # a shell that completes is no place for complaints
            return []

    def offers(self, incomplete: str) -> "list[CompletionItem]":
        """Returns what the word may become.

        Args:
            incomplete: As far as it was typed.
        """
        raise NotImplementedError

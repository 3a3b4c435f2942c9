"""Words that name commits, completed by the shell with branches and tags."""

from typing import TYPE_CHECKING

from repro.cli.completed_text import CompletedText

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["REVISION"]

_MOST = 200


class RevisionParamType(CompletedText):
    """Any text, for git. Completes branches and tags, behind ``main..`` too."""

    name = "revision"

    def offers(self, incomplete: str) -> "list[CompletionItem]":
        """Returns the branches and tags that begin so, those committed to last first."""
        from click.shell_completion import CompletionItem

        from repro.git.repository import open_repository

        head, dots, start = incomplete.rpartition("..")
        if dots:
            more = "." * start.startswith(".")
            head, start = f"{head}{dots}{more}", start.removeprefix(".")
        elif start.startswith("^"):
            head, start = "^", start[1:]
        out = open_repository().git(
            *("for-each-ref", f"--count={_MOST}", "--sort=-creatordate"),
            *("--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes"),
        )
        names = ["HEAD", *out.decode("utf-8", "replace").splitlines()]
        return [CompletionItem(f"{head}{name}") for name in names if name.startswith(start)]


REVISION = RevisionParamType()

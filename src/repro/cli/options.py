"""Options stated once, read twice: by click, and by a reader quick enough for the recording path.

click takes as long to import as everything else that `repro run` does before the command starts. So
the options of the recording commands are a table; a command line that is plainly in order is read
from the table at once, and everything else (``--help``, a mistake, an abbreviation) is left to the
click command made from the same table.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import click

__all__ = ["Option", "Values", "add_options", "read_quickly"]

Values: TypeAlias = dict[str, Any]
"""Value by option: a bool for a flag, a str or None, or a tuple of str where it may be repeated."""


class Option(NamedTuple):
    """An option.

    Attributes:
        name: Key of its value.
        flags: As typed: ``-n``, ``--name``.
        help: One sentence.
        is_flag: Whether it takes no value.
        is_repeatable: Whether it may be given more than once.
        metavar: What its value is called.
    """

    name: str
    flags: tuple[str, ...]
    help: str
    is_flag: bool = False
    is_repeatable: bool = False
    metavar: str | None = None

    def default(self) -> bool | tuple[str, ...] | None:
        """Returns its value when it is not given."""
        if self.is_flag:
            return False
        return () if self.is_repeatable else None


def read_quickly(
    options: Sequence[Option], words: Sequence[str]
) -> tuple[Values, list[str]] | None:
    """Reads the options that come first, and returns them with the words behind them.

    Returns:
        None when click must look at it.
    """
    by_flag = {flag: option for option in options for flag in option.flags}
    values: Values = {option.name: option.default() for option in options}
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        option = by_flag.get(word)
        if option is None or (not option.is_flag and not rest):
            return None
        if option.is_flag:
            values[option.name] = True
        elif option.is_repeatable:
            values[option.name] = (*values[option.name], rest.pop(0))
        else:
            values[option.name] = rest.pop(0)
    return values, rest


def add_options(options: Sequence[Option]) -> Callable[["click.Command"], "click.Command"]:
    """Returns a decorator that gives a click command the options, in the order of the table."""
    import click

    def decorate(command: "click.Command") -> "click.Command":
        command.params[:0] = [
            click.Option(
                [option.name, *option.flags],
                is_flag=option.is_flag,
                multiple=option.is_repeatable,
                metavar=option.metavar,
                help=option.help,
            )
            for option in options
        ]
        return command

    return decorate

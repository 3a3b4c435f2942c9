"""One thing that `repro init` can do: what it does, how to undo it, and the doing."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from repro.cli.console import Console
from repro.cli.failure import report
from repro.cli.first_steps.asking import is_wanted
from repro.errors import ReproError

__all__ = ["Answering", "Offer", "make_offer"]


class Answering(NamedTuple):
    """Who answers.

    Attributes:
        is_asked: Whether a person is.
        is_yes: Whether the answer is yes without asking. With neither, nothing is done.
    """

    is_asked: bool
    is_yes: bool


class Offer(NamedTuple):
    """Something to do, or not.

    Attributes:
        what: What it does, a line each.
        question: What is asked, without a question mark.
        undo: How to undo it: a command, or what to delete.
        do: Does it, and returns what there is to say, a line each.
        after: What to know whether or not it is done, a line each.
    """

    what: Sequence[str]
    question: str
    undo: str
    do: Callable[[], Sequence[str]]
    after: Sequence[str] = ()


def make_offer(console: Console, offer: Offer, answering: Answering) -> bool:
    """Makes an offer; returns False where it was wanted and could not be done.

    Raises:
        KeyboardInterrupt: The user stopped.
    """
    console.talk("")
    for line in offer.what:
        console.talk(line)
    if not answering.is_asked and not answering.is_yes:
        console.talk(f"  would ask: {offer.question}? (to undo: {offer.undo})")
        return True
    if answering.is_asked:
        console.talk(f"  to undo: {offer.undo}")
        if not is_wanted(console, f"{offer.question}?"):
            return True
    try:
        said = offer.do()
    except ReproError as error:
        report(error)
        return False
    except OSError as error:
        console.talk(f"  not done: {error.strerror or error}: {error.filename or ''}".rstrip(": "))
        return False
    for line in said:
        console.talk(f"  {line}")
    if not answering.is_asked:
        console.talk(f"  to undo: {offer.undo}")
    return True

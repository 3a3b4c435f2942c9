"""What people say of runs, on its way into the log: whose words, and without their secrets."""

from collections.abc import Sequence
from datetime import UTC, datetime

from repro.cli.console import current_console
from repro.cli.page import clean
from repro.cli.runs import find_summary
from repro.git.identity import author_of
from repro.git.repository import Repository
from repro.model.event import EventKind
from repro.model.ids import short_id
from repro.model.summary import Summary
from repro.record.redactor import redactor_of
from repro.store.log import Word, append_events

__all__ = ["find_all", "said_of", "say"]


def find_all(repo: Repository, texts: Sequence[str]) -> list[Summary]:
    """Returns the runs that texts name, recorded or in progress, each once.

    Raises:
        UnknownRunError: One names none.
        AmbiguousRunError: One names several.
        UnreadableRunError: One is damaged, or a newer repro wrote it.
    """
    return list({run.id: run for run in (find_summary(repo, text) for text in texts)}.values())


def say(repo: Repository, words: Sequence[Word]) -> list[Word]:
    """Adds words to the log, as the user's, and returns them as they were written.

    Raises:
        WordError: One cannot be said.
        GitError: git could not write.
        OSError: repro's directory cannot be written.
    """
    safe = [_without_secrets(repo, word) for word in words]
    if safe != list(words):
        current_console().talk(
            "warning: what looks like a secret is not written down: <redacted:...> is in its place"
        )
    append_events(repo, safe, now=datetime.now(UTC), author=author_of(repo))
    return safe


def _without_secrets(repo: Repository, word: Word) -> Word:
    # A log is pushed like a record, and lives as long.
    if word.kind not in (EventKind.TAG, EventKind.NOTE, EventKind.RENAME):
        return word
    redactor = redactor_of(repo)
    if word.kind is EventKind.TAG:
        value = redactor.value(word.name, word.value)
        return word._replace(name=redactor.text(word.name), value=value)
    return word._replace(name=redactor.text(word.name), value=redactor.text(word.value))


def said_of(run: Summary) -> str:
    """Returns a run as the commands name it: letters and name."""
    return clean(f"{short_id(run.id)} {run.name}")

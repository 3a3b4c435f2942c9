"""Finds removed runs by what people call them."""

from collections.abc import Sequence
from typing import NoReturn

from repro.errors import ReproError
from repro.git.objects import read_objects
from repro.git.repository import Repository
from repro.model.event import Event
from repro.model.ids import Oid, RunId, short_id, trash_ref
from repro.model.summary import SummaryError
from repro.store.archive import list_segments, read_segment
from repro.store.removal import Trashed, list_trash, removals
from repro.store.resolve import AmbiguousRunError, UnknownRunError, named_run
from repro.store.shared import shared_with

__all__ = ["NotInTrashError", "find_trashed"]


class NotInTrashError(ReproError):
    """A run that was not removed, or whose commit the trash has no more.

    Attributes:
        text: How it was named.
    """

    def __init__(self, text: str, message: str, *, hint: str | None) -> None:
        super().__init__(message, hint=hint)
        self.text = text


def find_trashed(repo: Repository, text: str) -> Trashed:
    """Returns the removed run that a text names: its id, its letters or their beginning, its name.

    Raises:
        NotInTrashError: It was not removed, or the trash has been emptied since.
        AmbiguousRunError: There are several.
        UnknownRunError: There is none.
    """
    trash = [run for run in list_trash(repo) if not run.is_back]
    for fits in (_is_exactly, _is_named, _begins):
        found = [run for run in trash if fits(run, text)]
        if len(found) == 1:
            return found[0]
        if found:
            _raise_ambiguous(found, text)
    return _find_elsewhere(repo, trash, text)


def _is_exactly(run: Trashed, text: str) -> bool:
    return text in (run.id, short_id(run.id), run.oid, trash_ref(run.id))


def _is_named(run: Trashed, text: str) -> bool:
    return bool(text) and run.name == text


def _begins(run: Trashed, text: str) -> bool:
    return bool(text) and (short_id(run.id).startswith(text) or run.id.startswith(text))


def _find_elsewhere(repo: Repository, trash: Sequence[Trashed], text: str) -> Trashed:
    removed = removals(repo)
    gone = [run for run in removed if _begins(Trashed(run, Oid("")), text)]
    if len(gone) == 1:
        return _from_archive(repo, removed[gone[0]]) or _raise_emptied(repo, text, gone[0])
    try:
        run = named_run(repo, text)
    except ReproError:
        run = None
    if run is None:
        _raise_unknown(trash, text)
    letters = short_id(run.id)
    raise NotInTrashError(
        text, f"run {run.name} ({letters}) was not removed", hint=f"repro show {letters}"
    )


def _from_archive(repo: Repository, removal: Event) -> Trashed | None:
    """Returns a removed run that has lost its ref in the trash, while an archive still has it."""
    segments = list_segments(repo)
    contents = read_objects(repo, [oid for _, oid in segments])
    for (ref, _), content in zip(segments, contents, strict=True):
        for line in read_segment(ref, content or b""):
            if removal.run.encode() not in line.summary:
                continue
            try:
                summary = line.parse()
            except SummaryError:
                continue
            if summary.id == removal.run:
                return Trashed(removal.run, line.oid, removal.at, removal.by, summary=summary)
    return None


def _raise_ambiguous(found: Sequence[Trashed], text: str) -> NoReturn:
    candidates = [run.summary for run in found if run.summary is not None]
    if candidates:
        raise AmbiguousRunError(text, candidates)
    raise UnknownRunError(text, f"{text!r} fits {len(found)} removed runs", hint="repro restore")


def _raise_emptied(repo: Repository, text: str, run: RunId) -> NoReturn:
    remotes = [shared.remote for shared in shared_with(repo) if run in shared.runs]
    where = f"; {' and '.join(remotes)} had it" if remotes else ""
    raise NotInTrashError(
        text,
        f"run {short_id(run)} was removed, and the trash has been emptied since{where}",
        hint=f"repro pull {run}",
    )


def _raise_unknown(trash: Sequence[Trashed], text: str) -> NoReturn:
    from difflib import get_close_matches

    words = [word for run in trash for word in (run.name, short_id(run.id)) if word]
    near = list(dict.fromkeys(get_close_matches(text, words, n=3)))
    hint = f"did you mean {' or '.join(near)}?" if near else "repro restore"
    raise UnknownRunError(text, f"there is no run {text!r} in the trash", hint=hint)

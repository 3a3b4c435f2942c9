"""``repro tag``: tags on runs, set, taken away, listed."""

from collections.abc import Sequence

import click

from repro.cli.console import Console, current_console
from repro.cli.page import clean
from repro.cli.run_argument import RUN
from repro.cli.runs import find_summary, open_runs
from repro.cli.speaking import find_all, said_of, say
from repro.cli.views.listing import tags_text
from repro.errors import ReproError
from repro.git.repository import Repository
from repro.model.event import EventKind
from repro.model.ids import LETTERS, is_run_id, short_id
from repro.model.summary import Summary
from repro.store.log import Word
from repro.store.resolve import UnknownRunError

__all__ = ["NoTagError", "TagIsARunError", "command"]


class NoTagError(ReproError):
    """A tag that no run has was to be taken away."""


class TagIsARunError(ReproError):
    """What stands where a tag is expected names a run."""


@click.command("tag", short_help="Tag runs, or list their tags")
@click.argument("run", type=RUN)
@click.argument("tags", metavar="[NAME[=VALUE]]...", nargs=-1)
@click.option("-d", "--delete", "gone", multiple=True, metavar="NAME", help="Take a tag away.")
@click.option("-r", "--run", "others", multiple=True, type=RUN, help="A further run.")
@click.option("--json", "as_json", is_flag=True, help="Write the tags as JSON.")
def command(
    run: str,
    tags: tuple[str, ...],
    *,
    gone: tuple[str, ...],
    others: tuple[str, ...],
    as_json: bool,
) -> None:
    """Give a run tags: labels, or names with a value.

    A tag that is there gets the new value. Without a NAME, the tags of the run are listed, one a
    line. The run itself does not change: tags are kept beside it, and go where it is pushed.

    \b
      repro tag @ baseline                  the newest run
      repro tag kxwm stage=prod -d draft    one more, one less
      repro tag @ sweep -r @~1 -r @~2       several runs
      repro tag @                           which it has
      repro ls '"baseline" in tags and tags.stage == "prod"'
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    repo = open_runs()
    runs = _find(repo, [run, *others], may_be_tag=not (tags or gone))
    if not tags and not gone:
        _list(console, runs, as_json=as_json)
        return
    pairs = [(name, value) for name, _, value in (text.partition("=") for text in tags)]
    for name, value in pairs:
        if not value:
            _refuse_run(repo, run, name)
    _refuse_unknown(runs, gone)
    words = [
        word
        for found in runs
        for word in (
            *(Word(EventKind.UNTAG, found.id, name) for name in gone if name in found.tags),
            *(Word(EventKind.TAG, found.id, *pair) for pair in pairs),
        )
    ]
    written = say(repo, words)
    for found in runs:
        _tell(console, found, [word for word in written if word.run == found.id])
    if as_json:
        _list(console, _find(repo, [found.id for found in runs]), as_json=True)


def _find(repo: Repository, texts: Sequence[str], *, may_be_tag: bool = False) -> list[Summary]:
    try:
        return find_all(repo, texts)
    except UnknownRunError as error:
        if may_be_tag and not (error.hint or "").startswith("did you mean"):
            error.hint = f"to tag the newest run: repro tag @ {texts[0]}"
        raise


def _refuse_run(repo: Repository, run: str, name: str) -> None:
    """Refuses a tag that is the letters or the id of a run, meant as one more run."""
    is_like_one = len(name) == 8 and set(name) <= set(LETTERS)
    if not (is_like_one or is_run_id(name) or name.startswith("@")):
        return
    try:
        other = find_summary(repo, name)
    except ReproError:  # no run: a tag like any other
        return
    if name.startswith("@") or name in (other.id, short_id(other.id)):
        raise TagIsARunError(
            f"{name} is a run, not a tag", hint=f"for several runs: repro tag {run} NAME -r {name}"
        )


def _refuse_unknown(runs: Sequence[Summary], gone: Sequence[str]) -> None:
    from difflib import get_close_matches

    there = list(dict.fromkeys(name for run in runs for name in run.tags))
    for name in gone:
        if name in there:
            continue
        which = f"run {runs[0].name} has" if len(runs) == 1 else "none of these runs has"
        near = get_close_matches(name, there, n=1)
        hint = f"did you mean {near[0]}?" if near else f"repro tag {short_id(runs[0].id)}"
        no = "no tag" if len(runs) == 1 else "a tag"
        raise NoTagError(f"{which} {no} {name!r}", hint=hint)


def _tell(console: Console, run: Summary, words: Sequence[Word]) -> None:
    taken = [word.name for word in words if word.kind is EventKind.UNTAG]
    given = {word.name: word.value for word in words if word.kind is EventKind.TAG}
    if taken:
        console.talk(f"untagged {said_of(run)}: {clean(', '.join(taken))}")
    if given:
        console.talk(f"tagged {said_of(run)}: {clean(tags_text(given))}")


def _list(console: Console, runs: Sequence[Summary], *, as_json: bool) -> None:
    if as_json:
        console.json([{"id": run.id, "name": run.name, "tags": dict(run.tags)} for run in runs])
        return
    for run in runs:
        letters = f"{short_id(run.id)}\t" if len(runs) > 1 else ""
        for name, value in run.tags.items():
            console.write(letters + clean(f"{name}={value}" if value else name) + "\n")
        if not run.tags:
            console.talk(
                f"{said_of(run)} has no tags; to give it one: repro tag {short_id(run.id)} NAME"
            )

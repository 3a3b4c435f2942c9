"""A run that goes on from an earlier one: with its name, params and tags, and behind its curves.

The earlier run stays what it is; the new one is a run of its own that holds both.
"""

from collections.abc import Mapping, Sequence

from repro.errors import ReproError
from repro.git.repository import Repository
from repro.model.curve import Curve, curve_text
from repro.model.gap import Gap, GapKind
from repro.model.ids import RunId, short_id
from repro.model.run import Record
from repro.model.summary import Summary
from repro.model.values import Point
from repro.record.begun import Begun
from repro.record.live import list_live_runs
from repro.record.params import united

__all__ = ["RunInProgressError", "earlier_record", "going_on_from", "joined"]

_LETTERS = 4


class RunInProgressError(ReproError):
    """A run that is to be gone on from has not ended.

    Attributes:
        run: The run.
    """

    def __init__(self, run: RunId, name: str) -> None:
        super().__init__(
            f"{name} ({short_id(run)}) still runs: only a run that has ended can be resumed",
            hint=f"wait for its end: repro show {short_id(run)}",
        )
        self.run = run


def going_on_from(
    repo: Repository, text: str, begun: Begun, name: str | None, *, home: str
) -> Begun:
    """Returns what is known of a run at its start, as one that goes on from another.

    Args:
        repo: The repository.
        text: Names the earlier run.
        begun: The run.
        name: What the user called it, None for the name of the earlier one.
        home: The user's home directory.

    Raises:
        RunInProgressError: The earlier run still runs.
        UnknownRunError: There is none.
        AmbiguousRunError: There are several.
        UnreadableRunError: It is damaged, or a newer repro wrote it.
    """
    earlier = _find(repo, text, home=home)
    return begun._replace(
        name=begun.name if name is not None else earlier.name,
        tags={**earlier.tags, **begun.tags},
        resumes=earlier.id,
    )


def _find(repo: Repository, text: str, *, home: str) -> Summary:
    from repro.lineage.resolve import resolve_run
    from repro.store.resolve import AmbiguousRunError

    if list_live_runs(repo):
        from repro.record.recover import recover_dead_runs

        recover_dead_runs(repo, home=home)
        _require_ended(repo, text)
    try:
        return resolve_run(repo, text)
    except AmbiguousRunError as error:
        last = _last_of_chain(repo, error.candidates)
        if last is None:
            raise
        return last


def _last_of_chain(repo: Repository, runs: Sequence[Summary]) -> Summary | None:
    """Returns the last of runs that go on from each other; None where they are no such chain.

    A run that goes on from another bears its name: the name means as far as one has come.
    """
    from repro.store.runs import read_record

    by_id = {run.id: run for run in runs}
    before = {run.id: read_record(repo, run).run.resumes for run in runs}
    last = [run for run in runs if run.id not in before.values()]
    seen, at = set[RunId](), last[0].id if last else None
    while at in by_id and at not in seen:
        seen.add(at)
        at = before[at]
    return last[0] if len(seen) == len(by_id) else None


def _require_ended(repo: Repository, text: str) -> None:
    for live in list_live_runs(repo):
        value = live.read("run") or {}
        name = str(value.get("name") or "")
        is_beginning = len(text) >= _LETTERS and short_id(live.id).startswith(text)
        if is_beginning or text in (live.id, name):
            raise RunInProgressError(live.id, name)


def earlier_record(repo: Repository, run: RunId | None) -> tuple[Record | None, tuple[Gap, ...]]:
    """Returns the record that a run goes on from, and the gap where there should be one.

    Args:
        repo: The repository.
        run: The earlier run; None for a run that goes on from none.
    """
    if run is None:
        return None, ()
    from repro.lineage.resolve import resolve_run
    from repro.store.runs import read_record

    try:
        return read_record(repo, resolve_run(repo, run)), ()
    except ReproError as error:
        reason = f"the run that it goes on from could not be read: {error.message}"
        gap = Gap(GapKind.METRICS, short_id(run), reason, f"repro restore {short_id(run)}")
        return None, (gap,)


def joined(earlier: Record | None, later: Record) -> Record:
    """Returns the later record, with what the earlier one, if any, has under and before it."""
    if earlier is None:
        return later
    return later._replace(
        params=united(earlier.params, later.params),
        metrics={**earlier.metrics, **later.metrics},
        history=_continued(earlier.history, later.history),
    )


def _continued(
    earlier: Mapping[str, Sequence[Point]], later: Mapping[str, Sequence[Point]]
) -> dict[str, Sequence[Point]]:
    united = {**earlier, **later}
    for name in earlier.keys() & later.keys():
        before, after = curve_text(earlier[name]), curve_text(later[name])
        # DVCLive goes on in the file that it finds, which holds the earlier points already.
        united[name] = Curve(after if after.startswith(before) else before + after)
    return united

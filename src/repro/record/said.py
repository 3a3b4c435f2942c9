"""What the command said of its run in the journal, in the terms of a record."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from repro.journal.curves import Curves
from repro.journal.reader import Event
from repro.journal.whole import WholeJournal, read_whole
from repro.model.curve import Curve
from repro.model.gap import Gap, GapKind
from repro.model.values import Params, Point, Value, is_same
from repro.record.begun import Begun
from repro.secrets.redactor import Redactor

__all__ = ["LoggedArtifact", "Said", "read_said"]

_MAX_RANKS = 100_000
_MAX_RANK_GAPS = 8
_START_ON_ALL = "call repro.start_run() in every process"
_KINDS = frozenset(("", "model", "figure", "image", "table"))


class LoggedArtifact(NamedTuple):
    """An artifact that was logged.

    Attributes:
        name: As it was called, "/" between the parts.
        content: Below ``artifacts/`` in the directory of the live run: a file or a directory with
            the bytes as they were.
        is_in_place: Whether `name` is a path, relative to the top of the working tree.
        kind: As in `repro.model.data.Artifact`.
    """

    name: str
    content: str
    is_in_place: bool = False
    kind: str = ""


class Said(NamedTuple):
    """Everything that was said.

    Attributes:
        params: Nested as they were given; the last value of each.
        tags: Likewise.
        name: None where it was not renamed.
        message: Likewise.
        curves: Of the metrics.
        artifacts: The last of each name.
        gaps: What the program could not say, and what it said twice.
    """

    params: Params = {}
    tags: Mapping[str, str] = {}
    name: str | None = None
    message: str | None = None
    curves: Curves = Curves({}, {})
    artifacts: tuple[LoggedArtifact, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def applied_to(self, begun: Begun, redactor: Redactor) -> Begun:
        """Returns what is known of the run's start, with what was said since."""
        tags = {name: redactor.value(name, value) for name, value in self.tags.items()}
        return begun._replace(
            name=begun.name if self.name is None else redactor.text(self.name),
            message=begun.message if self.message is None else redactor.text(self.message),
            params={**begun.params, **self.params},
            tags={**begun.tags, **tags},
        )


def read_said(directory: str, *, after: Mapping[str, Sequence[Point]] | None = None) -> Said:
    """Reads the journal of a run; one that said nothing has an empty one.

    Params, tags and names count when rank 0 gives them: in distributed training all do.

    Args:
        directory: Of the live run.
        after: The curves of the run that it goes on from.
    """
    last = {name: _last_of(curve).step for name, curve in (after or {}).items() if curve}
    journal = read_whole(directory, after=last)
    if not journal.ranks:
        return Said()
    gaps: list[Gap] = []
    names = [event.value for event in _of_rank_0(journal, "n")]
    params = _params(journal, gaps)
    gaps += [gap for event in journal.said("g") if (gap := _gap(event)) is not None]
    gaps += _silent_ranks(journal)
    return Said(
        params=params,
        tags={str(k): str(v) for event in _of_rank_0(journal, "t") for k, v in event.value.items()},
        name=_last_text(names, "name"),
        message=_last_text(names, "message"),
        curves=journal.curves,
        artifacts=_artifacts(journal),
        gaps=tuple(gaps),
    )


def _last_of(curve: Sequence[Point]) -> Point:
    return curve.last if isinstance(curve, Curve) else curve[-1]


def _of_rank_0(journal: WholeJournal, letter: str) -> list[Event]:
    return [event for event in journal.said(letter) if event.rank == 0]


def _last_text(values: list[dict[str, object]], key: str) -> str | None:
    texts = [text for value in values if isinstance(text := value.get(key), str)]
    return texts[-1] if texts else None


def _params(journal: WholeJournal, gaps: list[Gap]) -> Params:
    params: Params = {}
    changed: dict[str, Value] = {}
    for event in _of_rank_0(journal, "p"):
        for name, value in event.value.items():
            if name in params and not is_same(params[name], value):
                changed.setdefault(name, params[name])
            params[name] = value
    for name, first in changed.items():
        reason = f"logged more than once, first as {first!r:.60}; the last value is recorded"
        fix = "log what changes while it runs with repro.log_metric"
        gaps.append(Gap(GapKind.PARAMS, name, reason, fix))
    return params


def _silent_ranks(journal: WholeJournal) -> list[Gap]:
    """Returns a gap for each process of distributed training of which nothing came."""
    sizes = [event.value.get("world_size") for event in journal.said("b")]
    n_ranks = max((size for size in sizes if type(size) is int), default=0)
    missing = [rank for rank in range(min(n_ranks, _MAX_RANKS)) if rank not in journal.ranks]
    names = [f"rank {rank}" for rank in missing]
    if len(names) > _MAX_RANK_GAPS:
        names = [f"{len(missing)} of {n_ranks} ranks, the first of them {missing[0]}"]
    reason = "nothing came of it, neither metrics nor an end"
    return [Gap(GapKind.METRICS, name, reason, _START_ON_ALL) for name in names]


def _artifacts(journal: WholeJournal) -> tuple[LoggedArtifact, ...]:
    found: dict[tuple[str, bool], LoggedArtifact] = {}
    for event in journal.said("a"):
        name, content = event.value.get("name"), event.value.get("content")
        if not isinstance(name, str) or not isinstance(content, str) or "/" in content:
            continue
        if content in ("", ".", ".."):
            continue
        kind = str(event.value.get("kind") or "")
        is_in_place = event.value.get("in_place") is True
        found[name, is_in_place] = LoggedArtifact(
            name, content, is_in_place, kind if kind in _KINDS else ""
        )
    return tuple(found.values())


def _gap(event: Event) -> Gap | None:
    value = event.value
    try:
        kind = GapKind(value["kind"])
        return Gap(kind, str(value["subject"]), str(value["reason"]), str(value.get("fix") or ""))
    except (KeyError, ValueError):
        return None

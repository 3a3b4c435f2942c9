"""Finds the run that a word names by itself: its place, its metric, its id, its name."""

import math
import re
from collections.abc import Iterable, Sequence
from typing import NoReturn

from repro.errors import ReproError
from repro.git.repository import Repository
from repro.model.ids import Oid, RunId, run_id_from_ref, run_ref, short_id
from repro.model.summary import Summary
from repro.model.values import Number
from repro.store.listing import UnreadableRun, list_runs, read_listing
from repro.store.lookup import Lookup
from repro.store.runs import complete_all

__all__ = [
    "AmbiguousRunError",
    "UnknownRunError",
    "UnreadableRunError",
    "named_run",
    "unknown_run",
]

_NTH = re.compile(r"@(?:~([0-9]{0,9}))?")
_BEST = re.compile(r"(best|min|max):(.+)", re.DOTALL)
_LETTERS = re.compile(r"[k-z]{1,8}")
_ID_START = re.compile(r"[0-9]{4,8}|[0-9]{8}T[0-9]{0,6}|[0-9]{8}T[0-9]{6}-[k-z]{0,8}")
_LOWER_IS_BETTER = frozenset({"loss", "error", "err", "mse", "rmse", "mae", "perplexity", "nll"})
_WORD = re.compile("[A-Z]?[a-z]+|[A-Z]+")
_MAX_SHOWN = 10
_MAX_NEAR = 1_000
"""So many of the newest runs are looked at for what was meant by a word that names none."""


class UnknownRunError(ReproError):
    """No run is meant by what was typed.

    Attributes:
        text: What was typed.
    """

    def __init__(self, text: str, message: str, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.text = text


class AmbiguousRunError(ReproError):
    """What was typed fits several runs.

    Attributes:
        text: What was typed.
        candidates: The runs, newest first.
    """

    def __init__(self, text: str, candidates: Sequence[Summary]) -> None:
        rows = [
            f"{short_id(run.id)}  {run.name}  {run.started_at:%Y-%m-%d %H:%M}"
            for run in candidates[:_MAX_SHOWN]
        ]
        if len(candidates) > _MAX_SHOWN:
            rows.append(f"and {len(candidates) - _MAX_SHOWN} more")
        super().__init__(
            f"{text!r} fits {len(candidates)} runs",
            hint=f"type the letters of one of them: {short_id(candidates[0].id)}",
            details=tuple(rows),
        )
        self.text = text
        self.candidates = tuple(candidates)


class UnreadableRunError(ReproError):
    """The run that is meant is there, but cannot be read.

    Attributes:
        run: The run.
    """

    def __init__(self, run: UnreadableRun) -> None:
        super().__init__(run.reason, hint=run.hint)
        self.run = run


def named_run(repo: Repository, text: str) -> Summary | None:
    """Returns the run that a word names by itself, None where it names none.

    In this order:

    - ``@``, the newest run, and ``@~N``, the N-th before it;
    - ``best:METRIC``, the highest value, or the lowest where the metric's name has a word such as
      loss, error, mse, rmse or mae in it; ``min:METRIC`` and ``max:METRIC`` say which. NaN never
      wins, and of equal values the newest run does;
    - a run's id, its eight letters, its ref, or its commit;
    - its name: a name that several runs have is ambiguous;
    - a unique beginning of its letters or its id.

    A branch or a commit names runs too: see `repro.lineage.resolve`.

    Raises:
        UnknownRunError: There are no runs at all, not so many, or none with such a metric.
        AmbiguousRunError: There are several.
        UnreadableRunError: It is damaged, or a newer repro wrote it.
    """
    nth = _NTH.fullmatch(text)
    if nth is not None:
        return _nth(repo, text, int(nth[1] or "1") if "~" in text else 0)
    lookup = Lookup(repo)
    runs, unreadable, n_runs = lookup.exactly(text)
    exact = [run for run in runs if _is_exactly(text, run.id, run.oid)]
    broken = [run for run in unreadable if _is_exactly(text, _id_of(run), run.oid)]
    if exact or broken:
        return _only(text, exact, broken)
    if not n_runs and not lookup.newest(1).n_runs:
        raise _none_yet(text)
    best = _BEST.fullmatch(text)
    if best is not None:
        return _best(repo, lookup, best[1], best[2])
    named = [run for run in lookup.named(text).summaries if run.name == text]
    if named:
        return _only(text, named)
    runs, unreadable, _ = lookup.beginning(text)
    begun = [run for run in runs if _begins(text, run.id)]
    damaged = [run for run in unreadable if _begins(text, _id_of(run))]
    return _only(text, begun, damaged) if begun or damaged else None


def _nth(repo: Repository, text: str, number: int) -> Summary:
    runs = list_runs(repo, newest=number + 1)
    if len(runs) > number:
        return runs[number]
    # Runs that cannot be read have no place in the order, but took one among the refs.
    listing = read_listing(repo)
    if len(listing.summaries) > number:
        return listing.summaries[number]
    if not listing.summaries and not listing.unreadable:
        raise _none_yet(text)
    n_runs = len(listing.summaries)
    count = f"there {'is' if n_runs == 1 else 'are'} only {n_runs} run{'s' * (n_runs != 1)}"
    raise UnknownRunError(text, f"{count}, so no {text}", hint="repro ls")


def _is_exactly(text: str, run_id: RunId | None, oid: Oid) -> bool:
    if text == oid or (run_id is not None and text in (run_id, short_id(run_id))):
        return True
    return run_id is not None and text in (run_ref(run_id), run_ref(run_id).removeprefix("refs/"))


def _id_of(run: UnreadableRun) -> RunId | None:
    return run_id_from_ref(run.ref)


def _begins(text: str, run_id: RunId | None) -> bool:
    if run_id is None:
        return False
    if _LETTERS.fullmatch(text):
        return short_id(run_id).startswith(text)
    return _ID_START.fullmatch(text) is not None and run_id.startswith(text)


def _only(text: str, runs: Sequence[Summary], unreadable: Sequence[UnreadableRun] = ()) -> Summary:
    if len(runs) > 1:
        raise AmbiguousRunError(text, runs)
    if not runs:
        raise UnreadableRunError(unreadable[0])
    return runs[0]


def _best(repo: Repository, lookup: Lookup, word: str, metric: str) -> Summary:
    is_lowest = word == "min" or (word == "best" and _is_lower_better(metric))
    runs = complete_all(repo, lookup.best(metric, is_lowest=is_lowest).summaries)
    scored = [
        (run.metrics[metric], run)
        for run in runs
        if metric in run.metrics and not math.isnan(run.metrics[metric])
    ]
    if not scored:
        _raise_unknown_metric(lookup, runs, word, metric)
    # The first of equals, and so the newest.
    return (min if is_lowest else max)(scored, key=_value)[1]


def _value(scored: tuple[Number, Summary]) -> Number:
    return scored[0]


def _is_lower_better(metric: str) -> bool:
    return any(word.lower() in _LOWER_IS_BETTER for word in _WORD.findall(metric))


def _none_yet(text: str) -> UnknownRunError:
    return UnknownRunError(text, "there are no runs here yet", hint="repro run -- python train.py")


def unknown_run(repo: Repository, text: str) -> UnknownRunError:
    """Returns the error for a word that names no run; the hint names what is nearest."""
    runs = Lookup(repo).newest(_MAX_NEAR).summaries
    near = _nearest(text, [*(run.name for run in runs), *(short_id(run.id) for run in runs)])
    hint = f"did you mean {' or '.join(near)}?" if near else "repro ls"
    return UnknownRunError(text, f"there is no run {text!r}", hint=hint)


def _raise_unknown_metric(
    lookup: Lookup, runs: Sequence[Summary], word: str, metric: str
) -> NoReturn:
    text = f"{word}:{metric}"
    known = {name for run in (*runs, *lookup.newest(_MAX_NEAR).summaries) for name in run.metrics}
    if metric in known:
        raise UnknownRunError(text, f"{metric} is NaN in every run", hint="repro ls")
    near = _nearest(metric, sorted(known))
    hint = f"did you mean {word}:{near[0]}?" if near else "repro metrics"
    raise UnknownRunError(text, f"no run has the metric {metric!r}", hint=hint)


def _nearest(text: str, words: Iterable[str]) -> list[str]:
    from difflib import get_close_matches

    return list(dict.fromkeys(get_close_matches(text, list(words), n=3)))

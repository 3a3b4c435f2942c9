"""Finds the run that a word names."""

import math
import re
from collections.abc import Sequence
from difflib import get_close_matches

from repro.errors import ReproError
from repro.git.repository import Repository
from repro.model.ids import is_run_id, short_id
from repro.model.summary import Summary
from repro.store.runs import complete, list_runs

__all__ = ["AmbiguousRunError", "UnknownRunError", "resolve_run"]

_NTH = re.compile(r"@(?:~(\d+))?")
_BEST = re.compile(r"(best|min|max):(.+)", re.DOTALL)
_LETTERS = re.compile(r"[k-z]{1,8}")
_LOWER_IS_BETTER = re.compile(
    r"(?:^|[^a-z])(?:loss|error|err|mse|rmse|mae|perplexity|nll)(?:$|[^a-z])"
)


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
        rows = tuple(
            f"{short_id(run.id)}  {run.name}  {run.started_at:%Y-%m-%d %H:%M}"
            for run in candidates[:10]
        )
        super().__init__(
            f"{text!r} fits {len(candidates)} runs",
            hint="type more letters of one of these ids",
            details=rows,
        )
        self.text = text
        self.candidates = tuple(candidates)


def resolve_run(repo: Repository, text: str) -> Summary:
    """Returns the run that a word names.

    In this order: ``@`` (the newest), ``@~N`` (the N-th before it); ``best:METRIC``,
    ``min:METRIC``, ``max:METRIC``; a run id, its letters, or a unique beginning of either; a name;
    a ref or oid of a run commit; a branch, tag or commit, meaning its newest run. ``best:`` is the
    highest value, or the lowest where the metric's name has a word such as loss or error in it.

    Raises:
        UnknownRunError: There is none.
        AmbiguousRunError: There are several.
    """
    nth = _NTH.fullmatch(text)
    if nth is not None:
        return _nth(repo, text, int(nth[1] or 0))
    runs = list_runs(repo)
    if not runs:
        raise _none_yet(text)
    best = _BEST.fullmatch(text)
    if best is not None:
        return _best(repo, runs, best[1], best[2])
    found = (
        _by_id(runs, text)
        or [run for run in runs if run.name == text]
        or [run for run in runs if text in (run.ref, run.oid, run.ref.removeprefix("refs/"))]
        or _by_commit(repo, runs, text)
    )
    if not found:
        raise _unknown(runs, text)
    if len(found) > 1:
        raise AmbiguousRunError(text, found)
    return found[0]


def _nth(repo: Repository, text: str, number: int) -> Summary:
    runs = list_runs(repo, newest=number + 1)
    if len(runs) > number:
        return runs[number]
    if not runs:
        raise _none_yet(text)
    n_runs = len(runs)
    raise UnknownRunError(text, f"there are only {n_runs} runs, so no {text}", hint="repro ls")


def _by_id(runs: Sequence[Summary], text: str) -> list[Summary]:
    if is_run_id(text):
        return [run for run in runs if run.id == text]
    if _LETTERS.fullmatch(text):
        return [run for run in runs if short_id(run.id).startswith(text)]
    if re.fullmatch(r"\d{4,8}(T\d{0,6}(-[k-z]{0,8})?)?", text):
        return [run for run in runs if run.id.startswith(text)]
    return []


def _by_commit(repo: Repository, runs: Sequence[Summary], text: str) -> list[Summary]:
    spec = f"{text}^{{commit}}"
    result = repo.start("rev-parse", "-q", "--verify", "--end-of-options", spec).result()
    if result.code != 0:
        return []
    oid = result.out.decode("ascii").split()[-1]
    own = [run for run in runs if run.oid == oid]
    return own or [run for run in runs if run.commit == oid][:1]


def _best(repo: Repository, runs: Sequence[Summary], word: str, metric: str) -> Summary:
    runs = [complete(repo, run) for run in runs]
    scored = [
        (value, run)
        for run in runs
        if (value := run.metrics.get(metric)) is not None and not math.isnan(value)
    ]
    if not scored:
        known = sorted({name for run in runs for name in run.metrics})
        near = get_close_matches(metric, known, n=1)
        hint = f"did you mean {word}:{near[0]}?" if near else "repro metrics"
        raise UnknownRunError(f"{word}:{metric}", f"no run has the metric {metric}", hint=hint)
    is_lowest = word == "min" or (word == "best" and _LOWER_IS_BETTER.search(metric.lower()))
    pick = min if is_lowest else max
    return pick(scored, key=lambda pair: pair[0])[1]


def _none_yet(text: str) -> UnknownRunError:
    return UnknownRunError(text, "there are no runs here yet", hint="repro run -- python train.py")


def _unknown(runs: Sequence[Summary], text: str) -> UnknownRunError:
    names = [run.name for run in runs] + [short_id(run.id) for run in runs]
    near = get_close_matches(text, names, n=3)
    hint = f"did you mean {', '.join(near)}? See repro ls" if near else "repro ls"
    return UnknownRunError(text, f"there is no run {text!r}", hint=hint)

"""What runs are called in a legend: by what differs between them."""

import json
from collections.abc import Mapping, Sequence

from repro.model.summary import Summary
from repro.model.values import Value

__all__ = ["run_labels"]

_MOST_PARAMS = 3
_MOST_CHARACTERS = 24
_MISSING = "–"


def run_labels(runs: Sequence[Summary], params: Sequence[str]) -> list[str]:
    """Returns a label for each run: "lr=0.1 depth=3", or its name where params are not enough.

    Args:
        runs: In the order of the legend.
        params: Flat names of the params that differ between them.
    """
    if len(runs) < 2:
        return [run.name for run in runs]
    shown = _telling(runs, params)
    words = _short_names(shown)
    labels = [
        " ".join(f"{words[name]}={_text(run.params, name)}" for name in shown) for run in runs
    ]
    if len(set(labels)) == len(labels):
        return labels
    # The name comes first: it is what one types.
    named = [f"{run.name} {label}".rstrip() for run, label in zip(runs, labels, strict=True)]
    if len(set(named)) == len(named):
        return named
    return [f"{run.name} {run.id.rpartition('-')[2]}" for run in runs]


def _telling(runs: Sequence[Summary], params: Sequence[str]) -> list[str]:
    """Returns the few params that tell most runs apart, in their own order."""
    if len(params) <= _MOST_PARAMS:
        return list(params)
    chosen: list[str] = []
    n_apart = 1
    while len(chosen) < _MOST_PARAMS and n_apart < len(runs):
        best, n_best = "", n_apart
        for name in params:
            n_told = len({tuple(_text(run.params, n) for n in (*chosen, name)) for run in runs})
            if n_told > n_best:
                best, n_best = name, n_told
        if not best:
            break
        chosen.append(best)
        n_apart = n_best
    return [name for name in params if name in chosen]


def _short_names(names: Sequence[str]) -> dict[str, str]:
    """Returns the last part of each dotted name, or the whole name where two would be equal."""
    lasts = [name.rpartition(".")[2] for name in names]
    return {
        name: last if last and lasts.count(last) == 1 else name
        for name, last in zip(names, lasts, strict=True)
    }


def _text(params: Mapping[str, Value], name: str) -> str:
    if name not in params:
        return _MISSING
    value = params[name]
    if isinstance(value, float):
        text = f"{value:.6g}"
    elif isinstance(value, str):
        text = value if value and value == value.strip() else json.dumps(value)
    else:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"

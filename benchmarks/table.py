"""Shows results, to people and to programs."""

from collections.abc import Iterable, Sequence
from statistics import median
from textwrap import wrap

from benchmarks.result import Budget, Kind, Result, Samples

__all__ = ["row_to_json", "table"]

_MISSING = "-"
_WIDTH = 100


def table(results: Sequence[Result], *, left: str) -> str:
    """Returns a text table, and below it what a reader must know of some rows.

    Args:
        results: The rows.
        left: What stands in the first column of figures: "floor" or "peer".
    """
    header = ("", left, "repro", "ratio", "min..max", "budget", "verdict")
    lines = _aligned([header, *map(_cells, results)])
    notes = [line for result in results for line in _notes(result)]
    return "\n".join([*lines, "", *notes, ""])


def _cells(result: Result) -> tuple[str, ...]:
    budget = f"{result.budget}"
    if result.samples is None:
        return (result.name, *[_MISSING] * 4, budget, result.verdict.value)
    samples = result.samples
    return (
        result.name,
        _amount(samples.floor, samples.unit),
        _amount(samples.ours, samples.unit),
        f"{median(samples.ratios):.2f}x",
        _range(samples, result.budget),
        budget,
        _verdict(result),
    )


def _amount(values: Sequence[float], unit: str) -> str:
    number = median(values)
    return f"{number:,.0f} {unit}" if number >= 100 or unit == "B" else f"{number:.1f} {unit}"


def _range(samples: Samples, budget: Budget) -> str:
    """Returns how far the pairs lay apart; with one pair there is nothing to say."""
    judged = samples.judged(budget.kind)
    if len(judged) < 2:
        return _MISSING
    forms = {Kind.RATIO: "{:.2f}", Kind.PLUS_MS: "{:+.0f}"}
    form = forms.get(budget.kind, "{:.0f}")
    return f"{form.format(min(judged))}..{form.format(max(judged))}"


def _verdict(result: Result) -> str:
    figure = result.figure
    if figure is None or result.budget.kind is not Kind.PLUS_MS:
        return result.verdict.value
    return f"{result.verdict.value} ({result.budget.words(figure)})"


def _notes(result: Result) -> list[str]:
    """Returns what stands below the table of a row, wrapped."""
    text = f"{result.id}: beside {result.floor}" + (f"; {result.note}" if result.note else "")
    return wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="      ")


def _aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    cells = [*rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    last = len(widths) - 1
    return [
        "  ".join(
            text.ljust(width) if number in (0, last) else text.rjust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def row_to_json(result: Result) -> dict[str, object]:
    """Returns a result as a JSON object, with every pair, so that others may judge."""
    samples = result.samples
    measured: dict[str, object] = {}
    if samples is not None:
        measured = {
            "unit": samples.unit,
            "floor": median(samples.floor),
            "repro": median(samples.ours),
            "ratio": median(samples.ratios),
            "ratio_min": min(samples.ratios),
            "ratio_max": max(samples.ratios),
            "difference": median(samples.differences),
            "pairs": [list(pair) for pair in zip(samples.floor, samples.ours, strict=True)],
        }
    return {
        "id": result.id,
        "name": result.name,
        "beside": result.floor,
        "budget": {"kind": result.budget.kind.value, "limit": result.budget.limit},
        "verdict": result.verdict.value,
        "note": result.note,
        **measured,
    }

"""Which metrics are drawn."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from repro.errors import ReproError
from repro.model.system import PREFIX

__all__ = ["NoCurveError", "choose_metrics", "is_system"]


class NoCurveError(ReproError):
    """There is no learning curve to draw.

    Attributes:
        pattern: What was asked for; "" for all.
    """

    def __init__(self, message: str, *, pattern: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.pattern = pattern


def is_system(name: str) -> bool:
    """Tells whether a curve is a figure of the hardware, not a metric."""
    return name.startswith(PREFIX)


def choose_metrics(n_points: Mapping[str, int], patterns: Sequence[str]) -> list[str]:
    """Returns the metrics to draw, in the order of the patterns.

    Args:
        n_points: How many each metric has in the run that has most; hardware figures among them.
        patterns: Names, or shell patterns ("val/*"). None for every metric that the program logged,
            those that it logged but once left out where there are others.

    Raises:
        NoCurveError: There is none, or none of a name.
    """
    logged = [name for name in n_points if not is_system(name)]
    if not patterns:
        if not logged:
            hint = f"repro plot -m '{PREFIX}*'" if n_points else "repro metrics"
            raise NoCurveError("no metric was logged step by step", hint=hint)
        return [name for name in logged if n_points[name] > 1] or logged
    found: dict[str, None] = {}
    for pattern in patterns:
        matching = [pattern] if pattern in n_points else []
        matching = matching or [name for name in n_points if fnmatchcase(name, pattern)]
        if not matching:
            hint = _near(logged or list(n_points), pattern)
            raise NoCurveError(f"no learning curve is called {pattern}", pattern=pattern, hint=hint)
        found |= dict.fromkeys(matching)
    return list(found)


def _near(names: Sequence[str], pattern: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(pattern, names, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]}?"
    if not names:
        return "repro metrics"
    return f"there are {', '.join(names[:8])}{', …' if len(names) > 8 else ''}"

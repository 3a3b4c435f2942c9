"""Plots for tests of what draws them."""

import math

from repro.plot.panel import Line, Panel, Plot
from repro.plot.series import Series
from repro.plot.smoothing import smooth

HOSTILE = "</script><script>alert(1)</script> <b>$x_1$</b> _\x1b[31m\x00 \u202e学習 %{y} &amp;"


def sample(*, label: str = "lr=0.1", n: int = 200, smoothing: float = 0.0) -> Plot:
    """Returns two runs and three metrics, one with a gap, one that the second run lacks."""
    labels = (label, "_lr=0.3")
    steps = [float(step) for step in range(n)]
    loss = [math.exp(-step / 50) for step in steps]
    gap = [math.nan if 50 <= step < 100 else 1 - y for step, y in zip(steps, loss, strict=True)]

    def line(run: int, ys: list[float]) -> Line:
        raw = Series(labels[run], steps, ys)
        if not smoothing:
            return Line(run, raw)
        return Line(run, Series(labels[run], steps, smooth(ys, smoothing)), raw)

    return Plot(
        labels,
        (
            Panel(label, (line(0, loss), line(1, [2 * y for y in loss]))),
            Panel("acc", (line(0, gap), line(1, [y / 2 for y in gap]))),
            Panel("once", (Line(1, Series(labels[1], (7.0,), (0.25,))),)),
        ),
    )

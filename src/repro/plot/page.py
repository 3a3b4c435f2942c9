"""Learning curves as a page that opens from disk, drawn in the browser by plotly.js.

All that it needs is in the file. Its policy lets only the two scripts that are meant run, and no
request leave; names go into it as JSON, and are shown as text.
"""

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from html import escape

from repro.plot.axis import axis_over
from repro.plot.palette import COLOURS, DASHES
from repro.plot.panel import Line, Plot
from repro.plot.parts import decimate, drawable_parts
from repro.plot.picture import PlotPackageMissingError
from repro.plot.series import Series
from repro.plot.text import plain

__all__ = ["draw_page"]

_N_COLUMNS = 1000
_HEIGHT_PX = 320


def draw_page(plot: Plot) -> bytes:
    """Returns a page of a plot: HTML, about 5 MB and what the curves take.

    Each curve has at most 4,000 points, its peaks among them. Values that have no logarithm are
    drawn, and vanish when the reader chooses a logarithmic axis.

    Args:
        plot: What to draw.

    Raises:
        PlotPackageMissingError: Plotly is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "plotly":
            raise
        raise PlotPackageMissingError("plotly", "html") from None
    return _filled(plot, get_plotlyjs()).encode("utf-8", "replace")


def _filled(plot: Plot, library: str) -> str:
    script, style = _own("curves.js"), _own("curves.css")
    title = ", ".join(filter(None, map(plain, plot.labels[:3]))) or "learning curves"
    policy = (
        f"default-src 'none'; script-src {_digest(library)} {_digest(script)}; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
<header id="head">
<div id="runs"></div>
<label><input type="checkbox" id="log"> log axis</label>
</header>
<main id="panels"></main>
<noscript>This page draws its curves with JavaScript.</noscript>
<script type="application/json" id="data">{_json(_data(plot))}</script>
<script>{library}</script>
<script>{script}</script>
</body>
</html>
"""


def _data(plot: Plot) -> dict[str, object]:
    """Returns what web/curves.js reads."""
    return {
        "xLabel": plain(plot.x_label),
        "isLog": plot.is_log,
        "height": _HEIGHT_PX,
        "runs": [
            {
                "label": plain(label),
                "colour": COLOURS[run % len(COLOURS)],
                "dash": DASHES[run // len(COLOURS) % len(DASHES)],
            }
            for run, label in enumerate(plot.labels)
        ],
        "panels": [
            {"title": plain(panel.title), "lines": [_line(line) for line in panel.lines]}
            for panel in plot.panels
        ],
    }


def _line(line: Line) -> dict[str, object]:
    found: dict[str, object] = {"run": line.run, **_columns(line.series)}
    if line.raw is not None:
        found["raw"] = _columns(line.raw)
    return found


def _columns(series: Series) -> dict[str, list[float | None]]:
    parts = drawable_parts(series.xs, series.ys)
    axis = axis_over([x for part in parts for x in (part.xs[0], part.xs[-1])])
    xs: list[float | None] = []
    ys: list[float | None] = []
    for part in decimate(parts, axis.low, axis.high, _N_COLUMNS):
        if xs:  # a gap
            xs.append(part.xs[0])
            ys.append(None)
        xs += _whole(part.xs)
        ys += part.ys
    return {"x": xs, "y": ys}


def _whole(values: Sequence[float]) -> list[float]:
    return [int(value) if abs(value) < 2**53 and value == int(value) else value for value in values]


def _json(value: object) -> str:
    # Within a script, only a tag could be mistaken for its end.
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _digest(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _own(name: str) -> str:
    with open(f"{os.path.dirname(__file__)}/web/{name}", encoding="utf-8") as file:
        return file.read()

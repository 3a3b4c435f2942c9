"""Pages."""

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from repro.plot.page import draw_page
from repro.plot.panel import Line, Panel, Plot
from repro.plot.picture import PlotPackageMissingError
from repro.plot.series import Series
from tests.plot.browser import find_browser, open_page
from tests.plot.plots import HOSTILE, sample

pytest.importorskip("plotly")

_BROWSER = find_browser()
in_a_browser = pytest.mark.skipif(_BROWSER is None, reason="no Chromium here")


class Reader(HTMLParser):
    """Reads a page as a browser does: its tags, and the texts of its scripts."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts[-1] += data

    @property
    def data(self) -> Any:
        return json.loads(self.scripts[0])


def test_the_points_are_in_it() -> None:
    data = Reader(draw_page(sample())).data

    assert [run["label"] for run in data["runs"]] == ["lr=0.1", "_lr=0.3"]
    loss, acc, once = data["panels"]
    assert [line["run"] for line in loss["lines"]] == [0, 1]
    assert loss["lines"][0]["x"][:3] == [0, 1, 2]
    assert loss["lines"][0]["y"][0] == 1
    assert acc["lines"][0]["y"].count(None) == 1
    assert (once["lines"][0]["x"], once["lines"][0]["y"]) == ([7], [0.25])


def test_a_million_points_become_thousands_and_a_peak_stays() -> None:
    ys = [0.0] * 1_000_000
    ys[345_678] = 9.0
    plot = Plot(("a",), (Panel("loss", (Line(0, Series("a", range(1_000_000), ys)),)),))

    (line,) = Reader(draw_page(plot)).data["panels"][0]["lines"]

    assert len(line["x"]) <= 4000
    assert line["x"][line["y"].index(9)] == 345_678


def test_it_asks_for_nothing_from_elsewhere() -> None:
    reader = Reader(draw_page(sample()))

    for _, attributes in reader.tags:
        assert not {"src", "href", "srcset", "action"} & set(attributes)
    (policy,) = [
        attributes["content"] or ""
        for _, attributes in reader.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    script_policy = policy.partition("script-src ")[2].partition(";")[0].split()
    assert len(script_policy) == 2
    assert all(source.startswith("'sha256-") for source in script_policy)


def test_a_hostile_name_is_a_text() -> None:
    page = draw_page(sample(label=HOSTILE))

    reader = Reader(page)
    assert [tag for tag, _ in reader.tags].count("script") == 3
    assert "alert(1)" not in "".join(reader.scripts[1:])
    assert b"\x1b" not in page.partition(b"<script")[0]
    assert reader.data["panels"][0]["title"].startswith("</script><script>alert(1)</script>")


def test_without_plotly_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("plotly", "plotly.offline"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(PlotPackageMissingError) as error:
        draw_page(sample())
    assert error.value.message == "a plot as HTML needs the package plotly"
    assert error.value.hint == "pip install 'repro-git[plot]'"


@in_a_browser
@pytest.mark.slow
@pytest.mark.parametrize("label", ["lr=0.1", HOSTILE])
def test_a_browser_draws_it_without_complaint(tmp_path: Path, label: str) -> None:
    path = tmp_path / "curves.html"
    path.write_bytes(draw_page(sample(label=label, smoothing=0.6)))

    assert _BROWSER is not None
    opened = open_page(_BROWSER, path)

    assert opened.complaints == []
    assert opened.dom.count('class="js-line"') >= 8
    assert len(re.findall('<button[^>]*aria-pressed="true"', opened.dom)) == 2
    assert "<script>alert(1)" not in opened.dom


_CLICKS = """<script>
addEventListener("load", () => setTimeout(() => {
  document.querySelectorAll("#runs button")[1].click();
  document.getElementById("log").click();
  setTimeout(() => {
    const box = document.querySelector("#panels div");
    const seen = { type: box.layout.yaxis.type, visible: box.data.map((trace) => trace.visible) };
    document.title = JSON.stringify(seen);
  }, 500);
}, 2000));
</script></body>"""


@in_a_browser
@pytest.mark.slow
def test_runs_are_hidden_and_the_axis_is_made_logarithmic_by_a_click(tmp_path: Path) -> None:
    page = draw_page(sample()).decode()
    policy = re.search('<meta http-equiv="Content-Security-Policy"[^>]*>', page)
    assert policy is not None
    path = tmp_path / "curves.html"
    # Its own policy would not let the test's script run.
    path.write_text(page.replace(policy[0], "").replace("</body>", _CLICKS))

    assert _BROWSER is not None
    opened = open_page(_BROWSER, path)

    title = re.search("<title>(.*?)</title>", opened.dom)
    assert title is not None
    assert json.loads(title[1]) == {"type": "log", "visible": [True, False]}
    assert opened.complaints == []

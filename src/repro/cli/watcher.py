"""Draws a run over and over while it goes on, and once more when it has ended."""

import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from repro.cli.console import Console
from repro.cli.following import Following, ending_text
from repro.cli.format import ago, duration, value
from repro.cli.full_screen import FullScreen, full_screen
from repro.cli.growing_curves import GrowingCurve, GrowingCurves, Reading, is_wanted
from repro.cli.views.hardware import hardware_now
from repro.cli.views.in_progress import last_lines
from repro.cli.views.listing import elapsed_s, status_text
from repro.cli.views.live import Picture, draw_picture
from repro.git.repository import Repository
from repro.model.ids import short_id
from repro.model.run import Status
from repro.model.summary import Summary
from repro.model.system import system_curves
from repro.model.values import Params, flatten
from repro.record.liveness import elsewhere
from repro.record.output_follower import read_output_end
from repro.record.so_far import read_so_far
from repro.store.runs import read_record

__all__ = ["Watcher"]

_BUSY_S = 0.3
"""Of reading what waits, between two looks at the keyboard."""
_PATIENCE_S = 0.1
_AGAIN_S = 2.0
"""Between two looks at params and the name."""
_OUTPUT_BYTES = 4096
_GOOD = frozenset((Status.RUNNING, Status.FINISHED, Status.RECORDED))
_QUITS = "q quits, the run goes on"


class Watcher:
    """Somebody who looks at a run."""

    def __init__(
        self,
        console: Console,
        repo: Repository,
        summary: Summary,
        following: Following | None,
        *,
        patterns: Sequence[str] = (),
    ) -> None:
        """Takes a run of which nothing is read yet.

        Args:
            console: Where to draw.
            repo: The repository.
            summary: Of the run.
            following: How to follow it; None when it has ended.
            patterns: Names of metrics, as in a shell; none for all.
        """
        self._console = console
        self._repo = repo
        self._summary = summary
        self._following = following
        self._patterns = patterns
        self._directory = "" if following is None else following.live.directory
        self._curves = GrowingCurves(self._directory, Reading(patterns))
        self._params: Params = dict(summary.params)
        self._printed: Sequence[str] = ()
        self._system: bytes | None = None
        self._looked_at_s = float("-inf")

    def draw_once(self) -> None:
        """Draws the run as it is."""
        if self._following is None:
            self._finish(self._summary)
        else:
            self._look()
            while self._curves.grow().has_more:
                pass
        self._draw_here()

    def watch(self, *, interval_s: float) -> None:
        """Draws the run until it ends, or a key ends it.

        Args:
            interval_s: Between two drawings.
        """
        following = self._following
        if following is None:
            self.draw_once()
            return
        has_ended = False
        with full_screen(self._console) as screen:
            try:
                while not (has_ended := following.has_ended()):
                    if not self._turn(screen, interval_s):
                        break
            except KeyboardInterrupt:
                pass
        if has_ended:
            self._finish(following.ending())
        self._draw_here()
        if has_ended:
            self._console.talk(ending_text(following.ending(), following.live))

    def _turn(self, screen: FullScreen, interval_s: float) -> bool:
        """Reads, draws and waits; returns whether it is to go on."""
        end_s = time.monotonic() + _BUSY_S
        while (has_more := self._curves.grow().has_more) and time.monotonic() < end_s:
            pass
        self._look()
        drawn = self._draw(screen)
        end_s = time.monotonic() + interval_s
        while (left_s := end_s - time.monotonic()) > 0:
            if "q" in screen.key(0 if has_more else min(left_s, _PATIENCE_S)).lower():
                return False
            if has_more or not os.path.isdir(self._directory):
                break
            if screen.size != drawn:
                drawn = self._draw(screen)
        return True

    def _draw(self, screen: FullScreen) -> tuple[int, int]:
        width, height = screen.size
        picture = self._picture(_QUITS)
        lines = draw_picture(
            picture, width=width, height=height, has_colour=self._console.has_colour
        )
        screen.draw(lines[:height])
        return width, height

    def _draw_here(self) -> None:
        """Draws the run where the cursor is."""
        lines = draw_picture(
            self._picture(""),
            width=self._console.width,
            height=_height(),
            has_colour=self._console.has_colour,
        )
        self._console.write("".join(f"{line}\n" for line in lines))

    def _look(self) -> None:
        """Reads what changes and is not a curve."""
        self._system = _read(f"{self._directory}/system.tsv")
        output = read_output_end(f"{self._directory}/output", at_most=_OUTPUT_BYTES)
        self._printed = last_lines(output)
        now_s = time.monotonic()
        if self._following is not None and now_s - self._looked_at_s > _AGAIN_S:
            self._looked_at_s = now_s
            record = read_so_far(self._repo, self._following.live)
            if record is not None:
                self._params = dict(flatten(record.params))

    def _finish(self, summary: Summary | None) -> None:
        """Takes the rest from the record, where there is one."""
        if summary is None or summary.status is Status.RUNNING:
            return
        record = read_record(self._repo, summary)
        self._summary = summary
        self._curves.missing(record)
        self._params = dict(flatten(record.params))
        self._system = record.system
        self._printed = last_lines(record.output or b"")

    def _picture(self, footer: str) -> Picture:
        summary = self._summary
        status, is_warning = self._status()
        return Picture(
            name=summary.name,
            letters=short_id(summary.id),
            status=status,
            params=" ".join(f"{name}={value(given)}" for name, given in self._params.items()),
            curves={**self._curves.curves, **self._curves_of_machine()},
            machine=hardware_now(self._system),
            printed=self._printed,
            footer=footer,
            is_warning=is_warning,
        )

    def _curves_of_machine(self) -> dict[str, GrowingCurve]:
        """Returns what the machine did as curves, where it was asked for."""
        found: dict[str, GrowingCurve] = {}
        if not self._patterns or self._system is None:
            return found
        for name, points in system_curves(self._system).items():
            if is_wanted(name, self._patterns):
                curve = found[name] = GrowingCurve()
                curve.put([p.step for p in points], [float(p.value) for p in points])
        return found

    def _status(self) -> tuple[str, bool]:
        summary, now = self._summary, datetime.now(UTC)
        text = status_text(summary.status, summary.exit_code)
        took = elapsed_s(summary, now)
        if summary.status is Status.RUNNING and self._following is not None:
            try:
                where = elsewhere(self._directory)
            except FileNotFoundError:
                where = None
            if where is not None:
                seen = ago(where.last_sign_at, now)
                return f"running, elsewhere on {where.host}; seen {seen}", True
        if took is None:
            return text, summary.status not in _GOOD
        preposition = {Status.RUNNING: "for", Status.FINISHED: "in"}.get(summary.status, "after")
        return f"{text} {preposition} {duration(took)}", summary.status not in _GOOD


def _height() -> int | None:
    """Returns the lines of the terminal, less one for the prompt; None where there is none."""
    try:
        return max(os.get_terminal_size(sys.stdout.fileno()).lines - 1, 10)
    except (OSError, ValueError):
        return None


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None

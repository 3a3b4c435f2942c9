"""``repro logs``: what a run printed, and what it prints."""

import codecs
import time

import click

from repro.cli.console import Console, current_console
from repro.cli.following import Following, chosen_run, ending_text
from repro.cli.page import clean
from repro.cli.run_argument import RUN
from repro.cli.runs import open_runs
from repro.git.repository import Repository
from repro.model.run import Status
from repro.model.summary import Summary
from repro.record.output_follower import OutputFollower

__all__ = ["command"]

_INTERVAL_S = 0.1
_END_BYTES = 4096


@click.command("logs", short_help="Show what a run printed, or prints")
@click.argument("run", type=RUN, required=False)
@click.option("-f", "--follow", "is_followed", is_flag=True, help="Go on until the run ends.")
@click.option(
    "-n", "--lines", type=click.IntRange(min=0), metavar="N", help="Begin N lines before the end."
)
def command(run: str | None, *, is_followed: bool, lines: int | None) -> None:
    """Show what the command of a run printed, as far as it has come.

    RUN is as in `repro show`; without it, the newest run in progress, or else the newest. Of very
    long output the beginning and the end are kept.

    \b
      repro logs -f               follow the run in progress
      repro logs quiet-harbor -n 20

    -f ends when the run ends, and says how; Ctrl-C ends it earlier and does nothing to the run.
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    repo = open_runs()
    summary, following = chosen_run(repo, run)
    printer = _Printer(console, lines)
    if following is None or not _write_live(following, printer, is_followed=is_followed):
        _write_recorded(repo, summary, printer)
    printer.end()
    if printer.is_empty and not (is_followed and following):
        console.talk("it printed nothing" if following is None else "it has printed nothing yet")
    if is_followed and following is not None:
        console.talk(ending_text(following.ending(), following.live))


class _Printer:
    """Writes bytes as text, from the last lines of what comes first on.

    Attributes:
        is_empty: Whether nothing came.
        end_of_written: The last of what came.
    """

    def __init__(self, console: Console, n_lines: int | None) -> None:
        self.is_empty = True
        self.end_of_written = b""
        self._console = console
        self._n_lines = n_lines
        # A character may come in two parts.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, content: bytes) -> None:
        self.is_empty = self.is_empty and not content
        self.end_of_written = (self.end_of_written + content)[-_END_BYTES:]
        if self._n_lines is not None:
            content = _last_lines(content, self._n_lines)
            self._n_lines = None
        self._write(self._decoder.decode(content))

    def end(self) -> None:
        self._write(self._decoder.decode(b"", final=True))

    def _write(self, text: str) -> None:
        if text:
            # A pipe gets what was printed; a terminal must not obey what it is shown.
            safe = clean(text, keep="\n\t\r") if self._console.is_terminal else text
            self._console.write(safe)


def _last_lines(content: bytes, n_lines: int) -> bytes:
    if n_lines == 0:
        return b""
    at = len(content) - content.endswith(b"\n")
    for _ in range(n_lines):
        at = content.rfind(b"\n", 0, at)
        if at < 0:
            return content
    return content[at + 1 :]


def _write_live(following: Following, printer: _Printer, *, is_followed: bool) -> bool:
    """Writes what a run in progress prints; returns whether there was anything to look at."""
    output = OutputFollower(following.live.output_path)
    try:
        first = output.read()
        if not first and following.has_ended():
            return False
        printer.write(first)
        while is_followed:
            has_ended = following.has_ended()  # asked first: what is read then is the last
            content = output.read()
            if content:
                printer.write(content)
            if has_ended:
                _write_missed(following, printer)
                break
            time.sleep(_INTERVAL_S)
    finally:
        output.close()
    return True


def _write_missed(following: Following, printer: _Printer) -> None:
    """Writes what was printed behind what was read in time, as the record has it."""
    from repro.store.runs import read_record

    ended = following.ending()
    if ended is None or ended.status is Status.RUNNING:
        return
    output = read_record(following.repo, ended).output or b""
    at = output.rfind(printer.end_of_written)
    if printer.end_of_written and at >= 0:
        printer.write(output[at + len(printer.end_of_written) :])


def _write_recorded(repo: Repository, summary: Summary, printer: _Printer) -> None:
    from repro.lineage.resolve import resolve_run
    from repro.store.runs import read_record

    record = read_record(repo, resolve_run(repo, summary.id))
    if record.output is not None:
        printer.write(record.output)

"""A real browser that opens a page from disk, without a network."""

import shutil
from pathlib import Path
from typing import NamedTuple

from tests.repos import run_program

__all__ = ["Opened", "find_browser", "open_page"]


class Opened(NamedTuple):
    """What became of a page.

    Attributes:
        dom: Its elements when it was done, as HTML.
        complaints: What the console said, a line each.
    """

    dom: str
    complaints: list[str]


def find_browser() -> str | None:
    """Returns the path of a Chromium; None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def open_page(browser: str, page: Path, *options: str) -> Opened:
    """Opens a page, and waits until its scripts have nothing more to do."""
    done = run_program(
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={page.parent}/profile",
        "--window-size=1400,1000",
        "--virtual-time-budget=10000",
        "--enable-logging=stderr",
        "--dump-dom",
        *options,
        page.as_uri(),
        cwd=page.parent,
    )
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Opened(done.stdout, complaints)

"""Drift from lock files in one line, and where a recording says it."""

import pytest

from repro.cli.drift import drift_text
from repro.cli.outcome import print_outcome
from repro.model.environment import LockFile
from tests.compare.samples import environment, record

FLASK = "flask: 3.1.0 there, 3.1.3 installed"
REQUESTS = "requests: 2.32 installed, not there"


@pytest.mark.parametrize(
    ("drift", "most", "text"),
    [
        ((), 1, ""),
        ((FLASK,), 1, "uv.lock: 1 package differs: flask 3.1.0 there, 3.1.3 installed"),
        (
            (FLASK, REQUESTS),
            1,
            "uv.lock: 2 packages differ: flask 3.1.0 there, 3.1.3 installed; and 1 more",
        ),
        (
            (FLASK, REQUESTS),
            2,
            (
                "uv.lock: 2 packages differ: flask 3.1.0 there, 3.1.3 installed; "
                "requests 2.32 installed, not there"
            ),
        ),
        (
            ("python: >=3.12 there, 3.11.7 installed",),
            1,
            "uv.lock: python >=3.12 there, 3.11.7 installed",
        ),
        (
            ("python: >=3.12 there, 3.11.7 installed", FLASK, "and 70 more"),
            1,
            (
                "uv.lock: python >=3.12 there, 3.11.7 installed; "
                "71 packages differ: flask 3.1.0 there, 3.1.3 installed; and 70 more"
            ),
        ),
        (("cannot be read: not UTF-8",), 1, "uv.lock cannot be read: not UTF-8"),
    ],
)
def test_drift_is_one_line(drift: tuple[str, ...], most: int, text: str) -> None:
    assert drift_text(LockFile("uv.lock", drift), most=most) == text


def test_the_closing_screen_has_one_line_of_drift(capsys: pytest.CaptureFixture[str]) -> None:
    files = (LockFile("a.txt"), LockFile("uv.lock", (FLASK,)), LockFile("pdm.lock", (FLASK,)))
    print_outcome(record(environment=environment(lock_files=files)))
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "flask" in line)
    assert line.strip() == (
        "uv.lock: 1 package differs: flask 3.1.0 there, 3.1.3 installed (1 more file drifted)"
    )


def test_the_closing_screen_is_silent_without_drift(capsys: pytest.CaptureFixture[str]) -> None:
    print_outcome(record(environment=environment(lock_files=(LockFile("uv.lock"),))))
    said = capsys.readouterr().err
    assert "uv.lock" not in said
    assert "none: reproducible" in said

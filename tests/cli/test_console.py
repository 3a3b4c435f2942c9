"""The console: terminals, colours, width, and readers that go away."""

import io
import os
import sys
from typing import Any

import pytest

from repro.cli.console import Console, current_console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_a_terminal_gets_colours_unless_told_otherwise(
    environ: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert Console(environ=environ).has_colour is expected


@pytest.mark.parametrize(("forced", "expected"), [("", False), ("0", False), ("1", True)])
def test_a_pipe_is_a_terminal_only_by_force(forced: str, expected: bool) -> None:
    console = Console(environ={"FORCE_COLOR": forced})
    assert (console.is_terminal, console.has_colour) == (expected, expected)


@pytest.mark.parametrize(("columns", "width"), [("120", 120), ("0", 80), ("x", 80), ("", 80)])
def test_the_width_is_that_of_columns_or_80(columns: str, width: int) -> None:
    assert Console(environ={"COLUMNS": columns}).width == width


def test_talk_goes_to_stderr_cleaned(capsys: pytest.CaptureFixture[str]) -> None:
    Console().talk("a\x1bb")
    assert capsys.readouterr() == ("", "a\\x1bb\n")


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Console(quiet=True).talk("x")
    assert capsys.readouterr().err == ""


def test_json_is_strict_and_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    Console().json({"path": "caf\udce9\x1b"})
    assert capsys.readouterr().out == '{\n  "path": "caf\\udce9\\u001b"\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        Console().json(float("nan"))


def test_a_reader_that_went_away_ends_the_process_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(SystemExit) as caught:
            Console().write("x")
    assert caught.value.code == 141


def test_a_stream_that_is_not_utf8_gets_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    Console().write("a → b")
    assert raw.getvalue() == b"a ? b"


def test_without_a_command_line_there_is_a_console_all_the_same() -> None:
    assert isinstance(current_console(), Console)


def test_the_console_of_the_command_line_is_found() -> None:
    import click

    mine = Console(quiet=True)
    found: list[Any] = []

    @click.command()
    def command() -> None:
        found.append(current_console())

    command.main([], obj=mine, standalone_mode=False)
    assert found == [mine]

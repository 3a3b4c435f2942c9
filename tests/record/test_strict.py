"""What a strict run looks at before it starts."""

from pathlib import Path

import pytest

from repro.model.gap import Gap, GapKind
from repro.record.strict import NotReproducibleError, python_command
from repro.record.trace import python_options


def _script(path: Path, first_line: str) -> str:
    path.write_text(f"{first_line}\npass\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("name", ["python", "python3.12", "/opt/venv/bin/python3", "pypy3"])
def test_a_python_is_looked_at_itself(name: str) -> None:
    assert python_command([name, "train.py", "--lr", "1"], {}) == (name, "train.py", "--lr", "1")


@pytest.mark.parametrize(
    ("line", "python"),
    [
        ("#!/opt/venv/bin/python3", ("/opt/venv/bin/python3",)),
        ("#!/usr/bin/python3 -Es", ("/usr/bin/python3", "-Es")),
        ("#!/usr/bin/env python3", ("python3",)),
        ("#! /usr/bin/env -S python3 -u", ("python3", "-u")),
    ],
)
def test_a_script_is_run_by_the_python_of_its_first_line(
    tmp_path: Path, line: str, python: tuple[str, ...]
) -> None:
    tool = _script(tmp_path / "tool", line)

    assert python_command([tool, "-v"], {}) == (*python, tool, "-v")
    assert python_command(["tool", "-v"], {"PATH": f"/nowhere:{tmp_path}"}) == (
        *python,
        "tool",
        "-v",
    )


@pytest.mark.parametrize("line", ["#!/bin/sh", "#!", "#!/usr/bin/env", "\x7fELF", ""])
def test_other_programs_have_no_python_yet(tmp_path: Path, line: str) -> None:
    assert python_command([_script(tmp_path / "tool", line)], {}) is None
    assert python_command(["nothing-of-this-name"], {"PATH": str(tmp_path)}) is None


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["train.py", "-I"], [("", "train.py")]),
        (["-u", "-IE", "train.py"], [("u", ""), ("I", ""), ("E", ""), ("", "train.py")]),
        (["-W", "-I", "-mjob", "-E"], [("W", "-I"), ("m", "job")]),
        (["-Xdev", "-c", "-S"], [("X", "dev"), ("c", "-S")]),
        (["--check-hash-based-pycs", "always", "-"], [("", "-")]),
        ([], [("", "")]),
    ],
)
def test_the_options_of_python_end_where_those_of_the_script_begin(
    words: list[str], options: list[tuple[str, str]]
) -> None:
    assert list(python_options(["python", *words])) == options


def test_a_refusal_lists_each_gap_with_the_way_to_close_it() -> None:
    known = [
        Gap(GapKind.DATA, "a.csv", "declared, but not there", "check its name"),
        Gap(GapKind.ENVIRONMENT, "tiny==0.1", "it was edited"),
    ]
    error = NotReproducibleError(known)

    assert error.exits_with == 4
    assert "2 gaps are known" in error.message
    assert error.details == (
        "data: a.csv: declared, but not there",
        "  to close it: check its name",
        "environment: tiny==0.1: it was edited",
    )


def test_a_refusal_does_not_fill_the_screen() -> None:
    error = NotReproducibleError([Gap(GapKind.DATA, str(n), "gone") for n in range(100)])

    assert len(error.details) == 21
    assert error.details[-1] == "and 80 more"
    assert len(error.gaps) == 100

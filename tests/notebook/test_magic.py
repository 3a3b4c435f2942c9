"""What stands behind ``%%repro``, and what becomes of the cell."""

import pytest

from repro.notebook.magic import MagicLine, _opened, read_magic_line


def test_its_options_are_those_of_the_command() -> None:
    found = read_magic_line(
        "-n 'a name' --message=why --param lr=0.1 --param=amp=true --tag paper --tag k=v -q"
    )

    assert found == MagicLine(
        "a name", "why", {"lr": 0.1, "amp": True}, {"paper": "", "k": "v"}, is_quiet=True
    )
    assert read_magic_line("") == MagicLine(None, "", {}, {})


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("--lr 0.1", "not an option of the magic: --lr"),
        ("name", "not an option of the magic: name"),
        ("--quiet=1", "not an option of the magic: --quiet"),
        ("-n", "-n needs a value"),
        ("--param lr", "not of the form NAME=VALUE: lr"),
        ("-n 'a", "No closing quotation"),
    ],
)
def test_anything_else_is_refused(line: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_magic_line(line)


def test_the_lines_of_a_cell_stay_where_they_are() -> None:
    lines = ["%%repro -n it's\n", "x = 1\n", "x\n"]

    begin, *rest = _opened(lines)

    assert begin == "get_ipython().run_line_magic('repro', \"-n it's\")\n"
    assert rest == lines[1:]


def test_another_magic_may_follow() -> None:
    first, second = _opened(["%%repro\n", "%%time\n", "x = 1\n"])

    assert first == "get_ipython().run_line_magic('repro', '')\n"
    assert second == "get_ipython().run_cell_magic('time', '', 'x = 1\\n')\n"


@pytest.mark.parametrize("lines", [[], ["x = 1\n"], ["%%reproduce\n", "x\n"], ["%repro\n", "x\n"]])
def test_other_cells_are_left_alone(lines: list[str]) -> None:
    assert _opened(lines) == lines

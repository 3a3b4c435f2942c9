"""Pages: the same words for a pipe and for a terminal, and nothing that a terminal obeys."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.cli.console import Console
from repro.cli.page import Block, Cell, Grid, Line, Section, clean, to_plain

CONTROL = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F))}


def draw(blocks: Sequence[Block], width: int, capsys: pytest.CaptureFixture[str]) -> str:
    Console(environ={"FORCE_COLOR": "1", "NO_COLOR": "1"}).show(blocks, width=width)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain ü 漢 🎉", "plain ü 漢 🎉"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202eevil", r"\u202eevil"),
        ("caf\udce9", r"caf\xe9"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_spelled_out(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_what_is_kept_on_purpose_is_left_alone() -> None:
    assert clean("a\n\x1bb", keep="\n") == "a\n\\x1bb"


@given(st.text())
def test_no_control_character_and_no_half_of_a_character_is_left(text: str) -> None:
    cleaned = clean(text)
    assert not CONTROL & set(cleaned)
    cleaned.encode("utf-8")


def test_a_section_has_its_label_once_and_its_lines_indented() -> None:
    page = [Section("code", (Line.of("one"), Line.of("two")))]
    assert to_plain(page) == "code         one\n             two\n"


def test_rows_are_aligned() -> None:
    rows = ((Cell("a"), Cell("1")), (Cell("long"), Cell("23")))
    assert to_plain([Grid(rows, right=frozenset({1}))]) == "a      1\nlong  23\n"


def test_a_terminal_gets_the_same_words_where_there_is_room(
    capsys: pytest.CaptureFixture[str],
) -> None:
    grid = Grid(((Cell("a", "red"), Cell("1")), (Cell("long"), Cell("23"))))
    page: list[Block] = [Line.of(Cell("title", "bold")), Section("code", (grid, Line.of("x")))]
    assert draw(page, 80, capsys) == to_plain(page)


def test_nothing_is_lost_on_a_narrow_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    path = "data/" + "0123456789" * 12
    drawn = draw([Section("data", (Grid(((Cell(path), Cell("3f2a1b9c")),)),))], 60, capsys)
    assert path in "".join(line[13:].split("  ")[0].strip() for line in drawn.splitlines())
    assert "3f2a1b9c" in drawn
    assert max(map(len, drawn.splitlines())) <= 60


def test_colours_are_given_only_where_they_are_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    page = [Line.of(Cell("x", "red"))]
    Console(environ={"FORCE_COLOR": "1"}).show(page)
    assert capsys.readouterr().out == "\x1b[31mx\x1b[0m\n"
    Console(environ={}).show(page)
    assert capsys.readouterr().out == "x\n"


def test_markup_in_a_record_is_only_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert draw([Line.of("[bold]x[/] :smile:")], 80, capsys) == "[bold]x[/] :smile:\n"

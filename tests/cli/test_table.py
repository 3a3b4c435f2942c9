"""Tables: what leaves when there is no room, and what a pipe gets."""

from repro.cli.page import Cell, to_plain
from repro.cli.table import Column, fit, table_width, to_grid, to_tsv


def column(title: str, *texts: str, rank: int = 0) -> Column:
    return Column(title, tuple(map(Cell, texts)), rank=rank)


COLUMNS = [column("run", "abcdefgh"), column("lr", "0.1", rank=3), column("acc", "0.5", rank=1)]


def test_everything_is_kept_where_there_is_room() -> None:
    assert fit(COLUMNS, table_width(COLUMNS)) == (COLUMNS, [])


def test_the_highest_rank_leaves_first() -> None:
    assert fit(COLUMNS, table_width(COLUMNS) - 1) == ([COLUMNS[0], COLUMNS[2]], ["lr"])


def test_rank_zero_never_leaves() -> None:
    assert fit(COLUMNS, 1) == ([COLUMNS[0]], ["lr", "acc"])


def test_of_equal_rank_the_last_leaves_first() -> None:
    columns = [column("a", "1", rank=1), column("b", "2", rank=1)]
    assert fit(columns, 3)[1] == ["b"]


def test_a_very_long_text_is_shortened_in_the_middle() -> None:
    text = to_plain([to_grid([column("note", "a" * 50 + "b" * 50)])]).splitlines()[1]
    assert text == "a" * 20 + "…" + "b" * 19


def test_tabs_and_newlines_in_a_value_keep_a_row_a_row() -> None:
    assert to_tsv(["id", "x"], [["1", "a\tb\nc"]]) == "id\tx\n1\ta\\tb\\nc\n"


def test_a_pipe_gets_long_texts_whole() -> None:
    assert "x" * 5000 in to_tsv(["id"], [["x" * 5000]])

"""The cells of a kernel as a script: it is Python, and gives the sources back."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.model.cells import Cell, Cells, parse_cells, plain_source, render_cells

_LINES = st.sampled_from(
    [
        *("", "x = 1", "    y = 2", "if x:", "%matplotlib inline", "  %time x", "!ls", "?x", "x?"),
        *("%%bash", "%%time", "%%repro -n a", "# %pip", "# # %pip", "# %% [3]", "%% [4]", "-> 1 s"),
        *("# -> 0.1 s", "# -> ValueError", "files = !ls", "# files = !ls", "await x", "x = '''"),
        *("'''", "# notebook: a.ipynb", "#", "# ", "#!sh", "é", "\tz", "# %% [ ] commented=true"),
    ]
)
_SOURCES = st.lists(_LINES, min_size=1, max_size=6).map("\n".join).filter(str.strip)
_CELLS = st.builds(
    Cell,
    source=(_SOURCES | st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1))
    .map(lambda text: text.rstrip("\n"))
    .filter(lambda text: bool(text.strip())),
    number=st.none() | st.integers(1, 999),
    took_s=st.none() | st.sampled_from([0.0, 1.5, 3600.0]),
    error=st.none() | st.sampled_from(["ValueError", "KeyboardInterrupt"]),
    is_injected=st.booleans(),
)


_NAMES = st.none() | st.just("a b.ipynb")
_ORDERS = st.sampled_from(["", "1 cell was run again"])


@given(st.builds(Cells, st.lists(_CELLS, max_size=4).map(tuple), _NAMES, _ORDERS))
def test_the_sources_come_back_as_they_were(cells: Cells) -> None:
    assert parse_cells(render_cells(cells)) == cells


@given(st.lists(_CELLS, max_size=4).map(tuple))
def test_the_script_is_python_whatever_was_executed(cells: tuple[Cell, ...]) -> None:
    text = render_cells(Cells(cells)).decode()
    compile(text, "cells", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize(
    ("source", "script"),
    [
        ("x = 1\n", "# %% [7]\nx = 1\n"),
        ("%matplotlib inline\nx = 1", "# %% [7]\n# %matplotlib inline\nx = 1\n"),
        ("for x in y:\n    z()\n    !ls {x}", "# %% [7]\nfor x in y:\n    z()\n    # !ls {x}\n"),
        ("%%time\nx = 1", "# %% [7]\n# %%time\nx = 1\n"),
        ("%%bash\n\nls", "# %% [7] commented=true\n# %%bash\n#\n# ls\n"),
        ("x.head?", "# %% [7] commented=true\n# x.head?\n"),
        ("x = = 1", "# %% [7] commented=true\n# x = = 1\n"),
        ("# %% [1]\nawait x", "# %% [7]\n# # %% [1]\nawait x\n"),
    ],
)
def test_what_is_no_python_is_a_comment(source: str, script: str) -> None:
    assert render_cells(Cells((Cell(source, 7),))).decode() == script


def test_a_cell_says_how_it_ended() -> None:
    cells = (
        Cell("a", 1, 0.04),
        Cell("b", 2, 12.34, "ValueError"),
        Cell("c", 2, error="KeyError"),
        Cell("d"),
    )

    text = render_cells(Cells(cells, "exp/train.ipynb", "cells ran twice")).decode()

    assert text == (
        "# notebook: exp/train.ipynb\n# order: cells ran twice\n"
        "\n# %% [1]\na\n# -> 0.0 s\n"
        "\n# %% [2]\nb\n# -> ValueError after 12.3 s\n"
        "\n# %% [2]\nc\n# -> KeyError\n"
        "\n# %% [ ]\nd\n"
    )


def test_counts_times_and_names_are_no_source() -> None:
    one = render_cells(Cells((Cell("x = 1", 1, 0.5), Cell("y", 2)), "a.ipynb"))
    other = render_cells(Cells((Cell("x = 1", 8, 3.5, "ValueError"), Cell("y", 9)), "b.ipynb", "x"))
    third = render_cells(Cells((Cell("y", 2), Cell("x = 1", 1, 0.5)), "a.ipynb"))
    param = Cell("x = 2", 2, is_injected=True)
    given_ = render_cells(Cells((Cell("x = 1", 1), param, Cell("y", 3))))

    assert plain_source(given_) == plain_source(one)
    assert plain_source(one) == plain_source(other) == "# %%\nx = 1\n\n# %%\ny\n"
    assert plain_source(one) != plain_source(third)


def test_any_bytes_are_cells_of_some_sort() -> None:
    assert parse_cells(b"\xff\n# %% [3]\n\xfe") == Cells((Cell("\ufffd", 3),))
    assert parse_cells(b"") == Cells(())

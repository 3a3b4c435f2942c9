"""`repro.model.system`: the table of hardware figures."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.model.decode import RecordError, decode_record
from repro.model.encode import encode_record
from repro.model.system import (
    SystemTableError,
    check_system,
    system_curves,
    system_header,
    system_row,
    whole_rows,
)
from repro.model.values import Point
from tests.model.records import simple_record

_TABLE = b"time_s\tcpu\tmemory\n1.000\t\t3\n2.500\t50.5\t4\n"


def test_a_curve_has_the_moments_at_which_there_was_a_figure() -> None:
    check_system(_TABLE)
    assert system_curves(_TABLE) == {
        "system/cpu": (Point(1, 2.5, 50.5),),
        "system/memory": (Point(0, 1.0, 3.0), Point(1, 2.5, 4.0)),
    }


def test_a_figure_that_was_never_seen_has_no_curve() -> None:
    assert system_curves(b"time_s\tcpu\n1.0\t\n") == {}


figures = st.lists(
    st.none() | st.floats(min_value=-1e12, max_value=1e12, allow_nan=False),
    min_size=2,
    max_size=2,
)


@given(st.lists(figures, max_size=5), st.floats(min_value=0, max_value=4e9))
def test_what_is_written_can_be_read(rows: list[list[float | None]], time_s: float) -> None:
    table = system_header(("a", "b")) + b"".join(system_row(time_s, row) for row in rows)
    check_system(table)
    curves = system_curves(table)
    for at, name in enumerate(("system/a", "system/b")):
        wanted = [(n, row[at]) for n, row in enumerate(rows) if row[at] is not None]
        found = [(point.step, point.value) for point in curves.get(name, ())]
        assert [n for n, _ in found] == [n for n, _ in wanted]
        for (_, value), (_, original) in zip(found, wanted, strict=True):
            assert original is not None
            assert math.isclose(value, original, abs_tol=0.00051)


def test_figures_are_written_briefly() -> None:
    row = system_row(1700000000.12345, (1.0, 0.0, -0.0001, 12.34567, None, 1e12))
    assert row == b"1700000000.123\t1\t0\t0\t12.346\t\t1000000000000\n"


def test_what_is_no_number_is_not_written() -> None:
    assert system_row(1.0, (math.nan, math.inf, 2.0)) == b"1.000\t\t\t2\n"


@pytest.mark.parametrize(
    "tail",
    [b"3.000\t1", b"3.000\t1\n", b"\0" * 400, b"3.000\tx\t1\n4.000\t1\t1\n", b"\n"],
    ids=["cut", "short", "zeros", "words", "empty"],
)
def test_of_a_table_with_a_broken_end_the_whole_rows_are_kept(tail: bytes) -> None:
    assert whole_rows(_TABLE + tail) == _TABLE
    assert system_curves(_TABLE + tail) == system_curves(_TABLE)
    with pytest.raises(SystemTableError, match="line 4 "):
        check_system(_TABLE + tail)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"time_s",
        b"time_s\n",
        b"time_s\tcpu",
        b"time_s\tcpu\tcpu\n",
        b"time_s\t\n",
        b"time_s\t\x1b[31m\n",
        b"time_s\t../x\n",
        b"time_s\t" + b"a" * 101 + b"\n",
        b"step\tcpu\n1.0\t1\n",
        b"\xff\xfe",
        b"time_s" + b"".join(b"\tc%d" % n for n in range(4097)) + b"\n",
    ],
)
def test_what_does_not_begin_with_the_names_is_no_table(text: bytes) -> None:
    assert whole_rows(text) is None
    assert system_curves(text) == {}
    with pytest.raises(SystemTableError, match="first line"):
        check_system(text)


@pytest.mark.parametrize(
    "cell", [b"nan", b"inf", b"1e400", b"1_0", b" 1", b"0x1", b"1" * 41, b"1.", b"--1", b"\xd9\xa1"]
)
def test_what_is_no_plain_number_is_refused(cell: bytes) -> None:
    with pytest.raises(SystemTableError, match="line 2 is not a time and 1 figures"):
        check_system(b"time_s\tcpu\n1.0\t" + cell + b"\n")
    with pytest.raises(SystemTableError, match="line 2"):
        check_system(b"time_s\tcpu\n" + cell + b"\t1\n")


def test_a_table_of_names_alone_is_one() -> None:
    check_system(b"time_s\tcpu\n")
    assert whole_rows(b"time_s\tcpu\n") is None


@pytest.mark.parametrize("text", [b"", b"<html>", b"time_s\tcpu\n1\t\x1b[31m\n", _TABLE + b"3.0"])
def test_a_record_with_a_broken_table_names_the_file(text: bytes) -> None:
    files = encode_record(simple_record()._replace(system=_TABLE))
    assert decode_record(files).system == _TABLE
    with pytest.raises(RecordError, match=r"^\.repro/system\.tsv: "):
        decode_record(files | {"system.tsv": text})


def test_a_table_of_many_rows_is_checked_in_one_go() -> None:
    table = system_header(("a", "b", "c")) + b"1.000\t1.5\t\t3\n" * 300_000
    check_system(table)
    with pytest.raises(SystemTableError, match="line 300002 "):
        check_system(table + b"x")

"""Reads a log while it is written, across its files."""

import os
from pathlib import Path

import pytest

from repro.record.output_follower import LEFT_OUT, OutputFollower, read_output_end
from repro.record.output_log import OutputLog, read_output


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "output")


def test_nothing_is_there_before_anything_is_printed(path: str) -> None:
    follower = OutputFollower(path)
    assert follower.read() == b""
    log = OutputLog(path)
    log.write(b"one\n")
    assert follower.read() == b"one\n"
    assert follower.read() == b""
    log.close()
    follower.close()


def test_everything_is_read_once_when_read_in_time(path: str) -> None:
    log = OutputLog(path, segment_bytes=10)
    follower = OutputFollower(path)
    printed = bytes(range(65, 91)) * 3
    read = b""
    for at in range(0, len(printed), 4):
        log.write(printed[at : at + 4])
        read += follower.read()
    assert read == printed
    log.close()
    follower.close()


def test_a_late_reader_gets_what_is_kept(path: str) -> None:
    log = OutputLog(path, segment_bytes=10)
    log.write(bytes(range(65, 91)) * 3)
    follower = OutputFollower(path)
    read = follower.read()
    assert read == read_output(path)
    assert LEFT_OUT in read
    log.write(b"more")
    assert follower.read() == b"more"
    log.close()
    follower.close()


def test_a_reader_that_falls_behind_is_told_so(path: str) -> None:
    log = OutputLog(path, segment_bytes=10)
    follower = OutputFollower(path)
    log.write(b"a" * 10)
    assert follower.read() == b"a" * 10
    log.write(b"b" * 35)
    assert follower.read() == LEFT_OUT + b"b" * 15
    log.close()
    follower.close()


def test_the_last_words_are_there_when_the_log_is_gone(path: str) -> None:
    log = OutputLog(path)
    follower = OutputFollower(path)
    log.write(b"one\n")
    assert follower.read() == b"one\n"
    log.write(b"last\n")
    log.close()
    os.unlink(path)
    os.rmdir(os.path.dirname(path))
    assert follower.read() == b"last\n"
    follower.close()


def test_the_end_is_that_of_the_newest_file(path: str) -> None:
    assert read_output_end(path, at_most=4) == b""
    log = OutputLog(path, segment_bytes=10)
    log.write(b"0123456789abcdef")
    assert read_output_end(path, at_most=4) == b"cdef"
    assert read_output_end(path, at_most=100) == b"abcdef"
    log.close()

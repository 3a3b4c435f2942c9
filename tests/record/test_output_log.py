"""Keeps what a command prints, bounded."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.record.output_log import OutputLog, read_output

_MARK = b"\n[... output left out ...]\n"


def _log(path: Path, chunks: list[bytes], *, segment_bytes: int = 10) -> bytes | None:
    log = OutputLog(str(path), segment_bytes=segment_bytes)
    for chunk in chunks:
        log.write(chunk)
    log.close()
    assert log.error is None
    return read_output(str(path))


def test_what_fits_is_kept_whole(tmp_path: Path) -> None:
    assert _log(tmp_path / "output", [b"one ", b"two"]) == b"one two"


def test_nothing_printed_is_nothing_kept(tmp_path: Path) -> None:
    assert _log(tmp_path / "output", []) is None


def test_a_log_that_was_never_begun_is_none(tmp_path: Path) -> None:
    assert read_output(str(tmp_path / "output")) is None
    assert read_output(str(tmp_path / "none" / "output")) is None


def test_of_too_much_the_head_and_the_end_are_kept(tmp_path: Path) -> None:
    printed = bytes(range(65, 91)) * 4
    kept = _log(tmp_path / "output", [printed])
    assert kept == printed[:10] + _MARK + printed[-14:]


def test_little_more_than_a_segment_loses_nothing(tmp_path: Path) -> None:
    assert _log(tmp_path / "output", [b"0123456789" * 3]) == b"0123456789" * 3


def test_the_disk_holds_three_segments_at_most(tmp_path: Path) -> None:
    log = OutputLog(str(tmp_path / "output"), segment_bytes=10)
    for _ in range(500):
        log.write(b"0123456")
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 30
    log.close()


def test_more_than_ten_segments_keep_their_order(tmp_path: Path) -> None:
    kept = _log(tmp_path / "output", [b"%09d\n" % n for n in range(120)])
    assert kept == b"000000000\n" + _MARK + b"000000118\n000000119\n"


def test_what_was_written_can_be_read_before_the_end(tmp_path: Path) -> None:
    log = OutputLog(str(tmp_path / "output"))
    log.write(b"so far")
    assert read_output(str(tmp_path / "output")) == b"so far"
    log.close()


def test_a_full_disk_ends_the_log_and_not_the_command() -> None:
    log = OutputLog("/dev/full")
    log.write(b"x")
    log.write(b"y")
    log.close()
    assert log.error is not None
    assert log.error.strerror == "No space left on device"


def test_others_cannot_read_it(tmp_path: Path) -> None:
    _log(tmp_path / "output", [b"x" * 25])
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=25), max_size=12))
def test_the_head_and_at_least_a_segment_of_the_end_survive(
    tmp_path: Path, chunks: list[bytes]
) -> None:
    for old in tmp_path.iterdir():
        old.unlink()
    printed = b"".join(chunks)
    kept = _log(tmp_path / "output", chunks) or b""
    assert kept.startswith(printed[:10])
    assert kept.endswith(printed[-10:])
    assert len(printed) > 30 or kept == printed


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 20, 21])
def test_no_size_is_special(tmp_path: Path, size: int) -> None:
    assert (_log(tmp_path / "output", [b"x" * size]) or b"") == b"x" * size

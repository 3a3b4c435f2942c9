"""Packs and their indexes, damaged in every way, and mended."""

from collections.abc import Callable
from pathlib import Path

import pytest

from repro.fsck.problem import Kind
from tests.fsck.broken import Ward, cut, delete, empty, flip


def flip_code_of_l(ward: Ward, pack: Path) -> None:
    """Flips a byte in the middle of what holds a blob of run l."""
    oid = ward.oid(f"{ward.ref('l')}:lib/deep/model.py")
    rows = ward.scratch.git("verify-pack", "-v", str(pack)).splitlines()
    (row,) = (row.split() for row in rows if row.startswith(oid))
    content = bytearray(pack.read_bytes())
    content[int(row[4]) + int(row[3]) // 2] ^= 0xFF
    pack.chmod(0o644)
    pack.write_bytes(content)


def test_a_flipped_byte_in_a_pack_is_found_with_the_run_that_needs_it(ward: Ward) -> None:
    flip_code_of_l(ward, ward.pack())
    assert ward.kinds() == {Kind.PACK, Kind.OBJECT}
    assert ward.concerned() == {"l"}
    assert ward.listed() == {"k", "l", "m"}


def test_the_rest_of_a_damaged_pack_is_kept_without_a_remote(ward: Ward) -> None:
    pack = ward.pack()
    flip_code_of_l(ward, pack)
    ward.repair()
    assert pack.name in ward.quarantined()
    assert ward.kinds() == {Kind.OBJECT}
    assert ward.concerned() == {"l"}
    assert ward.listed() == {"k", "l", "m"}


@pytest.mark.parametrize("damage", [cut, empty, delete, flip])
def test_a_damaged_pack_is_mended_from_a_remote(ward: Ward, damage: Callable[[Path], None]) -> None:
    ward.push()
    pack = ward.pack()
    damage(pack)
    assert Kind.PACK in ward.kinds()
    ward.repair()
    assert ward.check().problems == ()
    assert ward.scratch.git("fsck", "--full", "--no-dangling") == ""
    assert ward.listed() == {"k", "l", "m"}


def test_a_flipped_object_in_a_pack_comes_from_a_remote(ward: Ward) -> None:
    ward.push()
    flip_code_of_l(ward, ward.pack())
    done = ward.repair()
    assert "fetched 1 git object from origin" in done
    assert ward.check().problems == ()


@pytest.mark.parametrize(("n_bytes", "n_lost"), [(10, 0), (25, 1)])
def test_what_stands_before_the_cut_in_a_pack_is_kept(
    ward: Ward, n_bytes: int, n_lost: int
) -> None:
    pack = ward.pack()
    content = pack.read_bytes()
    pack.chmod(0o644)
    pack.write_bytes(content[:-n_bytes])
    done = ward.repair()
    assert any("objects of it that are whole" in line for line in done)
    assert len(ward.problems()) == n_lost


@pytest.mark.parametrize("at", [2, -3])
def test_a_pack_whose_first_or_last_bytes_are_wrong_loses_nothing(ward: Ward, at: int) -> None:
    pack = ward.pack()
    content = bytearray(pack.read_bytes())
    content[at] ^= 0xFF
    pack.chmod(0o644)
    pack.write_bytes(content)
    assert ward.kinds() >= {Kind.PACK}
    ward.repair()
    assert ward.check().problems == ()
    assert ward.listed() == {"k", "l", "m"}


@pytest.mark.parametrize("damage", [cut, empty, delete, flip])
def test_a_damaged_index_of_a_pack_is_made_anew(ward: Ward, damage: Callable[[Path], None]) -> None:
    pack = ward.pack()
    damage(pack.with_suffix(".idx"))
    assert ward.kinds() >= {Kind.PACK}
    ward.repair()
    assert ward.check().problems == ()
    assert ward.listed() == {"k", "l", "m"}

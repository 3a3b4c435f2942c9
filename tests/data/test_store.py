"""The object store: whole objects only, and a damaged one is found."""

import os
from pathlib import Path

import pytest

from repro.data.manifest import encode_manifest
from repro.data.store import (
    CorruptObjectError,
    InvalidHashError,
    MissingObjectError,
    ObjectStore,
    WrongHashError,
)
from tests.data.shop import Shop, make_shop, write

HELLO = "5d41402abc4b2a76b9719d911017c592"
WORLD = "7d793037a0760186574b0282f2f435e7"


def stored(shop: Shop, content: bytes = b"hello") -> str:
    return shop.store.add_bytes(content)


def damage(path: str, content: bytes = b"HELLO") -> None:
    os.chmod(path, 0o644)
    Path(path).write_bytes(content)
    os.chmod(path, 0o444)


def temporaries(shop: Shop) -> list[Path]:
    return list(Path(shop.store.root).rglob("*.tmp"))


def test_an_object_lies_where_dvc_would_look(shop: Shop) -> None:
    stored(shop)
    assert Path(shop.store.root, "files/md5", HELLO[:2], HELLO[2:]).read_bytes() == b"hello"


def test_an_object_is_read_only(shop: Shop) -> None:
    assert os.stat(shop.store.path_of(stored(shop))).st_mode & 0o777 == 0o444


def test_a_stored_file_is_another_file_than_its_source(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path, {"f": b"hello"})
    shop.store.add_file(str(tmp_path / "f"), hash=HELLO)
    (tmp_path / "f").write_bytes(b"changed")
    assert shop.store.read(HELLO) == b"hello"


def test_a_whole_object_of_a_dvc_cache_is_linked(shop: Shop, tmp_path: Path) -> None:
    other = make_shop(tmp_path / "other").store
    other.add_bytes(b"hello")
    shop.store.add_files({HELLO: "/nonexistent"}, also=[other.objects_root])
    assert os.path.samefile(shop.store.path_of(HELLO), other.path_of(HELLO))


def test_a_damaged_object_of_a_dvc_cache_is_not_linked(shop: Shop, tmp_path: Path) -> None:
    other = make_shop(tmp_path / "other").store
    damage(other.path_of(other.add_bytes(b"hello")))
    write(tmp_path, {"f": b"hello"})
    shop.store.add_files({HELLO: str(tmp_path / "f")}, also=[other.objects_root])
    assert shop.store.read(HELLO) == b"hello"


def test_a_writable_object_of_a_dvc_cache_is_not_linked(shop: Shop, tmp_path: Path) -> None:
    other = make_shop(tmp_path / "other").store
    os.chmod(other.path_of(other.add_bytes(b"hello")), 0o644)
    write(tmp_path, {"f": b"hello"})
    shop.store.add_files({HELLO: str(tmp_path / "f")}, also=[other.objects_root])
    assert not os.path.samefile(shop.store.path_of(HELLO), other.path_of(HELLO))


def test_a_file_with_another_hash_is_refused_and_leaves_nothing(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path, {"f": b"hello", "g": b"other"})
    with pytest.raises(WrongHashError):
        shop.store.add_files({HELLO: str(tmp_path / "f"), WORLD: str(tmp_path / "g")})
    assert temporaries(shop) == []
    assert not shop.store.has(WORLD)


def test_a_missing_object_is_told(shop: Shop) -> None:
    with pytest.raises(MissingObjectError):
        shop.store.verify(HELLO)


def test_an_object_written_to_is_told(shop: Shop) -> None:
    path = shop.store.path_of(stored(shop))
    shop.store.verify(HELLO)
    damage(path)
    with pytest.raises(CorruptObjectError) as caught:
        shop.store.verify(HELLO)
    assert caught.value.path == path


def test_damage_is_told_to_a_store_that_checked_the_object_before(shop: Shop) -> None:
    damage(shop.store.path_of(stored(shop)))
    shop.cache.close()
    assert ObjectStore(shop.store.root, cache=shop.cache).missing(HELLO) == (HELLO,)


def test_damage_is_told_when_an_object_is_read(shop: Shop) -> None:
    damage(shop.store.path_of(stored(shop)))
    with pytest.raises(CorruptObjectError):
        shop.store.read(HELLO)


def test_a_damaged_object_is_replaced_when_its_bytes_come_again(shop: Shop) -> None:
    damage(shop.store.path_of(stored(shop)))
    stored(shop)
    shop.store.verify(HELLO)


def test_an_object_just_stored_needs_no_reading_to_be_checked(shop: Shop) -> None:
    stored(shop)
    assert shop.cache.known([os.stat(shop.store.path_of(HELLO))]) == [HELLO]


def test_a_directory_misses_its_manifest_and_nothing_else(shop: Shop) -> None:
    assert shop.store.missing(HELLO + ".dir") == (HELLO + ".dir",)


def test_a_directory_misses_the_files_that_are_absent_or_damaged(shop: Shop) -> None:
    damage(shop.store.path_of(stored(shop)))
    manifest = encode_manifest({"a": HELLO, "b": WORLD, "c": shop.store.add_bytes(b"c")})
    directory = shop.store.add_bytes(manifest, suffix=".dir")
    assert set(shop.store.missing(directory)) == {HELLO, WORLD}


def test_a_manifest_that_nobody_can_place_counts_as_missing(shop: Shop) -> None:
    content = b'[{"md5": "%s", "relpath": "../x"}]' % HELLO.encode()
    directory = shop.store.add_bytes(content, suffix=".dir")
    assert shop.store.missing(directory) == (directory,)


@pytest.mark.parametrize("hash", ["", "../../etc/passwd", HELLO + "/..", HELLO.upper(), "a.dir"])
def test_what_is_no_hash_never_becomes_a_path(shop: Shop, hash: str) -> None:
    with pytest.raises(InvalidHashError):
        shop.store.path_of(hash)


def test_many_files_are_stored_at_once(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path / "d", {str(i): str(i).encode() for i in range(100)})
    entry = shop.capture(tmp_path / "d")
    assert shop.store.missing(entry.hash) == ()


def test_a_taken_file_is_moved(shop: Shop) -> None:
    path = shop.store.incoming(HELLO)
    Path(path).write_bytes(b"hello")
    shop.store.take_file(path, hash=HELLO)
    assert (shop.store.read(HELLO), os.path.exists(path)) == (b"hello", False)


def test_a_taken_file_must_have_its_hash(shop: Shop) -> None:
    path = shop.store.incoming(HELLO)
    Path(path).write_bytes(b"other")
    with pytest.raises(WrongHashError):
        shop.store.take_file(path, hash=HELLO)

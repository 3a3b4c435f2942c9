"""Placing: what was captured comes back, and nothing else is touched."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repro.data.capture import capture
from repro.data.manifest import ManifestError
from repro.data.place import InTheWayError, Link, UnsafePathError, matches, place
from repro.data.store import CorruptObjectError, MissingObjectError
from repro.model.data import DataEntry, DirectoryExtras
from tests.data.shop import Shop, look, make_shop, write

links = pytest.mark.parametrize("link", list(Link))
names = (
    st.binary(min_size=1, max_size=4)
    .map(
        lambda raw: raw.replace(b"/", b"_").replace(b"\0", b"_").decode("utf-8", "surrogateescape")
    )
    .filter(lambda name: name not in (".", "..", ".git", ".hg", ".dvc"))
)
leaves = st.one_of(
    st.tuples(st.just("file"), st.binary(max_size=9), st.booleans()),
    st.tuples(st.just("link"), names, st.booleans()),
)
trees = st.recursive(
    st.dictionaries(names, leaves, max_size=4),
    lambda below: st.dictionaries(names, st.one_of(leaves, below), max_size=4),
    max_leaves=12,
)


def put(entry: DataEntry, destination: Path, shop: Shop, link: Link = Link.COPY) -> None:
    place(entry, str(destination), store=shop.store, cache=shop.cache, link=link)


def build(directory: Path, tree: dict[str, object]) -> None:
    directory.mkdir()
    for name, node in tree.items():
        path = directory / name
        match node:
            case ("file", bytes(content), bool(executable)):
                path.write_bytes(content)
                path.chmod(0o755 if executable else 0o644)
            case ("link", str(target), _):
                path.symlink_to(target)
            case dict(below):
                build(path, below)
            case _:
                raise AssertionError(node)


@given(trees, trees, st.sampled_from(Link))
@settings(max_examples=60)
def test_what_was_captured_comes_back_whatever_was_there(
    tree: dict[str, object], other: dict[str, object], link: Link
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch)
        build(path / "source", tree)
        build(path / "target", other)
        shop = make_shop(path / "shop")
        entry = shop.capture(path / "source")
        for destination in (path / "target", path / "new"):
            put(entry, destination, shop, link)
            assert look(destination) == look(path / "source")
            assert matches(entry, str(destination), cache=shop.cache)
            assert shop.capture(destination) == entry


@links
@pytest.mark.parametrize("executable", [True, False])
def test_a_file_comes_back(shop: Shop, tmp_path: Path, link: Link, executable: bool) -> None:
    write(tmp_path, {"f": b"hello"})
    (tmp_path / "f").chmod(0o755 if executable else 0o644)
    entry = shop.capture(tmp_path / "f")
    put(entry, tmp_path / "x/y/g", shop, link)
    assert capture(str(tmp_path / "x/y/g"), cache=shop.cache).executable == executable
    assert (tmp_path / "x/y/g").read_bytes() == b"hello"


def test_a_copy_may_be_written_to_and_leaves_the_object_whole(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path, {"f": b"hello"})
    entry = shop.capture(tmp_path / "f")
    put(entry, tmp_path / "g", shop)
    (tmp_path / "g").write_bytes(b"other")
    shop.store.verify(entry.hash)


def test_a_hard_link_takes_no_space(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path / "d", {"f": b"hello"})
    entry = shop.capture(tmp_path / "d")
    put(entry, tmp_path / "e", shop, Link.HARD)
    state = os.stat(tmp_path / "e/f")
    assert state.st_nlink == 2 or state.st_mode & 0o200  # linked, or a reflink


@links
def test_what_is_right_already_is_left_alone(shop: Shop, tmp_path: Path, link: Link) -> None:
    write(tmp_path / "d", {"f": b"hello", "sub/g": b"", "h": b"old"})
    entry = shop.capture(tmp_path / "d")
    (tmp_path / "d/h").write_bytes(b"new")
    before = os.stat(tmp_path / "d/f")
    put(entry, tmp_path / "d", shop, link)
    assert os.stat(tmp_path / "d/f") == before
    assert (tmp_path / "d/h").read_bytes() == b"old"


def test_a_file_becomes_a_directory_and_back(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path, {"f": b"hello", "d/g": b"x"})
    file, directory = shop.capture(tmp_path / "f"), shop.capture(tmp_path / "d")
    put(directory, tmp_path / "f", shop)
    assert look(tmp_path / "f") == {"g": ("file", b"x", False)}
    put(file, tmp_path / "f", shop)
    assert (tmp_path / "f").read_bytes() == b"hello"


@links
def test_a_missing_object_is_told_before_anything_changes(
    shop: Shop, tmp_path: Path, link: Link
) -> None:
    write(tmp_path / "d", {"f": b"hello", "g": b"x"})
    entry = shop.capture(tmp_path / "d")
    os.unlink(shop.store.path_of(capture(str(tmp_path / "d/f"), cache=shop.cache).hash))
    (tmp_path / "d/g").write_bytes(b"changed")
    before = look(tmp_path / "d")
    with pytest.raises(MissingObjectError):
        put(entry, tmp_path / "d", shop, link)
    assert look(tmp_path / "d") == before


@links
def test_a_damaged_object_is_never_placed(shop: Shop, tmp_path: Path, link: Link) -> None:
    write(tmp_path / "d", {"f": b"hello"})
    entry = shop.capture(tmp_path / "d")
    put(entry, tmp_path / "e", shop, Link.HARD)
    placed = tmp_path / "e/f"
    placed.chmod(0o644)
    placed.write_bytes(b"HELLO")  # through the link, as root or after chmod
    path = shop.store.path_of(capture(str(tmp_path / "d/f"), cache=shop.cache).hash)
    Path(path).chmod(0o644)
    Path(path).write_bytes(b"HELLO")
    Path(path).chmod(0o444)
    with pytest.raises(CorruptObjectError):
        put(entry, tmp_path / "new", shop, link)
    assert not (tmp_path / "new").exists()


@links
def test_a_link_on_the_way_is_never_followed(shop: Shop, tmp_path: Path, link: Link) -> None:
    write(tmp_path, {"f": b"hello", "outside/keep": b"", "top/x": b""})
    (tmp_path / "top/data").symlink_to(tmp_path / "outside")
    entry = shop.capture(tmp_path / "f")._replace(path="data/f")
    with pytest.raises(UnsafePathError) as caught:
        put(entry, tmp_path / "top/data/f", shop, link)
    assert caught.value.link == str(tmp_path / "top/data")
    assert os.listdir(tmp_path / "outside") == ["keep"]


@links
def test_a_link_inside_the_directory_is_never_followed(
    shop: Shop, tmp_path: Path, link: Link
) -> None:
    write(tmp_path, {"d/sub/f": b"hello", "outside/keep": b"", "e/x": b""})
    entry = shop.capture(tmp_path / "d")
    (tmp_path / "e/sub").symlink_to(tmp_path / "outside")
    put(entry, tmp_path / "e", shop, link)
    assert os.listdir(tmp_path / "outside") == ["keep"]
    assert not (tmp_path / "e/sub").is_symlink()


def test_a_link_in_place_of_the_directory_is_replaced_not_followed(
    shop: Shop, tmp_path: Path
) -> None:
    write(tmp_path, {"d/f": b"hello", "outside/keep": b""})
    entry = shop.capture(tmp_path / "d")
    (tmp_path / "e").symlink_to(tmp_path / "outside")
    put(entry, tmp_path / "e", shop)
    assert os.listdir(tmp_path / "outside") == ["keep"]
    assert look(tmp_path / "e") == look(tmp_path / "d")


def test_a_link_at_the_top_that_leads_to_the_right_bytes_stays(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path, {"d/f": b"hello"})
    entry = shop.capture(tmp_path / "d")
    (tmp_path / "e").symlink_to("d")
    put(entry, tmp_path / "e", shop)
    assert (tmp_path / "e").is_symlink()


def test_extras_that_lead_out_of_the_directory_are_refused(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path, {"d/sub/f": b"hello"})
    entry = shop.capture(tmp_path / "d")
    hostile = entry._replace(extras=DirectoryExtras(symlinks={"sub": "/etc"}))
    with pytest.raises(ManifestError):
        put(hostile, tmp_path / "e", shop)
    assert not (tmp_path / "e").exists()


def test_a_link_whose_target_has_other_bytes_comes_back_as_the_bytes(
    shop: Shop, tmp_path: Path
) -> None:
    write(tmp_path, {"d/f": b"", "outside": b"right"})
    (tmp_path / "d/link").symlink_to(tmp_path / "outside")
    entry = shop.capture(tmp_path / "d")
    (tmp_path / "outside").write_bytes(b"wrong")
    put(entry, tmp_path / "d", shop)
    assert (tmp_path / "d/link").read_bytes() == b"right"
    assert (tmp_path / "outside").read_bytes() == b"wrong"
    assert matches(entry, str(tmp_path / "d"), cache=shop.cache)


def test_a_repository_within_is_not_removed(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path, {"d/f": b"", "e/sub/.git/config": b"", "e/sub/x": b""})
    entry = shop.capture(tmp_path / "d")
    with pytest.raises(InTheWayError):
        put(entry, tmp_path / "e", shop)
    assert (tmp_path / "e/sub/.git/config").exists()


def test_a_file_where_a_parent_directory_belongs_is_told(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path, {"f": b"", "top/data": b""})
    entry = shop.capture(tmp_path / "f")._replace(path="data/f")
    with pytest.raises(InTheWayError):
        put(entry, tmp_path / "top/data/f", shop)


def test_nothing_temporary_is_left(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path / "d", {"f": b"hello", "g": b""})
    (tmp_path / "d/link").symlink_to("f")
    entry = shop.capture(tmp_path / "d")
    shutil.copytree(tmp_path / "d", tmp_path / "e")
    (tmp_path / "e/f").write_bytes(b"other")
    put(entry, tmp_path / "e", shop)
    assert list(tmp_path.rglob("*.tmp")) == []


@pytest.mark.parametrize("change", ["bytes", "mode", "more", "less", "empty", "link", "kind"])
def test_any_difference_is_told(shop: Shop, tmp_path: Path, change: str) -> None:
    directory = write(tmp_path / "d", {"f": b"hello", "g": b""})
    entry = shop.capture(directory)
    match change:
        case "bytes":
            (directory / "f").write_bytes(b"HELLO")
        case "mode":
            (directory / "f").chmod(0o755)
        case "more":
            (directory / "h").write_bytes(b"")
        case "less":
            (directory / "g").unlink()
        case "empty":
            (directory / "sub").mkdir()
        case "link":
            (directory / "l").symlink_to("nowhere")
        case _:
            shutil.rmtree(directory)
            directory.write_bytes(b"")
    assert not matches(entry, str(directory), cache=shop.cache)


def test_a_missing_path_does_not_match(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path, {"f": b"hello"})
    entry = shop.capture(tmp_path / "f")
    assert not matches(entry, str(tmp_path / "f/x"), cache=shop.cache)


def test_permissions_follow_the_umask(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path, {"f": b"hello"})
    entry = shop.capture(tmp_path / "f")
    before = os.umask(0o077)
    try:
        put(entry, tmp_path / "g", shop)
    finally:
        os.umask(before)
    assert os.stat(tmp_path / "g").st_mode & 0o777 == 0o600


@links
def test_objects_checked_before_are_not_checked_again(
    shop: Shop, tmp_path: Path, link: Link
) -> None:
    write(tmp_path / "d", {"f": b"hello", "sub/g": b""})
    entry = shop.capture(tmp_path / "d")
    assert shop.store.missing(entry.hash) == ()
    for _ in range(2):
        place(
            entry,
            str(tmp_path / "e"),
            store=shop.store,
            cache=shop.cache,
            link=link,
            is_checked=True,
        )
        assert look(tmp_path / "e") == look(tmp_path / "d")


@pytest.mark.parametrize("path", ["../x", ".git/hooks/post-commit", "a/.git", "a/../../x", ""])
def test_an_entry_at_a_path_that_no_data_can_have_is_refused(
    shop: Shop, tmp_path: Path, path: str
) -> None:
    write(tmp_path, {"f": b"hello"})
    entry = shop.capture(tmp_path / "f")._replace(path=path)
    with pytest.raises(ManifestError):
        put(entry, tmp_path / "top" / path, shop)
    assert not (tmp_path / "top").exists()


def test_a_pipe_where_a_directory_belongs_is_told(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path, {"d/sub/f": b"", "e/x": b""})
    os.mkfifo(tmp_path / "e/sub")
    with pytest.raises(InTheWayError):
        put(shop.capture(tmp_path / "d"), tmp_path / "e", shop)

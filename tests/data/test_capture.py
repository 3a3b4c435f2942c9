"""Capture: DVC's hashes, and what DVC's manifests drop."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from dvc_data.hashfile.hash import file_md5

from repro.data import capture as capture_module
from repro.data.capture import ChangedWhileReadError, capture, hash_as_text, hash_tree
from repro.data.hashing import NotARegularFileError
from repro.data.manifest import encode_manifest
from repro.data.pointers import parse_pointers
from repro.data.progress import Progress
from repro.data.store import ObjectStore
from repro.data.tree import Tree, scan_tree
from repro.model.data import DirectoryExtras
from tests.data.shop import Shop, write
from tests.repos import Scratch


def dvc_hash(repo: Scratch, path: str) -> str | None:
    """Returns the hash that DVC itself gives a path."""
    repo.dvc("add", "--quiet", path)
    file = repo.path / f"{path}.dvc"
    [pointer] = parse_pointers(f"{path}.dvc", file.read_bytes())
    return pointer.hash


@pytest.mark.parametrize("content", [b"", b"text\r\n", b"\0\1\2"])
def test_a_file_has_the_hash_that_dvc_gives_it(
    dvc_repo: Scratch, shop: Shop, content: bytes
) -> None:
    dvc_repo.write("new file", content)
    expected = dvc_hash(dvc_repo, "new file")
    assert capture(str(dvc_repo.path / "new file"), cache=shop.cache).hash == expected


def test_a_directory_has_the_hash_that_dvc_gives_it(dvc_repo: Scratch, shop: Shop) -> None:
    for name in ("a", "é", "sub dir/b", "sub.dir/c", "A", '"q"', "run.sh"):
        dvc_repo.write(f"new/{name}", f"{name}\n", mode=0o755 if name == "run.sh" else 0o644)
    (dvc_repo.path / "new/empty").mkdir()
    (dvc_repo.path / "new/link").symlink_to("a")
    (dvc_repo.path / "new/directory-link").symlink_to("sub dir")
    expected = dvc_hash(dvc_repo, "new")
    assert capture(str(dvc_repo.path / "new"), cache=shop.cache).hash == expected


def test_a_dvc_cache_that_has_the_bytes_is_linked(dvc_repo: Scratch, shop: Shop) -> None:
    root = str(dvc_repo.path / ".dvc/cache/files/md5")
    found = capture(
        str(dvc_repo.path / "data/one.csv"), cache=shop.cache, store=shop.store, also=[root]
    )
    cached = Path(root, found.hash[:2], found.hash[2:])
    assert os.path.samefile(cached, shop.store.path_of(found.hash))


def test_a_workspace_of_links_into_a_dvc_cache_is_taken_as_files(
    dvc_repo: Scratch, shop: Shop
) -> None:
    before = capture(str(dvc_repo.path / "data/many"), cache=shop.cache)
    dvc_repo.dvc("config", "cache.type", "symlink")
    dvc_repo.dvc("checkout", "--quiet", "--relink")
    assert (dvc_repo.path / "data/many/0.txt").is_symlink()
    assert capture(str(dvc_repo.path / "data/many"), cache=shop.cache) == before


def test_a_link_at_the_top_is_followed(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path, {"f": b"hello"})
    (tmp_path / "link").symlink_to("f")
    assert capture(str(tmp_path / "link"), cache=shop.cache).size_bytes == 5


def test_sizes_and_files_are_counted(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path / "d", {"a": b"12", "b/c": b"345"})
    found = capture(str(tmp_path / "d"), cache=shop.cache)
    assert (found.size_bytes, found.n_files, found.extras) == (5, 2, None)


def test_what_a_manifest_drops_is_in_the_extras(shop: Shop, tmp_path: Path) -> None:
    directory = write(tmp_path / "d", {"run": b"", "sub/f": b""})
    (directory / "run").chmod(0o755)
    (directory / "empty/deep").mkdir(parents=True)
    for name, target in {"file": "run", "dir": "sub", "broken": "none", "self": "self"}.items():
        (directory / name).symlink_to(target)
    assert capture(str(directory), cache=shop.cache).extras == DirectoryExtras(
        executable=("file", "run"),
        symlinks={"broken": "none", "dir": "sub", "file": "run", "self": "self"},
        empty=("empty/deep",),
    )


def test_pipes_and_repositories_within_are_left_out(shop: Shop, tmp_path: Path) -> None:
    directory = write(tmp_path / "d", {"f": b"", ".git/config": b"", "sub/.dvc/config": b""})
    os.mkfifo(directory / "pipe")
    found = capture(str(directory), cache=shop.cache)
    assert (found.n_files, found.extras) == (1, DirectoryExtras(empty=("sub",)))


def test_a_pipe_is_refused(shop: Shop, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotARegularFileError):
        capture(str(tmp_path / "pipe"), cache=shop.cache)


def test_a_missing_path_is_an_os_error(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        capture(str(tmp_path / "none"), cache=shop.cache)


def test_a_file_that_changes_between_hash_and_copy_is_told(shop: Shop, tmp_path: Path) -> None:
    class Slow(ObjectStore):
        def add_files(self, files: Mapping[str, str], *, also: Sequence[str] = ()) -> None:
            (tmp_path / "f").write_bytes(b"other")
            super().add_files(files, also=also)

    write(tmp_path, {"f": b"hello"})
    slow = Slow(str(tmp_path / "slow"), cache=shop.cache)
    with pytest.raises(ChangedWhileReadError) as caught:
        capture(str(tmp_path / "f"), cache=shop.cache, store=slow)
    assert caught.value.path == str(tmp_path / "f")


def test_a_captured_directory_is_whole_in_the_store(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path / "d", {"a": b"1", "b": b"1", "c/d": b""})
    found = capture(str(tmp_path / "d"), cache=shop.cache, store=shop.store)
    assert shop.store.missing(found.hash) == ()


def test_capturing_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    directory = write(tmp_path / "d", {"a": b"1"})
    before = [(os.stat(x).st_mtime_ns, os.stat(x).st_nlink) for x in (directory, directory / "a")]
    capture(str(directory), cache=shop.cache, store=shop.store)
    after = [(os.stat(x).st_mtime_ns, os.stat(x).st_nlink) for x in (directory, directory / "a")]
    assert after == before


def test_beyond_the_limit_only_the_hash_is_taken(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path / "d", {"a": b"12345", "b": b"67890"})
    for path in ("d", "d/a"):
        found = capture(str(tmp_path / path), cache=shop.cache, store=shop.store, limit_bytes=4)
        assert not found.is_stored
        assert not shop.store.has(found.hash)
    assert capture(
        str(tmp_path / "d"), cache=shop.cache, store=shop.store, limit_bytes=10
    ).is_stored


def test_what_the_store_has_already_is_not_counted(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path / "d", {"a": b"x" * 100})
    capture(str(tmp_path / "d"), cache=shop.cache, store=shop.store)
    write(tmp_path / "d", {"b": b"new"})
    found = capture(str(tmp_path / "d"), cache=shop.cache, store=shop.store, limit_bytes=3)
    assert found.is_stored
    assert shop.store.missing(found.hash) == ()


def test_a_writable_object_of_a_dvc_cache_counts_as_a_copy(dvc_repo: Scratch, shop: Shop) -> None:
    root = dvc_repo.path / ".dvc/cache/files/md5"
    one = str(dvc_repo.path / "data/one.csv")
    value = capture(one, cache=shop.cache).hash
    (root / value[:2] / value[2:]).chmod(0o644)
    found = capture(one, cache=shop.cache, store=shop.store, also=[str(root)], limit_bytes=1)
    assert not found.is_stored
    (root / value[:2] / value[2:]).chmod(0o444)
    found = capture(one, cache=shop.cache, store=shop.store, also=[str(root)], limit_bytes=1)
    assert found.is_stored


def test_progress_tells_of_hashing_and_of_keeping(shop: Shop, tmp_path: Path) -> None:
    write(tmp_path / "d", {"a": b"1", "b": b"22", "c": b"22"})
    seen: list[tuple[str, int, int]] = []
    progress = Progress(lambda now: seen.append((now.action, now.n_done, now.n_total)))
    capture(str(tmp_path / "d"), cache=shop.cache, store=shop.store, progress=progress)
    assert seen[0] == ("hashing", 0, 3)
    assert ("hashing", 3, 3) in seen
    assert seen[-1] == ("keeping", 2, 2)  # two of them are one object


def test_many_files_are_taken_in_batches(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "d", {f"{n % 7}/{n}": b"%d" % (n % 50) for n in range(100)})
    whole = capture(str(tmp_path / "d"), cache=shop.cache)
    monkeypatch.setattr(capture_module, "_HASHED_AT_ONCE", 7)
    monkeypatch.setattr(capture_module, "_STORED_AT_ONCE", 3)
    monkeypatch.setattr("repro.data.manifest._ENTRIES", 4)
    found = capture(str(tmp_path / "d"), cache=shop.cache, store=shop.store)
    assert found.hash == whole.hash
    assert shop.store.missing(found.hash) == ()


@pytest.mark.parametrize("n", [0, 1, 4, 5, 8])
def test_a_manifest_is_the_same_in_parts(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"é{number}": "0" * 32 for number in range(n)}
    whole = encode_manifest(files)
    monkeypatch.setattr("repro.data.manifest._ENTRIES", 4)
    assert encode_manifest(files) == whole


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a\r\nb",
        b"\r\n",
        b"\0\r\n",
        b"\xff\r\n",
        b"\xff" * 4 + b"text\r\n",
        b"text\r\n" * 200_000,
        b"x" * (2**20 - 1) + b"\r\n",
        b"x" * 2**20 + b"\0" * 9 + b"\r\n",
        b"\0" + b"x" * 2**20 + b"\r\n",
    ],
)
def test_the_hash_of_text_is_dvcs_own(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f").write_bytes(content)
    expected = file_md5(str(tmp_path / "f"), name="md5-dos2unix")
    assert hash_as_text(str(tmp_path / "f")) == expected


def test_a_file_that_vanishes_meanwhile_has_changed(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "d", {"a": b"1"})

    def scan_and_remove(directory: str, *, ignore: None) -> Tree:
        tree = scan_tree(directory, ignore=ignore)
        (tmp_path / "d/a").unlink()
        return tree

    monkeypatch.setattr(capture_module, "scan_tree", scan_and_remove)
    with pytest.raises(ChangedWhileReadError):
        hash_tree(str(tmp_path / "d"), cache=shop.cache)

"""Locating: everything comes into the store from wherever it still is."""

import json
import os
import shutil
from pathlib import Path

import pytest

from repro.data.capture import capture
from repro.data.elsewhere import look_elsewhere
from repro.data.hashing import hash_bytes
from repro.data.locate import ensure
from repro.data.manifest import encode_manifest, manifest_hash
from repro.data.store import InvalidHashError
from repro.model.data import DataEntry, Place, Source
from tests.data.shop import Shop, entry_of, write
from tests.repos import Scratch


def entry(repo: Scratch, shop: Shop, path: str) -> DataEntry:
    """Returns the entry of a path as it is now, with nothing put into the store."""
    return entry_of(capture(str(repo.path / path), cache=shop.cache), path)


@pytest.fixture(params=["data/one.csv", "data/many"])
def wanted(request: pytest.FixtureRequest, dvc_repo: Scratch, shop: Shop) -> DataEntry:
    """An entry for a file, and for a directory."""
    return entry(dvc_repo, shop, request.param)


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_what_is_in_the_store_is_not_missing(
    dvc_repo: Scratch, shop: Shop, wanted: DataEntry
) -> None:
    capture(str(dvc_repo.path / wanted.path), cache=shop.cache, store=shop.store)
    shutil.rmtree(dvc_repo.path / ".dvc")
    remove(dvc_repo.path / wanted.path)
    assert ensure([wanted], store=shop.store, top=str(dvc_repo.path)) == ()


def test_a_dvc_cache_is_enough(dvc_repo: Scratch, shop: Shop, wanted: DataEntry) -> None:
    remove(dvc_repo.path / wanted.path)
    found = ensure([wanted], store=shop.store, top=str(dvc_repo.path), allow_remote=False)
    assert (found, shop.store.missing(wanted.hash)) == ((), ())


def test_the_working_tree_is_enough(dvc_repo: Scratch, shop: Shop, wanted: DataEntry) -> None:
    shutil.rmtree(dvc_repo.path / ".dvc")
    found = ensure([wanted], store=shop.store, top=str(dvc_repo.path))
    assert (found, shop.store.missing(wanted.hash)) == ((), ())


def test_a_remote_is_enough(dvc_repo: Scratch, shop: Shop, wanted: DataEntry) -> None:
    remove(dvc_repo.path / wanted.path)
    shutil.rmtree(dvc_repo.path / ".dvc/cache")
    found = ensure([wanted], store=shop.store, top=str(dvc_repo.path))
    assert (found, shop.store.missing(wanted.hash)) == ((), ())


def test_nothing_but_the_store_changes(dvc_repo: Scratch, shop: Shop, wanted: DataEntry) -> None:
    before = dvc_repo.contents()
    ensure([wanted], store=shop.store, top=str(dvc_repo.path))
    assert dvc_repo.contents() == before


def test_what_is_nowhere_is_told_with_where_it_was_looked_for(
    dvc_repo: Scratch, shop: Shop, wanted: DataEntry
) -> None:
    remove(dvc_repo.path / wanted.path)
    shutil.rmtree(dvc_repo.path / ".dvc/cache")
    shutil.rmtree(dvc_repo.path.parent / "remote")
    [missing] = ensure([wanted], store=shop.store, top=str(dvc_repo.path))
    assert (missing.path, missing.hash) == (wanted.path, wanted.hash)
    assert missing.looked_in == ("object store", "working tree", "DVC remotes (not in here)")


def test_remotes_are_not_asked_unless_allowed(
    dvc_repo: Scratch, shop: Shop, wanted: DataEntry
) -> None:
    remove(dvc_repo.path / wanted.path)
    shutil.rmtree(dvc_repo.path / ".dvc/cache")
    [missing] = ensure([wanted], store=shop.store, top=str(dvc_repo.path), allow_remote=False)
    assert missing.looked_in == ("object store", "working tree")


def test_changed_bytes_in_the_working_tree_do_not_count(dvc_repo: Scratch, shop: Shop) -> None:
    wanted = entry(dvc_repo, shop, "data/one.csv")
    shutil.rmtree(dvc_repo.path / ".dvc")
    dvc_repo.write("data/one.csv", "changed\n")
    assert len(ensure([wanted], store=shop.store, top=str(dvc_repo.path))) == 1


def test_the_files_of_a_directory_may_come_from_different_places(
    dvc_repo: Scratch, shop: Shop
) -> None:
    wanted = entry(dvc_repo, shop, "data/many")
    in_cache, in_tree, in_remote = (
        entry(dvc_repo, shop, f"data/many/{i}.txt").hash for i in range(3)
    )
    cache = dvc_repo.path / ".dvc/cache/files/md5"
    for value in (in_tree, in_remote):
        os.unlink(cache / value[:2] / value[2:])
    for name in ("0.txt", "2.txt"):
        os.unlink(dvc_repo.path / "data/many" / name)
    assert ensure([wanted], store=shop.store, top=str(dvc_repo.path)) == ()
    assert {in_cache, in_tree, in_remote} <= set(shop.store.read_manifest(wanted.hash).values())


def test_a_missing_file_of_a_directory_is_told_by_its_path(dvc_repo: Scratch, shop: Shop) -> None:
    wanted = entry(dvc_repo, shop, "data/many")
    value = entry(dvc_repo, shop, "data/many/1.txt").hash
    os.unlink(dvc_repo.path / ".dvc/cache/files/md5" / value[:2] / value[2:])
    os.unlink(dvc_repo.path.parent / "remote/files/md5" / value[:2] / value[2:])
    os.unlink(dvc_repo.path / "data/many/1.txt")
    [missing] = ensure([wanted], store=shop.store, top=str(dvc_repo.path))
    assert (missing.path, missing.hash) == ("data/many/1.txt", value)
    assert not shop.store.has(wanted.hash)


def test_a_damaged_object_of_the_store_is_replaced(dvc_repo: Scratch, shop: Shop) -> None:
    wanted = entry(dvc_repo, shop, "data/one.csv")
    capture(str(dvc_repo.path / "data/one.csv"), cache=shop.cache, store=shop.store)
    path = Path(shop.store.path_of(wanted.hash))
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    assert ensure([wanted], store=shop.store, top=str(dvc_repo.path)) == ()
    shop.store.verify(wanted.hash)


def test_a_damaged_dvc_cache_is_passed_over(dvc_repo: Scratch, shop: Shop) -> None:
    wanted = entry(dvc_repo, shop, "data/one.csv")
    cached = dvc_repo.path / ".dvc/cache/files/md5" / wanted.hash[:2] / wanted.hash[2:]
    cached.chmod(0o644)
    cached.write_bytes(b"damaged")
    os.unlink(dvc_repo.path / "data/one.csv")
    assert ensure([wanted], store=shop.store, top=str(dvc_repo.path)) == ()


def test_entries_kept_in_git_are_passed_over(repo: Scratch, shop: Shop) -> None:
    write(repo.path, {"f": b"hello"})
    kept = entry(repo, shop, "f")._replace(place=Place.GIT)
    assert ensure([kept], store=shop.store, top=str(repo.path)) == ()
    assert not shop.store.has(kept.hash)


def test_a_hash_that_is_none_is_refused(repo: Scratch, shop: Shop) -> None:
    write(repo.path, {"f": b"hello"})
    hostile = entry(repo, shop, "f")._replace(hash="../../../etc/passwd")
    with pytest.raises(InvalidHashError):
        ensure([hostile], store=shop.store, top=str(repo.path))


CRLF = b"a,b\r\n1,2\r\n"


@pytest.fixture(params=["file", "directory"])
def legacy(request: pytest.FixtureRequest, dvc_repo: Scratch, shop: Shop) -> DataEntry:
    """An entry of a text with CR LF that DVC 2 added, so that DVC's hash is another than ours.

    Its objects lie in DVC 2's cache and are nowhere else.
    """
    path = "old" if request.param == "directory" else "old.csv"
    files = {"a.csv": CRLF, "b.csv": b"plain\n"} if request.param == "directory" else {"": CRLF}
    write(dvc_repo.path, {f"{path}/{name}".rstrip("/"): x for name, x in files.items()})
    found = entry(dvc_repo, shop, path)
    cache = dvc_repo.path / ".dvc/cache"
    listed = {}
    for name, content in files.items():
        listed[name] = hash_bytes(content.replace(b"\r\n", b"\n"))
        write(cache, {f"{listed[name][:2]}/{listed[name][2:]}": content})
    noted = listed.get("")
    if noted is None:
        manifest = encode_manifest(listed)
        noted = manifest_hash(manifest)
        write(cache, {f"{noted[:2]}/{noted[2:]}": manifest})
    dvc_repo.write(f"{path}.dvc", f"outs:\n- md5: {noted}\n  path: {path}\n")
    remove(dvc_repo.path / path)
    return found._replace(pointer=f"{path}.dvc")


def test_a_cache_of_dvc_2_is_enough(dvc_repo: Scratch, shop: Shop, legacy: DataEntry) -> None:
    found = ensure([legacy], store=shop.store, top=str(dvc_repo.path), allow_remote=False)
    assert (found, shop.store.missing(legacy.hash)) == ((), ())


def test_a_remote_of_dvc_2_is_enough(dvc_repo: Scratch, shop: Shop, legacy: DataEntry) -> None:
    cache = dvc_repo.path / ".dvc/cache"
    for directory in cache.iterdir():
        if len(directory.name) == 2:
            shutil.move(directory, dvc_repo.path.parent / "remote" / directory.name)
    found = ensure([legacy], store=shop.store, top=str(dvc_repo.path))
    assert (found, shop.store.missing(legacy.hash)) == ((), ())
    assert list(Path(shop.store.root).rglob("*.tmp")) == []


def test_other_bytes_under_the_hash_of_dvc_2_are_refused(
    dvc_repo: Scratch, shop: Shop, legacy: DataEntry
) -> None:
    # The same text with LF: DVC 2 has one hash for both, and they are not the same.
    for path in (dvc_repo.path / ".dvc/cache").rglob("??/*"):
        if path.read_bytes() == CRLF:
            path.write_bytes(CRLF.replace(b"\r\n", b"\n"))
    assert ensure([legacy], store=shop.store, top=str(dvc_repo.path)) != ()
    assert not shop.store.has(legacy.hash)
    assert list(Path(shop.store.root).rglob("*.tmp")) == []


def test_the_remote_that_a_dvc_file_names_is_known(dvc_repo: Scratch, shop: Shop) -> None:
    wanted = entry(dvc_repo, shop, "data/one.csv")._replace(pointer="data/one.csv.dvc")
    pointer = dvc_repo.read("data/one.csv.dvc") + "  remote: special\n"
    found = look_elsewhere(str(dvc_repo.path), [wanted], [lambda _: pointer.encode()])
    assert found.remotes == {wanted.hash: "special"}


def test_a_dvc_file_that_cannot_be_read_hinders_nothing(dvc_repo: Scratch, shop: Shop) -> None:
    wanted = entry(dvc_repo, shop, "data/one.csv")._replace(pointer="data/one.csv.dvc")
    dvc_repo.write("data/one.csv.dvc", "outs: [")
    shutil.rmtree(dvc_repo.path / ".dvc/cache")
    (dvc_repo.path / "data/one.csv").unlink()
    assert ensure([wanted], store=shop.store, top=str(dvc_repo.path)) == ()


def test_more_than_the_record_says_is_not_fetched(dvc_repo: Scratch, shop: Shop) -> None:
    wanted = entry(dvc_repo, shop, "data/one.csv")._replace(size_bytes=1)
    shutil.rmtree(dvc_repo.path / ".dvc/cache")
    (dvc_repo.path / "data/one.csv").unlink()
    [missing] = ensure([wanted], store=shop.store, top=str(dvc_repo.path))
    assert "larger than the record's 1 bytes" in missing.looked_in[-1]


def test_a_stage_with_a_directory_of_its_own_names_paths_from_there(dvc_repo: Scratch) -> None:
    lock = {"outs": [{"path": "a.bin", "hash": "md5", "md5": "0" * 32, "remote": "other"}]}
    stages = {"train": lock, "eval@0": lock}
    files = {
        "deep/dvc.lock": json.dumps({"schema": "2.0", "stages": stages}).encode(),
        "deep/dvc.yaml": b"stages:\n  train:\n    wdir: work\n  eval:\n    wdir: ../up\n",
    }
    entries = [
        DataEntry(path, value * 32, 1, 1, Source.DVC, pointer="deep/dvc.lock")
        for path, value in (("deep/work/a.bin", "1"), ("up/a.bin", "2"), ("deep/a.bin", "3"))
    ]
    found = look_elsewhere(str(dvc_repo.path), entries, [files.get])
    assert found.remotes == {"1" * 32: "other", "2" * 32: "other"}

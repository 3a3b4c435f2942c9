"""Reads trees and blobs of real repositories."""

import os
from pathlib import Path

import pytest

from repro.git.objects import TreeEntry, list_tree, read_objects
from repro.git.repository import GitError, open_repository
from repro.model.ids import Oid
from tests.repos import Scratch

_ODD = [b"a b", b"-dash", b":(top)x", b":x", b"new\nline", b"tab\t", b"*", b"\xff\xfe", b'"q"']


def _paths(entries: list[TreeEntry]) -> list[bytes]:
    return [entry.path for entry in entries]


def test_the_entries_of_a_tree_have_mode_kind_and_object(any_repo: Scratch) -> None:
    any_repo.write("bin/tool", "#!/bin/sh\n", mode=0o755)
    (any_repo.path / "link").symlink_to("train.py")
    any_repo.commit()
    entries = {e.path: e for e in list_tree(open_repository(str(any_repo.path)), "HEAD")}
    assert (entries[b"bin/tool"].mode, entries[b"bin/tool"].kind) == ("100755", "blob")
    assert entries[b"link"].mode == "120000"
    assert entries[b"train.py"].oid == any_repo.git("rev-parse", "HEAD:train.py")


def test_without_recursion_a_directory_is_one_entry(repo: Scratch) -> None:
    repo.write("sub/a", "x")
    repo.commit()
    entries = list_tree(open_repository(str(repo.path)), "HEAD", recursive=False)
    assert [e.kind for e in entries if e.path == b"sub"] == ["tree"]


@pytest.mark.parametrize("name", _ODD)
def test_an_odd_path_is_taken_literally(repo: Scratch, name: bytes) -> None:
    for odd in _ODD:
        repo.write(os.fsdecode(odd), odd)
    repo.commit()
    opened = open_repository(str(repo.path))
    assert _paths(list_tree(opened, "HEAD", os.fsdecode(name))) == [name]


def test_a_tree_is_listed_from_its_top_wherever_the_repository_was_opened(repo: Scratch) -> None:
    repo.write("sub/a", "x")
    repo.commit()
    opened = open_repository(str(repo.path / "sub"))
    assert b"train.py" in _paths(list_tree(opened, "HEAD"))


def test_what_is_no_tree_is_an_error(repo: Scratch) -> None:
    with pytest.raises(GitError):
        list_tree(open_repository(str(repo.path)), "nonsense")


def test_an_empty_tree_has_no_entries(repo: Scratch) -> None:
    opened = open_repository(str(repo.path))
    empty = opened.git("mktree").decode().strip()
    assert list_tree(opened, empty) == []


def test_objects_come_in_the_order_asked_and_missing_ones_are_none(any_repo: Scratch) -> None:
    opened = open_repository(str(any_repo.path))
    zero = "0" * len(any_repo.head())
    found = read_objects(opened, ["HEAD:params.yaml", zero, "HEAD:none", "HEAD:.gitignore"])
    ignore = (any_repo.path / ".gitignore").read_bytes()
    assert found == [b"lr: 0.1\nlayers: 2\n", None, None, ignore]


def test_asking_for_nothing_asks_nobody(repo: Scratch) -> None:
    assert read_objects(open_repository(str(repo.path)), []) == []


@pytest.mark.parametrize("name", [b"a b", b"x missing", b"\xff\xfe", b"-dash", b"tab\there"])
def test_a_blob_is_found_by_an_odd_path(repo: Scratch, name: bytes) -> None:
    repo.write(os.fsdecode(name), b"content")
    repo.commit()
    opened = open_repository(str(repo.path))
    assert read_objects(opened, [f"HEAD:{os.fsdecode(name)}"]) == [b"content"]


def test_contents_are_bytes_as_they_are(repo: Scratch) -> None:
    contents = [b"", b"\n", b"a missing\n", bytes(range(256)) * 5000]
    oids = []
    for content in contents:
        repo.write("blob", content)
        oids.append(repo.git("hash-object", "-w", "blob"))
    assert read_objects(open_repository(str(repo.path)), oids) == contents


def test_thousands_of_objects_come_through_one_process(repo: Scratch) -> None:
    opened = open_repository(str(repo.path))
    assert read_objects(opened, ["HEAD:params.yaml"] * 20_000)[-1] == b"lr: 0.1\nlayers: 2\n"


def test_a_commit_of_a_submodule_is_missing_here(repo: Scratch, tmp_path: Path) -> None:
    other = Oid("1" * 40)
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{other},sub")
    repo.git("commit", "--quiet", "-m", "sub")
    del tmp_path
    opened = open_repository(str(repo.path))
    assert read_objects(opened, ["HEAD:sub"]) == [None]
    assert ("160000", "commit", other, b"sub") in list_tree(opened, "HEAD")

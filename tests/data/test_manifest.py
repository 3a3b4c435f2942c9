"""Directory manifests: DVC's bytes, and no trust in what others wrote."""

import json

import pytest
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.meta import Meta
from dvc_data.hashfile.tree import Tree
from hypothesis import given
from hypothesis import strategies as st

from repro.data.layout import layout_of
from repro.data.manifest import (
    ManifestError,
    encode_manifest,
    is_safe_relpath,
    manifest_hash,
    parse_manifest,
)
from repro.model.data import DirectoryExtras

A, B = "a" * 32, "b" * 32
names = st.binary(min_size=1, max_size=8).map(
    lambda raw: raw.replace(b"/", b"_").replace(b"\0", b"_").decode("utf-8", "surrogateescape")
)
relpaths = (
    st.lists(names.filter(lambda name: name not in (".", "..")), min_size=1, max_size=3)
    .map("/".join)
    .filter(is_safe_relpath)
)
hashes = st.text("0123456789abcdef", min_size=32, max_size=32)
listings = st.dictionaries(relpaths, hashes, max_size=8).filter(
    lambda files: not any(x != y and y.startswith(f"{x}/") for x in files for y in files)
)


@given(listings)
def test_the_bytes_and_the_hash_are_those_of_dvc(files: dict[str, str]) -> None:
    tree = Tree()  # type: ignore[no-untyped-call]
    for path, value in files.items():
        tree.add(tuple(path.split("/")), Meta(), HashInfo("md5", value))
    tree.digest()
    manifest = encode_manifest(files)
    assert (manifest, manifest_hash(manifest)) == (tree.as_bytes(), tree.hash_info.value)


@given(listings)
def test_what_was_encoded_is_parsed(files: dict[str, str]) -> None:
    assert parse_manifest(encode_manifest(files)) == files


@given(
    st.binary()
    | st.recursive(st.none() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_any_bytes_are_parsed_or_refused(content: bytes) -> None:
    try:
        parse_manifest(content)
    except ManifestError:
        return


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "..",
        "../x",
        "a/../../x",
        "a/..",
        ".",
        "a/./b",
        "",
        "a//b",
        "a/",
        "a\0b",
        "\ud800",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    content = json.dumps([{"md5": A, "relpath": path}]).encode()
    with pytest.raises(ManifestError):
        parse_manifest(content)


@pytest.mark.parametrize("path", ["...", "..a", "a..", ".a/..b", "-rf", " ", "a\nb", "\udcff"])
def test_an_odd_name_is_no_reason_to_refuse(path: str) -> None:
    assert parse_manifest(encode_manifest({path: A})) == {path: A}


@pytest.mark.parametrize(
    "entries",
    [
        [{"md5": A, "relpath": "x"}, {"md5": B, "relpath": "x"}],
        [{"md5": A, "relpath": "x"}, {"md5": B, "relpath": "x/y/z"}],
        [{"md5": A}],
        [{"relpath": "x"}],
        [{"md5": "short", "relpath": "x"}],
        [{"md5": A + ".dir", "relpath": "x"}],
        [{"md5": A.upper(), "relpath": "x"}],
        [{"md5": 1, "relpath": "x"}],
        [{"md5": A, "relpath": ["x"]}],
        {"x": 1},
        ["x"],
    ],
)
def test_a_damaged_manifest_is_refused(entries: object) -> None:
    with pytest.raises(ManifestError):
        parse_manifest(json.dumps(entries).encode())


def test_json_nested_without_end_is_refused() -> None:
    with pytest.raises(ManifestError):
        parse_manifest(b"[" * 1_000_000)


def test_a_manifest_error_says_what_to_do() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(b"")
    assert caught.value.hint


@pytest.mark.parametrize(
    "extras",
    [
        DirectoryExtras(symlinks={"../x": "y"}),
        DirectoryExtras(symlinks={"/x": "y"}),
        DirectoryExtras(symlinks={"x": ""}),
        DirectoryExtras(symlinks={"x": "a\0b"}),
        DirectoryExtras(empty=("../x",)),
        DirectoryExtras(symlinks={"d": "/etc"}),
        DirectoryExtras(symlinks={"d/f/g": "x"}),
        DirectoryExtras(empty=("d/f",)),
    ],
)
def test_extras_that_lead_elsewhere_are_refused(extras: DirectoryExtras) -> None:
    with pytest.raises(ManifestError):
        layout_of({"d/f": A}, extras)


@pytest.mark.parametrize("path", [".git", "a/.git/hooks/post-commit", ".GIT/config", ".dvc/config"])
def test_a_path_into_a_repository_is_refused(path: str) -> None:
    with pytest.raises(ManifestError):
        layout_of({"f": A, path: A}, None)


def test_a_gitignore_is_data_like_any_other() -> None:
    assert layout_of({".gitignore": A, "a.git/x": A}, None).directories == ("a.git",)


def test_a_layout_names_each_directory_before_those_below_it() -> None:
    layout = layout_of({"a/b/c/f": A}, DirectoryExtras(empty=("a/b/d",), symlinks={"z/l": "x"}))
    assert layout.directories == ("a", "a/b", "a/b/c", "a/b/d", "z")

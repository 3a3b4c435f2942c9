"""Paths that records may hold."""

import pytest

from repro.model.data import Artifact, DataEntry, Place, Source, check_path, is_reserved


@pytest.mark.parametrize(
    "path",
    [
        ".git",
        ".git/HEAD",
        "sub/.git",
        "sub/.GIT/config",
        ".git. /x",
        ".g\u200cit",
        "git~1/x",
        ".repro/run.yaml",
        "./.repro",
        ".",
        "",
    ],
)
def test_what_git_and_repro_keep_is_reserved(path: str) -> None:
    assert is_reserved(path)


@pytest.mark.parametrize("path", [".gitignore", "git", "a/.repro/x", ".github/x", "caf\udce9"])
def test_what_only_looks_like_it_is_not(path: str) -> None:
    assert not is_reserved(path)


def test_only_what_is_never_written_may_lie_outside_the_tree() -> None:
    assert check_path("/data/big.bin", Place.NOWHERE) is None
    assert check_path("/data/big.bin", Place.STORE) is not None
    assert check_path("../data/big.bin", Place.NOWHERE) is not None


def test_a_hash_of_a_manifest_is_that_of_a_directory() -> None:
    assert DataEntry("data", "ab" * 16 + ".dir", 0, 0, Source.DVC).is_directory
    assert Artifact("out", "ab" * 16 + ".dir", 0).is_directory
    assert not Artifact("out", "ab" * 16, 0).is_directory

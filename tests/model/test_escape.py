"""Names to paths and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.model.escape import escape_name, escape_names, unescape_name
from tests.model.records import names

wild = st.one_of(names, st.text("aA./%_+é~:\\\x00\udc80\u200c \tsvTSV", max_size=12))


@given(wild)
def test_a_name_comes_back(name: str) -> None:
    assert unescape_name(escape_name(name, suffix=".tsv").removesuffix(".tsv")) == name


@given(wild)
def test_a_folded_name_comes_back(name: str) -> None:
    assert unescape_name(escape_name(name, fold=True)) == name


@given(wild)
def test_no_part_of_a_path_is_one_that_git_refuses(name: str) -> None:
    for part in escape_name(name, suffix=".tsv").split("/"):
        assert part not in ("", ".", "..")
        assert not part.casefold().startswith(".git")
        assert not part.endswith((".", " "))
        assert part.isprintable()


@given(st.lists(wild, unique=True, max_size=8))
def test_no_two_files_collide_where_case_does_not_count(some: list[str]) -> None:
    paths = [path.casefold() for path in escape_names(some, suffix=".tsv").values()]
    assert len(set(paths)) == len(some)


@given(st.lists(wild, unique=True, max_size=8))
def test_no_file_stands_where_a_directory_must(some: list[str]) -> None:
    paths = [path.casefold() for path in escape_names(some, suffix=".tsv").values()]
    directories = {path[:at] for path in paths for at, char in enumerate(path) if char == "/"}
    assert not directories & set(paths)


@pytest.mark.parametrize("name", ["acc", "val/acc", "f1 score", "précision", "top-5_acc", "a.b"])
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert escape_name(name) == name


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("", "%_"),
        ("/a", "%_/a"),
        ("a//b", "a/%_/b"),
        ("..", "%2E%2E"),
        ("../x", "%2E%2E/x"),
        (".git/config", "%2Egit/config"),
        ("50%", "50%25"),
        ("a\nb", "a%0Ab"),
        ("caf\udce9", "caf%ED%B3%A9"),
    ],
)
def test_an_odd_name_is_escaped(name: str, path: str) -> None:
    assert escape_name(name) == path


def test_names_that_differ_by_case_alone_are_all_escaped() -> None:
    assert escape_names(["Loss", "loss", "acc"], suffix=".tsv") == {
        "Loss": "%4Coss.tsv",
        "acc": "acc.tsv",
        "loss": "loss.tsv",
    }


def test_a_directory_that_ends_like_a_file_is_escaped() -> None:
    paths = escape_names(["a", "a.tsv/b", "a/b"], suffix=".tsv")
    assert paths == {"a": "a.tsv", "a.tsv/b": "a%2Etsv/b.tsv", "a/b": "a/b.tsv"}


@pytest.mark.parametrize("name", ["x" * 5000, "é" * 700, "\x00" * 300, "%" * 201])
def test_a_long_name_is_cut_into_parts_that_file_systems_allow(name: str) -> None:
    path = escape_name(name, suffix=".tsv")
    assert max(len(part.encode()) for part in path.split("/")) <= 255
    assert unescape_name(path.removesuffix(".tsv")) == name


@pytest.mark.parametrize("path", ["%", "a%2", "%zz", "%2e", "%FF", "%+", "a%"])
def test_a_path_that_was_not_made_here_is_refused(path: str) -> None:
    with pytest.raises(ValueError):
        unescape_name(path)

"""``.dvcignore``: the same files as DVC itself takes, and the same hash."""

from pathlib import Path

import pytest
from dvc.fs import localfs
from dvc.ignore import DvcIgnoreFilter
from hypothesis import given, settings
from hypothesis import strategies as st

from repro.data.capture import capture
from repro.data.ignore import ignore_of
from repro.data.place import Link, matches, place
from repro.data.pointers import parse_pointers
from repro.data.tree import scan_tree
from repro.model.data import DataEntry, Source
from tests.data.shop import Shop, look, write
from tests.repos import Scratch

_NAMES = ("a", "b", "a.tmp", "b.txt", "#c", " d", "keep")
_PATTERNS = (
    *("a", "/a", "a/", "*.tmp", "!a.tmp", "!keep", "b/a", "**/b", "b/**", "a/**/b", "a*", "?"),
    *("[ab]", "[!a]", "\\#c", "# c", "", "  ", "*", "!*/", "*/", "/*", "!/keep/", "d/keep", "\\!x"),
    *("d", "d/", "d/a", "d/*", "!d/a", "/d/b/", "[", "keep/*.txt", "!keep/b.txt", "**", "/**/a"),
)

_ALL = 9 * len(_NAMES) + 3


def _taken(top: Path, path: str) -> set[str]:
    return set(scan_tree(str(top / path), ignore=ignore_of(str(top), path)).files)


def _taken_by_dvc(top: Path, path: str) -> set[str]:
    ignore = DvcIgnoreFilter(localfs, str(top))
    start = str(top / path)
    return {found[len(start) + 1 :] for found in ignore.find(localfs, start)}


@pytest.fixture(scope="module")
def forest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DVC project with a tree, four deep, of all the names in ``d/data``."""
    top = tmp_path_factory.mktemp("forest")
    (top / ".dvc").mkdir()
    paths = [f"{x}/{y}/{z}" for x in ("a", "b", "keep") for y in ("a", "b", "keep") for z in _NAMES]
    write(top / "d" / "data", dict.fromkeys((*paths, "x", "a.tmp", "keep.txt"), b""))
    return top


@given(
    outer=st.lists(st.sampled_from(_PATTERNS), max_size=5),
    inner=st.lists(st.sampled_from(_PATTERNS), max_size=4),
)
@settings(deadline=None)
def test_any_patterns_leave_out_what_dvc_leaves_out(
    forest: Path, outer: list[str], inner: list[str]
) -> None:
    (forest / ".dvcignore").write_text("\n".join(outer))
    (forest / "d/.dvcignore").write_text("\n".join(inner))
    if DvcIgnoreFilter(localfs, str(forest)).is_ignored_dir(str(forest / "d/data")):
        assert len(_taken(forest, "d/data")) == _ALL  # DVC tracks no such directory
    else:
        assert _taken(forest, "d/data") == _taken_by_dvc(forest, "d/data")


@pytest.mark.parametrize(
    "files",
    [
        {".dvcignore": "*.tmp\nlogs/\n!keep.tmp\n"},
        {"data/.dvcignore": "/new/sub/\n"},
        {".dvcignore": "*.txt\n", "data/.dvcignore": "!a.txt\n"},
    ],
)
def test_the_hash_of_a_directory_is_dvcs_own(
    dvc_repo: Scratch, shop: Shop, files: dict[str, str]
) -> None:
    for name in ("a.txt", "b.txt", "x.tmp", "keep.tmp", "logs/1", "sub/logs/2", "sub/c"):
        dvc_repo.write(f"data/new/{name}", f"{name}\n")
    for path, content in files.items():
        dvc_repo.write(path, content)
    whole = capture(str(dvc_repo.path / "data/new"), cache=shop.cache).hash
    dvc_repo.dvc("add", "--quiet", "data/new")
    [pointer] = parse_pointers("x.dvc", (dvc_repo.path / "data/new.dvc").read_bytes())
    ignore = ignore_of(str(dvc_repo.path), "data/new")
    found = capture(str(dvc_repo.path / "data/new"), cache=shop.cache, ignore=ignore)
    assert (found.hash, found.n_files) == (pointer.hash, pointer.n_files)
    assert found.hash != whole


def test_another_dvc_project_below_is_left_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        {".dvc/config": b"", "data/a": b"", "data/sub/.dvc/config": b"", "data/sub/b": b""},
    )
    assert _taken(tmp_path, "data") == _taken_by_dvc(tmp_path, "data") == {"a"}


def test_a_nested_project_has_patterns_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, {".dvc/config": b"", ".dvcignore": b"a\n", "sub/.dvc/config": b""})
    write(tmp_path / "sub", {".dvcignore": b"b\n", "data/a": b"", "data/b": b""})
    assert _taken(tmp_path, "sub/data") == {"a"}


def test_without_a_file_nothing_is_left_out(tmp_path: Path) -> None:
    ignore = ignore_of(str(tmp_path), "data")
    assert ignore is not None
    assert ignore.rules == ()


def test_a_path_outside_has_no_patterns(tmp_path: Path) -> None:
    assert ignore_of(str(tmp_path), "../x") is None
    assert ignore_of(str(tmp_path), "/x") is None


def test_what_is_left_out_stays_when_the_directory_is_placed(shop: Shop, tmp_path: Path) -> None:
    top = tmp_path / "top"
    write(top, {".dvcignore": b"*.tmp\n", "data/a": b"1", "data/old": b"", "data/x/n.tmp": b"2"})
    captured = capture(
        str(top / "data"),
        cache=shop.cache,
        store=shop.store,
        ignore=ignore_of(str(top), "data"),
    )
    entry = DataEntry("data", captured.hash, 1, 1, Source.DVC, pointer="data.dvc")
    (top / "data/a").write_bytes(b"changed")
    (top / "data/surplus").write_bytes(b"")
    place(entry, str(top / "data"), store=shop.store, cache=shop.cache, link=Link.COPY)
    assert look(top / "data") == {
        "a": ("file", b"1", False),
        "old": ("file", b"", False),
        "x": ("directory", b"", False),
        "x/n.tmp": ("file", b"2", False),
    }
    assert matches(entry, str(top / "data"), cache=shop.cache)


def test_a_record_from_before_a_dvcignore_still_matches(shop: Shop, tmp_path: Path) -> None:
    top = tmp_path / "top"
    write(top, {"data/a": b"1", "data/n.tmp": b"2"})
    captured = capture(str(top / "data"), cache=shop.cache, store=shop.store)
    entry = DataEntry("data", captured.hash, 1, 1, Source.DVC, pointer="data.dvc")
    write(top, {".dvcignore": b"*.tmp\n"})
    assert matches(entry, str(top / "data"), cache=shop.cache)
    (top / "data/a").write_bytes(b"changed")
    assert not matches(entry, str(top / "data"), cache=shop.cache)

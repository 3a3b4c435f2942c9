"""Whatever lies in a tree: a checkout puts the run back byte for byte, the way back all else."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.restore.plan import lies_below
from tests.repos import Scratch, make_template
from tests.restore.runs import (
    Recorded,
    check_out,
    contents_of,
    go_back,
    own_files,
    record_run,
    visible_status,
    whole_state,
)

NAMES = (
    *("a", "b", "a b", "-dash", "new\nline", "d", "d/a", "d/e", "d/e/f", "ü", "x.log", "d/y.log"),
    *("back\\slash", '"quote"', "ig/z", "ig", "[glob]*?", "#hash", "!bang", "big", "big/inner"),
    os.fsdecode(b"\xff\xfe"),
    os.fsdecode(b"d/\xff name"),
)
DATA = ("data/one.bin", "data/many", "data")
IGNORES = ("", "*.log\nig\n/data\n", "/data/*\n!/data/one.bin\n*.log\n", "d/\n/data/one.bin\n")

Node = tuple[str, bytes]
Tree = Mapping[str, Node]

_contents = st.one_of(
    st.just(b""), st.binary(max_size=40), st.just(b"line\r\nline\n"), st.just(b"\0\1\2" * 9)
)
_nodes = st.one_of(
    st.tuples(st.just("file"), _contents),
    st.tuples(st.just("executable"), _contents),
    st.tuples(st.just("link"), st.sampled_from([b"a", b"nowhere", b"d", b"/etc/hostname", b".."])),
)
trees = st.dictionaries(st.sampled_from(NAMES), _nodes, max_size=7).flatmap(
    lambda tree: st.tuples(st.just(tree), st.sampled_from(IGNORES))
)
data_trees = st.dictionaries(
    st.sampled_from(["data/one.bin", "data/many/1", "data/many/deep/2", "data/stray"]),
    st.tuples(st.sampled_from(["file", "executable"]), _contents),
    max_size=4,
)


def _clear(top: Path) -> None:
    for entry in os.scandir(top):
        if entry.name in (".git", ".repro", "data"):
            continue
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def _write(top: Path, tree: Tree) -> None:
    for path, (kind, content) in sorted(tree.items()):
        full = top / path
        try:
            full.parent.mkdir(parents=True, exist_ok=True)
            # A link above would lead out of the repository.
            if full.parent.resolve() != full.parent or os.path.lexists(full):
                continue
        except OSError:  # a link to itself, or a file above
            continue
        if kind == "link":
            os.symlink(content, full)
        else:
            full.write_bytes(content)
            full.chmod(0o755 if kind == "executable" else 0o644)


def _write_tree(scratch: Scratch, tree: tuple[Tree, str]) -> None:
    files, ignore = tree
    _clear(scratch.path)
    _write(scratch.path, files)
    if ignore:
        scratch.write(".gitignore", ignore)


def _write_data(scratch: Scratch, tree: Tree) -> None:
    path = scratch.path / "data"
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    _write(scratch.path, tree)


def _commit(scratch: Scratch) -> None:
    scratch.commit("more")


def _set_attributes(scratch: Scratch) -> None:
    scratch.write(".gitattributes", "* text=auto eol=crlf\n*.log ident\n")


def _go_back(scratch: Scratch) -> None:
    if scratch.refs("refs/repro/undo/"):
        go_back(scratch)


CHANGES: dict[str, Callable[[Scratch], object]] = {
    "commit": _commit,
    "branch": lambda scratch: scratch.git("checkout", "--quiet", "-B", "other"),
    "clean": lambda scratch: scratch.git("clean", "-ffdxq"),
    "gc": lambda scratch: scratch.git("gc", "--quiet", "--prune=now"),
    "stage": lambda scratch: scratch.git("add", "--all"),
    "unstage": lambda scratch: scratch.git("rm", "-rq", "--cached", "--ignore-unmatch", "."),
    "attributes": _set_attributes,
    "back": _go_back,
}
changes = st.lists(
    st.one_of(
        trees.map(lambda tree: partial(_write_tree, tree=tree)),
        data_trees.map(lambda tree: partial(_write_data, tree=tree)),
        st.sampled_from([*CHANGES.values(), None]),
    ),
    max_size=5,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    return make_template(tmp_path_factory.mktemp("template") / "repo")


def _ignored(scratch: Scratch, paths: Sequence[str]) -> list[str]:
    ignored = []
    for path in paths:
        full = scratch.path / path
        if full.is_file() or full.is_dir():
            listed = scratch.git("check-ignore", "--", path, check=False)
            if listed:
                ignored.append(path)
    return ignored


@settings(
    max_examples=settings.default.max_examples // 2 if settings.default else 25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.tuples(trees, trees, data_trees), then=changes)
def test_a_run_comes_back_and_so_does_what_was_there(
    template: Scratch,
    tmp_path: Path,
    history: tuple[tuple[Tree, str], tuple[Tree, str], Tree],
    then: list[Callable[[Scratch], object] | None],
) -> None:
    shutil.rmtree(tmp_path / "repo", ignore_errors=True)
    scratch = template.copy(tmp_path / "repo")
    run = _record(scratch, *history)
    for change in then:
        if change is None:
            check_out(scratch, run, keep=True)
        else:
            change(scratch)
    before, contents = whole_state(scratch), contents_of(scratch)
    check_out(scratch, run, keep=True)
    _require_restored(scratch, run, contents)
    go_back(scratch)
    assert contents_of(scratch) == contents
    assert whole_state(scratch) == before


def _record(
    scratch: Scratch, first: tuple[Tree, str], second: tuple[Tree, str], data: Tree
) -> Recorded:
    _write_tree(scratch, first)
    scratch.commit("first tree")
    _write_tree(scratch, second)
    _write_data(scratch, data)
    return record_run(scratch, data=_ignored(scratch, DATA))


def _require_restored(
    scratch: Scratch, run: Recorded, before: Mapping[str, tuple[int, bytes]]
) -> None:
    listing = scratch.git("ls-tree", "-rz", "--name-only", run.summary.oid)
    tracked = set(listing.split("\0")) - {""}
    placed = [entry.path for entry in run.record.data]
    known = {path for path in run.contents if path in tracked or lies_below(path, placed)}
    now = own_files(contents_of(scratch))
    assert {path: now.get(path) for path in known} == {p: run.contents[p] for p in known}
    # What git did not see before is left alone, even where it sees it now.
    assert all(before.get(path) == now[path] for path in now.keys() - run.contents.keys())
    changed = {p for p in run.status.split("\n") if p in tracked or p in run.contents}
    assert changed <= set(visible_status(scratch).split("\n"))

"""Whatever lies in a tree: a checkout puts the run back byte for byte, and the way back all else."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from tests.repos import Scratch, make_template
from tests.restore.runs import (
    check_out,
    go_back,
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
changes = st.lists(
    st.one_of(
        st.tuples(st.just("tree"), trees),
        st.tuples(st.just("data"), data_trees),
        st.sampled_from(
            [
                ("commit", None),
                ("branch", None),
                ("clean", None),
                ("gc", None),
                ("stage", None),
                ("remove", None),
                ("checkout", None),
                ("back", None),
                ("attributes", None),
            ]
        ),
    ),
    max_size=5,
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


def _write_tree(scratch: Scratch, tree: Tree, ignore: str) -> None:
    _clear(scratch.path)
    _write(scratch.path, tree)
    if ignore:
        scratch.write(".gitignore", ignore)


def _write_data(scratch: Scratch, tree: Tree) -> None:
    path = scratch.path / "data"
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    _write(scratch.path, tree)


def _change(scratch: Scratch, kind: str, value: object, run: object) -> None:
    match kind:
        case "tree":
            _write_tree(scratch, *value)  # type: ignore[misc]
        case "data":
            _write_data(scratch, value)  # type: ignore[arg-type]
        case "commit":
            scratch.commit("more")
        case "branch":
            scratch.git("checkout", "--quiet", "-B", "other")
        case "clean":
            scratch.git("clean", "-ffdxq")
        case "gc":
            scratch.git("gc", "--quiet", "--prune=now")
        case "stage":
            scratch.git("add", "--all")
        case "remove":
            scratch.git("rm", "-rq", "--cached", "--ignore-unmatch", ".")
        case "attributes":
            scratch.write(".gitattributes", "* text=auto eol=crlf\n*.log ident\n")
        case "checkout":
            check_out(scratch, run, keep=True)  # type: ignore[arg-type]
        case "back":
            if scratch.refs("refs/repro/undo/"):
                go_back(scratch)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    return make_template(tmp_path_factory.mktemp("template") / "repo")


def _existing(scratch: Scratch, paths: Sequence[str]) -> list[str]:
    ignored = []
    for path in paths:
        full = scratch.path / path
        if full.is_file() or full.is_dir():
            listed = scratch.git("check-ignore", "--", path, check=False)
            if listed:
                ignored.append(path)
    return ignored


@settings(
    max_examples=int(os.environ.get("ROUND_TRIPS", "25")),
    phases=[Phase.explicit, Phase.generate] if os.environ.get("NO_SHRINK") else list(Phase),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(first=trees, second=trees, data=data_trees, then=changes)
def test_a_run_comes_back_and_so_does_what_was_there(
    template: Scratch,
    tmp_path: Path,
    first: tuple[Tree, str],
    second: tuple[Tree, str],
    data: Tree,
    then: list[tuple[str, object]],
) -> None:
    shutil.rmtree(tmp_path / "repo", ignore_errors=True)
    scratch = template.copy(tmp_path / "repo")
    _write_tree(scratch, *first)
    scratch.commit("first tree")
    _write_tree(scratch, *second)
    _write_data(scratch, data)
    run = record_run(scratch, data=_existing(scratch, DATA))
    recorded = set(scratch.git("ls-tree", "-rz", "--name-only", run.summary.oid).split("\0"))
    for kind, value in then:
        event(kind)
        _change(scratch, kind, value, run)
    before = whole_state(scratch)
    contents_before = scratch.contents()
    check_out(scratch, run, keep=True)
    now = scratch.contents()
    placed = [entry.path for entry in run.record.data]
    for path, content in run.contents.items():
        if path in recorded or any(path == p or path.startswith(f"{p}/") for p in placed):
            assert now.get(path) == content, path
    more = now.keys() - run.contents.keys()
    assert all(contents_before.get(p) == now[p] for p in more if not p.startswith(".repro/"))
    listed = set(visible_status(scratch).split("\n"))
    assert {p for p in run.status.split("\n") if p in recorded or p in run.contents} <= listed
    go_back(scratch)
    assert scratch.contents() == contents_before
    assert whole_state(scratch) == before

"""post-checkout and post-merge: data that no longer matches is told of, and never touched."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.recorded import Shelf
from tests.hooks.by_hand import add_hook, git, said
from tests.repos import Scratch, run_program, wait_for_a_tick

LARGE = 5 << 20
"""Bytes that are not read for this."""


@pytest.fixture
def work(repo: Scratch) -> Scratch:
    """A repository with ``a.csv`` in DVC: "one" on main, "the second" on the branch ``side``."""
    (repo.path / ".dvc").mkdir()
    repo.write(".dvc/config", "")
    repo.write(".dvc/.gitignore", "/cache\n")
    repo.write(".gitignore", "/a.csv\n/many\n/b.bin\n/out.bin\nnested/inner.csv\n")
    track(repo, "a.csv", "one\n")
    repo.write("a.csv", "one\n")
    repo.commit("one")
    git(repo, "checkout", "-q", "-b", "side")
    track(repo, "a.csv", "the second\n")
    repo.commit("two")
    git(repo, "checkout", "-q", "main")
    for name in ("post-checkout", "post-merge"):
        add_hook(repo, name)
    return repo


def track(
    scratch: Scratch,
    path: str,
    content: str | bytes | Mapping[str, str],
    *,
    cached: bool = True,
    file: str | None = None,
) -> str:
    """Writes a DVC file as ``dvc add`` does, and the objects into DVC's cache; returns the hash."""
    if isinstance(content, (str, bytes)):
        value, size, n_files = keep(scratch, content, cached=cached), len(content), None
    else:
        files = [
            {"md5": keep(scratch, text, cached=cached), "relpath": name}
            for name, text in sorted(content.items())
        ]
        value = keep(scratch, json.dumps(files), suffix=".dir", cached=cached)
        size, n_files = sum(len(text) for text in content.values()), len(files)
    more = f"  nfiles: {n_files}\n" if n_files is not None else ""
    name = path.rpartition("/")[2]
    row = f"outs:\n- md5: {value}\n  size: {size}\n{more}  hash: md5\n  path: {name}\n"
    scratch.write(file or f"{path}.dvc", row)
    return value


def keep(scratch: Scratch, content: str | bytes, *, suffix: str = "", cached: bool = True) -> str:
    """Puts an object into DVC's cache and returns its hash."""
    raw = content.encode() if isinstance(content, str) else content
    value = hashlib.md5(raw, usedforsecurity=False).hexdigest() + suffix
    if cached:
        scratch.write(f".dvc/cache/files/md5/{value[:2]}/{value[2:]}", raw, mode=0o444)
    return value


def write_all(scratch: Scratch, directory: str, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        scratch.write(f"{directory}/{name}", text)


def checkout(scratch: Scratch, *args: str) -> list[str]:
    return said(git(scratch, "checkout", "-q", *args))


OFF = ["repro: data no longer matches a.csv.dvc: dvc checkout"]


def test_data_of_another_branch_is_told_of(work: Scratch) -> None:
    before = work.contents()
    assert checkout(work, "side") == OFF
    assert work.contents()["a.csv"] == before["a.csv"]


def test_data_that_is_right_is_not_told_of(work: Scratch) -> None:
    checkout(work, "side")
    work.write("a.csv", "the second\n")
    assert checkout(work, "main") == OFF
    assert checkout(work, "side") == []


def test_data_of_the_same_size_is_told_apart(work: Scratch) -> None:
    track(work, "a.csv", "two\n")
    work.commit("as long as the first")
    assert checkout(work, "HEAD~1") == []
    assert checkout(work, "main") == OFF


def test_commits_with_the_same_data_are_silent(work: Scratch) -> None:
    work.write("train.py", "pass\n")
    work.commit("code")
    assert checkout(work, "HEAD~1") == []


def test_a_dvc_hook_before_ours_leaves_nothing_to_tell(work: Scratch) -> None:
    path = add_hook(work, "post-checkout")
    theirs = "printf 'the second\\n' > a.csv\n"
    path.write_text(path.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\n{theirs}"))
    assert checkout(work, "side") == []


def test_a_checkout_of_files_or_of_the_same_commit_is_silent(work: Scratch) -> None:
    assert checkout(work, "side", "--", "a.csv.dvc") == []
    git(work, "checkout", "-q", "main", "--", "a.csv.dvc")
    assert checkout(work, "-b", "another") == []


def test_a_new_working_tree_and_a_clone_are_silent(work: Scratch, tmp_path: Path) -> None:
    assert said(git(work, "worktree", "add", str(tmp_path / "tree"), "side")) == []
    hooks = work.path / ".git/hooks"
    template = tmp_path / "template"
    (template / "hooks").mkdir(parents=True)
    (template / "hooks/post-checkout").write_bytes((hooks / "post-checkout").read_bytes())
    (template / "hooks/post-checkout").chmod(0o755)
    args = ("clone", f"--template={template}", str(work.path), str(tmp_path / "clone"))
    assert said(run_program("git", *args, cwd=tmp_path)) == []


def test_a_linked_working_tree_has_its_own_data(work: Scratch, tmp_path: Path) -> None:
    side = work.worktree(tmp_path / "tree", branch="linked")
    side.write("a.csv", "one\n")
    assert checkout(side, "side") == OFF


@pytest.mark.parametrize("args", [["--ff-only"], ["--no-ff", "-m", "merged"], ["--squash"]])
def test_a_merge_that_brings_other_data_is_told_of(work: Scratch, args: list[str]) -> None:
    assert said(git(work, "merge", "-q", *args, "side")) == OFF


def test_a_pull_that_brings_other_data_is_told_of(work: Scratch, tmp_path: Path) -> None:
    theirs = work.clone(tmp_path / "theirs")
    add_hook(theirs, "post-merge")
    theirs.write("a.csv", "one\n")
    git(work, "merge", "-q", "--ff-only", "side")
    # Their clone has no cache with it.
    line = "repro: data no longer matches a.csv.dvc: dvc pull"
    assert said(git(theirs, "pull", "-q")) == [line]


def test_a_rebase_tells_at_its_end(work: Scratch) -> None:
    add_hook(work, "post-rewrite")
    for name in ("c", "d"):
        work.write(f"{name}.txt", name)
        work.commit(name)
    todo = "sed -i 's/^pick/edit/'"
    stopped = git(work, "rebase", "-i", "--onto", "side", "HEAD~2", GIT_SEQUENCE_EDITOR=todo)
    assert said(stopped) == []
    assert said(git(work, "rebase", "--continue")) == []
    assert said(git(work, "rebase", "--continue")) == OFF


def test_data_that_just_came_to_be_named_and_is_not_here_is_told_of(work: Scratch) -> None:
    git(work, "checkout", "-q", "side")
    track(work, "b.bin", "bytes")
    work.commit("more data")
    track(work, "out.bin", "elsewhere", cached=False)
    work.commit("data of somebody else")
    git(work, "checkout", "-q", "HEAD~2")
    work.write("a.csv", "the second\n")
    assert checkout(work, "HEAD@{1}~1") == [
        "repro: the data of b.bin.dvc is not here: dvc checkout"
    ]
    assert checkout(work, "side") == ["repro: the data of out.bin.dvc is not here: dvc pull"]


def test_data_that_was_never_here_is_not_told_of(work: Scratch) -> None:
    (work.path / "a.csv").unlink()
    assert checkout(work, "side") == []


def large(first: bytes) -> bytes:
    return first + bytes(LARGE - 1)


@pytest.fixture
def with_large(work: Scratch) -> Scratch:
    """The same with a large file of the same size in two commits."""
    for first in (b"1", b"2"):
        track(work, "b.bin", large(first))
        work.commit(first.decode())
    work.write("b.bin", large(b"2"))
    return work


def test_what_only_reading_much_would_tell_is_said_so(with_large: Scratch) -> None:
    os.utime(with_large.path / "b.bin", (1, 1))
    wait_for_a_tick(with_large.path / "b.bin")
    line = "repro: data may no longer match b.bin.dvc: dvc checkout"
    assert checkout(with_large, "HEAD~1") == [line]


def test_a_large_file_put_there_since_is_taken_as_right(with_large: Scratch) -> None:
    path = add_hook(with_large, "post-checkout")
    theirs = "cp b.bin c && mv c b.bin\n"
    path.write_text(path.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\n{theirs}"))
    assert checkout(with_large, "HEAD~1") == []


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_a_link_into_dvcs_cache_tells(with_large: Scratch, link: object) -> None:
    assert callable(link)
    value = keep(with_large, large(b"2"), cached=False)
    path = with_large.path / "b.bin"
    path.unlink()
    link(with_large.path / f".dvc/cache/files/md5/{value[:2]}/{value[2:]}", path)
    assert checkout(with_large, "HEAD~1") == [
        "repro: data no longer matches b.bin.dvc: dvc checkout"
    ]
    assert checkout(with_large, "main") == []


def test_a_large_file_whose_hash_is_remembered_is_known(with_large: Scratch) -> None:
    os.utime(with_large.path / "b.bin", (1_700_000_000, 1_700_000_000))
    program = (
        "import sys\n"
        "from repro.data.stat_cache import StatCache\n"
        "with StatCache('.git/repro/cache/files.sqlite', clock=lambda: 2**62) as cache:\n"
        "    cache.hash_file('b.bin')\n"
    )
    with_large.python("-c", program)
    assert checkout(with_large, "HEAD~1") == [
        "repro: data no longer matches b.bin.dvc: dvc checkout"
    ]
    assert checkout(with_large, "main") == []


MANY = {"0.txt": "zero\n", "1.txt": "one\n", "deep/2.txt": "two\n"}


@pytest.mark.parametrize(
    "changed",
    [
        {**MANY, "1.txt": "ONE\n"},
        {**MANY, "deep/3.txt": "three\n"},
        {name: text for name, text in MANY.items() if name != "0.txt"},
    ],
    ids=["changed", "added", "removed"],
)
@pytest.mark.parametrize("cached", [True, False])
def test_a_directory_is_compared_by_what_changed(
    work: Scratch, changed: dict[str, str], cached: bool
) -> None:
    track(work, "many", MANY, cached=cached)
    work.commit("many")
    track(work, "many", changed, cached=cached)
    work.commit("changed")
    write_all(work, "many", changed)
    found = checkout(work, "HEAD~1")
    if cached:
        assert found == ["repro: data no longer matches many.dvc: dvc checkout"]
    else:
        # One has the same number of files and bytes.
        assert len(found) == 1
        assert found[0].endswith("match many.dvc: dvc pull") or "matches" in found[0]
    for path in sorted((work.path / "many").rglob("*.txt")):
        path.unlink()
    write_all(work, "many", MANY)
    if cached:
        git(work, "checkout", "-q", "main")
        assert checkout(work, "HEAD~1") == []


def test_several_files_are_one_line(work: Scratch) -> None:
    for number in range(4):
        track(work, f"data/{number}.csv", "old\n")
        work.write(f"data/{number}.csv", "old\n")
    work.write("data/.gitignore", "*.csv\n")
    work.commit("data")
    for number in range(4):
        track(work, f"data/{number}.csv", "newer\n")
    work.commit("newer")
    git(work, "checkout", "-q", "HEAD~1")
    files = "4 files (data/0.csv.dvc, data/1.csv.dvc, data/2.csv.dvc, ...)"
    assert checkout(work, "main") == [f"repro: data no longer matches {files}: dvc checkout"]


def lock(scratch: Scratch, content: str, accuracy: str) -> None:
    """Writes a lock whose stage has an output in DVC and one that it leaves to git."""
    value, of_metrics = keep(scratch, content), keep(scratch, accuracy)
    outs = "".join(
        f"    - path: {path}\n      hash: md5\n      md5: {md5}\n      size: {size}\n"
        for path, md5, size in (
            ("out.bin", value, len(content)),
            ("scores.json", of_metrics, len(accuracy)),
        )
    )
    scratch.write("dvc.lock", f"schema: '2.0'\nstages:\n  train:\n    cmd: x\n    outs:\n{outs}")
    scratch.write("scores.json", accuracy)
    scratch.write("out.bin", content)


def test_outputs_of_stages_count_but_for_those_in_git(work: Scratch) -> None:
    lock(work, "model one", "0.1")
    work.commit("trained")
    lock(work, "model one", "0.25")
    work.commit("luckier")
    lock(work, "another model", "0.5")
    work.commit("trained again")
    assert checkout(work, "HEAD~1") == ["repro: data no longer matches dvc.lock: dvc checkout"]
    work.write("out.bin", "model one")
    assert checkout(work, "HEAD~1") == []


def test_a_nested_project_is_named_in_the_command(work: Scratch) -> None:
    (work.path / "nested/.dvc").mkdir(parents=True)
    work.write("nested/.dvc/config", "")
    for content in ("first\n", "another\n"):
        track(work, "nested/inner.csv", content, cached=False)
        work.write("nested/inner.csv", content)
        work.commit(content.strip())
    assert checkout(work, "HEAD~1") == [
        "repro: data no longer matches nested/inner.csv.dvc: dvc --cd nested pull"
    ]


@pytest.mark.parametrize("content", ["outs: [", "outs:\n- md5: no hash\n  path: a.csv\n", "\xff"])
def test_a_damaged_dvc_file_is_dvcs_to_speak_of(work: Scratch, content: str) -> None:
    work.write("a.csv.dvc", content)
    work.commit("damaged")
    assert checkout(work, "HEAD~1") == []
    assert checkout(work, "main") == []


def test_under_pre_commit_the_commits_come_in_variables(work: Scratch) -> None:
    old, new = (work.git("rev-parse", name).strip() for name in ("main", "side"))
    git(work, "checkout", "-q", "side")
    env = {
        "PRE_COMMIT": "1",
        "PRE_COMMIT_FROM_REF": old,
        "PRE_COMMIT_TO_REF": new,
        "PRE_COMMIT_CHECKOUT_TYPE": "1",
    }
    assert said(work.run_cli("hooks", "run", "post-checkout", env=env)) == OFF
    assert said(work.run_cli("hooks", "run", "post-checkout")) == []


def test_changed_settings_renew_the_list_of_watched_files(work: Scratch) -> None:
    watched = work.path / ".git/repro/hooks/watched"
    work.write("pyproject.toml", '[tool.repro]\nrecord_on = ["models/*.onnx"]\n')
    work.commit("settings")
    git(work, "checkout", "-q", "HEAD~1")
    assert not watched.exists(), "there is no list where no guard reads it"
    watched.parent.mkdir(parents=True)
    watched.write_text("")
    git(work, "checkout", "-q", "main")
    assert "models/*.onnx" in watched.read_text()


def test_checkouts_of_repro_itself_are_silent(work: Scratch) -> None:
    Shelf(work).put("k")
    git(work, "checkout", "-q", "side")
    work.write("a.csv", "the second\n")
    done = work.run_cli("checkout", "run-k", check=False)
    assert said(done) == []

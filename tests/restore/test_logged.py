"""Outputs without a place in the working tree: put back beside the record, and gone with it."""

import os
from pathlib import Path

import pytest

from repro.data.hashing import hash_bytes
from repro.model.data import LOGGED_DIRECTORY, Artifact, Place
from repro.model.ids import RunId, run_ref
from repro.model.summary import summarize
from repro.restore.checkout import checkout
from repro.restore.new_worktree import checkout_worktree
from repro.restore.stores import open_stores
from repro.restore.target import DamagedRunError
from repro.store.runs import write_run
from tests.repos import Scratch
from tests.restore.runs import AT, Recorded, check_out, go_back, opened, record_run, whole_state

LARGE = b"\0large" * 20_000


def record_logged(
    scratch: Scratch,
    letters: str = "k",
    *,
    small: tuple[str, ...] = (),
    large: tuple[str, ...] = (),
) -> Recorded:
    """Records the working tree, with outputs that were logged by name."""
    run = record_run(scratch, "z")
    repo = opened(scratch)
    store = open_stores(repo).store
    artifacts, inline = [], {}
    for name in small:
        path, content = LOGGED_DIRECTORY + name, name.encode()
        artifacts.append(Artifact(path, hash_bytes(content), len(content), place=Place.GIT))
        inline[path] = content
    for name in large:
        hash = store.add_bytes(LARGE + name.encode())
        artifacts.append(Artifact(LOGGED_DIRECTORY + name, hash, len(LARGE) + len(name)))
    run_id = RunId(f"20240506T070809-{letters * 8}")
    record = run.record._replace(
        run=run.record.run._replace(id=run_id, format=3),
        artifacts=tuple(artifacts),
        inline=inline,
    )
    oid = write_run(repo, record, parents=[repo.head] if repo.head else [], ref=run_ref(run_id))
    summary = summarize(record, oid=oid, ref=run_ref(run_id))
    return Recorded(summary, record, run.contents, run.status)


def logged_files(top: Path) -> dict[str, bytes]:
    """The content of every file below ``.repro/logged/``, by path from there."""
    root = top / ".repro/logged"
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


EXPECTED = {"notes.txt": b"notes.txt", "deep/w.bin": LARGE + b"deep/w.bin"}


def test_large_ones_come_back_beside_the_small_ones(any_repo: Scratch) -> None:
    run = record_logged(any_repo, small=("notes.txt",), large=("deep/w.bin",))
    outcome = check_out(any_repo, run, outputs=True)
    assert logged_files(any_repo.path) == EXPECTED
    assert outcome.n_data == 1
    assert outcome.notes == ()
    assert any_repo.git("status", "--porcelain") == ""


def test_without_outputs_there_is_the_record_alone(repo: Scratch) -> None:
    run = record_logged(repo, small=("notes.txt",), large=("deep/w.bin",))
    assert check_out(repo, run).n_data == 0
    assert logged_files(repo.path) == {"notes.txt": b"notes.txt"}


def test_into_a_new_working_tree(repo: Scratch, tmp_path: Path) -> None:
    run = record_logged(repo, small=("notes.txt",), large=("deep/w.bin",))
    there = tmp_path / "there"
    checkout_worktree(opened(repo), run.summary, run.record, str(there), outputs=True)
    assert logged_files(there) == EXPECTED


def test_the_way_back_leaves_nothing_and_can_be_gone_back_on(repo: Scratch) -> None:
    run = record_logged(repo, small=("notes.txt",), large=("deep/w.bin",))
    before = whole_state(repo)
    check_out(repo, run, outputs=True)
    there = whole_state(repo)
    go_back(repo)
    assert whole_state(repo) == before
    assert not (repo.path / ".repro").exists()
    go_back(repo)
    assert whole_state(repo) == there
    assert logged_files(repo.path) == EXPECTED


def test_the_next_checkout_takes_them_away(repo: Scratch) -> None:
    first = record_logged(repo, "k", small=("a.txt",), large=("one.bin",))
    second = record_logged(repo, "l", large=("two.bin",))
    check_out(repo, first, outputs=True)
    check_out(repo, second, outputs=True)
    assert logged_files(repo.path) == {"two.bin": LARGE + b"two.bin"}
    check_out(repo, first)
    assert logged_files(repo.path) == {"a.txt": b"a.txt"}


def test_one_that_was_changed_is_saved(repo: Scratch) -> None:
    run = record_logged(repo, large=("w.bin",))
    check_out(repo, run, outputs=True)
    changed = repo.path / ".repro/logged/w.bin"
    changed.unlink()
    changed.write_bytes(b"mine")
    go_back(repo)
    go_back(repo)
    assert changed.read_bytes() == b"mine"


@pytest.mark.parametrize("names", [("x", "x/y"), ("x/y", "x"), ("x", "x/y/z"), ("d.txt/x",)])
def test_a_name_that_is_taken_is_said_to_be_so_before_anything_changes(
    repo: Scratch, names: tuple[str, ...]
) -> None:
    run = record_logged(repo, small=("d.txt",), large=names)
    outcome = check_out(repo, run, outputs=True)
    found = logged_files(repo.path)
    assert found.pop("d.txt") == b"d.txt"
    left_out = [name for name in names if name not in found]
    assert len(left_out) == 1
    assert outcome.notes == (f"no room beside the record: .repro/logged/{left_out[0]}",)
    go_back(repo)
    assert not (repo.path / ".repro").exists()


@pytest.mark.parametrize("name", ["a/.dvc/x", ".hg/hgrc"])
def test_what_no_undo_entry_takes_in_is_left_out(repo: Scratch, name: str) -> None:
    run = record_logged(repo, small=(name, "a.txt"), large=(f"{name}.d/{name}",))
    check_out(repo, run, outputs=True)
    assert logged_files(repo.path) == {"a.txt": b"a.txt"}
    go_back(repo)
    assert not (repo.path / ".repro").exists()


def test_odd_names_have_the_paths_that_the_record_gives_them(repo: Scratch) -> None:
    odd = ("a: b?.bin", ".gitignore", "é")
    run = record_logged(repo, large=odd)
    check_out(repo, run, outputs=True)
    found = logged_files(repo.path)
    assert sorted(found.values()) == sorted(LARGE + name.encode() for name in odd)
    assert ".gitignore" not in found


def test_bytes_that_are_nowhere_stop_it_before_anything_changes(repo: Scratch) -> None:
    run = record_logged(repo, large=("w.bin",))
    hash = run.record.artifacts[0].hash
    os.unlink(open_stores(opened(repo)).store.path_of(hash))
    before = whole_state(repo)
    with pytest.raises(Exception, match="nowhere to be found"):
        check_out(repo, run, outputs=True)
    assert whole_state(repo) == before
    check_out(repo, run)


@pytest.mark.parametrize("name", ["../../x", "../run.yaml", "a/../../../x"])
def test_a_record_that_leads_elsewhere_is_refused(repo: Scratch, name: str) -> None:
    run = record_logged(repo, large=("w.bin",))
    artifact = run.record.artifacts[0]._replace(path=LOGGED_DIRECTORY + name)
    record = run.record._replace(artifacts=(artifact,))
    with pytest.raises(DamagedRunError):
        checkout(opened(repo), run.summary, record, at=AT, outputs=True)
    inside = run.record._replace(data=(), artifacts=(artifact._replace(path=".repro/run.yaml"),))
    with pytest.raises(DamagedRunError):
        checkout(opened(repo), run.summary, inside, at=AT, outputs=True)

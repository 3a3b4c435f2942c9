"""Remembers what is recorded already."""

from pathlib import Path

import pytest

from repro.git.refs import create_ref, delete_ref
from repro.git.repository import Repository, open_repository
from repro.model.ids import Oid, RunId, run_ref
from repro.record.states import recorded_as, remember_state
from repro.record.unchanged import note_recorded, recorded_unchanged
from tests.repos import Scratch

_ID = RunId("20240506T070809-klmnopqr")
_TREE = Oid("1" * 40)


def _recorded(scratch: Scratch) -> Repository:
    repo = open_repository(str(scratch.path))
    create_ref(repo, run_ref(_ID), Oid(scratch.head()))
    return repo


def test_a_state_finds_its_run(repo: Scratch) -> None:
    opened = _recorded(repo)
    remember_state(opened, "abc", _ID)
    assert recorded_as(opened, "abc") == _ID
    assert recorded_as(opened, "other") is None


def test_a_run_that_was_removed_is_not_found(repo: Scratch) -> None:
    opened = _recorded(repo)
    remember_state(opened, "abc", _ID)
    delete_ref(opened, run_ref(_ID))
    assert recorded_as(opened, "abc") is None


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\0"])
def test_a_damaged_note_is_no_note(repo: Scratch, content: bytes) -> None:
    opened = _recorded(repo)
    remember_state(opened, "abc", _ID)
    Path(opened.state_dir, "states", "abc").write_bytes(content)
    assert recorded_as(opened, "abc") is None


def test_an_unchanged_workspace_is_known(repo: Scratch, tmp_path: Path) -> None:
    opened = _recorded(repo)
    witness = tmp_path / "caf\udce9"
    witness.write_text("x")
    note_recorded(opened, _TREE, _ID, [str(witness), "/none"], {"A": "1"})
    assert recorded_unchanged(opened, _TREE, {"A": "1", "PWD": "/elsewhere"}) == _ID


def test_another_tree_environment_or_directory_is_a_change(repo: Scratch) -> None:
    opened = _recorded(repo)
    note_recorded(opened, _TREE, _ID, [], {"A": "1"})
    (repo.path / "sub").mkdir()
    assert recorded_unchanged(opened, Oid("2" * 40), {"A": "1"}) is None
    assert recorded_unchanged(opened, _TREE, {"A": "2"}) is None
    below = open_repository(str(repo.path / "sub"))
    assert recorded_unchanged(below, _TREE, {"A": "1"}) is None


def test_a_witness_that_was_touched_made_or_removed_is_a_change(
    repo: Scratch, tmp_path: Path
) -> None:
    opened = _recorded(repo)
    here, absent = tmp_path / "here", tmp_path / "absent"
    for change in (here.unlink, lambda: here.write_text("yy"), absent.touch):
        here.write_text("x")
        absent.unlink(missing_ok=True)
        note_recorded(opened, _TREE, _ID, [str(here), str(absent)], {})
        assert recorded_unchanged(opened, _TREE, {}) == _ID
        change()
        assert recorded_unchanged(opened, _TREE, {}) is None


@pytest.mark.parametrize("content", [b"", b"\0", b"a\0b\0c", b"\xff" * 30])
def test_a_damaged_note_of_a_workspace_is_no_note(repo: Scratch, content: bytes) -> None:
    opened = _recorded(repo)
    note_recorded(opened, _TREE, _ID, [], {})
    (note,) = Path(opened.state_dir, "unchanged").iterdir()
    note.write_bytes(content)
    assert recorded_unchanged(opened, _TREE, {}) is None


def test_a_note_that_cannot_be_written_is_no_loss(repo: Scratch) -> None:
    opened = _recorded(repo)
    Path(opened.state_dir).mkdir(exist_ok=True)
    Path(opened.state_dir, "unchanged").write_text("a file in its place")
    note_recorded(opened, _TREE, _ID, [], {})
    assert recorded_unchanged(opened, _TREE, {}) is None

"""Refs that name nothing, and locks that nobody holds."""

import os
import time

import pytest

from repro.fsck.problem import Kind
from tests.fsck.broken import Ward

NOWHERE = "1234567890" * 4


@pytest.mark.parametrize("content", ["", "garbage\n", "12345\n", "\0" * 41])
def test_a_ref_file_without_an_object_id_is_found(ward: Ward, content: str) -> None:
    (ward.git_dir / ward.ref("l")).write_text(content)
    (problem,) = ward.problems()
    assert (problem.kind, problem.subject) == (Kind.REF, ward.ref("l"))
    assert problem.runs == (ward.ids["l"],)
    assert ward.listed() == {"k", "m"}


def test_an_emptied_ref_is_restored_from_the_commit_that_is_still_there(ward: Ward) -> None:
    oid = ward.oid(ward.ref("l"))
    (ward.git_dir / ward.ref("l")).write_text("")
    done = ward.repair()
    assert ward.check().problems == ()
    assert ward.oid(ward.ref("l")) == oid
    assert any("commits that nothing named" in line for line in done)
    assert ward.ids["l"] in ward.quarantined()


def test_an_emptied_ref_is_restored_from_where_refs_were_packed(ward: Ward) -> None:
    oid = ward.oid(ward.ref("l"))
    ward.scratch.git("pack-refs", "--all")
    path = ward.git_dir / ward.ref("l")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    ward.repair()
    assert ward.check().problems == ()
    assert ward.oid(ward.ref("l")) == oid


def test_an_emptied_ref_is_restored_from_a_remote(ward: Ward) -> None:
    ward.push()
    oid = ward.oid(ward.ref("l"))
    (ward.git_dir / ward.ref("l")).write_text("")
    ward.loose(oid).unlink()
    ward.repair()
    assert ward.check().problems == ()
    assert ward.oid(ward.ref("l")) == oid


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_ref_to_nothing_is_set_aside_where_nobody_has_the_run(
    ward: Ward, is_packed: bool
) -> None:
    ref = "refs/repro/runs/20260131T090000-nnnnnnnn"
    (ward.git_dir / ref).write_text(f"{NOWHERE}\n")
    if is_packed:
        (ward.git_dir / ref).unlink()
        (ward.git_dir / "packed-refs").write_text(f"# pack-refs with: sorted\n{NOWHERE} {ref}\n")
    (problem,) = ward.problems()
    assert problem.subject == ref
    assert NOWHERE in problem.reason
    done = ward.repair()
    assert "run nnnnnnnn is lost here: nothing that can be asked has it" in done
    assert ward.check().problems == ()
    assert ward.listed() == {"k", "l", "m"}
    (log,) = (ward.git_dir / "repro/fsck/quarantine").rglob("log.txt")
    assert f"git update-ref {ref} {NOWHERE}" in log.read_text()


def test_a_ref_to_no_commit_is_said_and_left_alone(ward: Ward) -> None:
    blob = ward.scratch.git("hash-object", "-w", "--stdin", input="x")
    ref = "refs/repro/runs/20260131T090000-nnnnnnnn"
    (ward.git_dir / ref).write_text(f"{blob}\n")
    assert "names a blob, not a commit" in {problem.reason for problem in ward.problems()}
    ward.repair()
    assert ward.oid(ref) == blob


def test_a_ref_to_another_run_is_found(ward: Ward) -> None:
    (ward.git_dir / ward.ref("l")).write_text(ward.oid(ward.ref("k")) + "\n")
    (problem,) = ward.problems()
    assert problem.kind is Kind.RECORD
    assert "is another run" in problem.reason


def test_old_locks_go_and_fresh_ones_stay(ward: Ward) -> None:
    old = [ward.git_dir / f"{ward.ref('k')}.lock", ward.git_dir / "packed-refs.lock"]
    fresh = ward.git_dir / f"{ward.ref('l')}.lock"
    for path in (*old, fresh):
        path.write_text("")
    for path in old:
        os.utime(path, (time.time() - 3600,) * 2)
    assert [problem.at for problem in ward.problems()] == [str(path) for path in sorted(old)]
    ward.repair()
    assert ward.check().problems == ()
    assert [path.exists() for path in (*old, fresh)] == [False, False, True]


def test_a_missing_snapshot_of_a_ref_is_not_taken_for_another_run(ward: Ward) -> None:
    ward.push()
    ward.scratch.git("update-ref", "refs/repro/undo/1", "HEAD")
    (ward.git_dir / "refs/repro/undo/1").write_text(f"{NOWHERE}\n")
    (problem,) = ward.problems()
    assert (problem.subject, problem.runs) == ("refs/repro/undo/1", ())
    ward.repair()
    assert ward.check().problems == ()

"""Git objects that are lost or damaged: found, attributed to runs, and brought back."""

from collections.abc import Callable
from pathlib import Path

import pytest

from repro.fsck.problem import Kind
from tests.fsck.broken import Ward, cut, delete, empty, flip, make_ward
from tests.repos import Scratch, run_program

PARTS = {
    "commit": "{ref}",
    "tree": "{ref}^{{tree}}",
    "record's tree": "{ref}:.repro",
    "record": "{ref}:.repro/run.yaml",
    "code": "{ref}:lib/deep/model.py",
    "code's tree": "{ref}:lib/deep",
}
DAMAGES = [delete, flip, cut, empty]


def part(ward: Ward, name: str, letter: str = "l") -> Path:
    return ward.loose(ward.oid(PARTS[name].format(ref=ward.ref(letter))))


def test_a_sound_repository_is_clean(ward: Ward) -> None:
    report = ward.check()
    assert report.problems == ()
    assert report.n_runs == 3
    assert report.n_git_objects > 20


def test_a_sound_sha256_repository_is_clean(
    sha256_repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward = make_ward(sha256_repo, monkeypatch)
    assert ward.check().problems == ()
    pack = ward.pack()
    assert ward.check().problems == ()
    cut(pack)
    ward.repair()
    assert "m" in ward.concerned()


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", PARTS)
def test_a_damaged_loose_object_is_found_with_the_run_that_needs_it(
    ward: Ward, name: str, damage: Callable[[Path], None]
) -> None:
    path = part(ward, name)
    oid = path.parent.name + path.name
    damage(path)
    assert ward.concerned() == {"l"}
    assert any(oid in (*problem.names, problem.subject) for problem in ward.problems())
    if name != "commit" or damage is delete:
        assert ward.listed() >= {"k", "m"}


@pytest.mark.parametrize("damage", [delete, flip])
@pytest.mark.parametrize("name", PARTS)
def test_what_a_remote_still_has_is_brought_back(
    ward: Ward, name: str, damage: Callable[[Path], None]
) -> None:
    ward.push()
    path = part(ward, name)
    content = ward.scratch.git("cat-file", "-p", path.parent.name + path.name)
    damage(path)
    done = ward.repair()
    assert any("from origin" in line for line in done), done
    assert ward.check().problems == ()
    assert ward.scratch.git("cat-file", "-p", path.parent.name + path.name) == content
    assert ward.listed() == {"k", "l", "m"}
    if damage is flip:
        assert path.name in ward.quarantined()


def test_without_a_remote_the_loss_is_named_and_the_rest_stays(ward: Ward) -> None:
    flip(part(ward, "code"))
    ward.repair()
    assert ward.concerned() == {"l"}
    assert ward.listed() == {"k", "l", "m"}
    assert part(ward, "code").name in ward.quarantined()


def test_a_file_that_the_working_tree_still_has_comes_from_there(ward: Ward) -> None:
    path = part(ward, "code")
    ward.scratch.write("lib/deep/model.py", "NAME = 'l'\n" * 60)
    delete(path)
    assert any("from the working tree: lib/deep/model.py" in line for line in ward.repair())
    assert ward.check().problems == ()


def test_an_object_that_two_runs_need_names_both(ward: Ward) -> None:
    path = ward.loose(ward.oid(f"{ward.ref('l')}:params.yaml"))
    (ward.scratch.path / "params.yaml").unlink()
    delete(path)
    (problem,) = (x for x in ward.problems() if x.kind is Kind.OBJECT)
    assert problem.runs == tuple(ward.ids.values())
    assert "(params.yaml)" in problem.subject


def test_a_commit_that_runs_began_from_is_theirs(ward: Ward) -> None:
    ward.push()
    delete(ward.loose(ward.scratch.head()))
    assert ward.concerned() == {"k", "l", "m"}
    ward.repair()
    assert ward.check().problems == ()
    assert ward.scratch.git("fsck", "--no-dangling") == ""


def test_what_lies_deep_in_history_is_told_apart(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = repo.git("rev-parse", "HEAD:train.py")
    for number in range(3):
        repo.write("train.py", f"print({number})\n")
        repo.commit()
    ward = make_ward(repo, monkeypatch)
    delete(ward.loose(lost))
    (problem,) = ward.problems()
    assert problem.runs == ()
    assert "the history before 3 runs" in problem.reason


def test_damage_that_no_run_needs_is_said_all_the_same(ward: Ward) -> None:
    oid = ward.scratch.git("hash-object", "-w", "--stdin", input="nobody's\n")
    flip(ward.loose(oid))
    (problem,) = ward.problems()
    assert "no run needs it" in problem.reason
    ward.repair()
    assert ward.check().problems == ()
    assert oid[2:] in ward.quarantined()


def test_a_damaged_copy_of_what_a_pack_has_is_no_loss(ward: Ward) -> None:
    path = part(ward, "code")
    copy = path.read_bytes()
    ward.pack()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(copy)
    flip(path)
    (problem,) = ward.problems()
    assert "a pack has it whole" in problem.reason
    assert problem.runs == ()
    ward.repair()
    assert ward.check().problems == ()


def test_a_shallow_clone_is_whole(ward: Ward, tmp_path: Path) -> None:
    ward.scratch.commit("second")
    ward.scratch.git("clone", "-q", "--depth=1", ward.scratch.path.as_uri(), str(tmp_path / "c"))
    clone = ward._replace(shelf=ward.shelf._replace(scratch=Scratch(tmp_path / "c")))
    clone.shelf.put("n")
    assert clone.check().problems == ()
    flip(clone.loose(clone.oid(f"{clone.scratch.runs()[0]}:.repro/run.yaml")))
    assert clone.concerned() == {"n"}


def test_a_partial_clone_is_whole(ward: Ward, tmp_path: Path) -> None:
    ward.scratch.git("config", "uploadpack.allowFilter", "true")
    ward.scratch.write("old.txt", "old\n")
    ward.scratch.commit("second")
    ward.scratch.git("rm", "-q", "old.txt")
    ward.scratch.commit("third")
    flags = ("-q", "--filter=blob:none")
    ward.scratch.git("clone", *flags, ward.scratch.path.as_uri(), str(tmp_path / "c"))
    clone = ward._replace(shelf=ward.shelf._replace(scratch=Scratch(tmp_path / "c")))
    clone.shelf.put("n")
    assert clone.check().problems == ()


def test_only_the_runs_that_are_named_are_looked_at(ward: Ward) -> None:
    delete(part(ward, "code"))
    assert ward.check(only=[ward.ids["k"]]).is_clean
    assert not ward.check(only=[ward.ids["l"]]).is_clean


def test_a_linked_working_tree_checks_what_all_share(
    ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = ward.scratch.worktree(tmp_path / "side")
    flip(part(ward, "code"))
    monkeypatch.chdir(side.path)
    other = ward._replace(shelf=ward.shelf._replace(scratch=side))
    assert other.concerned() == {"l"}


def test_a_remote_that_cannot_be_asked_is_said(ward: Ward) -> None:
    ward.scratch.git("remote", "add", "origin", "../nowhere.git")
    delete(part(ward, "code"))
    assert any(
        line.startswith("origin could not be asked: git ls-remote") for line in ward.repair()
    )
    assert ward.concerned() == {"l"}


def test_settings_and_hooks_of_the_user_do_not_meddle_with_a_repair(ward: Ward) -> None:
    ward.push()
    for key, value in (
        ("fetch.prune", "true"),
        ("remote.origin.prune", "true"),
        ("remote.origin.fetch", "+refs/*:refs/*"),
        ("core.hooksPath", str(ward.git_dir / "hooks")),
        ("fetch.recurseSubmodules", "true"),
    ):
        ward.scratch.git("config", "--add", key, value)
    hook = "#!/bin/sh\nexit 1\n"
    ward.scratch.write(".git/hooks/reference-transaction", hook, mode=0o755)
    refs = ward.scratch.refs()
    delete(part(ward, "code"))
    ward.repair()
    assert ward.check().problems == ()
    assert ward.scratch.refs() == refs
    assert not (ward.git_dir / "FETCH_HEAD").exists()


def test_nothing_is_left_behind_but_the_quarantine(ward: Ward) -> None:
    ward.push()
    flip(ward.pack())
    ward.repair()
    assert [path.name for path in (ward.git_dir / "repro/fsck").iterdir()] == ["quarantine"]


def test_what_was_taken_away_can_be_put_back_as_the_log_says(ward: Ward) -> None:
    path = part(ward, "code")
    flip(path)
    content = path.read_bytes()
    ward.repair()
    assert not path.exists()
    (log,) = (ward.git_dir / "repro/fsck/quarantine").rglob("log.txt")
    (command,) = (
        line.partition("to undo: ")[2] for line in log.read_text().splitlines() if "undo" in line
    )
    run_program("sh", "-c", command, cwd=ward.scratch.path)
    assert path.read_bytes() == content

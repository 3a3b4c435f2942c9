"""Checkouts in place: what comes back, and that the way back restores everything."""

import os
import shutil

from repro.git.repository import open_repository
from repro.git.snapshot import LARGE_BYTES
from repro.restore.state import checked_out
from tests.repos import Scratch
from tests.restore.runs import (
    check_out,
    contents_of,
    go_back,
    nowhere,
    own_files,
    record_run,
    visible_status,
    whole_state,
)


def test_uncommitted_and_untracked_files_come_back(any_repo: Scratch) -> None:
    any_repo.write("train.py", "changed\n")
    any_repo.write("new/notes.txt", "untracked\n", mode=0o755)
    run = record_run(any_repo)
    any_repo.commit("later")
    any_repo.write("train.py", "much later\n")
    any_repo.commit("much later")
    check_out(any_repo, run)
    assert own_files(contents_of(any_repo)) == run.contents
    assert visible_status(any_repo) == run.status


def test_the_way_back_restores_files_index_and_branch(any_repo: Scratch) -> None:
    any_repo.write("train.py", "changed\n")
    run = record_run(any_repo)
    any_repo.commit("later")
    any_repo.write("train.py", "half\n")
    any_repo.git("add", "train.py")
    any_repo.write("train.py", "whole\n")
    any_repo.write("scratch.txt", "mine\n")
    before = whole_state(any_repo)
    check_out(any_repo, run, keep=True)
    assert whole_state(any_repo) != before
    go_back(any_repo)
    assert whole_state(any_repo) == before


def test_head_is_detached_and_the_branch_stays(repo: Scratch) -> None:
    parent = repo.head()
    run = record_run(repo)
    tip = repo.commit("later")
    check_out(repo, run)
    assert repo.git("symbolic-ref", "-q", "HEAD", check=False) == ""
    assert repo.head() == parent
    assert repo.git("rev-parse", "main") == tip
    assert "repro: checkout" in repo.git("reflog", "-1", "HEAD")


def test_a_file_deleted_when_it_ran_is_gone_again(repo: Scratch) -> None:
    (repo.path / "params.yaml").unlink()
    run = record_run(repo)
    repo.git("checkout", "--quiet", "--", "params.yaml")
    check_out(repo, run)
    assert not (repo.path / "params.yaml").exists()
    assert visible_status(repo) == "params.yaml"


def test_staged_changes_come_back_as_uncommitted_ones(repo: Scratch) -> None:
    repo.write("train.py", "staged\n")
    repo.write("new.py", "staged too\n")
    repo.git("add", "--all")
    run = record_run(repo)
    repo.git("reset", "--quiet", "--hard")
    check_out(repo, run)
    assert repo.git("diff", "--cached", "--name-only") == ""
    assert visible_status(repo) == run.status == "new.py\ntrain.py"


def test_a_run_before_the_first_commit_comes_back_on_a_branch_without_one(
    unborn_repo: Scratch,
) -> None:
    run = record_run(unborn_repo)
    unborn_repo.commit("first")
    before = whole_state(unborn_repo)
    unborn_repo.git("branch", "repro-kkkkkkkk")
    check_out(unborn_repo, run)
    assert unborn_repo.git("symbolic-ref", "HEAD") == "refs/heads/repro-kkkkkkkk-2"
    assert unborn_repo.git("rev-parse", "-q", "--verify", "HEAD", check=False) == ""
    assert visible_status(unborn_repo) == run.status
    unborn_repo.git("branch", "-D", "repro-kkkkkkkk")
    go_back(unborn_repo)
    assert whole_state(unborn_repo) == before


def test_one_can_go_back_to_a_branch_without_commits(unborn_repo: Scratch) -> None:
    run = record_run(unborn_repo)
    unborn_repo.write("more.txt", "more\n")
    unborn_repo.git("add", "more.txt")
    before = whole_state(unborn_repo)
    check_out(unborn_repo, run, keep=True)
    assert not (unborn_repo.path / "more.txt").exists()
    go_back(unborn_repo)
    assert whole_state(unborn_repo) == before


def test_the_record_lies_in_the_tree_where_git_does_not_see_it(repo: Scratch) -> None:
    run = record_run(repo)
    check_out(repo, run)
    assert "kkkkkkkk" in repo.read(".repro/run.yaml")
    assert ".repro" not in visible_status(repo)
    go_back(repo)
    assert not (repo.path / ".repro").exists()


def test_notes_written_into_the_record_come_back_with_it(repo: Scratch) -> None:
    first, second = record_run(repo, "k"), record_run(repo, "l")
    check_out(repo, first)
    repo.write(".repro/my-notes.txt", "mine\n")
    check_out(repo, second)
    assert not (repo.path / ".repro/my-notes.txt").exists()
    go_back(repo)
    assert repo.read(".repro/my-notes.txt") == "mine\n"


def test_from_run_to_run_needs_no_keep(repo: Scratch) -> None:
    repo.write("train.py", "one\n")
    first = record_run(repo, "k")
    repo.write("train.py", "two\n")
    second = record_run(repo, "l")
    repo.git("checkout", "--quiet", "--", "train.py")
    check_out(repo, first)
    check_out(repo, second)
    assert repo.read("train.py") == "two\n"
    check_out(repo, first)
    assert repo.read("train.py") == "one\n"


def test_going_back_twice_ends_where_it_began(repo: Scratch) -> None:
    repo.write("train.py", "one\n")
    run = record_run(repo)
    repo.git("checkout", "--quiet", "--", "train.py")
    before = whole_state(repo)
    check_out(repo, run)
    at_run = whole_state(repo)
    go_back(repo)
    go_back(repo)
    assert whole_state(repo) == at_run
    assert checked_out(open_repository(str(repo.path))) is not None
    go_back(repo)
    assert whole_state(repo) == before


def test_data_come_back_and_so_does_what_replaced_them(dvc_repo: Scratch) -> None:
    run = record_run(dvc_repo, data=["data/one.csv", "data/many"])
    dvc_repo.write("data/one.csv", "other\n")
    dvc_repo.write("data/many/new.txt", "new\n")
    (dvc_repo.path / "data/many/0.txt").unlink()
    dvc_repo.dvc("add", "--quiet", "data/one.csv", "data/many")
    dvc_repo.commit("other data")
    before = whole_state(dvc_repo)
    check_out(dvc_repo, run)
    assert own_files(contents_of(dvc_repo)) == own_files(run.contents)
    assert "up to date" in dvc_repo.dvc("status")
    go_back(dvc_repo)
    assert whole_state(dvc_repo) == before


def test_data_changed_behind_dvc_are_saved(dvc_repo: Scratch) -> None:
    run = record_run(dvc_repo, data=["data/one.csv", "data/many"])
    dvc_repo.write("data/one.csv", "only copy\n")
    dvc_repo.write("data/many/stray.txt", "only copy, too\n")
    before = whole_state(dvc_repo)
    check_out(dvc_repo, run)
    assert own_files(contents_of(dvc_repo)) == own_files(run.contents)
    go_back(dvc_repo)
    assert whole_state(dvc_repo) == before


def test_data_that_the_run_did_not_have_are_put_away(dvc_repo: Scratch) -> None:
    dvc_repo.git("rm", "-q", "data/one.csv.dvc")
    (dvc_repo.path / "data/one.csv").rename(dvc_repo.path / "kept")
    run = record_run(dvc_repo, data=["data/many"])
    dvc_repo.git("reset", "--quiet", "--hard")
    (dvc_repo.path / "kept").rename(dvc_repo.path / "data/one.csv")
    before = whole_state(dvc_repo)
    check_out(dvc_repo, run, keep=True)
    assert not (dvc_repo.path / "data/one.csv").exists()
    go_back(dvc_repo)
    assert whole_state(dvc_repo) == before


def test_data_survive_the_loss_of_dvc_cache_and_workspace(dvc_repo: Scratch) -> None:
    run = record_run(dvc_repo, data=["data/one.csv", "data/many"])
    shutil.rmtree(dvc_repo.path / ".dvc/cache")
    shutil.rmtree(dvc_repo.path.parent / "remote")
    dvc_repo.git("clean", "-ffdxq")
    check_out(dvc_repo, run)
    assert dvc_repo.read("data/one.csv") == "x,y\n1,2\n3,4\n"
    assert dvc_repo.read("data/many/deep/last.txt") == "deep\n"


def test_data_become_a_directory_where_a_file_was(repo: Scratch) -> None:
    repo.write(".gitignore", "/data\n")
    repo.commit("ignore")
    repo.write("data/a.txt", "a\n")
    os.symlink("a.txt", repo.path / "data/link")
    (repo.path / "data/empty").mkdir()
    run = record_run(repo, data=["data"])
    shutil.rmtree(repo.path / "data")
    repo.write("data", "a file now\n", mode=0o755)
    check_out(repo, run)
    assert repo.read("data/a.txt") == "a\n"
    assert os.readlink(repo.path / "data/link") == "a.txt"
    assert (repo.path / "data/empty").is_dir()
    go_back(repo)
    assert repo.read("data") == "a file now\n"
    assert os.access(repo.path / "data", os.X_OK)


def test_a_link_where_data_go_makes_room_and_comes_back(repo: Scratch) -> None:
    repo.write(".gitignore", "/data.csv\n")
    repo.commit("ignore")
    repo.write("data.csv", "read\n")
    run = record_run(repo, data=["data.csv"])
    outside = repo.path.parent / "outside.csv"
    outside.write_text("not to be touched\n")
    (repo.path / "data.csv").unlink()
    os.symlink(outside, repo.path / "data.csv")
    check_out(repo, run)
    assert outside.read_text() == "not to be touched\n"
    assert not (repo.path / "data.csv").is_symlink()
    assert repo.read("data.csv") == "read\n"
    go_back(repo)
    assert os.readlink(repo.path / "data.csv") == str(outside)


def test_data_behind_a_link_of_git_are_not_written(repo: Scratch) -> None:
    repo.write(".gitignore", "")
    outside = repo.path.parent / "outside"
    outside.mkdir()
    (outside / "x.csv").write_text("read\n")
    os.symlink(outside, repo.path / "data")
    repo.commit("a link")
    run = record_run(repo, data=["data/x.csv"])
    (outside / "x.csv").write_text("changed\n")
    outcome = check_out(repo, run)
    assert (outside / "x.csv").read_text() == "changed\n"
    assert any("data/x.csv" in note for note in outcome.notes)


def test_a_large_untracked_file_of_the_run_comes_back(repo: Scratch) -> None:
    repo.write("big.bin", b"\1" * (LARGE_BYTES + 1))
    run = record_run(repo)
    (repo.path / "big.bin").unlink()
    check_out(repo, run)
    assert (repo.path / "big.bin").stat().st_size == LARGE_BYTES + 1
    assert visible_status(repo) == run.status == "big.bin"
    go_back(repo)
    assert not (repo.path / "big.bin").exists()


def test_a_large_untracked_file_of_mine_is_saved(repo: Scratch) -> None:
    run = record_run(repo)
    repo.write("big.bin", b"\2" * (LARGE_BYTES + 1))
    before = whole_state(repo)
    check_out(repo, run, keep=True)
    assert not (repo.path / "big.bin").exists()
    go_back(repo)
    assert whole_state(repo) == before


def test_outputs_are_left_out_unless_asked_for(repo: Scratch) -> None:
    repo.write("out/model.bin", b"\0weights")
    repo.write("metrics.json", "{}")
    run = record_run(repo, outputs=["out"], inline=["metrics.json"])
    repo.git("clean", "-ffdxq")
    check_out(repo, run)
    assert not (repo.path / "out").exists()


def test_outputs_come_back_when_asked_for(repo: Scratch) -> None:
    repo.write(".gitignore", "/out/\n")
    repo.commit("ignore less")
    run_tree = record_run(repo, "l")
    repo.write("out/model.bin", b"\0weights")
    repo.write("metrics.json", "{}")
    (repo.path / "metrics.json").rename(repo.path / "out/metrics.json")
    run = record_run(repo, outputs=["out/model.bin"], inline=["out/metrics.json"])
    repo.git("clean", "-ffdxq")
    repo.write("out/model.bin", "other weights")
    before = whole_state(repo)
    check_out(repo, run, outputs=True)
    assert repo.read("out/model.bin") == "\0weights"
    assert repo.read("out/metrics.json") == "{}"
    go_back(repo)
    assert whole_state(repo) == before
    check_out(repo, run_tree)


def test_outputs_that_git_sees_do_not_make_the_next_checkout_refuse(repo: Scratch) -> None:
    run = record_run(repo)
    repo.write("seen.txt", "an output\n")
    with_outputs = record_run(repo, "l", outputs=["seen.txt"])
    (repo.path / "seen.txt").unlink()
    check_out(repo, with_outputs, outputs=True)
    check_out(repo, run)
    assert not (repo.path / "seen.txt").exists()


def test_ignored_files_stay_where_the_run_does_not_ignore_them(repo: Scratch) -> None:
    run = record_run(repo)
    repo.write(".gitignore", repo.read(".gitignore") + "/venv/\n")
    repo.commit("ignore more")
    repo.write("venv/bin/python", "mine\n")
    before = whole_state(repo)
    outcome = check_out(repo, run)
    assert repo.read("venv/bin/python") == "mine\n"
    assert any("venv/" in note for note in outcome.notes)
    check_out(repo, run)
    assert repo.read("venv/bin/python") == "mine\n"
    go_back(repo, 1)
    assert whole_state(repo) == before


def test_bytes_that_git_would_change_come_back_as_they_were(repo: Scratch) -> None:
    run = record_run(repo)
    repo.write(".gitattributes", "*.txt text eol=lf\n")
    repo.commit("attributes")
    repo.write("mixed.txt", b"one\r\ntwo\n")
    repo.write("new\nline.txt", b"one\r\ntwo\n")
    before = whole_state(repo)
    check_out(repo, run, keep=True)
    go_back(repo)
    assert whole_state(repo) == before


def test_a_file_that_only_changed_its_line_ends_is_no_obstacle(repo: Scratch) -> None:
    run = record_run(repo)
    repo.write(".gitattributes", "*.txt text eol=lf\n")
    repo.write("some.txt", b"one\ntwo\n")
    repo.commit("a text")
    repo.write("some.txt", b"one\r\ntwo\r\n")
    before = contents_of(repo)
    check_out(repo, run, keep=True)
    go_back(repo)
    assert contents_of(repo) == before


def test_data_known_by_hash_alone_are_mentioned(repo: Scratch) -> None:
    run = record_run(repo, more=[nowhere("gone.csv"), nowhere("/nowhere/gone.csv")])
    outcome = check_out(repo, run)
    assert [note for note in outcome.notes if "gone.csv" in note] == [
        "not as the run read it, and known by hash alone: gone.csv",
        "not as the run read it, and known by hash alone: /nowhere/gone.csv",
    ]


def test_a_submodule_is_left_as_it_is(repo: Scratch) -> None:
    inner = repo.clone(repo.path.parent / "inner")
    before_it = record_run(repo, "l")
    args = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    repo.git(*args, str(inner.path), "sub")
    repo.commit("a submodule")
    run = record_run(repo)
    before = whole_state(repo)
    outcome = check_out(repo, before_it)
    assert (repo.path / "sub/train.py").exists()
    outcome = check_out(repo, run, keep=True)
    assert any("submodule" in note for note in outcome.notes)
    go_back(repo, 1)
    assert whole_state(repo) == before


def test_a_sparse_checkout_keeps_its_shape(repo: Scratch) -> None:
    repo.write("inside/a.txt", "a\n")
    repo.write("outside/b.txt", "b\n")
    repo.commit("two directories")
    repo.git("sparse-checkout", "set", "inside")
    repo.write("inside/a.txt", "changed\n")
    run = record_run(repo)
    repo.git("checkout", "--quiet", "--", ".")
    before = whole_state(repo)
    check_out(repo, run)
    assert repo.read("inside/a.txt") == "changed\n"
    assert not (repo.path / "outside").exists()
    assert visible_status(repo) == run.status
    go_back(repo)
    assert whole_state(repo) == before

"""`repro fsck` as typed: what it says, its exit codes, and that a repaired run checks out."""

import json
import time
from pathlib import Path

import pytest

from repro.cli.commands.fsck import command
from tests.cli.recorded import call
from tests.fsck.broken import Ward, delete, flip, make_ward
from tests.repos import Scratch


@pytest.fixture
def ward(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return make_ward(repo, monkeypatch)


def code_of(ward: Ward, letter: str = "l") -> Path:
    return ward.loose(ward.oid(f"{ward.ref(letter)}:lib/deep/model.py"))


def test_a_sound_repository_is_said_to_be_so(ward: Ward) -> None:
    assert ward
    result = call(command)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr.startswith("checked 3 runs, ")
    assert result.stderr.endswith(" 0 data objects: nothing is lost or damaged\n")


def test_what_is_lost_is_a_line_with_the_runs_that_need_it(ward: Ward) -> None:
    path = code_of(ward)
    delete(path)
    result = call(command)
    assert result.exit_code == 1
    oid = path.parent.name + path.name
    assert result.stdout == (
        f"problem\tgit object\tblob {oid} (lib/deep/model.py): it is missing; "
        "needed by run-l (llllllll)\n"
    )
    assert "1 problem, 1 run concerned" in result.stderr
    assert "hint: repro fsck --repair" in result.stderr


def test_problems_as_json(ward: Ward) -> None:
    path = code_of(ward)
    flip(path)
    result = call(command, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["n_runs"] == 3
    assert found["notes"] == found["repaired"] == []
    (problem,) = found["problems"]
    assert problem["kind"] == "git object"
    assert problem["path"] == str(path)
    assert problem["runs"] == [{"id": ward.ids["l"], "name": "run-l"}]


def test_repair_says_what_it_does_and_where_things_are(ward: Ward) -> None:
    ward.push()
    flip(code_of(ward))
    result = call(command, "--repair")
    assert result.exit_code == 0, result.output
    assert "into quarantine" in result.stderr
    assert "fetched 1 git object from origin" in result.stderr
    assert "how to get it back: log.txt there" in result.stderr
    again = call(command)
    assert (again.exit_code, again.stdout) == (0, "")


def test_what_cannot_be_repaired_is_said_and_the_rest_is_listed(ward: Ward) -> None:
    delete(code_of(ward))
    result = call(command, "--repair")
    assert result.exit_code == 1
    assert "needed by run-l (llllllll)" in result.stdout
    assert "nothing could be repaired" in result.stderr
    for name in ("run-k", "run-l", "run-m"):
        assert name in ward.scratch.run_cli("ls").stdout


def test_runs_that_are_named_are_checked_alone(ward: Ward) -> None:
    delete(code_of(ward))
    assert call(command, "run-k", "m").exit_code == 0
    assert call(command, "run-l").exit_code == 1
    delete(ward.loose(ward.oid(ward.ref("m"))))
    assert call(command, "mmmmmmmm").exit_code == 1


def test_a_lost_commit_that_head_names_is_no_obstacle(ward: Ward) -> None:
    ward.push()
    delete(ward.loose(ward.scratch.head()))
    done = ward.scratch.run_cli("fsck", "--repair")
    assert "fetched" in done.stderr
    assert ward.scratch.run_cli("fsck").returncode == 0


def test_an_unknown_run_is_a_user_error(ward: Ward) -> None:
    done = ward.scratch.run_cli("fsck", "nosuch", check=False)
    assert done.returncode == 2
    assert "there is no run 'nosuch'" in done.stderr


def test_a_place_without_a_repository_is_a_user_error(tmp_path: Path) -> None:
    done = Scratch(tmp_path).run_cli("fsck", check=False)
    assert done.returncode == 2
    assert "not in a git repository" in done.stderr


def test_a_repaired_run_checks_out_byte_for_byte(dvc_repo: Scratch, tmp_path: Path) -> None:
    dvc_repo.write("train.py", "import json\njson.dump({'a': 1}, open('metrics.json', 'w'))\n")
    dvc_repo.write("lib/deep.py", "DEEP = 1\n" * 50)
    dvc_repo.run_cli("run", "-q", "-n", "first", "--", "python3", "train.py")
    (ref,) = dvc_repo.runs()
    dvc_repo.run_cli("checkout", "first", "--worktree", str(tmp_path / "before"))
    before = Scratch(tmp_path / "before").contents()
    remote = tmp_path / "origin.git"
    dvc_repo.git("init", "-q", "--bare", str(remote))
    dvc_repo.git("remote", "add", "origin", str(remote))
    dvc_repo.git("push", "-q", "origin", "refs/repro/runs/*:refs/repro/runs/*")
    dvc_repo.git("worktree", "remove", "--force", str(tmp_path / "before"))
    specs = ("", "^{tree}", ":lib/deep.py", ":.repro/run.yaml")
    for oid in dvc_repo.git("rev-parse", *(ref + spec for spec in specs)).split():
        delete(dvc_repo.path / ".git/objects" / oid[:2] / oid[2:])
    dvc_repo.git("checkout", "-q", "--", ".")
    dvc_repo.git("clean", "-q", "-d", "-f")
    for path in (dvc_repo.path / ".git/repro/store/files/md5").glob("??/*"):
        path.unlink()
    for path in (dvc_repo.path / ".dvc/cache/files/md5").glob("??/*"):
        path.unlink()
    assert dvc_repo.run_cli("fsck", check=False).returncode == 1
    dvc_repo.run_cli("fsck", "--repair")
    assert dvc_repo.run_cli("fsck").stdout == ""
    dvc_repo.run_cli("checkout", "first", "--worktree", str(tmp_path / "after"))
    after = Scratch(tmp_path / "after").contents()
    before.pop(".git", None)
    after.pop(".git", None)
    assert {path: x[1] for path, x in after.items()} == {path: x[1] for path, x in before.items()}


@pytest.mark.slow
def test_a_thousand_runs_are_checked_in_seconds(ward: Ward) -> None:
    body = ward.scratch.git("cat-file", "commit", ward.ref("l"))
    stream = []
    for number in range(1000):
        run_id = f"20260201T{number // 60:02}{number % 60:02}00-nnnnnnnn"
        text = body.replace(ward.ids["l"], run_id)
        message = text.partition("\n\n")[2] + "\n"
        stream.append(
            f"commit refs/repro/runs/{run_id}\ncommitter a <a@b> 1 +0000\n"
            f"data {len(message.encode())}\n{message}\nfrom {ward.scratch.head()}\n"
            f"M 040000 {ward.oid(ward.ref('l') + '^{tree}')} \n\n"
        )
    ward.scratch.git("fast-import", "--quiet", input="".join(stream))
    started = time.monotonic()
    ward.check()
    assert time.monotonic() - started < 15

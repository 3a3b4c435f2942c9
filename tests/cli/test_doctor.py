"""`repro doctor` as typed: what it sees, and secrets in runs that were recorded without care."""

import json
import os
import time
from pathlib import Path

import pytest

from repro.cli.commands.doctor import command
from repro.git.refs import list_refs
from repro.git.repository import open_repository
from repro.model.ids import RUN_REFS
from repro.record.live import live_run
from repro.store.archive import fold_runs
from repro.store.writer import current_writer
from tests.cli.recorded import Shelf, call, shelf
from tests.compare.samples import START
from tests.repos import Scratch

TOKEN = "ghp_" + "k3Jd82LmQx0ZvB7nYtR5wPcHs1FaGe9uXoTi"


@pytest.fixture
def here(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    return shelf(repo, monkeypatch)


def test_all_is_well_in_a_fresh_repository(here: Shelf) -> None:
    result = call(command)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert {line.split()[0] for line in lines} == {"ok"}
    assert [line.split()[1] for line in lines][:5] == ["git", "uv", "dvc", "python", "repository"]
    assert str(here.scratch.path) in result.stdout


def test_checks_as_json(here: Shelf) -> None:
    here.put("k")
    rows = {row["name"]: row for row in json.loads(call(command, "--json").stdout)}
    assert rows["runs"] == {"name": "runs", "ok": True, "text": "1 run", "hint": None}


def test_a_key_that_others_can_read_is_a_problem(here: Shelf) -> None:
    here.scratch.run_cli("run", "-q", "--", "true")
    key = here.scratch.path / ".git/repro/secret-key"
    assert call(command).exit_code == 0
    key.chmod(0o644)
    result = call(command)
    assert result.exit_code == 1
    assert f"hint: chmod 600 {key}" in result.stdout
    key.chmod(0o600)
    assert call(command).exit_code == 0


def test_a_state_directory_that_cannot_be_written_is_a_problem(here: Shelf) -> None:
    (here.scratch.path / ".git/repro").write_text("in the way")
    result = call(command)
    assert result.exit_code == 1
    assert "problem state" in result.stdout


def test_a_run_that_cannot_be_read_is_a_problem(here: Shelf) -> None:
    here.scratch.git("update-ref", "refs/repro/runs/20240506T070809-kkkkkkkk", "HEAD")
    result = call(command)
    assert result.exit_code == 1
    assert "problem run" in result.stdout
    assert "hint:" in result.stdout


def test_runs_in_progress_are_counted_and_dead_ones_are_a_problem(here: Shelf) -> None:
    from repro.git.repository import open_repository

    with here.running("k"):
        result = call(command)
        assert result.exit_code == 0
        assert "in progress 1 run" in result.stdout
    assert call(command).exit_code == 1
    repo = open_repository(str(here.scratch.path))
    (live,) = (path.name for path in Path(f"{repo.state_dir}/live").iterdir())
    live_run(repo, live).remove()  # type: ignore[arg-type]
    assert call(command).exit_code == 0


def test_runs_without_secrets_are_clean(here: Shelf) -> None:
    here.scratch.write("train.py", "tokenizer = load('bert')\nmax_tokens = 512\n")
    here.put("k")
    here.put("l", minute=1)
    result = call(command, "--secrets")
    assert result.exit_code == 0
    assert result.stdout.endswith(" files in 2 runs: no secrets found\n")


def test_a_repository_without_runs_is_clean(here: Shelf) -> None:
    assert here
    assert call(command, "--secrets").stdout == "0 files in 0 runs: no secrets found\n"


def test_secrets_are_named_by_their_place_and_never_shown(here: Shelf) -> None:
    here.put("k")
    here.scratch.write("train.py", f"import x\napi = x({TOKEN!r})\n")
    here.put("l", minute=1, output=f"hello\n\n{TOKEN}\n".encode())
    here.put("m", minute=2, run={"message": f"with {TOKEN}"})
    result = call(command, "--secrets")
    assert result.exit_code == 1
    rows = [line.split("\t")[:2] for line in result.stdout.splitlines()]
    assert ["llllllll", "train.py:2"] in rows
    assert ["llllllll", ".repro/logs/output.txt:3"] in rows
    assert ["mmmmmmmm", ".repro/run.yaml"] in [[run, at.rpartition(":")[0]] for run, at in rows]
    assert ["mmmmmmmm", "commit message:3"] in rows
    assert "kkkkkkkk" not in result.stdout
    assert TOKEN not in result.output
    assert "revoke" in result.stderr
    assert "  repro rm " in result.stderr
    assert "  repro gc --now && git gc --prune=now\n" in result.stderr
    assert "git push REMOTE --delete refs/repro/runs/ID" in result.stderr


def test_a_blob_that_many_runs_hold_is_one_finding(here: Shelf) -> None:
    here.scratch.write("train.py", f"{TOKEN}\n")
    for minute, letters in enumerate("klm"):
        here.put(letters, minute=minute)
    result = call(command, "--secrets")
    (row,) = result.stdout.splitlines()
    assert row.startswith("kkkkkkkk\ttrain.py:1\t")
    assert row.endswith(", and in 2 more runs")
    (finding,) = json.loads(call(command, "--secrets", "--json").stdout)["findings"]
    assert [run[-8:] for run in (finding["run"], *finding["also_in"])] == [
        *("kkkkkkkk", "llllllll", "mmmmmmmm")
    ]


def test_only_the_runs_that_are_named_are_searched(here: Shelf) -> None:
    here.put("k")
    here.scratch.write("train.py", f"{TOKEN}\n")
    here.put("l", minute=1)
    assert call(command, "--secrets", "run-k").exit_code == 0
    assert call(command, "--secrets", "run-k", "run-l").exit_code == 1


def test_a_run_that_is_named_without_secrets_is_a_usage_error(here: Shelf) -> None:
    here.put("k")
    result = call(command, "run-k")
    assert result.exit_code == 2
    assert "--secrets" in result.stderr


def test_what_the_commit_itself_holds_is_not_the_runs(here: Shelf) -> None:
    here.scratch.write("train.py", f"{TOKEN}\n")
    here.scratch.commit("the user's own history")
    here.put("k")
    assert call(command, "--secrets").exit_code == 0


def test_a_file_of_secrets_counts_by_its_name_until_it_is_marked(here: Shelf) -> None:
    here.scratch.write(".env", "# mine\nDB=ordinary\n")
    here.put("k")
    result = call(command, "--secrets")
    assert result.stdout.startswith("kkkkkkkk\t.env:2\t")
    here.scratch.git("update-ref", "-d", here.scratch.runs()[0])
    here.scratch.write(".env", "# mine\nDB=<redacted:0123abcd>\n")
    here.put("l", minute=1)
    assert call(command, "--secrets").exit_code == 0


def test_marks_are_no_secrets(here: Shelf) -> None:
    here.scratch.write("train.py", f"api = connect('{TOKEN}')\n")
    here.scratch.write(".env", f"TOKEN={TOKEN}\n")
    here.scratch.run_cli("run", "-q", "-m", f"token={TOKEN}", "--", "echo", f"--token={TOKEN}")
    result = call(command, "--secrets")
    assert result.exit_code == 0, result.output


@pytest.mark.slow
def test_a_thousand_runs_are_searched_in_seconds(here: Shelf) -> None:
    here.put("k")
    (oid,) = here.scratch.git("for-each-ref", "--format=%(objectname)", "refs/repro/runs").split()
    lines = "".join(
        f"create refs/repro/runs/20240506T{n // 60:02}{n % 60:02}09-{'l' * 8} {oid}\n"
        for n in range(1000)
    )
    here.scratch.git("update-ref", "--stdin", input=lines)
    started = time.monotonic()
    result = call(command, "--secrets")
    assert time.monotonic() - started < 5
    assert " in 1,001 runs" in result.stdout


def test_a_directory_without_a_repository_is_refused(tmp_path: Path) -> None:
    done = Scratch(tmp_path).run_cli("doctor", check=False)
    assert done.returncode == 2
    assert "not in a git repository" in done.stderr
    assert os.listdir(tmp_path) == []


def test_secrets_are_found_in_folded_runs_and_gone_as_the_hints_say(here: Shelf) -> None:
    here.put("k", run={"message": f"with {TOKEN}"})
    here.put("l", minute=1)
    repo = open_repository(str(here.scratch.path))
    oid = here.scratch.git("rev-parse", here.scratch.runs()[0])
    fold_runs(repo, list_refs(repo, RUN_REFS), writer=current_writer(repo), at=START)
    assert here.scratch.runs() == []

    result = call(command, "--secrets")
    assert result.exit_code == 1
    assert "kkkkkkkk" in result.stdout
    assert call(command, "--secrets", "kkkkkkkk").exit_code == 1
    here.scratch.run_cli("rm", "kkkkkkkk")
    here.scratch.run_cli("gc", "--now")
    here.scratch.git("reflog", "expire", "--expire=now", "--all")
    here.scratch.git("gc", "--quiet", "--prune=now")

    assert call(command, "--secrets").exit_code == 0
    assert here.scratch.git("cat-file", "-t", oid, check=False) == ""

"""What `repro doctor` warns of: each check, seen to say so and seen to be silent."""

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from repro.cli.checks import place
from repro.cli.checks.machine import check_machine
from repro.cli.checks.place import file_system_of, judge_clock
from repro.cli.commands.doctor import command
from repro.data.store import ObjectStore
from repro.git.repository import open_repository
from repro.model.data import Artifact
from repro.store.shared import Shared, note_shared
from tests.cli.recorded import Shelf, call, shelf
from tests.repos import Scratch


@pytest.fixture
def here(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    return shelf(repo, monkeypatch)


def rows(name: str) -> list[dict[str, object]]:
    """Returns what the doctor says under a name."""
    found = json.loads(call(command, "--json").stdout)
    return [row for row in found if row["name"] == name]


def one(name: str) -> tuple[bool, str, str | None]:
    (row,) = rows(name)
    return row["ok"], row["text"], row["hint"]  # type: ignore[return-value]


def test_an_old_git_is_a_problem(here: Shelf, tmp_path: Path) -> None:
    repo = open_repository(str(here.scratch.path))
    old = tmp_path / "bin/git"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho git version 2.20.1\n")
    old.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{old.parent}:{os.environ['PATH']}")
        git = next(check_machine(repo))
    assert not git.is_ok
    assert git.text == "2.20.1: older than 2.30, which repro needs"


def test_clocks_that_differ_are_a_problem() -> None:
    assert judge_clock(2).is_ok
    assert judge_clock(-2).is_ok
    ahead, behind = judge_clock(90), judge_clock(-3600)
    assert not ahead.is_ok
    assert "90 s ahead of" in ahead.text
    assert not behind.is_ok
    assert "3,600 s behind" in behind.text


def test_a_run_of_tomorrow_is_worth_a_note(here: Shelf) -> None:
    assert [row["hint"] for row in rows("clock")] == [None]
    here.put("k", run={"started_at": datetime.now(UTC) + timedelta(days=1)})
    assert any("1 run start later than now, such as run-k" in str(x["text"]) for x in rows("clock"))
    result = call(command)
    assert "note    clock" in result.stdout


def test_a_commit_of_tomorrow_is_worth_a_note(here: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"{int(time.time()) + 86400} +0000")
    here.scratch.commit("from the future")
    assert any("HEAD was committed later" in str(row["text"]) for row in rows("clock"))


def test_another_distribution_with_our_module_is_a_problem(
    here: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here
    assert rows("repro")[0]["ok"]
    info = tmp_path / "site/repro_tools-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: repro-tools\nVersion: 1.2\n")
    (info / "RECORD").write_text("repro/__init__.py,,\nother.py,,\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "site")])
    ok, text, hint = one("repro")
    assert not ok
    assert text == "repro-tools 1.2 installs a module named repro too"
    assert hint is not None
    assert hint.startswith("pip uninstall repro-tools")


def test_another_module_before_ours_is_a_problem(
    here: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here
    (tmp_path / "repro.py").write_text("")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    assert one("repro")[0], "ours is found first"
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    ok, text, _ = one("repro")
    assert not ok
    assert str(tmp_path / "repro.py") in text


@pytest.mark.parametrize(
    ("script", "is_ok"),
    [("#!/bin/sh\necho other\n", False), ("#!python\nfrom repro.cli.main import entry\n", True)],
)
def test_another_program_of_our_name_is_a_problem(
    here: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, is_ok: bool
) -> None:
    assert here
    (tmp_path / "repro").write_text(script)
    (tmp_path / "repro").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert one("repro")[0] is is_ok


def test_hooks_that_call_repro_are_named(here: Shelf) -> None:
    assert one("hooks")[1] == "none installed"
    here.scratch.write(".git/hooks/post-commit", "#!/bin/sh\nrepro record -q\n", mode=0o755)
    here.scratch.write(".git/hooks/pre-commit", "#!/bin/sh\ntrue\n", mode=0o755)
    assert one("hooks")[1] == "installed: post-commit"


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("gc.pruneExpire", "now", "git gc may delete what a run is just writing"),
        ("remote.origin.mirror", "true", "origin is a mirror"),
        ("remote.origin.fetch", "+refs/repro/*:refs/repro/*", "git fetch --prune origin deletes"),
        ("remote.origin.fetch", "+refs/*:refs/*", "git fetch --prune origin deletes"),
        ("remote.a.b.fetch", "refs/repro/runs/*:refs/repro/runs/*", "--prune a.b deletes"),
        ("remote.origin.push", "refs/*:refs/*", "pushes runs without their data"),
    ],
)
def test_a_setting_that_endangers_runs_is_a_problem_with_its_cure(
    here: Shelf, key: str, value: str, text: str
) -> None:
    assert one("settings")[0]
    here.scratch.git("config", "--add", key, value)
    ok, said, hint = one("settings")
    assert not ok
    assert text in said
    assert hint is not None
    os.system(hint.partition(";")[0])  # noqa: S605
    assert one("settings")[0]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"),
        ("remote.origin.fetch", "+refs/repro/*:refs/remotes/origin/repro/*"),
        ("remote.origin.push", "refs/heads/*:refs/heads/*"),
        ("gc.pruneExpire", "3.days.ago"),
        ("remote.origin.mirror", "false"),
    ],
)
def test_an_ordinary_setting_is_none(here: Shelf, key: str, value: str) -> None:
    here.scratch.git("config", "--add", key, value)
    assert one("settings")[0]


def test_many_unpacked_refs_are_worth_a_note(here: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    here.put("k")
    here.put("l", minute=1)
    assert rows("refs") == []
    monkeypatch.setattr(place, "_MANY_REFS", 1)
    assert one("refs") == (True, "2 runs on unpacked refs slow git down", "repro gc")


def test_runs_that_no_remote_has_are_worth_a_note(here: Shelf) -> None:
    record = here.put("k")
    here.put("l", minute=1)
    assert one("shared") == (True, "no git remote: the runs are in this clone alone", None)
    here.scratch.git("remote", "add", "origin", "../nowhere")
    repo = open_repository(str(here.scratch.path))
    note_shared(repo, Shared("origin", frozenset({record.run.id})))
    text = "1 of 2 runs are on no remote, as far as is known"
    assert one("shared") == (True, text, "repro push")


def test_shallow_and_partial_clones_are_worth_a_note(
    here: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.scratch.commit("second")
    here.scratch.git("config", "uploadpack.allowFilter", "true")
    url = here.scratch.path.as_uri()
    assert rows("clone") == []
    here.scratch.git("clone", "-q", "--depth=1", "--filter=blob:none", url, f"{tmp_path}/clone")
    monkeypatch.chdir(tmp_path / "clone")
    texts = [str(row["text"]) for row in rows("clone")]
    assert [text.partition(" clone:")[0] for text in texts] == ["shallow", "partial"]


def test_a_network_file_system_is_named(here: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    assert here
    assert file_system_of("/proc/self") == "proc"
    monkeypatch.setattr(place, "file_system_of", lambda _: "nfs4")
    assert "on nfs4: runs are listed without an index" in one("disk")[1]


def test_a_cache_of_dvc_on_another_file_system_is_worth_a_note(
    dvc_repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf(dvc_repo, monkeypatch)
    assert rows("disk") == []
    other = Path("/dev/shm")
    if not other.is_dir() or os.stat(other).st_dev == os.stat(dvc_repo.path).st_dev:
        pytest.skip("there is no other file system here")
    cache = other / f"repro-test-{os.getpid()}"
    (cache / "files/md5").mkdir(parents=True)
    try:
        dvc_repo.dvc("cache", "dir", "--local", str(cache))
        assert "copied, not linked" in one("disk")[1]
    finally:
        (cache / "files/md5").rmdir()
        (cache / "files").rmdir()
        cache.rmdir()


def test_data_that_dvc_gc_would_delete_is_a_problem(
    dvc_repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    dvc_repo.run_cli("run", "-q", "--", "true")
    shelf(dvc_repo, monkeypatch)
    ok, text, _ = one("data")
    assert ok
    assert text == "6 objects of runs, safe from dvc gc"
    for path in (dvc_repo.path / ".git/repro/store/files/md5").glob("??/*"):
        if not path.name.endswith(".dir"):
            path.unlink()
    assert one("data") == (
        False,
        "5 objects of runs are in DVC's cache alone: dvc gc deletes them",
        "repro fsck --repair",
    )
    dvc_repo.run_cli("fsck", "--repair")
    assert one("data")[0]


def test_data_that_is_nowhere_is_a_problem_unless_a_remote_has_it(here: Shelf) -> None:
    repo = open_repository(str(here.scratch.path))
    value = ObjectStore(f"{repo.state_dir}/store").add_bytes(b"weights")
    here.put("k", artifacts=(Artifact("out/w", value, 7),))
    assert one("data")[0]
    os.unlink(ObjectStore(f"{repo.state_dir}/store").path_of(value))
    assert "not in the object store: 1 object that runs need" in one("data")[1]
    note_shared(repo, Shared("origin", data={"s3": frozenset({value})}))
    assert one("data")[0]


def test_a_project_without_a_remote_for_its_data_is_worth_a_note(
    dvc_repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf(dvc_repo, monkeypatch)
    assert [row["hint"] for row in rows("data")] == [None]
    dvc_repo.dvc("remote", "remove", "here")
    assert "no DVC remote: data of runs cannot be pushed" in [x["text"] for x in rows("data")]


@pytest.mark.slow
def test_a_thousand_runs_take_no_longer_than_a_second_and_a_half(here: Shelf) -> None:
    record = here.put("k")
    body = here.scratch.git("cat-file", "commit", here.scratch.runs()[0])
    tree = here.scratch.git("rev-parse", f"{here.scratch.runs()[0]}^{{tree}}")
    stream = []
    for number in range(1000):
        run_id = f"20260201T{number // 60:02}{number % 60:02}00-nnnnnnnn"
        message = body.replace(record.run.id, run_id).partition("\n\n")[2] + "\n"
        stream.append(
            f"commit refs/repro/runs/{run_id}\ncommitter a <a@b> 1 +0000\n"
            f"data {len(message.encode())}\n{message}\nM 040000 {tree} \n\n"
        )
    here.scratch.git("fast-import", "--quiet", input="".join(stream))
    call(command)
    took_s = []
    for _ in range(3):
        started = time.monotonic()
        assert "1,001 runs" in call(command).stdout
        took_s.append(time.monotonic() - started)
    assert min(took_s) < 1.5

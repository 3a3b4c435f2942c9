"""The bytes of runs: through the DVC remote, before the runs, and byte for byte back."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from repro.git.repository import open_repository
from repro.model.ids import RunId
from repro.share.needs import needs_of
from repro.store.listing import known_runs
from repro.store.shared import read_shared
from tests.repos import Scratch
from tests.share.clones import Lab, make_hub

_TRAIN = """\
import hashlib, json, pathlib, sys

seed = sys.argv[1]
text = pathlib.Path("data/one.csv").read_text() + pathlib.Path("extra.csv").read_text()
pathlib.Path("model").mkdir(exist_ok=True)
for part in range(3):
    content = hashlib.sha256(f"{seed}{part}".encode()).digest() * 40_000
    pathlib.Path(f"model/part-{part}.bin").write_bytes(content)
pathlib.Path("metrics.json").write_text(json.dumps({"acc": int(seed) / 100}))
"""


@pytest.fixture
def dvc_lab(dvc_repo: Scratch, tmp_path: Path) -> Lab:
    """Clones of a repository with data in DVC, whose remote lies beside them."""
    dvc_repo.write("train.py", _TRAIN)
    dvc_repo.write(".gitignore", "/metrics.json\n/model/\n/extra.csv\n__pycache__/\n")
    dvc_repo.commit("train")
    lab = make_hub(dvc_repo, tmp_path)
    lab.alice.scratch.dvc("pull", "--quiet")
    return lab


def _record(lab: Lab, seed: int) -> None:
    scratch = lab.alice.scratch
    scratch.write("data/one.csv", f"x,y\n{seed},{seed}\n")
    scratch.dvc("add", "--quiet", "data/one.csv") if seed % 5 == 0 else None
    scratch.write("extra.csv", f"extra {seed}\n")
    scratch.run_cli("run", "--", "python", "train.py", str(seed))


def _objects(base: Path) -> set[str]:
    root = base / "files/md5"
    return {f"{path.parent.name}{path.name}" for path in root.glob("??/*")}


def _state_of(path: Path) -> dict[str, str]:
    """Returns the digest of every file of a working tree."""
    found = {}
    for directory, names, files in os.walk(path):
        names[:] = [name for name in names if name not in (".git", ".repro", ".dvc")]
        for name in set(files) - {".git"}:
            full = Path(directory, name)
            found[str(full.relative_to(path))] = hashlib.sha256(full.read_bytes()).hexdigest()
    return found


def _check_out(lab: Lab, clone: str, run: RunId) -> dict[str, str]:
    scratch = {"alice": lab.alice, "bob": lab.bob}[clone].scratch
    target = scratch.path.parent / f"{clone}-{run}"
    scratch.run_cli("checkout", run, "--outputs", "--worktree", str(target))
    found = _state_of(target)
    scratch.git("worktree", "remove", "--force", str(target))
    return found


@pytest.mark.slow
def test_data_is_there_before_the_run_is_seen(dvc_lab: Lab) -> None:
    _record(dvc_lab, 1)
    repo = dvc_lab.alice.repo
    run = known_runs(repo)[0]
    hashes = needs_of(repo, [(run.id, run.oid)])[run.id].hashes
    assert hashes
    remote = dvc_lab.hub.path.parent / "remote"
    script = f"#!/bin/sh\nls {remote}/files/md5/* > {remote}/seen\n"
    dvc_lab.hub.write("hooks/pre-receive", script, mode=0o755)

    dvc_lab.alice.push(data=True)

    seen = (remote / "seen").read_text()
    assert all(value[2:] in seen for value in hashes)
    assert read_shared(repo, "origin").data["here"] >= hashes


def test_without_data_is_made_good_later(dvc_lab: Lab) -> None:
    _record(dvc_lab, 1)
    remote = dvc_lab.hub.path.parent / "remote"
    before = _objects(remote)

    first = dvc_lab.alice.scratch.run_cli("push", "--no-data")
    assert "pushed 1 run" in first.stderr
    assert _objects(remote) == before
    pulled = dvc_lab.bob.scratch.run_cli("pull", check=False)
    assert pulled.returncode == 1
    assert "without its data" in pulled.stderr

    second = dvc_lab.alice.scratch.run_cli("push")
    assert "objects to the DVC remote here" in second.stderr
    assert _objects(remote) > before
    run = known_runs(dvc_lab.bob.repo)[0].id
    assert "of data" in dvc_lab.bob.scratch.run_cli("pull", run).stderr


def test_a_repository_without_a_dvc_remote_shares_runs_and_says_how_to_share_data(
    dvc_lab: Lab,
) -> None:
    scratch = dvc_lab.alice.scratch
    _record(dvc_lab, 1)
    scratch.dvc("remote", "remove", "here")

    done = scratch.run_cli("push", check=False)

    assert done.returncode == 1
    assert "pushed 1 run to origin" in done.stderr
    assert "without its data" in done.stderr
    assert "hint: dvc remote add -d NAME URL && repro push" in done.stderr
    assert len(dvc_lab.hub.runs()) == 1


def test_pull_without_data_leaves_it_for_checkout(dvc_lab: Lab) -> None:
    _record(dvc_lab, 1)
    dvc_lab.alice.push(data=True)
    dvc_lab.bob.scratch.run_cli("pull", "--no-data")
    store = Path(dvc_lab.bob.repo.state_dir, "store")
    assert _objects(store) == set()

    run = known_runs(dvc_lab.bob.repo)[0].id

    assert _check_out(dvc_lab, "bob", run) == _check_out(dvc_lab, "alice", run)
    assert "nothing new" in dvc_lab.bob.scratch.run_cli("pull").stderr


def test_data_of_a_pull_that_was_stopped_comes_with_the_next(dvc_lab: Lab) -> None:
    _record(dvc_lab, 1)
    dvc_lab.alice.push(data=True)
    from repro.share.pull import pull_refs

    pull_refs(dvc_lab.bob.repo, dvc_lab.bob.remote, with_data=True)  # and no further
    store = Path(dvc_lab.bob.repo.state_dir, "store")
    assert _objects(store) == set()

    assert "of data" in dvc_lab.bob.scratch.run_cli("pull").stderr
    assert _objects(store)


def test_where_everything_is(dvc_lab: Lab) -> None:
    _record(dvc_lab, 1)
    dvc_lab.alice.scratch.run_cli("push")
    _record(dvc_lab, 2)
    dvc_lab.alice.scratch.write("train.py", _TRAIN + "# of no branch there\n")
    dvc_lab.alice.scratch.commit("unpushed")
    _record(dvc_lab, 3)
    dvc_lab.alice.scratch.run_cli("push", "--no-data", "@")

    rows = json.loads(dvc_lab.alice.scratch.run_cli("ls", "--json", "--remote").stdout)

    found = [(row["record"], row["code"], row["data"]) for row in rows]
    assert found[1:] == [("here", "branch", "some"), ("both", "branch", "all")]
    assert found[0][:2] == ("both", "with the run")
    assert found[0][2] in ("some", "no")
    assert rows[2]["data_remotes"] == ["here"]
    assert read_shared(dvc_lab.alice.repo, "origin").runs == {rows[0]["id"], rows[2]["id"]}
    again = dvc_lab.alice.scratch.run_cli("push")
    assert "pushed 1 run" in again.stderr
    rows = json.loads(dvc_lab.alice.scratch.run_cli("ls", "--json", "--remote").stdout)
    assert [(row["record"], row["data"]) for row in rows] == [("both", "all")] * 3
    theirs = open_repository(str(dvc_lab.bob.scratch.path))
    assert known_runs(theirs) == []
    listed = dvc_lab.bob.scratch.run_cli("ls", "--remote")
    assert listed.stdout.count("\tthere\t?\t?") == 3
    assert "repro pull" in listed.stderr

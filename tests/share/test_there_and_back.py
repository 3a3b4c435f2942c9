"""The whole journey: one clone records and pushes, a fresh clone pulls and checks every run out."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.repos import Scratch, run_program
from tests.s3 import ACCESS_KEY, SECRET_KEY, Bucket, serve_s3, use_s3
from tests.share.servers import PASSWORD, SSHD, USER, http_server, ssh_server

N_RUNS = 20
_STATE = ("train.py", "params.yaml", "data/one.csv", "data/many")
_TRAIN = """\
import json, pathlib, random

lr = float(open("params.yaml").readline().split(": ")[1])
rows = open("data/one.csv").read()
many = [path.read_text() for path in sorted(pathlib.Path("data/many").rglob("*.txt"))]
pathlib.Path("out").mkdir(exist_ok=True)
random.seed(lr)
open("out/model.bin", "wb").write(random.randbytes(100_000) + rows.encode())
json.dump({"accuracy": lr / 100 + len(rows) / 1e6 + len(many)}, open("metrics.json", "w"))
"""


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(params=["file", "http", "ssh"])
def address(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The address of an empty repository, by each transport."""
    hub = tmp_path / "hubs" / "hub.git"
    hub.parent.mkdir()
    run_program("git", "init", "--quiet", "--bare", "-b", "main", str(hub), cwd=tmp_path)
    run_program("git", "config", "http.receivepack", "true", cwd=hub)
    with ExitStack() as stack:
        if request.param == "file":
            yield f"file://{hub}"
        elif request.param == "http":
            url = stack.enter_context(http_server(hub.parent))
            yield url.replace("://", f"://{USER}:{PASSWORD}@") + "/hub.git"
        else:
            if SSHD is None:
                pytest.skip("sshd is not installed: apt-get install openssh-server")
            server = stack.enter_context(ssh_server(tmp_path / "sshd"))
            monkeypatch.setenv("GIT_SSH_COMMAND", server.command)
            yield f"{server.address}{hub}"


def _record(repo: Scratch) -> dict[str, dict[str, bytes]]:
    """Records runs of other code, params and data each; returns what each run saw and made."""
    seen = {}
    for number in range(N_RUNS):
        repo.write("train.py", f"# version {number // 3}\n{_TRAIN}")
        repo.write("params.yaml", f"lr: {number}\n")
        if number % 4 == 1:
            repo.write("data/one.csv", f"x,y\n{number},2\n")
            repo.write(f"data/many/{number}.txt", f"more {number}\n")
            repo.dvc("add", "--quiet", "data/one.csv", "data/many")
        if number == N_RUNS // 2:
            repo.commit("half way")
        state = _bytes(repo, *_STATE)
        repo.run_cli("run", "-q", "-n", f"run-{number}", "--", sys.executable, "train.py")
        seen[f"run-{number}"] = state | _bytes(repo, "out", "metrics.json")
    return seen


def _bytes(repo: Scratch, *paths: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in (repo.path / name for name in paths):
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        found |= {str(file.relative_to(repo.path)): file.read_bytes() for file in files}
    return found


def _every_run_comes_back(theirs: Scratch, seen: dict[str, dict[str, bytes]]) -> None:
    for name, expected in seen.items():
        theirs.run_cli("checkout", name, "--outputs")
        assert _bytes(theirs, *_STATE, "out", "metrics.json") == expected, name


@pytest.mark.slow
def test_twenty_runs_with_data_on_a_directory(
    dvc_repo: Scratch, address: str, tmp_path: Path
) -> None:
    dvc_repo.git("remote", "add", "origin", address)
    seen = _record(dvc_repo)
    dvc_repo.git("push", "--quiet", "origin", "main")
    dvc_repo.run_cli("push")

    run_program("git", "clone", "--quiet", address, str(tmp_path / "theirs"), cwd=tmp_path)
    theirs = Scratch(tmp_path / "theirs")
    theirs.run_cli("pull")
    (tmp_path / "repo").rename(tmp_path / "gone")
    (tmp_path / "remote").rename(tmp_path / "away")

    _every_run_comes_back(theirs, seen)
    assert theirs.run_cli("fsck").returncode == 0


@pytest.mark.slow
def test_twenty_runs_with_data_on_s3(dvc_repo: Scratch, tmp_path: Path) -> None:
    with serve_s3() as url:
        bucket = Bucket("journey", url)
        bucket.make()
        use_s3(dvc_repo, bucket)
        dvc_repo.commit("data is on s3")
        run_program("git", "init", "--quiet", "--bare", "-b", "main", "hub.git", cwd=tmp_path)
        dvc_repo.git("remote", "add", "origin", str(tmp_path / "hub.git"))
        seen = _record(dvc_repo)
        dvc_repo.git("push", "--quiet", "origin", "main")
        dvc_repo.run_cli("push")

        theirs = Scratch(tmp_path / "hub.git").clone(tmp_path / "theirs")
        theirs.run_cli("pull", "--no-data")
        (tmp_path / "repo").rename(tmp_path / "gone")

        # Its data comes when it is wanted.
        _every_run_comes_back(theirs, seen)


@pytest.mark.slow
def test_data_that_a_remote_keeps_by_version_comes_by_the_runs_own_files(
    dvc_repo: Scratch, tmp_path: Path
) -> None:
    with serve_s3() as url:
        bucket = Bucket("versions", url)
        bucket.make()
        bucket.keep_versions()
        use_s3(dvc_repo, bucket, more="    version_aware = true\n")
        dvc_repo.dvc("push", "--quiet")
        dvc_repo.commit("versions")
        run_program("git", "init", "--quiet", "--bare", "-b", "main", "hub.git", cwd=tmp_path)
        dvc_repo.git("remote", "add", "origin", str(tmp_path / "hub.git"))
        seen = _bytes(dvc_repo, *_STATE)
        dvc_repo.run_cli("run", "-q", "-n", "old", "--", sys.executable, "train.py")
        dvc_repo.write("data/one.csv", "newer\n")
        dvc_repo.dvc("add", "--quiet", "data/one.csv")
        dvc_repo.dvc("push", "--quiet")
        dvc_repo.commit("newer")
        dvc_repo.git("push", "--quiet", "origin", "main")
        dvc_repo.run_cli("push", "--no-data")

        for name, pulled in (("one", ("pull", "--no-data")), ("two", ("pull",))):
            theirs = Scratch(tmp_path / "hub.git").clone(tmp_path / name)
            theirs.run_cli(*pulled)
            theirs.run_cli("checkout", "old")
            assert _bytes(theirs, *_STATE) == seen

"""Outputs without a place in the working tree, large ones: shared, checked and kept like others."""

import json
from pathlib import Path

import pytest

from tests.reading.journals import LARGE_BYTES, record_logged
from tests.repos import Scratch
from tests.share.clones import Lab, make_hub

LARGE = bytes(range(250)) * (LARGE_BYTES // 250)


@pytest.fixture
def dvc_lab(dvc_repo: Scratch, tmp_path: Path) -> Lab:
    """Clones of a repository with data in DVC, whose remote lies beside them."""
    lab = make_hub(dvc_repo, tmp_path)
    record_logged(lab.alice.scratch, "logged", texts={"a.txt": "hello\n"}, large={"w.bin": "model"})
    return lab


def test_a_large_one_comes_with_its_run(dvc_lab: Lab, tmp_path: Path) -> None:
    dvc_lab.alice.scratch.run_cli("push")
    bob = dvc_lab.bob.scratch
    bob.run_cli("pull")
    bob.run_cli("checkout", "logged", "--outputs", "--worktree", str(tmp_path / "there"))
    assert (tmp_path / "there/.repro/logged/w.bin").read_bytes() == LARGE
    assert (tmp_path / "there/.repro/logged/a.txt").read_text() == "hello\n"
    assert "nothing is lost" in bob.run_cli("fsck").stderr


def test_a_checkout_fetches_what_a_pull_left(dvc_lab: Lab, tmp_path: Path) -> None:
    dvc_lab.alice.scratch.run_cli("push")
    bob = dvc_lab.bob.scratch
    bob.run_cli("pull", "--no-data")
    bob.run_cli("checkout", "logged", "--outputs", "--worktree", str(tmp_path / "there"))
    assert (tmp_path / "there/.repro/logged/w.bin").read_bytes() == LARGE


def test_the_collector_keeps_it_as_long_as_its_run(dvc_lab: Lab) -> None:
    scratch = dvc_lab.alice.scratch
    objects = scratch.path / ".git/repro/store/files/md5"
    held = {path for path in objects.glob("??/*") if path.stat().st_size == LARGE_BYTES}
    assert len(held) == 1
    young = "1 object less than an hour old, which nothing needs"
    assert young not in scratch.run_cli("gc", "--older-than", "0", "--now").stderr
    assert all(path.exists() for path in held)
    rows = scratch.run_cli("du").stdout.splitlines()
    row = dict(zip(rows[0].split("\t"), rows[1].split("\t"), strict=True))
    assert int(row["artifact_bytes"]) == LARGE_BYTES + len("hello\n")
    scratch.run_cli("rm", "logged")
    assert young in scratch.run_cli("gc", "--older-than", "0", "--now").stderr


def test_damage_is_found_and_mended_from_the_remote(dvc_lab: Lab) -> None:
    scratch = dvc_lab.alice.scratch
    scratch.run_cli("push")
    objects = scratch.path / ".git/repro/store/files/md5"
    path = next(path for path in objects.glob("??/*") if path.stat().st_size == LARGE_BYTES)
    path.chmod(0o644)
    path.write_bytes(b"x" * LARGE_BYTES)
    found = scratch.run_cli("fsck", "--json", check=False)
    assert found.returncode == 1
    assert "w.bin" in json.dumps(json.loads(found.stdout))
    assert scratch.run_cli("fsck", "--repair").returncode == 0
    assert path.read_bytes() == LARGE

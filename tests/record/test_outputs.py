"""The outputs of a run: what is kept of them, and that nothing kept can be written to."""

import json
import os
import sys
from typing import Any

from tests.repos import Scratch

_WRITE = "import pathlib; pathlib.Path({path!r}).write_bytes({byte!r} * {size})"


def _run(repo: Scratch, path: str, *, size: int, byte: bytes = b"\0") -> dict[str, Any]:
    code = _WRITE.format(path=path, byte=byte, size=size)
    repo.run_cli("run", "--", sys.executable, "-c", code)
    shown: dict[str, Any] = json.loads(repo.run_cli("show", "--json").stdout)
    return shown


def _artifact(run: dict[str, Any], path: str) -> dict[str, Any]:
    [found] = [item for item in run["artifacts"] if item["path"] == path]
    return dict(found)


def _gaps(run: dict[str, Any]) -> dict[str, str]:
    return {gap["subject"]: gap["reason"] for gap in run["gaps"] if gap["kind"] == "artifacts"}


def test_an_output_that_is_never_kept_is_a_gap(repo: Scratch) -> None:
    repo.write(".repro.yaml", 'store:\n  "*.ckpt": never\n')
    run = _run(repo, "a.ckpt", size=100_000)
    assert _artifact(run, "a.ckpt")["place"] == "nowhere"
    assert _gaps(run) == {
        "a.ckpt": 'store is "never" for "*.ckpt" in [tool.repro]: known by hash alone'
    }


def test_a_small_text_that_is_never_kept_is_not_in_git_either(repo: Scratch) -> None:
    repo.write(".repro.yaml", 'store:\n  "*.txt": never\n')
    run = _run(repo, "private.txt", size=10, byte=b"x")
    assert _artifact(run, "private.txt")["place"] == "nowhere"
    assert "private.txt" in _gaps(run)
    assert "artifacts/private.txt" not in repo.git("ls-tree", "-r", "--name-only", run["ref"])


def test_params_are_read_of_what_is_never_kept(repo: Scratch) -> None:
    repo.write(".repro.yaml", "store: never\n")
    code = (
        "import pathlib; p = pathlib.Path('outputs/.hydra'); p.mkdir(parents=True);"
        "(p / 'config.yaml').write_text('depth: 7\\n')"
    )
    repo.run_cli("run", "--", sys.executable, "-c", code)
    run = json.loads(repo.run_cli("show", "--json").stdout)
    assert "7" in json.dumps(run["params"])
    assert _artifact(run, "outputs/.hydra/config.yaml")["place"] == "nowhere"


def test_a_limit_holds_for_outputs_and_always_lifts_it(repo: Scratch) -> None:
    repo.write(".repro.yaml", "store_limit_mib: 1\n")
    run = _run(repo, "large.bin", size=2 * 2**20)
    assert _artifact(run, "large.bin")["place"] == "nowhere"
    assert _gaps(run)["large.bin"].startswith("larger than 1 MiB")
    repo.write(".repro.yaml", 'store_limit_mib: 1\nstore:\n  default: never\n  "*.bin": always\n')
    run = _run(repo, "large.bin", size=2 * 2**20, byte=b"\1")
    assert _artifact(run, "large.bin")["place"] == "store"
    assert _gaps(run) == {}


def test_what_a_run_wrote_shares_no_inode_with_the_store(repo: Scratch) -> None:
    repo.write(".repro.yaml", "outputs: [models]\n")
    (repo.path / "models").mkdir()
    for path in ("loose.bin", "models/inner.bin"):
        run = _run(repo, path, size=100_000)
        written = repo.path / path
        assert os.stat(written).st_nlink == 1
        assert os.stat(written).st_mode & 0o200  # writable as before
        written.write_bytes(b"changed by its owner")
        repo.run_cli("show", run["id"])
    objects = list((repo.path / ".git/repro/store/files/md5").glob("*/*"))
    assert objects
    for stored in objects:
        assert not os.stat(stored).st_mode & 0o222
        assert b"changed" not in stored.read_bytes()


def test_a_dvc_output_in_a_writable_cache_is_copied(dvc_repo: Scratch) -> None:
    cache = dvc_repo.path / ".dvc/cache/files/md5"
    for path in cache.glob("*/*"):
        path.chmod(0o644)  # as an old DVC, or a careless user, leaves it
    dvc_repo.run_cli("record")
    objects = list((dvc_repo.path / ".git/repro/store/files/md5").glob("*/*"))
    assert objects
    for path in objects:
        assert os.stat(path).st_nlink == 1
        assert not os.stat(path).st_mode & 0o222


def test_an_output_directory_of_dvc_honours_its_dvcignore(dvc_repo: Scratch) -> None:
    dvc_repo.write(".dvcignore", "*.tmp\n")
    dvc_repo.write(
        "dvc.yaml",
        "stages:\n  make:\n    cmd: mkdir -p out && echo 1 > out/a && echo 2 > out/b.tmp\n"
        "    outs: [out]\n",
    )
    dvc_repo.run_cli("run", "--", sys.executable, "-m", "dvc", "repro", "--quiet")
    run = json.loads(dvc_repo.run_cli("show", "--json").stdout)
    lock = dvc_repo.read("dvc.lock")
    assert _artifact(run, "out")["hash"] in lock

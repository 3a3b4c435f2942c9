"""The data of a run: what DVC's files name, what is declared, and what was read."""

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.repos import Scratch


def _record(repo: Scratch, *command: str) -> dict[str, Any]:
    """Records the workspace, or a command's run, and returns the run."""
    if command:
        repo.run_cli("run", "--", *command)
    else:
        repo.run_cli("record")
    shown: dict[str, Any] = json.loads(repo.run_cli("show", "--json").stdout)
    return shown


def _data(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["path"]: entry for entry in run["data"]}


def _gaps(run: dict[str, Any], kind: str = "data") -> dict[str, tuple[str, str]]:
    return {g["subject"]: (g["reason"], g["fix"]) for g in run["gaps"] if g["kind"] == kind}


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


_FAR = _md5(b"far\n")
_HERE = _md5(b"here\n")


def _is_stored(repo: Scratch, value: str) -> bool:
    return (repo.path / f".git/repro/store/files/md5/{value[:2]}/{value[2:]}").is_file()


def test_never_is_known_by_hash_alone_with_a_gap(dvc_repo: Scratch) -> None:
    dvc_repo.write(".repro.yaml", "store:\n  data/many: never\n")
    run = _record(dvc_repo)
    many, one = _data(run)["data/many"], _data(run)["data/one.csv"]
    assert (many["place"], one["place"]) == ("nowhere", "store")
    assert not _is_stored(dvc_repo, many["hash"])
    assert _gaps(run) == {
        "data/many": (
            'store is "never" for "data/many" in [tool.repro]: known by hash alone',
            '"data/many" = "always" in [tool.repro.store], after the others',
        )
    }


def test_never_for_all_keeps_nothing(dvc_repo: Scratch) -> None:
    dvc_repo.write("pyproject.toml", '[tool.repro]\nstore = "never"\n')
    run = _record(dvc_repo)
    assert {entry["place"] for entry in run["data"]} == {"nowhere"}
    assert _gaps(run)["data/one.csv"][0] == (
        'store is "never" in [tool.repro]: known by hash alone'
    )


def test_the_fix_of_a_gap_closes_it(dvc_repo: Scratch) -> None:
    dvc_repo.write(
        "pyproject.toml",
        '[tool.repro.store]\n"data/**" = "never"\n"data/many" = "always"\n',
    )
    run = _record(dvc_repo)
    assert _data(run)["data/many"]["place"] == "store"
    assert set(_gaps(run)) == {"data/one.csv"}


def test_patterns_count_from_the_project(repo: Scratch) -> None:
    repo.write("sub/.repro.yaml", "inputs: [big.bin]\nstore:\n  /big.bin: never\n")
    repo.write("sub/big.bin", b"\0" * 100)
    repo.write(".gitignore", "*.bin\n")
    repo.run_cli("-C", "sub", "record")
    run = json.loads(repo.run_cli("show", "--json").stdout)
    assert _gaps(run)["sub/big.bin"][1] == (
        '"big.bin" = "always" in [tool.repro.store], after the others'
    )


def _declare(repo: Scratch, config: str) -> None:
    repo.write(".repro.yaml", f"inputs: [big.bin]\nstore_limit_mib: 1\n{config}")
    repo.write(".gitignore", "big.bin\n")
    repo.write("big.bin", b"\0" * (2 * 2**20))


def test_what_is_larger_than_the_limit_says_how_to_keep_it(repo: Scratch) -> None:
    _declare(repo, "")
    run = _record(repo)
    assert _data(run)["big.bin"]["place"] == "nowhere"
    reason, fix = _gaps(run)["big.bin"]
    assert reason == "larger than 1 MiB and not in DVC's cache: known by hash alone"
    assert fix == 'dvc add big.bin, or "big.bin" = "always" in [tool.repro.store]'


def test_always_is_kept_whatever_the_size(repo: Scratch) -> None:
    _declare(repo, 'store:\n  "*.bin": always\n')
    run = _record(repo)
    assert _data(run)["big.bin"]["place"] == "store"
    assert _gaps(run) == {}


def test_what_dvc_has_cached_is_linked_whatever_its_size(dvc_repo: Scratch) -> None:
    dvc_repo.write(".repro.yaml", "store_limit_mib: 0\n")
    run = _record(dvc_repo)
    assert {entry["place"] for entry in run["data"]} == {"store"}
    value = _data(run)["data/one.csv"]["hash"]
    name = f"files/md5/{value[:2]}/{value[2:]}"
    cached, stored = (dvc_repo.path / x / name for x in (".dvc/cache", ".git/repro/store"))
    assert os.path.samefile(cached, stored)


def test_a_change_of_large_dvc_data_is_not_copied_in_its_stead(dvc_repo: Scratch) -> None:
    dvc_repo.write(".repro.yaml", "store_limit_mib: 1\n")
    dvc_repo.write("data/one.csv", b"x" * (2 * 2**20))
    run = _record(dvc_repo)
    entry = _data(run)["data/one.csv"]
    assert (entry["place"], entry["matches_pointer"]) == ("nowhere", False)
    assert set(_gaps(run)) == {"data/one.csv"}


def test_a_small_change_of_large_dvc_data_is_kept(dvc_repo: Scratch) -> None:
    for name in "abc":
        dvc_repo.write(f"data/large/{name}", name.encode() * 2**20)
    dvc_repo.dvc("add", "--quiet", "data/large")
    dvc_repo.write(".repro.yaml", "store_limit_mib: 1\n")
    dvc_repo.write("data/large/d", "a little\n")
    run = _record(dvc_repo)
    assert _data(run)["data/large"]["place"] == "store"
    assert _gaps(run) == {}


def test_a_dvcignore_is_honoured(dvc_repo: Scratch) -> None:
    dvc_repo.write(".dvcignore", "*.tmp\n")
    dvc_repo.write("data/new/a.txt", "a\n")
    dvc_repo.write("data/new/b.tmp", "b\n")
    dvc_repo.dvc("add", "--quiet", "data/new")
    entry = _data(_record(dvc_repo))["data/new"]
    assert (entry["matches_pointer"], entry["n_files"]) == (True, 1)


def test_a_file_that_dvc_ignores_is_an_input_when_it_was_read(dvc_repo: Scratch) -> None:
    dvc_repo.write(".dvcignore", "*.tmp\n")
    for name in ("a.txt", "b.tmp", "c.tmp"):
        dvc_repo.write(f"data/new/{name}", name)
    dvc_repo.dvc("add", "--quiet", "data/new")
    code = "open('data/new/a.txt').read(); open('data/new/b.tmp').read()"
    run = _record(dvc_repo, sys.executable, "-c", code)
    assert {p for p in _data(run) if p.startswith("data/new")} == {"data/new", "data/new/b.tmp"}
    assert _data(run)["data/new/b.tmp"]["source"] == "traced"
    assert _data(run)["data/new"]["matches_pointer"] is True
    assert "data/new" not in _gaps(run)


def test_what_is_really_there_is_recorded_and_shown(dvc_repo: Scratch) -> None:
    dvc_repo.write("data/one.csv", "changed\n")
    run = _record(dvc_repo)
    entry = _data(run)["data/one.csv"]
    assert entry["hash"] == _md5(b"changed\n")
    assert entry["matches_pointer"] is False
    assert "data/one.csv.dvc" not in _gaps(run)  # nothing is missing
    [line] = [x for x in repo_lines(dvc_repo) if "data/one.csv" in x]
    assert "dvc, changed since" in line


def repo_lines(repo: Scratch) -> list[str]:
    return repo.run_cli("show").stdout.splitlines()


_OLD = "outs:\n- md5: {}\n  path: old.txt\n"


@pytest.mark.parametrize(
    ("content", "hashed", "matches"),
    [
        (b"a\r\nb\r\n", b"a\nb\n", True),
        (b"a\nb\n", b"a\nb\n", True),
        (b"a\r\nc\r\n", b"a\nb\n", False),
        (b"\0\r\n", b"\0\r\n", True),
        (b"\0\r\n", b"\0\n", False),
    ],
)
def test_a_file_of_dvc_2_matches_by_its_hash_of_text(
    dvc_repo: Scratch, content: bytes, hashed: bytes, matches: bool
) -> None:
    dvc_repo.write("old.txt", content)
    dvc_repo.write("old.txt.dvc", _OLD.format(_md5(hashed)))
    dvc_repo.write(".gitignore", "/old.txt\n")
    entry = _data(_record(dvc_repo))["old.txt"]
    assert (entry["hash"], entry["matches_pointer"]) == (_md5(content), matches)


def test_a_directory_of_dvc_2_matches_by_its_hash_of_text(dvc_repo: Scratch) -> None:
    manifest = json.dumps([{"md5": _md5(b"a\n"), "relpath": "x"}]).encode()
    dvc_repo.write("old/x", b"a\r\n")
    dvc_repo.write("old.dvc", f"outs:\n- md5: {_md5(manifest)}.dir\n  path: old\n")
    dvc_repo.write(".gitignore", "/old\n")
    assert _data(_record(dvc_repo))["old"]["matches_pointer"] is True
    dvc_repo.write("old/x", b"b\r\n")
    assert _data(_record(dvc_repo))["old"]["matches_pointer"] is False


def test_the_outputs_of_a_stage_with_a_working_directory_are_found(dvc_repo: Scratch) -> None:
    dvc_repo.write(
        "dvc.yaml",
        "stages:\n"
        "  a:\n    wdir: data\n    cmd: echo a > a.out\n    outs: [a.out]\n"
        "  b:\n    foreach: [x]\n    do:\n      wdir: data\n"
        "      cmd: echo b > ${item}.out\n      outs: ['${item}.out']\n"
        "  c:\n    wdir: data\n    cmd: echo c > c.out\n    outs:\n    - c.out: {cache: false}\n",
    )
    dvc_repo.write("data/.gitignore", "*.out\n/one.csv\n/many\n")
    dvc_repo.dvc("repro", "--quiet")
    dvc_repo.dvc("freeze", "a")
    run = _record(dvc_repo)
    found = {p: e["matches_pointer"] for p, e in _data(run).items() if p.endswith(".out")}
    assert found == dict.fromkeys(("data/a.out", "data/x.out", "data/c.out"), True)
    assert _gaps(run) == {}


def test_a_working_directory_that_dvc_alone_knows_is_a_gap(dvc_repo: Scratch) -> None:
    dvc_repo.write("dvc.yaml", "stages:\n  a:\n    wdir: ${place}\n    cmd: x\n    outs: [y]\n")
    dvc_repo.write("dvc.lock", "schema: '2.0'\nstages:\n  a:\n    cmd: x\n")
    assert "dvc.yaml:a" in _gaps(_record(dvc_repo))


def test_what_dvc_tracks_outside_is_known_by_hash(dvc_repo: Scratch, tmp_path: Path) -> None:
    (tmp_path / "far.txt").write_bytes(b"far\n")
    dvc_repo.write("far.dvc", f"outs:\n- md5: {_FAR}\n  hash: md5\n  path: {tmp_path}/far.txt\n")
    dvc_repo.write("up.dvc", f"outs:\n- md5: {_FAR}\n  hash: md5\n  path: ../far.txt\n")
    run = _record(dvc_repo)
    entry = _data(run)[f"{tmp_path}/far.txt"]
    assert (entry["place"], entry["pointer"]) == ("nowhere", "far.dvc")
    reason, _ = _gaps(run)[f"{tmp_path}/far.txt"]
    assert reason == "DVC tracks it outside the working tree: known by hash, its bytes are not kept"


@pytest.mark.parametrize(
    "item",
    [
        "{path: y, etag: abc}",
        "{path: y}",
        "{path: y, version_id: '1', remote: elsewhere}",
        "{path: y, files: [{relpath: a, version_id: '1', etag: e}]}",
    ],
)
def test_what_no_md5_names_is_recorded_as_it_is(dvc_repo: Scratch, item: str) -> None:
    dvc_repo.write("y", "here\n")
    dvc_repo.write("y.dvc", f"deps:\n- path: s3://b/y\nouts:\n- {item}\n")
    dvc_repo.write(".gitignore", "/y\n")
    entry = _data(_record(dvc_repo))["y"]
    assert (entry["hash"], entry["matches_pointer"]) == (_HERE, True)


def test_a_cloud_versioned_directory_matches_by_its_files(dvc_repo: Scratch) -> None:
    dvc_repo.write("y/a", "here\n")
    row = f"{{relpath: a, md5: {_HERE}, size: 5, cloud: {{s3: {{version_id: '1'}}}}}}"
    dvc_repo.write("y.dvc", f"outs:\n- path: y\n  hash: md5\n  files:\n  - {row}\n")
    dvc_repo.write(".gitignore", "/y\n")
    assert _data(_record(dvc_repo))["y"]["matches_pointer"] is True
    dvc_repo.write("y/a", "there\n")
    assert _data(_record(dvc_repo))["y"]["matches_pointer"] is False


def test_an_import_is_recorded_by_its_out(dvc_repo: Scratch, tmp_path: Path) -> None:
    source = dvc_repo.copy(tmp_path / "source")
    dvc_repo.dvc("import", "--quiet", str(source.path), "data/one.csv", "--out", "got.csv")
    entry = _data(_record(dvc_repo))["got.csv"]
    assert (entry["source"], entry["pointer"]) == ("dvc", "got.csv.dvc")
    assert (entry["matches_pointer"], entry["place"]) == (True, "store")


def test_an_imported_url_is_recorded_by_its_out(dvc_repo: Scratch, tmp_path: Path) -> None:
    (tmp_path / "far.txt").write_bytes(b"far\n")
    dvc_repo.dvc("import-url", "--quiet", str(tmp_path / "far.txt"), "near.txt")
    entry = _data(_record(dvc_repo))["near.txt"]
    assert (entry["hash"], entry["matches_pointer"]) == (_FAR, True)


def test_a_workspace_that_lacks_what_dvc_tracks_has_no_entry(dvc_repo: Scratch) -> None:
    (dvc_repo.path / "data/one.csv").unlink()
    assert "data/one.csv" not in _data(_record(dvc_repo))

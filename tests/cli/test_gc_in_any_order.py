"""No order of `dvc gc`, `git gc` and `repro gc` loses a byte of a kept run; nor does haste."""

import json
import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from repro.cli.commands import gc
from repro.cli.garbage import objects
from repro.data.hashing import hash_bytes
from repro.data.store import ObjectStore
from repro.git.refs import list_refs
from repro.git.repository import open_repository
from repro.model.data import Place
from repro.model.ids import RUN_REFS
from repro.store.archive import fold_runs
from repro.store.listing import known_runs, list_runs
from repro.store.runs import read_record
from repro.store.writer import current_writer
from tests.cli.recorded import call
from tests.repos import Scratch, run_program

_TRAIN = """\
import sys
data = open("data/one.csv").read() + open("data/many/0.txt").read()
with open("model.bin", "w") as file:
    file.write((data + sys.argv[1]) * 9000)
"""
_STEPS = ("dvc gc -w", "dvc gc -A", "git gc", "repro gc", "repro gc --now")


def _record(repo: Scratch, name: str, data: str) -> dict[str, bytes]:
    """Records a run of data of its own, and returns the bytes that it had and made."""
    (repo.path / "data/one.csv").unlink()
    repo.write("data/one.csv", data)
    repo.write("data/many/0.txt", data * 2)
    repo.dvc("add", "--quiet", "data/one.csv", "data/many")
    repo.run_cli("run", "-n", name, "--", sys.executable, "train.py", name)
    return _bytes(repo.path)


def _bytes(top: Path) -> dict[str, bytes]:
    paths = [top / "model.bin", *(path for path in top.glob("data/**/*") if path.is_file())]
    return {str(path.relative_to(top)): path.read_bytes() for path in paths}


def _step(repo: Scratch, step: str) -> None:
    tool, *args = step.split()
    if tool == "dvc":
        repo.dvc(*args, "-f", "-q")
    elif tool == "git":
        repo.git("gc", "--quiet", "--prune=now")
    else:
        done = call(gc.command, *args[1:])
        assert "cannot be read" not in done.stderr, done.stderr


def _is_cache_sound(repo: Scratch) -> bool:
    return all(
        hash_bytes(path.read_bytes()) == f"{path.parent.name}{path.name[:30]}"
        for path in (repo.path / ".dvc/cache/files/md5").glob("??/*")
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_every_kept_run_comes_back_byte_for_byte(
    dvc_repo: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(objects, "GRACE_NS", 0)
    monkeypatch.chdir(dvc_repo.path)
    dvc_repo.write("train.py", _TRAIN)
    dvc_repo.write(".gitignore", "model.bin\n")
    dvc_repo.commit("train")
    expected = {name: _record(dvc_repo, name, name * 400) for name in ("one", "two", "three")}
    repo = open_repository()
    runs = list_refs(repo, RUN_REFS)[:2]
    fold_runs(repo, runs, writer=current_writer(repo), at=datetime.now(UTC))
    expected["four"] = _record(dvc_repo, "four", "4\n" * 900)
    # Unsaved work, then another run in its place: the undo entry has it.
    (dvc_repo.path / "data/one.csv").unlink()
    dvc_repo.write("data/one.csv", "unsaved\n" * 500)
    work = _bytes(dvc_repo.path)
    dvc_repo.run_cli("checkout", "two", "--keep")
    dvc_repo.run_cli("rm", "one")
    dvc_repo.run_cli("rm", "three")

    steps = list(_STEPS)
    random.Random(seed).shuffle(steps)  # noqa: S311 - an order, no secret
    for step in (*steps, "repro gc --now", *steps):
        _step(dvc_repo, step)

    store = ObjectStore(f"{repo.state_dir}/store")
    for name in ("one", "three"):
        assert not store.has(hash_bytes(expected.pop(name)["model.bin"]))
    for name, had in expected.items():
        there = tmp_path / name
        dvc_repo.run_cli("checkout", name, "--outputs", "--worktree", str(there))
        assert _bytes(there) == had
    assert _is_cache_sound(dvc_repo)
    dvc_repo.run_cli("undo")
    assert _bytes(dvc_repo.path) == work
    assert dvc_repo.git("fsck", "--strict", "--no-dangling") == ""
    dvc_repo.git("checkout", "--quiet", "--force", "main")
    dvc_repo.dvc("pull", "--quiet", "--force")
    assert "up to date" in dvc_repo.dvc("status")


_WORK = """\
import subprocess, sys
number, top = sys.argv[1:]
repro = (sys.executable, "-m", "repro", "-C", top)
for turn in range(3):
    # What others wrote and removed: the object may be in the store, with nobody who needs it.
    write = f"open('out/{number}.bin', 'w').write('{turn}' * 100_000)"
    subprocess.run((*repro, "run", "-n", f"r{number}-{turn}", "--", sys.executable, "-c", write),
                   check=True, capture_output=True)
    if turn == 1:
        subprocess.run((*repro, "rm", f"r{number}-0"), check=True, capture_output=True)
"""
_GC = """\
import sys
from repro.cli.garbage import objects
from repro.cli.main import main
objects.GRACE_NS = 0
sys.exit(main(["-C", sys.argv[1], "gc", "--now"]))
"""


@pytest.mark.slow
def test_runs_recorded_while_it_works_lose_nothing(repo: Scratch) -> None:
    repo.write(".gitignore", "out/\n")
    repo.write("out/keep", "")
    repo.commit("ignore")
    argv = (sys.executable, "-c", _WORK)
    workers = [
        subprocess.Popen((*argv, str(number), str(repo.path)), stderr=subprocess.PIPE)
        for number in range(8)
    ]
    try:
        n_gcs = 0
        while any(worker.poll() is None for worker in workers):
            run_program(sys.executable, "-c", _GC, str(repo.path), cwd=repo.path)
            n_gcs += 1
    finally:
        for worker in workers:
            worker.kill()
            _, said = worker.communicate()
            assert worker.returncode == 0, said
    assert n_gcs > 2
    run_program(sys.executable, "-c", _GC, str(repo.path), cwd=repo.path)

    opened = open_repository(str(repo.path))
    store = ObjectStore(f"{opened.state_dir}/store")
    records = [read_record(opened, run) for run in list_runs(opened)]
    assert len(known_runs(opened)) == len(records) == 16
    needed = {
        output.hash
        for record in records
        for output in record.artifacts
        if output.place is Place.STORE
    }
    assert needed
    assert [value for value in needed if store.missing(value)] == []
    kept = {name for _, _, names in os.walk(store.objects_root) for name in names}
    assert kept == {value[2:] for value in needed}
    assert json.loads(repo.run_cli("du", "--json").stdout)["total"]["unneeded_bytes"] == 0


_PAUSED = """\
import sys
import repro.record.finish
import repro.record.sealed
from repro.cli.main import main

def paused(module):
    write_run = module.write_run
    def pause(*args, **kwargs):
        sys.__stderr__.write("stored\\n")
        sys.__stderr__.flush()
        sys.stdin.readline()
        return write_run(*args, **kwargs)
    module.write_run = pause

paused(repro.record.finish)
paused(repro.record.sealed)
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("command", ["run", "record"])
def test_what_was_found_in_the_store_and_not_yet_recorded_stays(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(objects, "GRACE_NS", 0)
    monkeypatch.setattr(objects, "oldest_live_ns", lambda _: None)
    monkeypatch.chdir(repo.path)
    repo.write(".repro.yaml", "outputs: [model.bin]\n")
    repo.write(".gitignore", "model.bin\n")
    repo.commit("outputs")
    repo.write("model.bin", "m" * 100_000)
    store = ObjectStore(f"{open_repository().state_dir}/store")
    value = store.add_bytes(b"m" * 100_000)  # nobody needs it; the recorder finds it and is content
    write = "open('model.bin', 'w').write('m' * 100_000)"
    args = ["run", "--", sys.executable, "-c", write] if command == "run" else ["record"]
    argv = (sys.executable, "-c", _PAUSED, *args)
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as recorder:
        assert recorder.stderr is not None
        assert recorder.stderr.readline() == "stored\n"
        done = call(gc.command)
        _, said = recorder.communicate("\n")
        assert recorder.returncode == 0, said

    assert "repro is recording" in done.stderr
    (run,) = list_runs(open_repository())
    (artifact,) = read_record(open_repository(), run).artifacts
    assert artifact.hash == value
    assert store.missing(value) == ()
    call(gc.command)
    assert store.missing(value) == ()


def test_a_command_that_runs_for_days_does_not_keep_the_store_from_being_tidied(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "GRACE_NS", 0)
    monkeypatch.setattr(objects, "oldest_live_ns", lambda _: None)
    monkeypatch.chdir(repo.path)
    repo.write(".repro.yaml", "inputs: [data.bin]\n")
    repo.write(".gitignore", "data.bin\n")
    repo.commit("inputs")
    repo.write("data.bin", "d" * 1000)
    store = ObjectStore(f"{open_repository().state_dir}/store")
    orphan = store.add_bytes(b"orphan")
    needed = hash_bytes(b"d" * 1000)
    argv = (sys.executable, "-m", "repro", "run", "--", "sh", "-c", "read x; test -f data.bin")
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        until_s = time.monotonic() + 30
        while not any((repo.path / ".git/repro/live").glob("*/inputs.json")):
            assert time.monotonic() < until_s
        while store.has(orphan) and time.monotonic() < until_s:
            call(gc.command)
        _, said = running.communicate(b"\n")
        assert running.returncode == 0, said

    assert not store.has(orphan)
    assert store.missing(needed) == ()
    (run,) = list_runs(open_repository())
    assert [entry.hash for entry in read_record(open_repository(), run).data] == [needed]

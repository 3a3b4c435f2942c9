"""`repro gc` and the object store: nothing that anything kept needs ever goes."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from repro.cli.commands import gc
from repro.cli.garbage import objects
from repro.data.manifest import encode_manifest
from repro.data.store import ObjectStore, object_path
from repro.git.refs import list_refs
from repro.git.repository import Repository, open_repository
from repro.git.working_tree import Head
from repro.model.data import Artifact, DataEntry, Place, Source
from repro.model.ids import RUN_REFS
from repro.record.live import list_live_runs
from repro.restore.stores import open_stores
from repro.restore.undo_entries import Saved, save_undo
from repro.store.archive import fold_runs
from repro.store.listing import list_runs
from repro.store.removal import remove_runs
from repro.store.shared import Shared, note_shared
from repro.store.writer import current_writer
from tests.cli.recorded import Shelf, call, shelf
from tests.repos import Scratch, wait_for_a_tick


class Bench:
    """A repository with a store to put objects into, all of them old."""

    def __init__(self, runs: Shelf) -> None:
        self.runs = runs
        self.scratch = runs.scratch
        self.repo: Repository = open_repository()
        self.store = ObjectStore(f"{self.repo.state_dir}/store")

    def put(self, content: str) -> str:
        return self.store.add_bytes(content.encode())

    def put_directory(self, *contents: str) -> str:
        files = {f"{at}.txt": self.put(content) for at, content in enumerate(contents)}
        return self.store.add_bytes(encode_manifest(files), suffix=".dir")

    def record(self, letters: str, hash: str, *, minute: int = 0, read: bool = False) -> None:
        """Writes a run that read or wrote an object."""
        if read:
            data = (DataEntry("data", hash, 1, 1, Source.DECLARED),)
            self.runs.put(letters, minute=minute, data=data)
        else:
            artifacts = (Artifact("model.bin", hash, 1),)
            self.runs.put(letters, minute=minute, artifacts=artifacts)

    def remove(self, *names: str) -> None:
        chosen = [run for run in list_runs(self.repo) if run.name in names]
        remove_runs(self.repo, chosen, now=datetime.now(UTC), author=None)

    def gc(self, *args: str) -> Result:
        return call(gc.command, *args)


@pytest.fixture
def bench(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(objects, "GRACE_NS", 0)
    return Bench(shelf(repo, monkeypatch))


def test_what_no_run_needs_goes_and_the_rest_stays(bench: Bench) -> None:
    read, written, orphan = bench.put("read"), bench.put("written"), bench.put("orphan")
    bench.record("k", read, read=True)
    bench.record("l", written, minute=1)

    done = bench.gc()

    why = "removed 1 object from the object store (6 B): nothing needs them\n"
    assert done.stdout == why
    assert done.stderr.endswith("6 B freed\n")
    assert not bench.store.has(orphan)
    assert bench.store.read(read) == b"read"
    assert bench.store.read(written) == b"written"


def test_a_dry_run_tells_what_would_go(bench: Bench) -> None:
    orphan = bench.put("orphan")

    done = bench.gc("--dry-run")

    assert done.stdout.startswith("would remove 1 object from the object store (6 B)")
    assert bench.store.has(orphan)


def test_the_files_of_a_directory_stay(bench: Bench) -> None:
    one = bench.put("one")
    bench.record("k", bench.put_directory("one", "two"))

    assert bench.gc().stdout == ""

    assert bench.store.read(one) == b"one"


def test_folded_runs_need_what_they_needed(bench: Bench) -> None:
    kept = bench.put("kept")
    bench.record("k", kept)
    runs = list_refs(bench.repo, RUN_REFS)
    fold_runs(bench.repo, runs, writer=current_writer(bench.repo), at=datetime.now(UTC))

    bench.gc()

    assert bench.store.has(kept)


def test_runs_in_the_trash_do_too_until_it_is_emptied(bench: Bench) -> None:
    value = bench.put("removed")
    bench.record("k", value)
    bench.remove("run-k")
    bench.gc()
    assert bench.store.has(value)

    dry = json.loads(bench.gc("--now", "--dry-run", "--json").stdout)
    assert [row["bytes"] for row in dry["freed"] if row["kind"] == "object"] == [7]
    bench.gc("--now")

    assert not bench.store.has(value)


def test_a_dry_run_of_a_policy_counts_the_bytes_of_what_would_leave(bench: Bench) -> None:
    shared, alone = bench.put("shared"), bench.put("alone")
    bench.record("k", alone)
    bench.record("l", shared, minute=1)
    bench.record("m", shared, minute=2)

    dry = json.loads(bench.gc("--keep-last", "1", "--now", "--dry-run", "--json").stdout)

    assert [row["bytes"] for row in dry["freed"] if row["kind"] == "object"] == [5]
    assert bench.store.has(alone)


def test_a_run_that_was_pulled_and_not_yet_checked_needs_its_data(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = bench.put("incoming")
    bench.record("k", value)
    ref = bench.scratch.runs()[0]
    bench.scratch.git("update-ref", f"refs/repro/incoming/1-ab/runs/{ref[16:]}", ref)
    bench.scratch.git("update-ref", "-d", ref)
    with monkeypatch.context() as patch:
        patch.setattr("repro.cli.garbage.collect.drop_dead_incoming", lambda *_, **__: 0)
        bench.gc()
    assert bench.store.has(value)

    done = bench.gc()

    assert "removed 1 ref of an interrupted pull" in done.stdout
    assert not bench.store.has(value)


def test_an_undo_entry_needs_its_data(bench: Bench) -> None:
    bench.scratch.write("big.bin", "unsaved work")
    entry = open_stores(bench.repo).look_at("big.bin", save=True)
    assert bench.repo.head is not None
    assert bench.repo.head_tree is not None
    tree = bench.repo.head_tree
    saved = Saved(Head(None, bench.repo.head), tree, tree, data=(entry,))
    save_undo(bench.repo, saved, reason="a test", at=datetime.now(UTC))

    bench.gc()

    assert bench.store.has(entry.hash)


def test_what_a_running_run_has_noted_stays(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    value, other = bench.put("noted"), bench.put("not noted")
    monkeypatch.setattr(objects, "oldest_live_ns", lambda _: None)
    with bench.runs.running("k"):
        (live,) = list_live_runs(bench.repo)
        live.write("inputs", {"entries": [{"hash": value}]})
        bench.gc()

    assert bench.store.has(value)
    assert not bench.store.has(other)


def test_what_came_since_the_oldest_running_run_began_stays(bench: Bench) -> None:
    before = bench.put("before")
    # Within one tick of the clock it could have come with the run.
    wait_for_a_tick(Path(object_path(f"{bench.repo.state_dir}/store/files/md5", before)))
    with bench.runs.running("k"):
        value = bench.put("somebody's")
        bench.gc()
        assert bench.store.has(value)
        assert not bench.store.has(before)


def test_what_came_a_moment_ago_stays(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "GRACE_NS", 3600 * 10**9)
    value = bench.put("young")

    done = bench.gc()

    assert bench.store.has(value)
    assert "kept 1 object less than an hour old" in done.stderr


def test_nothing_goes_while_another_process_relies_on_the_store(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = bench.put("orphan")
    monkeypatch.setattr(objects, "is_store_in_use", lambda _: True)

    done = bench.gc()

    assert bench.store.has(value)
    assert "kept 1 object that no run is known to need: repro is recording" in done.stderr


def _damage(bench: Bench, damage: str) -> None:
    ref = bench.scratch.runs()[0]
    if damage == "no record":
        bench.scratch.git("update-ref", ref, bench.scratch.head())
    elif damage == "broken ref":
        (bench.scratch.path / ".git" / ref).write_text("")
    elif damage == "odd segment":
        bench.scratch.write("other", "no line\n")
        odd = bench.scratch.git("hash-object", "-w", "other")
        tree = bench.scratch.git("mktree", input=f"100644 blob {odd}\t000001.jsonl\n")
        tip = bench.scratch.git("commit-tree", tree, "-m", "odd")
        bench.scratch.git("update-ref", "refs/repro/archive/zyxwvuts", tip)
    else:
        spec = f"{ref}:.repro/artifacts.yaml" if damage == "lost blob" else ref
        if damage == "lost segment":
            writer = current_writer(bench.repo)
            runs = list_refs(bench.repo, RUN_REFS)
            fold_runs(bench.repo, runs, writer=writer, at=datetime.now(UTC))
            spec = f"refs/repro/archive/{writer}:000001.jsonl"
        oid = bench.scratch.git("rev-parse", spec)
        (bench.scratch.path / f".git/objects/{oid[:2]}/{oid[2:]}").unlink()


@pytest.mark.parametrize(
    "damage",
    ["no record", "lost blob", "lost commit", "broken ref", "lost segment", "odd segment"],
)
def test_nothing_goes_when_a_record_cannot_be_read(bench: Bench, damage: str) -> None:
    orphan, kept = bench.put("orphan"), bench.put("kept")
    bench.record("k", kept)
    _damage(bench, damage)

    done = bench.gc("--json")

    assert bench.store.has(orphan)
    assert bench.store.has(kept)
    (left,) = (x for x in json.loads(done.stdout)["left"] if "object" in x["text"])
    assert left["reason"]
    assert left["fix"].startswith(("repro ", "git "))


def test_a_directory_whose_list_is_lost_keeps_every_object(bench: Bench) -> None:
    one = bench.put("one")
    many = bench.put_directory("one", "two")
    bench.record("k", many)
    os.unlink(bench.store.path_of(many))

    done = bench.gc()

    assert bench.store.has(one)
    assert "run kkkkkkkk cannot be read: the list of the files in" in done.stderr
    assert "repro fsck --repair" in done.stderr


def test_a_list_that_is_safe_on_a_remote_is_no_reason(bench: Bench) -> None:
    orphan, many = bench.put("orphan"), bench.put_directory("one")
    bench.record("k", many)
    os.unlink(bench.store.path_of(many))
    note_shared(bench.repo, Shared("origin", data={"s3": frozenset({many})}))

    bench.gc()

    assert not bench.store.has(orphan)


def test_what_is_known_by_hash_alone_needs_no_list(bench: Bench) -> None:
    orphan = bench.put("orphan")
    entry = DataEntry("/far/away", f"{'e' * 32}.dir", 1, 1, Source.TRACED, place=Place.NOWHERE)
    bench.runs.put("k", data=(entry,))

    bench.gc()

    assert not bench.store.has(orphan)


def test_bytes_that_have_another_name_are_not_counted_as_freed(
    bench: Bench, tmp_path: Path
) -> None:
    os.link(bench.store.path_of(bench.put("linked")), tmp_path / "cache")

    done = bench.gc()

    assert "(0 B, and 6 B that other files share)" in done.stdout
    assert (tmp_path / "cache").read_text() == "linked"


def test_what_a_killed_gc_had_set_aside_is_back_before_anything_else(bench: Bench) -> None:
    value = bench.put("kept")
    bench.record("k", value)
    os.mkdir(f"{bench.store.root}/leaving")
    os.rename(bench.store.path_of(value), f"{bench.store.root}/leaving/{value}")

    bench.gc()

    assert bench.store.read(value) == b"kept"

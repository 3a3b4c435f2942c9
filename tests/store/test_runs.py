"""Runs in refs."""

from collections.abc import Sequence

import pytest

from repro.git.objects import read_objects
from repro.git.refs import RefExistsError
from repro.git.repository import GitError, Repository, open_repository
from repro.model.decode import RecordError
from repro.model.ids import Oid, live_ref, run_ref
from repro.model.summary import summarize
from repro.model.values import Params
from repro.store.listing import list_runs, read_listing
from repro.store.runs import (
    NoRecordError,
    complete,
    complete_all,
    list_live,
    read_record,
    write_run,
)
from tests.repos import Scratch
from tests.store.conftest import Shelf

LARGE: Params = {"vocabulary": ["word"] * 10_000}
RUN_REF = "refs/repro/runs/20240506T070809-"


def names(shelf: Shelf, newest: int | None = None) -> list[str]:
    return [run.name for run in list_runs(shelf.repo, newest=newest)]


def test_a_record_that_was_written_is_read_back(any_shelf: Shelf) -> None:
    oid = any_shelf.put("k", metrics={"acc": 0.5})
    record = any_shelf.record("k", metrics={"acc": 0.5})
    assert read_record(any_shelf.repo, oid) == record


def test_a_listing_tells_what_the_record_does(any_shelf: Shelf) -> None:
    oid = any_shelf.put("k", metrics={"acc": 0.5})
    record = any_shelf.record("k", metrics={"acc": 0.5})
    assert list_runs(any_shelf.repo) == [summarize(record, oid=oid, ref=run_ref(record.run.id))]


def test_names_that_are_not_utf8_survive_git(shelf: Shelf) -> None:
    record = shelf.record("k")
    record = record._replace(inline={'caf\udce9 \n"\\.txt': b"x"}, history={"a/\udce9\t": ()})
    oid = write_run(shelf.repo, record, parents=[], ref=run_ref(record.run.id))
    assert read_record(shelf.repo, oid) == record


def test_the_run_commit_is_the_working_tree_and_the_record(shelf: Shelf) -> None:
    oid = shelf.put("k")
    paths = shelf.scratch.git("ls-tree", "--name-only", oid).splitlines()
    assert paths == [".gitignore", ".repro", "params.yaml", "train.py"]
    assert shelf.scratch.git("rev-parse", f"{oid}^") == shelf.scratch.head()


def test_a_record_in_the_tree_is_replaced(shelf: Shelf) -> None:
    shelf.scratch.write(".repro/stale.txt", "old")
    shelf.scratch.git("add", "-f", ".repro")
    oid = shelf.put("k")
    assert "stale.txt" not in shelf.scratch.git("ls-tree", "--name-only", f"{oid}:.repro")


def test_writing_a_run_moves_nothing_of_the_user(shelf: Shelf) -> None:
    before = shelf.scratch.standing()
    shelf.put("k")
    assert shelf.scratch.standing() == before


def test_a_run_is_never_written_twice(shelf: Shelf) -> None:
    oid = shelf.put("k")
    with pytest.raises(RefExistsError):
        shelf.put("k", name="another")
    assert [run.oid for run in list_runs(shelf.repo)] == [oid]


def test_the_live_ref_goes_in_the_same_stroke(shelf: Shelf) -> None:
    record = shelf.record("k")
    shelf.scratch.git("update-ref", live_ref(record.run.id), "HEAD")
    write_run(
        shelf.repo,
        record,
        parents=[],
        ref=run_ref(record.run.id),
        drop_ref=live_ref(record.run.id),
    )
    assert shelf.scratch.refs("refs/repro/live/") == {}


def test_a_repository_without_commits_keeps_runs(unborn_repo: Scratch) -> None:
    shelf = Shelf(unborn_repo, open_repository(str(unborn_repo.path)))
    shelf.put("k")
    (run,) = list_runs(shelf.repo)
    assert run.commit is None


def test_runs_are_listed_newest_first(shelf: Shelf) -> None:
    for minute, letters in enumerate("kml"):
        shelf.put(letters, minute=minute)
    assert names(shelf) == ["run-l", "run-m", "run-k"]


def test_runs_of_one_second_are_in_order(shelf: Shelf) -> None:
    for at, letters in enumerate("kzmy"):
        shelf.put(letters, minute=at / 100_000)
    assert names(shelf) == ["run-y", "run-m", "run-z", "run-k"]
    assert names(shelf, newest=1) == ["run-y"]
    assert names(shelf, newest=3) == ["run-y", "run-m", "run-z"]


@pytest.mark.parametrize(("newest", "found"), [(0, 0), (1, 1), (2, 2), (3, 3), (9, 3)])
def test_only_so_many_are_listed(shelf: Shelf, newest: int, found: int) -> None:
    for minute, letters in enumerate("kml"):
        shelf.put(letters, minute=minute)
    assert names(shelf, newest=newest) == ["run-l", "run-m", "run-k"][:found]


def test_the_newest_are_found_without_reading_the_others(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute, letters in enumerate("klmnop"):
        shelf.put(letters, minute=minute)
    n_read = []

    def counted(repo: Repository, specs: Sequence[str]) -> list[bytes | None]:
        n_read.append(len(specs))
        return read_objects(repo, specs)

    monkeypatch.setattr("repro.store.listing.read_objects", counted)
    assert names(shelf, newest=2) == ["run-p", "run-o"]
    assert n_read == [2]


def test_no_runs_are_an_empty_list(shelf: Shelf) -> None:
    assert list_runs(shelf.repo) == []
    assert list_runs(shelf.repo, newest=5) == []


def test_packed_runs_are_listed_too(shelf: Shelf) -> None:
    shelf.put("k")
    shelf.scratch.git("pack-refs", "--all")
    shelf.put("m", minute=1)
    assert names(shelf) == ["run-m", "run-k"]


def test_runs_are_seen_from_every_worktree(shelf: Shelf, worktree_repo: Scratch) -> None:
    shelf.put("k")
    side = open_repository(str(worktree_repo.path))
    assert [run.name for run in list_runs(side)] == ["run-k"]


def test_a_commit_that_is_no_run_is_told_and_hides_nothing(shelf: Shelf) -> None:
    shelf.put("k")
    oid = shelf.put_damaged(f"{RUN_REF}mmmmmmmm")
    listing = read_listing(shelf.repo)
    assert [run.name for run in listing.summaries] == ["run-k"]
    (damaged,) = listing.unreadable
    assert (damaged.ref, damaged.oid) == (f"{RUN_REF}mmmmmmmm", oid)
    assert damaged.hint == f"git show {oid}"


def test_a_run_of_a_newer_repro_says_so(shelf: Shelf) -> None:
    shelf.put_damaged(f"{RUN_REF}mmmmmmmm", 'x\n\nRepro-Summary: {"format": 99}')
    (newer,) = read_listing(shelf.repo).unreadable
    assert "newer" in newer.reason
    assert newer.hint == "pip install --upgrade repro-git"


def test_a_run_under_the_name_of_another_is_told(shelf: Shelf) -> None:
    oid = shelf.put("k")
    shelf.scratch.git("update-ref", f"{RUN_REF}mmmmmmmm", oid)
    listing = read_listing(shelf.repo)
    assert len(listing.summaries) == 1
    assert "another run" in listing.unreadable[0].reason


@pytest.mark.parametrize("name", ["", "nested/deep", "20240506T070809-kkkkkkkk-x"])
def test_a_ref_of_another_form_is_told(shelf: Shelf, name: str) -> None:
    oid = shelf.put("k")
    shelf.scratch.git("update-ref", f"refs/repro/runs/odd{name}", oid)
    assert len(read_listing(shelf.repo).unreadable) == 1


def test_a_blob_that_looks_like_a_run_is_told(shelf: Shelf) -> None:
    oid = shelf.put("k")
    message = shelf.scratch.git("log", "-1", "--format=%B", oid)
    blob = shelf.scratch.git("hash-object", "-w", "--stdin", input=message)
    shelf.scratch.git("update-ref", "-d", f"{RUN_REF}kkkkkkkk")
    shelf.scratch.git("update-ref", f"{RUN_REF}kkkkkkkk", blob)
    assert "names no commit" in read_listing(shelf.repo).unreadable[0].reason


def test_a_commit_that_is_missing_is_told(shelf: Shelf) -> None:
    oid = shelf.put("k")
    shelf.put("m", minute=1)
    remove_object(shelf, oid)
    listing = read_listing(shelf.repo)
    assert [run.name for run in listing.summaries] == ["run-m"]
    assert "missing" in listing.unreadable[0].reason


def remove_object(shelf: Shelf, oid: str) -> None:
    """Loosens every pack, then removes one object."""
    git_dir = shelf.scratch.path / ".git"
    for pack in (git_dir / "objects" / "pack").glob("*.pack"):
        content = pack.read_bytes().decode("utf-8", "surrogateescape")
        for part in pack.parent.glob(f"{pack.stem}.*"):
            part.unlink()
        shelf.scratch.git("unpack-objects", "-q", input=content)
    (git_dir / "objects" / oid[:2] / oid[2:]).unlink()


def test_live_runs_are_ids_and_snapshots(shelf: Shelf) -> None:
    run_id = shelf.record("k").run.id
    shelf.scratch.git("update-ref", live_ref(run_id), "HEAD")
    shelf.scratch.git("update-ref", "refs/repro/live/odd", "HEAD")
    assert list_live(shelf.repo) == [(run_id, shelf.scratch.head())]


def test_a_commit_without_a_record_has_none(shelf: Shelf) -> None:
    with pytest.raises(NoRecordError):
        read_record(shelf.repo, Oid(shelf.scratch.head()))


def test_an_object_that_is_not_there_has_no_record(shelf: Shelf) -> None:
    with pytest.raises(GitError):
        read_record(shelf.repo, Oid("1f" * 20))


def test_a_damaged_record_names_the_file_and_how_to_see_it(shelf: Shelf) -> None:
    shelf.scratch.write(".repro/run.yaml", "format: 1\nid: x\n")
    oid = shelf.scratch.commit()
    with pytest.raises(RecordError) as caught:
        read_record(shelf.repo, Oid(oid))
    assert caught.value.file == "run.yaml"
    assert caught.value.hint == f"git show {oid}:.repro/run.yaml"


def test_a_record_of_a_newer_repro_names_the_command_that_upgrades(shelf: Shelf) -> None:
    shelf.scratch.write(".repro/run.yaml", "format: 99\n")
    with pytest.raises(RecordError) as caught:
        read_record(shelf.repo, Oid(shelf.scratch.commit()))
    assert caught.value.hint == "pip install --upgrade repro-git"


def test_links_in_a_record_are_not_followed(shelf: Shelf) -> None:
    (shelf.scratch.path / ".repro").mkdir()
    (shelf.scratch.path / ".repro" / "run.yaml").symlink_to("../params.yaml")
    with pytest.raises(NoRecordError):
        read_record(shelf.repo, Oid(shelf.scratch.commit()))


def test_params_too_large_for_the_message_are_read_on_demand(shelf: Shelf) -> None:
    shelf.put("k", params=LARGE, metrics={"acc": 0.5})
    (run,) = list_runs(shelf.repo)
    assert run.is_partial
    whole = complete(shelf.repo, run)
    assert whole.params == LARGE
    assert whole.metrics == {"acc": 0.5}
    assert not whole.is_partial


def test_a_summary_that_is_whole_is_not_read_again(shelf: Shelf) -> None:
    shelf.put("k")
    (run,) = list_runs(shelf.repo)
    assert complete(shelf.repo, run) is run


def test_many_are_completed_in_their_order(shelf: Shelf) -> None:
    shelf.put("k", params=LARGE)
    shelf.put("m", minute=1)
    shelf.put("p", minute=2, params=LARGE)
    whole = complete_all(shelf.repo, list_runs(shelf.repo))
    assert [(run.name, run.is_partial) for run in whole] == [
        ("run-p", False),
        ("run-m", False),
        ("run-k", False),
    ]
    assert whole[2].params == LARGE


def test_a_damaged_run_among_many_stays_partial(shelf: Shelf) -> None:
    shelf.put("k", params=LARGE)
    (run,) = list_runs(shelf.repo)
    elsewhere = run._replace(oid=Oid(shelf.scratch.head()))
    assert complete_all(shelf.repo, [elsewhere]) == [elsewhere]
    with pytest.raises(RecordError, match="is missing"):
        complete(shelf.repo, elsewhere)

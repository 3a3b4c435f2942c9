"""`repro du`: the bytes of each run, its alone or shared, and in total."""

import json
import os
from pathlib import Path

import pytest
from click.testing import Result

from repro.cli.commands import du
from repro.data.manifest import encode_manifest
from repro.data.store import ObjectStore
from repro.git.repository import open_repository
from repro.model.data import Artifact, DataEntry, Source
from repro.store.listing import list_runs
from repro.store.removal import remove_runs
from repro.store.resolve import UnknownRunError
from tests.cli.recorded import Shelf, call, shelf
from tests.compare.samples import START
from tests.repos import Scratch


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Two runs that read the same file, one of which wrote a directory; and an orphan."""
    found = shelf(repo, monkeypatch)
    store = _store()
    read = DataEntry("data.bin", store.add_bytes(b"d" * 1000), 1000, 1, Source.DECLARED)
    files = {"a": store.add_bytes(b"a" * 300), "d": read.hash}
    model = Artifact("model", store.add_bytes(encode_manifest(files), suffix=".dir"), 1300, 2)
    found.put("k", data=(read,))
    found.put("l", minute=1, data=(read,), artifacts=(model,))
    store.add_bytes(b"o" * 50)
    return found


def _store() -> ObjectStore:
    return ObjectStore(f"{open_repository().state_dir}/store")


def _du(*args: str, terminal: bool = False) -> Result:
    return call(du.command, *args, terminal=terminal)


def _manifest_bytes() -> int:
    paths = Path(_store().objects_root).glob("*/*.dir")
    return sum(path.stat().st_size for path in paths)


@pytest.mark.usefixtures("runs")
def test_a_pipe_gets_bytes_by_run_the_largest_first() -> None:
    done = _du()

    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert rows[0] == ["id", "name", "data_bytes", "artifact_bytes", "unique_bytes"]
    # The file that both read is the run's own in neither.
    own = str(300 + _manifest_bytes())
    assert [row[1:] for row in rows[1:]] == [
        ["run-l", "1000", "1300", own],
        ["run-k", "1000", "0", "0"],
    ]
    assert "object store: 1." in done.stderr


@pytest.mark.usefixtures("runs")
def test_the_json_has_the_totals() -> None:
    found = json.loads(_du("--json").stdout)

    assert [run["name"] for run in found["runs"]] == ["run-l", "run-k"]
    total = found["total"]
    assert total["store_bytes"] == 1350 + _manifest_bytes()
    assert total["unneeded_bytes"] == 50
    assert total["store_shared_bytes"] == 0
    assert total["git_bytes"] > 0
    assert total["trash_bytes"] == 0


@pytest.mark.usefixtures("runs")
def test_bytes_that_dvc_has_as_well_count_as_shared(tmp_path: Path) -> None:
    store = _store()
    os.link(store.path_of(store.add_bytes(b"o" * 50)), tmp_path / "cached")

    total = json.loads(_du("--json").stdout)["total"]

    assert total["store_shared_bytes"] == 50
    assert total["unneeded_bytes"] == 0


@pytest.mark.usefixtures("runs")
def test_the_trash_is_counted() -> None:
    repo = open_repository()
    chosen = [run for run in list_runs(repo) if run.name == "run-k"]
    remove_runs(repo, chosen, now=START, author=None)

    done = _du("--json")

    total = json.loads(done.stdout)["total"]
    assert 0 < total["trash_bytes"] < total["git_bytes"]
    assert [run["name"] for run in json.loads(done.stdout)["runs"]] == ["run-l"]


@pytest.mark.usefixtures("runs")
def test_runs_can_be_named() -> None:
    found = json.loads(_du("kkkk", "run-k", "--json").stdout)

    assert [run["name"] for run in found["runs"]] == ["run-k"]
    with pytest.raises(UnknownRunError):
        _du("nobody")


@pytest.mark.usefixtures("runs")
def test_a_terminal_gets_tables() -> None:
    done = _du("-n", "1", terminal=True)

    assert "llllllll" in done.stdout
    assert "kkkkkkkk" not in done.stdout
    assert "1.3 kB" in done.stdout
    assert "git objects" in done.stdout
    assert "nothing needs" in done.stdout
    assert "… and 1 more: repro du -n 0" in done.stderr


def test_a_repository_without_runs_takes_nothing(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf(repo, monkeypatch)

    found = json.loads(_du("--json").stdout)

    assert found["runs"] == []
    assert set(found["total"].values()) == {0}


def test_a_repository_without_a_commit_can_be_measured(unborn_repo: Scratch) -> None:
    unborn_repo.run_cli("record", "-n", "first")

    found = json.loads(unborn_repo.run_cli("du", "--json").stdout)

    assert [run["name"] for run in found["runs"]] == ["first"]
    assert found["total"]["git_bytes"] > 0


def test_it_changes_nothing(runs: Shelf) -> None:
    before = runs.scratch.standing(), runs.scratch.refs()
    _du()
    assert (runs.scratch.standing(), runs.scratch.refs()) == before

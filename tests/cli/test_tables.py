"""Tables as a user sees them: shown, compared, and looked for at a checkout."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from repro.cli.commands.checkout import command as checkout_command
from repro.cli.commands.diff import command as diff_command
from repro.cli.commands.show import command as show_command
from repro.cli.views.content import content_change, content_text
from repro.git.repository import open_repository
from repro.model.data import DataEntry, Place, Source
from repro.model.table import TableHash, TableKind
from repro.restore.state import checked_out
from repro.restore.tables import TableGoneError
from tests.cli.recorded import Shelf, call, shelf
from tests.data.lakes import delta_id, make_lake, vacuum, write_delta
from tests.repos import Scratch


def table(
    path: str, *versions: str, table_id: str = "1f2e", kind: TableKind = TableKind.DELTA
) -> DataEntry:
    return DataEntry(
        path,
        TableHash(versions, table_id).text,
        484,
        1,
        Source.LOGGED,
        place=Place.TABLE,
        hash_name=kind.hash_name,
    )


FILE = DataEntry("a.csv", "ab" * 16, 12, 1, Source.TRACED)


@pytest.fixture
def here(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A repository with a table beside its files, at the versions 0, 1 and 2."""
    repo.write(".gitignore", "/warehouse/\n")
    repo.commit("ignore")
    write_delta(repo.path / "warehouse/events", 1, 2, 3)
    return shelf(repo, monkeypatch)


def put(here: Shelf, letters: str, version: str) -> None:
    """Records a run that read a version of the table."""
    found = delta_id(here.scratch.path / "warehouse/events")
    here.put(letters, data=(table("warehouse/events", version, table_id=found),))


def test_a_table_is_shown_by_its_version() -> None:
    assert content_text(FILE) == "abababab"
    assert content_text(table("e", "7")) == "version 7 (delta)"
    assert content_text(table("e", "3", "7")) == "versions 3, 7 (delta)"
    assert content_text(table("e", "99", kind=TableKind.ICEBERG)) == "snapshot 99 (iceberg)"


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (table("e", "3"), table("e", "5"), "version 3 → 5 (delta)"),
        (table("e", "3"), table("e", "3", "5"), "version 3 → 3, 5 (delta)"),
        (table("e", "3"), table("e", "0", table_id="9"), "version 3 → 0 (delta, another table)"),
        (table("e", "3"), table("e", "3", table_id="9"), "version 3 (delta, another table)"),
        (None, table("e", "5"), "version 5 (delta)"),
        (table("e", "3"), None, "version 3 (delta)"),
        (FILE, table("e", "5"), "abababab → version 5 (delta)"),
        (
            table("e", "3"),
            table("e", "9", kind=TableKind.ICEBERG),
            "version 3 (delta) → snapshot 9 (iceberg)",
        ),
        (FILE, FILE._replace(hash="cd" * 16), "abababab → cdcdcdcd"),
    ],
)
def test_a_change_of_a_table_is_from_version_to_version(
    old: DataEntry | None, new: DataEntry | None, text: str
) -> None:
    assert content_change(old, new) == text


def test_show_says_who_keeps_a_table(here: Shelf) -> None:
    put(here, "k", "1")
    out = call(show_command, "run-k").stdout
    assert "warehouse/events  version 1 (delta)  484 B  logged, kept by the table" in out


def test_show_json_has_version_and_table(here: Shelf) -> None:
    put(here, "k", "1")
    (entry,) = json.loads(call(show_command, "run-k", "--json").stdout)["data"]
    found = delta_id(here.scratch.path / "warehouse/events")
    assert (entry["hash"], entry["place"]) == (f"1@{found}", "table")


def test_diff_says_from_which_version_to_which(here: Shelf) -> None:
    put(here, "k", "0")
    put(here, "m", "2")
    out = call(diff_command, "run-k", "run-m").stdout
    assert "data changed (1)" in out
    assert "warehouse/events  version 0 → 2 (delta)" in out


def test_diff_json_names_the_hashes(here: Shelf) -> None:
    put(here, "k", "0")
    put(here, "m", "2")
    found = json.loads(call(diff_command, "run-k", "run-m", "--json").stdout)["data"]["changed"]
    assert found["warehouse/events"]["new"]["hash_name"] == "delta-version"


def test_a_checkout_says_at_which_version_a_table_is_to_be_read(here: Shelf) -> None:
    put(here, "k", "1")
    result = call(checkout_command, "run-k")
    assert result.exit_code == 0
    assert (
        "a table, which stays where it is: warehouse/events; read it at version 1" in result.stderr
    )
    assert sorted(path.name for path in here.scratch.path.iterdir() if path.is_dir()) == [
        ".git",
        ".repro",
        "warehouse",
    ]


def test_a_checkout_is_refused_when_the_version_is_gone_and_nothing_changes(here: Shelf) -> None:
    put(here, "k", "1")
    vacuum(here.scratch.path / "warehouse/events")
    with pytest.raises(TableGoneError) as caught:
        call(checkout_command, "run-k")
    assert caught.value.exits_with == 4
    assert caught.value.paths == ("warehouse/events",)
    assert "a file of version 1 was removed" in caught.value.details[0]
    assert checked_out(open_repository(str(here.scratch.path))) is None
    assert here.scratch.refs("refs/repro/undo") == {}


def test_a_checkout_goes_on_without_it_when_told_to(here: Shelf) -> None:
    put(here, "k", "1")
    shutil.rmtree(here.scratch.path / "warehouse")
    result = call(checkout_command, "run-k", "--inexact")
    assert "not as the run read it: warehouse/events: version 1 is no longer" in result.stderr
    assert checked_out(open_repository(str(here.scratch.path))) is not None


def test_a_checkout_is_refused_when_another_table_is_there(here: Shelf) -> None:
    put(here, "k", "0")
    shutil.rmtree(here.scratch.path / "warehouse")
    write_delta(here.scratch.path / "warehouse/events", 1)
    with pytest.raises(TableGoneError) as caught:
        call(checkout_command, "run-k")
    assert "another table is there now" in caught.value.details[0]


def test_without_the_library_a_checkout_says_that_it_did_not_look(
    here: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(here, "k", "9")
    monkeypatch.setitem(sys.modules, "deltalake", None)
    result = call(checkout_command, "run-k")
    assert "not checked: warehouse/events: deltalake is not installed: pip install" in result.stderr


def test_a_table_that_is_part_of_the_runs_files_comes_back_with_them(here: Shelf) -> None:
    repo = here.scratch
    repo.write(".gitignore", "")
    put(here, "k", "1")
    shutil.rmtree(repo.path / "warehouse")
    repo.git("checkout", "--quiet", "--", ".")
    result = call(checkout_command, "run-k")
    assert "warehouse/events; read it at version 1" in result.stderr
    assert (repo.path / "warehouse/events/_delta_log").is_dir()


def test_a_worktree_is_told_where_the_table_is(here: Shelf, tmp_path: Path) -> None:
    put(here, "k", "1")
    result = call(checkout_command, "run-k", "--worktree", str(tmp_path / "wt"))
    there = here.scratch.path / "warehouse/events"
    assert f"not in this worktree: ln -s {there} warehouse/events" in result.stderr


def test_no_worktree_is_made_when_the_version_is_gone(here: Shelf, tmp_path: Path) -> None:
    put(here, "k", "1")
    shutil.rmtree(here.scratch.path / "warehouse")
    with pytest.raises(TableGoneError):
        call(checkout_command, "run-k", "--worktree", str(tmp_path / "wt"))
    assert not (tmp_path / "wt").exists()
    call(checkout_command, "run-k", "--worktree", str(tmp_path / "wt"), "--inexact")
    assert (tmp_path / "wt").is_dir()


def test_a_uri_is_looked_for_and_never_written(here: Shelf, tmp_path: Path) -> None:
    lake = make_lake(tmp_path / "lake")
    (first,) = lake.write(1)
    uuid = str(lake.table.metadata.table_uuid)
    path = "iceberg://unheard-of/ns.events"
    here.put("k", data=(table(path, first, table_id=uuid, kind=TableKind.ICEBERG),))
    with pytest.raises(TableGoneError):
        call(checkout_command, "run-k")
    call(checkout_command, "run-k", "--inexact")
    assert not list(here.scratch.path.glob("iceberg*"))


def test_a_python_is_still_refused_without_an_environment(here: Shelf) -> None:
    put(here, "k", "1")
    result = call(checkout_command, "run-k", "--python", "3.11")
    assert result.exit_code == 2
    assert "--python goes with --env" in result.stderr

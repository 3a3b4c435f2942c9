"""Tables and other inputs that a run names itself, or that its project declares."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.data.lakes import delta_id, make_lake, write_delta
from tests.repos import Scratch

_LOG = """\
import sys
import repro

for word in sys.argv[1:]:
    path, _, version = word.partition("#")
    repro.log_input(path, version or None)
"""
_MIB = 2**20


@pytest.fixture
def here(repo: Scratch) -> Scratch:
    """A repository with a program that logs what it is told to, and a table beside its files."""
    repo.write("log.py", _LOG)
    repo.write(".gitignore", "/warehouse/\n/data/\n/big/\n")
    repo.commit("log")
    write_delta(repo.path / "warehouse/events", 1, 2, 3)
    return repo


def log(repo: Scratch, *words: str, **kwargs: Any) -> dict[str, Any]:
    """Runs the program, and returns its record."""
    return run(repo, "log.py", *words, **kwargs)


def run(repo: Scratch, *words: str, **kwargs: Any) -> dict[str, Any]:
    repo.run_cli("run", "--", sys.executable, *words, **kwargs)
    return newest(repo)


def newest(repo: Scratch) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(repo.run_cli("show", "--json").stdout)
    return shown


def data(record: dict[str, Any]) -> dict[str, str]:
    return {entry["path"]: entry["hash"] for entry in record["data"]}


def gaps(record: dict[str, Any]) -> dict[str, str]:
    found = [gap for gap in record["gaps"] if gap["kind"] not in ("environment", "code")]
    return {gap["subject"]: gap["reason"] for gap in found}


def declare(repo: Scratch, *names: str, **more: Any) -> None:
    lines = [
        f"inputs: {json.dumps(list(names))}",
        *(f"{k}: {json.dumps(v)}" for k, v in more.items()),
    ]
    repo.write(".repro.yaml", "\n".join(lines) + "\n")


def test_a_logged_table_is_an_input(here: Scratch) -> None:
    table = here.path / "warehouse/events"
    record = log(here, "delta://warehouse/events#1")
    (entry,) = record["data"]
    assert entry | {"size_bytes": 0} == {
        "path": "warehouse/events",
        "hash": f"1@{delta_id(table)}",
        "hash_name": "delta-version",
        "place": "table",
        "source": "logged",
        "size_bytes": 0,
        "n_files": 1,
        "pointer": None,
        "matches_pointer": True,
        "executable": False,
        "extras": None,
    }
    assert entry["size_bytes"] > 0
    assert record["format"] == 2
    assert gaps(record) == {}


def test_another_version_is_another_data_pillar_and_the_same_is_the_same(here: Scratch) -> None:
    first = log(here, "delta://warehouse/events#1")
    write_delta(here.path / "warehouse/events", 4)
    again = log(here, "warehouse/events#1")
    newest_ = log(here, "warehouse/events")
    assert again["pillars"]["data"] == first["pillars"]["data"]
    assert newest_["pillars"]["data"] != first["pillars"]["data"]
    assert data(newest_)["warehouse/events"].startswith("3@")


def test_two_versions_of_one_table_are_both_recorded(here: Scratch) -> None:
    record = log(here, "warehouse/events#2", "warehouse/events#0", "warehouse/events#2")
    assert data(record) == {"warehouse/events": f"0,2@{delta_id(here.path / 'warehouse/events')}"}
    assert record["data"][0]["n_files"] == 2


def test_a_table_that_is_made_anew_meanwhile_is_a_gap(here: Scratch) -> None:
    program = (
        "import repro, shutil, pyarrow as pa\n"
        "from deltalake import write_deltalake\n"
        "repro.log_input('warehouse/events')\n"
        "shutil.rmtree('warehouse/events')\n"
        "write_deltalake('warehouse/events', pa.table({'x': [1]}))\n"
        "repro.log_input('warehouse/events')\n"
    )
    here.write("anew.py", program)
    record = run(here, "anew.py")
    assert data(record)["warehouse/events"].startswith("2@")
    assert "made anew" in gaps(record)["warehouse/events"]


def test_an_iceberg_table_is_an_input(here: Scratch) -> None:
    lake = make_lake(here.path / "warehouse/lake")
    first, _ = lake.write(1, 2)
    record = log(here, f"warehouse/lake/ns/events#{first}")
    uuid = lake.table.metadata.table_uuid
    assert data(record) == {"warehouse/lake/ns/events": f"{first}@{uuid}"}
    assert record["data"][0]["hash_name"] == "iceberg-snapshot"


def test_a_table_of_a_catalog_is_recorded_by_its_uri(here: Scratch, tmp_path: Path) -> None:
    lake = make_lake(tmp_path / "lake")
    (first,) = lake.write(1)
    record = log(here, "iceberg://local/ns.events", env=lake.variables())
    uuid = lake.table.metadata.table_uuid
    assert data(record)["iceberg://local/ns.events"] == f"{first}@{uuid}"


def test_a_table_outside_of_the_repository_is_known_by_its_absolute_path(
    here: Scratch, tmp_path: Path
) -> None:
    write_delta(tmp_path / "lake", 1)
    record = log(here, "delta://../lake")
    assert data(record) == {str(tmp_path / "lake"): f"0@{delta_id(tmp_path / 'lake')}"}
    assert gaps(record) == {}


def test_what_cannot_be_read_is_a_gap(here: Scratch) -> None:
    done = here.run_cli(
        "run", "--", sys.executable, "log.py", "delta://gone", "warehouse/events#9", "s3://b/x"
    )
    record = newest(here)
    found = gaps(record)
    assert data(record) == {}
    assert found["gone"] == "logged, but not as meant: it is not there"
    assert found["warehouse/events"].startswith("logged, but not as meant: ")
    assert found["s3://b/x"].startswith("logged, but not as meant: of what kind")
    assert f"repro: log_input: {here.path}/gone: it is not there" in done.stderr


def test_files_below_a_table_are_the_tables(here: Scratch) -> None:
    here.write(".gitignore", "")  # what is too large for git is an input of its own, otherwise
    here.write("warehouse/events/x=1/large.parquet", b"x" * (11 * _MIB))
    program = _LOG + "open('warehouse/events/x=1/large.parquet').read(1)\n"
    program += "open('warehouse/events/_delta_log/00000000000000000000.json').read()\n"
    here.write("log.py", program)
    assert list(data(log(here, "warehouse/events"))) == ["warehouse/events"]


def test_a_table_in_what_dvc_tracks_is_kept_with_its_bytes(dvc_repo: Scratch) -> None:
    dvc_repo.write("log.py", _LOG)
    write_delta(dvc_repo.path / "data/many/events", 1)
    record = log(dvc_repo, "data/many/events")
    assert "data/many/events" not in data(record)
    assert data(record)["data/many"].endswith(".dir")


def test_a_declared_table_is_recorded_as_it_is(here: Scratch) -> None:
    declare(here, "delta://warehouse/events", "data/raw")
    here.write("data/raw/a.csv", "1\n")
    record = run(here, "-c", "")
    assert data(record)["warehouse/events"].startswith("2@")
    assert data(record)["data/raw"].endswith(".dir")
    assert record["data"][1]["source"] == "declared"
    assert gaps(record) == {}


def test_a_declared_path_starts_from_the_configuration(here: Scratch) -> None:
    write_delta(here.path / "sub/wh/events", 1)
    here.write("sub/.repro.yaml", 'inputs: ["delta://wh/events"]\n')
    record = run(here, "-c", "", cwd="sub")
    assert data(record)["sub/wh/events"].startswith("0@")


def test_a_declared_directory_that_is_a_table_is_one(here: Scratch) -> None:
    declare(here, "warehouse/events")
    assert data(run(here, "-c", ""))["warehouse/events"].startswith("2@")


def test_a_declared_version_is_pinned(here: Scratch) -> None:
    declare(here, "delta://warehouse/events?version=1")
    here.write("more.py", _MORE)
    record = run(here, "more.py")
    assert data(record)["warehouse/events"].startswith("1@")
    assert gaps(record) == {}


_MORE = """\
import pyarrow as pa
from deltalake import write_deltalake

write_deltalake("warehouse/events", pa.table({"x": [9]}), mode="overwrite")
"""


def test_a_declared_table_that_goes_on_meanwhile_is_a_gap(here: Scratch) -> None:
    declare(here, "delta://warehouse/events")
    here.write("more.py", "import time; time.sleep(1.5)\n" + _MORE)
    record = run(here, "more.py")
    assert data(record)["warehouse/events"].startswith("2@")
    assert gaps(record)["warehouse/events"] == (
        "it went from version 2 to 3 while the command ran; "
        "the one that was there at the start is recorded"
    )


def test_what_the_command_logs_closes_that_gap(here: Scratch) -> None:
    declare(here, "delta://warehouse/events")
    here.write("more.py", "import repro; repro.log_input('warehouse/events', 1)\n" + _MORE)
    record = run(here, "more.py")
    assert data(record)["warehouse/events"].startswith("1@")
    assert gaps(record) == {}


def test_a_declared_table_that_cannot_be_read_is_a_gap(here: Scratch) -> None:
    declare(here, "delta://gone", "s3://KEY:s3cr3t@b/x")
    record = run(here, "-c", "")
    found = gaps(record)
    assert found.pop(".repro.yaml").startswith("1 secret")
    assert found == {
        "gone": "its version is not known: it is not there",
        "s3://b/x": "of what kind this table is its name does not say",
    }
    assert "s3cr3t" not in json.dumps(record)


_NO_DELTALAKE = "import sys; sys.modules['deltalake'] = None\n"


def test_without_the_library_a_table_is_a_gap_and_a_directory_keeps_its_bytes(
    here: Scratch, tmp_path: Path
) -> None:
    (tmp_path / "no" / "deltalake").mkdir(parents=True)
    (tmp_path / "no" / "deltalake" / "__init__.py").write_text(
        "raise ImportError(name='deltalake')"
    )
    write_delta(here.path / "warehouse/other", 1)
    declare(here, "delta://warehouse/events", "warehouse/other")
    record = run(
        here, "-c", "", env={"PYTHONPATH": f"{tmp_path}/no:{os.environ.get('PYTHONPATH', '')}"}
    )
    assert data(record)["warehouse/other"].endswith(".dir")
    (gap,) = [gap for gap in record["gaps"] if gap["subject"] == "warehouse/events"]
    assert gap["reason"] == "its version is not known: deltalake is not installed"
    assert gap["fix"] == "pip install 'repro-git[delta]'"


def test_a_version_that_only_the_recorder_can_look_up_is_a_gap_unless_it_was_given(
    here: Scratch,
) -> None:
    write_delta(here.path / "warehouse/other", 1)
    here.write("log.py", _NO_DELTALAKE + _LOG)
    record = log(here, "delta://warehouse/events", "delta://warehouse/other#0")
    assert data(record)["warehouse/events"].startswith("2@")
    assert data(record)["warehouse/other"].startswith("0@")
    assert gaps(record) == {
        "warehouse/events": "its version was looked up only when the command had ended"
    }


def test_strict_refuses_a_table_that_cannot_be_read(here: Scratch) -> None:
    declare(here, "delta://gone")
    done = here.run_cli("run", "--strict", "--", sys.executable, "-c", "", check=False)
    assert done.returncode == 4
    assert "gone: its version is not known" in done.stderr


def test_a_logged_file_is_an_input(here: Scratch) -> None:
    here.write("data/in.csv", "1\n")
    here.write("data/dir/a.csv", "1\n")
    record = log(here, "data/in.csv", "data/dir", "params.yaml")
    assert [(e["path"], e["source"], e["place"]) for e in record["data"]] == [
        ("data/dir", "logged", "store"),
        ("data/in.csv", "logged", "store"),
    ]
    assert gaps(record) == {}


def test_a_logged_file_that_is_not_there_is_a_gap(here: Scratch) -> None:
    assert gaps(log(here, "data/gone.csv")) == {"data/gone.csv": "logged, but not there"}


def test_a_logged_file_that_changes_afterwards_is_a_gap(here: Scratch) -> None:
    here.write("data/in.csv", "1\n")
    here.write("log.py", _LOG + "import os; os.system('echo 2 >> data/in.csv')\n")
    record = log(here, "data/in.csv")
    assert list(gaps(record)) == ["data/in.csv"]


def test_a_logged_file_of_secrets_is_not_kept(here: Scratch) -> None:
    here.write("data/.env", "TOKEN=abc\n")
    record = log(here, "data/.env")
    assert data(record) == {}
    assert "file of secrets" in gaps(record)["data/.env"]


def test_a_logged_file_from_elsewhere_is_known_by_its_hash(here: Scratch, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("1\n")
    record = log(here, str(tmp_path / "in.csv"))
    (entry,) = record["data"]
    assert (entry["source"], entry["place"]) == ("logged", "nowhere")
    assert str(tmp_path / "in.csv") in gaps(record)


def test_every_process_of_a_run_may_log(here: Scratch) -> None:
    program = (
        "import subprocess, sys\n"
        "p = [subprocess.Popen([sys.executable, 'log.py', f'warehouse/events#{n}'])"
        " for n in range(3)]\n"
        "assert [x.wait() for x in p] == [0, 0, 0]\n"
    )
    record = run(here, "-c", program)
    assert data(record)["warehouse/events"].startswith("0,1,2@")


def test_a_run_inside_of_a_run_has_its_own_inputs(here: Scratch) -> None:
    program = (
        "import subprocess, sys, repro\n"
        "repro.log_input('warehouse/events', 0)\n"
        "inner = [sys.executable, '-m', 'repro', 'run', '--name', 'inner', '--',"
        " sys.executable, 'log.py', 'warehouse/events#1']\n"
        "assert subprocess.call(inner) == 0\n"
    )
    here.run_cli("run", "--name", "outer", "--", sys.executable, "-c", program)
    shown = [json.loads(here.run_cli("show", x, "--json").stdout) for x in ("outer", "inner")]
    assert [data(record)["warehouse/events"][:2] for record in shown] == ["0@", "1@"]


def test_logging_is_no_output_and_no_variable_of_the_run(here: Scratch) -> None:
    record = log(here, "warehouse/events")
    assert record["artifacts"] == []
    assert "REPRO" not in json.dumps(record["environment"])


def test_a_recorded_workspace_follows_its_tables(here: Scratch) -> None:
    declare(here, "warehouse/events")
    here.run_cli("record")
    first = newest(here)["id"]
    here.run_cli("record")
    assert newest(here)["id"] == first
    write_delta(here.path / "warehouse/events", 4)
    here.run_cli("record")
    assert data(newest(here))["warehouse/events"].startswith("3@")

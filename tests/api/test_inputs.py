"""`repro.log_input` inside of a program: what it notes, and that it never gets in the way."""

import json
import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import repro
from repro.api import inputs
from repro.record.logged import read_logged
from tests.api.programs import shown, train
from tests.data.lakes import delta_id, write_delta
from tests.repos import Scratch, run_program


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a run, which this process is part of."""
    directory = tmp_path / "live"
    directory.mkdir()
    monkeypatch.setenv("REPRO_RUN_DIRECTORY", str(directory))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(inputs, "_said", set())
    return directory


def lines(live: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (live / "inputs.jsonl").read_text().splitlines()]


def test_a_file_is_noted_with_what_tells_whether_it_changes(live: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("1,2\n")
    repro.log_input("in.csv")
    status = (tmp_path / "in.csv").stat()
    expected = [status.st_size, status.st_mtime_ns, status.st_ino]
    assert lines(live) == [{"path": str(tmp_path / "in.csv"), "state": expected}]


def test_a_path_may_be_any_kind_of_path(live: Path, tmp_path: Path) -> None:
    repro.log_input(tmp_path / "a" / ".." / "gone.csv")
    assert lines(live) == [{"path": str(tmp_path / "gone.csv")}]


def test_a_name_that_is_no_text_survives(live: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    (tmp_path / name).write_text("x")
    repro.log_input(name)
    (found,) = read_logged(str(live))
    assert found.path == f"{tmp_path}/{name}"


def test_the_version_of_a_table_is_looked_up_at_once(live: Path, tmp_path: Path) -> None:
    write_delta(tmp_path / "events", 1, 2)
    repro.log_input("delta://events")
    write_delta(tmp_path / "events", 3)
    (line,) = lines(live)
    assert line["found"][:2] == ["1", delta_id(tmp_path / "events")]
    assert line["version"] is None


@pytest.mark.parametrize("version", [0, "0"], ids=["number", "text"])
def test_a_version_is_pinned(live: Path, tmp_path: Path, version: int | str) -> None:
    write_delta(tmp_path / "events", 1, 2)
    repro.log_input("events", version)
    (line,) = lines(live)
    assert (line["version"], line["found"][0]) == ("0", "0")


def test_a_version_in_the_uri_is_pinned_unless_another_is_given(live: Path, tmp_path: Path) -> None:
    write_delta(tmp_path / "events", 1, 2, 3)
    repro.log_input("delta://events?version=1")
    repro.log_input("delta://events?version=1", version=0)
    assert [line["found"][0] for line in lines(live)] == ["1", "0"]


def test_credentials_are_not_noted(live: Path, caplog: pytest.LogCaptureFixture) -> None:
    repro.log_input("delta+http://KEY:s3cr3t@b/events?sig=s3cr3t")
    repro.log_input("http://KEY:s3cr3t@b/events?sig=s3cr3t")
    assert "s3cr3t" not in (live / "inputs.jsonl").read_text() + caplog.text


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ((7,), "neither a path nor the URI of a table"),
        (("events", 1.5), "neither a number nor a text"),
        (("events", True), "neither a number nor a text"),
        (("no-table", 1), "no table is there that has a version 1"),
        (("s3://b/events",), "of what kind"),
        (("delta://gone",), "it is not there"),
        (("events", 9), ""),
    ],
    ids=str,
)
def test_a_call_that_cannot_be_noted_as_meant_is_a_warning_and_a_problem(
    live: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    call: tuple[Any, ...],
    reason: str,
) -> None:
    write_delta(tmp_path / "events", 1)
    repro.log_input(*call)
    (line,) = lines(live)
    assert reason in line["problem"]
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("repro", logging.WARNING)
    assert record.getMessage().startswith("repro: log_input: ")


def test_outside_of_a_run_it_begins_one(repo: Scratch) -> None:
    repo.write(".gitignore", "*.csv\n")
    repo.commit()
    repo.write("in.csv", "1")
    train(repo, "repro.log_input('in.csv')")
    assert [(item["path"], item["source"]) for item in shown(repo)["data"]] == [
        ("in.csv", "logged")
    ]


def test_of_runs_beside_each_other_each_has_its_own(repo: Scratch) -> None:
    repo.write(".gitignore", "*.csv\n")
    repo.commit()
    repo.write("in.csv", "1")
    train(
        repo,
        "with repro.start_run('outer') as outer:\n"
        "    with repro.start_run('inner'): repro.log_input('in.csv')",
    )
    assert shown(repo, "outer")["data"] == []
    assert [item["path"] for item in shown(repo, "inner")["data"]] == ["in.csv"]


def test_after_the_run_has_ended_it_warns(live: Path, caplog: pytest.LogCaptureFixture) -> None:
    live.rmdir()
    repro.log_input("in.csv")
    assert "is not noted" in caplog.text
    assert not live.exists()


def test_without_the_library_the_version_is_left_to_the_recorder(
    live: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (live.parent / "events" / "_delta_log").mkdir(parents=True)
    monkeypatch.setitem(sys.modules, "deltalake", None)
    repro.log_input("delta://events")
    repro.log_input("delta://events")
    assert [("found" in line, "problem" in line) for line in lines(live)] == [(False, False)] * 2
    (record,) = caplog.records
    assert "pip install 'repro-git[delta]'" in record.getMessage()


def test_lines_of_many_threads_stay_whole(live: Path) -> None:
    def log(number: int) -> None:
        for step in range(50):
            repro.log_input(f"part-{number}-{step}" + "x" * 3000)

    threads = [threading.Thread(target=log, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({line["path"] for line in lines(live)}) == 400


def test_garbage_in_the_journal_is_left_out(live: Path) -> None:
    good = '{"path": "/a"}'
    bad = ["", "{", "7", "[]", "null", '{"path": 7}', '{"path": "/a\\u0000"}', '{"state": 1}']
    bad += ['{"path": "/a", "state": "x"}', '{"path": "/a", "kind": "hudi"}']
    bad += ['{"path": "/a", "kind": "delta", "found": [1]}', '{"path": "/cut']
    (live / "inputs.jsonl").write_text("\n".join([good, *bad]))
    assert [item.path for item in read_logged(str(live))] == ["/a"]


def test_what_a_loop_logs_again_is_one_input(live: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("x")
    for _ in range(3):
        repro.log_input("in.csv")
    assert len(read_logged(str(live))) == 1


def test_importing_repro_loads_nothing_else(tmp_path: Path) -> None:
    program = (
        "import sys; before = set(sys.modules); import repro;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = run_program(
        sys.executable,
        "-S",
        "-c",
        program,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(repro.__file__).parents[1])},
    )
    assert done.stdout.split() == ["repro"]


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'log_everything'"):
        getattr(repro, "log_everything")  # noqa: B009 - mypy would see the other spelling

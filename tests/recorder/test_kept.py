"""Journals that were kept outside of the repository become runs."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from repro.journal.writer import JournalWriter
from tests.recorder.driving import program
from tests.repos import Scratch


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A journal of a run that could not be recorded, with a metric and an artifact."""
    directory = tmp_path / "kept"
    writer = JournalWriter(str(directory))
    writer.metric("loss", 0.5, 1)
    writer.event("a", {"name": "note.txt", "content": "0", "in_place": False, "kind": ""})
    writer.close()
    (directory / "artifacts").mkdir()
    (directory / "artifacts/0").write_text("hello\n")
    _note(directory)
    return directory


def _note(directory: Path, **more: object) -> None:
    began = time.time() - 100
    facts = {
        "pid": 2**22 + 1,
        "argv": [sys.executable, "train.py", "--lr", "0.5"],
        "cwd": "/",
        "name": "mine",
        "message": "why",
        "params": {"depth": 3},
        "tags": {"a": "b"},
        "reason": "no space left on device",
        "started_at": began,
        "ended_at": began + 10,
        "status": "failed",
        "exit_code": 1,
    }
    (directory / "kept.json").write_text(json.dumps(facts | more))


def _shown(repo: Scratch) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(repo.run_cli("show", "--json").stdout)
    return shown


def test_it_is_recorded_and_goes(repo: Scratch, kept: Path) -> None:
    done = repo.run_cli("record", "--journal", str(kept))
    run = _shown(repo)

    assert "mine" in done.stderr
    assert (run["name"], run["message"], run["status"]) == ("mine", "why", "failed")
    assert run["exit_code"] == 1
    assert run["duration_s"] == pytest.approx(10, abs=0.01)
    assert run["metrics"] == {"loss": 0.5}
    assert run["params"] == {"lr": 0.5, "layers": 2, "depth": 3}
    assert run["tags"] == {"a": "b"}
    assert repo.git("show", f"{repo.runs()[0]}:.repro/logged/note.txt") == "hello"
    gap = next(gap for gap in run["gaps"] if gap["subject"] == "working tree")
    assert gap["kind"] == "code"
    assert gap["reason"].startswith("the run could not be recorded when it ran (no space left")
    (trace,) = [gap for gap in run["gaps"] if gap["subject"] == "trace"]
    assert trace["reason"].endswith("it was not traced")
    assert not kept.exists()


def test_without_a_word_on_its_end_it_crashed(repo: Scratch, kept: Path) -> None:
    _note(kept, status=None, ended_at=None, exit_code=None)
    repo.run_cli("record", "--journal", str(kept))

    assert _shown(repo)["status"] == "crashed"


def test_without_any_facts_its_metrics_are_recorded(repo: Scratch, kept: Path) -> None:
    (kept / "kept.json").write_text("{")
    repo.run_cli("record", "--journal", str(kept))

    assert _shown(repo)["metrics"] == {"loss": 0.5}


def test_what_else_lies_there_stays(repo: Scratch, kept: Path) -> None:
    (kept / "mine.txt").write_text("mine")
    repo.run_cli("record", "--journal", str(kept))

    assert os.listdir(kept) == ["mine.txt"]


def test_while_it_is_written_it_is_left_alone(repo: Scratch, kept: Path) -> None:
    with program() as training:
        _note(kept, pid=training.pid, status=None, started_at=time.time())
        done = repo.run_cli("record", "--journal", str(kept), check=False)

    assert done.returncode == 2
    assert "the program that writes it still runs" in done.stderr
    assert repo.runs() == []


def test_a_directory_that_is_none_is_refused(repo: Scratch, tmp_path: Path) -> None:
    done = repo.run_cli("record", "--journal", str(tmp_path), check=False)

    assert done.returncode == 2
    assert done.stderr.startswith("error: no kept journal here")


def test_recorded_once_it_is_not_recorded_again(repo: Scratch, kept: Path) -> None:
    (kept / "recorded-as").write_text("")
    repo.run_cli("record", "--journal", str(kept))
    run = repo.runs()[0].rpartition("/")[2]
    # As it stands when the one that recorded it was killed before it could remove the journal.
    JournalWriter(str(kept)).close()
    (kept / "recorded-as").write_text(run)
    repo.run_cli("record", "--journal", str(kept))

    assert len(repo.runs()) == 1
    assert not kept.exists()

"""Distributed training without `repro run`: what the other processes wrote is in rank 0's run."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from repro.journal.writer import JournalWriter
from repro.record import jobs
from tests.processes import wait_until
from tests.recorder.driving import driven, log, program
from tests.repos import Scratch


def _shown(repo: Scratch, run: str = "@") -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(repo.run_cli("show", "--json", run).stdout)
    return shown


def _silent(repo: Scratch, started: dict[str, Any]) -> list[str]:
    gaps = _shown(repo, started["run"])["gaps"]
    return [gap["subject"] for gap in gaps if "nothing came of it" in gap["reason"]]


def _job(repo: Scratch, key: str = "run-1") -> Path:
    return repo.path / ".git/repro/live/.jobs" / key


def _rank(repo: Scratch, rank: int, key: str = "run-1") -> JournalWriter:
    return JournalWriter(str(_job(repo, key)), rank=rank)


def test_their_metrics_and_artifacts_are_in_the_run(repo: Scratch) -> None:
    early = _rank(repo, 1)  # before rank 0 has said anything
    early.metric("loss", 0.5, 0)
    with driven(repo) as recorder:
        started = recorder.begin(job="run-1")
        log(started, loss=[0.25])
        late = _rank(repo, 2)
        late.metric("loss", 0.75, 0)
        (_job(repo) / "artifacts").mkdir()
        (_job(repo) / "artifacts/0").write_text("hello\n")
        late.event("a", {"name": "x.txt", "content": "0", "in_place": False, "kind": ""})
        late.event("p", {"lr": 99})
        early.close()
        late.close()
        recorder.end(started)
    run = _shown(repo)

    assert run["metrics"] == {"loss": 0.25, "rank1/loss": 0.5, "rank2/loss": 0.75}
    assert run["params"]["lr"] == 0.1  # that of rank 0
    assert repo.git("show", f"{repo.runs()[0]}:.repro/logged/x.txt") == "hello"
    assert os.listdir(repo.path / ".git/repro/live") == []


def test_those_that_still_write_are_waited_for(repo: Scratch) -> None:
    with driven(repo) as recorder:
        started = recorder.begin(job="run-1")
        late = _rank(repo, 1)
        ask = {"do": "end", "run": started["run"], "status": "finished", "exit_code": 0}
        recorder.post(json.dumps(ask).encode())
        # The recorder has noted how the run ended, and waits.
        wait_until(lambda: Path(started["directory"], "ended.json").exists())
        late.metric("loss", 0.5, 0)
        late.close()
        recorder.hang_up()

    assert _shown(repo)["metrics"] == {"rank1/loss": 0.5}


def test_those_that_died_are_not(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    with program() as training:
        monkeypatch.setattr(os, "getpid", lambda: training.pid)
        writer = _rank(repo, 1)
        monkeypatch.undo()
        (file,) = list(jobs._files(str(_job(repo))))
        assert jobs._may_write(file)
        training.kill()
        assert not jobs._may_write(file)
        writer.close()


def test_what_an_earlier_job_left_under_the_same_key_is_not_of_this_run(repo: Scratch) -> None:
    writer = _rank(repo, 1)
    writer.metric("loss", 0.5, 0)
    writer.close()
    name = Path(writer.path).name.rpartition("-")[0]
    old_ns = time.time_ns() - 3600 * 10**9
    os.rename(writer.path, Path(writer.path).parent / f"{name}-{old_ns:x}")
    with driven(repo) as recorder:
        recorder.end(recorder.begin(job="run-1"))

    assert _shown(repo)["metrics"] == {}
    assert len(list((_job(repo) / "journal").iterdir())) == 1


@pytest.mark.parametrize("key", ["../../../x", "..", ".", "a/b", "a\0b"])
def test_a_key_that_leads_elsewhere_is_no_key(repo: Scratch, key: str) -> None:
    with driven(repo) as recorder:
        recorder.end(recorder.begin(job=key))

    assert _shown(repo)["status"] == "finished"
    assert jobs.jobs_directory("/x", key) is None


def test_ranks_of_which_nothing_came_are_gaps(repo: Scratch) -> None:
    with driven(repo) as recorder:
        started = recorder.begin(job="run-1")
        writer = JournalWriter(started["directory"])
        writer.event("b", {"rank": 0, "world_size": 4})
        writer.close()
        other = _rank(repo, 2)
        other.close()
        recorder.end(started)
        assert _silent(repo, started) == ["rank 1", "rank 3"]

        started = recorder.begin(job="run-2")
        writer = JournalWriter(started["directory"])
        writer.event("b", {"rank": 0, "world_size": 64})
        writer.close()
        recorder.end(started)

    assert _silent(repo, started) == ["63 of 64 ranks, the first of them 1"]


def test_who_is_not_done_when_the_run_ends_is_a_gap(repo: Scratch) -> None:
    with driven(repo) as recorder:
        started = recorder.begin(job="run-1")
        late = _rank(repo, 1)  # of this process, which goes on
        joined = JournalWriter(started["directory"], rank=2)
        done = JournalWriter(started["directory"], rank=3)
        done.close()
        recorder.end(started)
    late.close()
    joined.close()

    gaps = _shown(repo)["gaps"]
    assert [g["subject"] for g in gaps if "it was not done" in g["reason"]] == ["rank 1", "rank 2"]

"""Many recorders in one repository at once: every run is there, and nobody meets a lock."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.repos import Scratch

_PROCESSES = 16
_EACH = 50


@pytest.mark.slow
def test_sixteen_processes_record_fifty_runs_each(repo: Scratch) -> None:
    """Half through `run`, half through `record`, with git's own upkeep beside them."""

    def record(process: int) -> list[str]:
        complaints = []
        for number in range(_EACH):
            name = f"run-{process}-{number}"
            words = ["run", "-q", "-n", name, "--", "true"]
            if process % 2:
                words = ["record", "-q", "-n", name, "--param", f"n={number}"]
            done = repo.run_cli(*words, check=False)
            if done.returncode or done.stderr:
                complaints.append(done.stderr)
        return complaints

    with ThreadPoolExecutor(_PROCESSES) as pool:
        under_way = [pool.submit(record, number) for number in range(_PROCESSES)]
        while not all(future.done() for future in under_way):
            repo.git("pack-refs", "--all")
            repo.git("gc", "--auto", "--quiet")
        complaints = [words for future in under_way for words in future.result()]

    runs = json.loads(repo.run_cli("ls", "--json").stdout)
    assert complaints == []
    assert len({run["name"] for run in runs}) == _PROCESSES * _EACH
    assert repo.refs("refs/repro/live/") == {}
    assert repo.git("fsck", "--strict", "--no-dangling") == ""


def test_the_same_state_recorded_by_many_at_once_is_few_runs(repo: Scratch) -> None:
    argv = (sys.executable, "-m", "repro", "record", "-q")
    processes = [subprocess.Popen(argv, cwd=repo.path) for _ in range(8)]

    assert [process.wait() for process in processes] == [0] * 8
    again = repo.run_cli("record")
    assert "nothing new" in again.stderr

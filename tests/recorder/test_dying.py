"""A recorder that is killed before any of its steps has lost nothing that was logged."""

import json
import os
import sys
from pathlib import Path

import pytest

from tests.repos import Scratch, run_program

_TOP = Path(__file__).parents[2]


@pytest.mark.slow
def test_whenever_it_is_killed_the_next_command_records_all(repo: Scratch) -> None:
    path = os.pathsep.join([str(_TOP), os.environ.get("PYTHONPATH", "")])
    done = run_program(
        *(sys.executable, "-m", "tests.recorder.dying"), cwd=repo.path, env={"PYTHONPATH": path}
    )
    attempts = [json.loads(line) for line in done.stdout.splitlines()]

    assert len(attempts) > 20
    assert "ended" in attempts[-1]["said"]
    for attempt in attempts:
        assert attempt["failures"] == [], attempt
        assert attempt["left"] == 0, attempt
        if "logged" in attempt["said"]:
            assert attempt["points"] == 100, attempt
        if attempt["run"]:
            assert attempt["status"] in ("crashed", "finished"), attempt

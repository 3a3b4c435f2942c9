"""Runs inside of live kernels, as a notebook in Jupyter begins them."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.notebook.kernels import Kernel, live_kernel
from tests.notebook.notebooks import notebook
from tests.processes import wait_until
from tests.repos import Scratch

pytestmark = pytest.mark.slow


@pytest.fixture
def kernel(repo: Scratch) -> Iterator[Kernel]:
    """A kernel of ``train.ipynb``, which is saved with three cells."""
    repo.write("train.ipynb", notebook("x = 1", "import repro", "%load_ext repro"))
    path = str(repo.path / "train.ipynb")
    with live_kernel(repo.path, JPY_SESSION_NAME=path, REPRO_QUIET="1") as found:
        yield found


def shown(repo: Scratch, run: str = "@") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(repo.run_cli("show", run, "--json").stdout)
    return found


def sources(run: dict[str, Any]) -> list[str]:
    return [cell["source"] for cell in run["notebook"]["cells"]]


def gaps(run: dict[str, Any], kind: str) -> dict[str, str]:
    return {gap["subject"]: gap["reason"] for gap in run["gaps"] if gap["kind"] == kind}


def test_a_cell_of_the_magic_is_a_run_of_its_own(repo: Scratch, kernel: Kernel) -> None:
    kernel.execute("x = 1")
    kernel.execute("%load_ext repro")
    cell = (
        "%%repro -n first --param lr={x} --tag paper\nimport repro\nrepro.log_metric('a', 2)\nx + 1"
    )

    printed, error = kernel.execute(cell)

    assert (printed, error) == ("2", "")
    found = shown(repo)
    assert found["name"] == "first"
    assert found["status"] == "finished"
    assert found["tags"] == {"paper": ""}
    assert found["params"]["lr"] == 1
    assert found["metrics"] == {"a": 2}
    assert found["argv"][1:] == ["-m", "ipykernel_launcher"]
    assert os.path.samefile(found["environment"]["interpreter"]["executable"], found["argv"][0])
    assert found["notebook"]["path"] == "train.ipynb"
    assert sources(found) == ["x = 1", "%load_ext repro", cell]
    assert found["notebook"]["cells"][-1]["took_s"] is not None
    assert gaps(found, "code") == {"train.ipynb": "1 cell that ran is not in the saved notebook"}
    assert found["notebook"]["order"] == "1 cell before the last was not run"
    fixes = [gap["fix"] for gap in found["gaps"] if gap["subject"] == "before the run began"]
    assert fixes == ["repro run NOTEBOOK.ipynb"]

    kernel.execute("%%repro -n second\nx = 3")

    assert sources(shown(repo, "second"))[-2:] == [cell, "%%repro -n second\nx = 3"]
    assert len(repo.runs()) == 2


def test_a_cell_of_the_magic_that_raises_is_a_failed_run(repo: Scratch, kernel: Kernel) -> None:
    kernel.execute("%load_ext repro")

    printed, error = kernel.execute("%%repro\ny = 1\n1 / 0")

    assert error == "ZeroDivisionError"
    assert "line 3" in printed.replace("\x1b[39m", "").replace("\x1b[32m", "")
    found = shown(repo)
    assert found["status"] == "failed"
    assert found["notebook"]["cells"][-1]["error"] == "ZeroDivisionError"
    assert kernel.execute("import repro; repro.current_run()") == ("", "")


def test_a_run_may_last_for_several_cells_without_the_magic(repo: Scratch, kernel: Kernel) -> None:
    kernel.execute("x = 1")
    kernel.execute("import repro")
    kernel.execute("run = repro.start_run('long', params={'lr': x})")
    kernel.execute("repro.log_metric('loss', 0.5)")
    kernel.execute("1 / 0")
    kernel.execute("repro.end_run()")
    kernel.execute("x = 2")

    found = shown(repo)
    assert found["name"] == "long"
    assert found["metrics"] == {"loss": 0.5}
    assert sources(found) == [
        "x = 1",
        "import repro",
        "run = repro.start_run('long', params={'lr': x})",
        "repro.log_metric('loss', 0.5)",
        "1 / 0",
        "repro.end_run()",
    ]


def test_a_kernel_that_is_killed_leaves_a_crashed_run_with_its_cells(
    repo: Scratch, kernel: Kernel
) -> None:
    kernel.execute("import repro")
    kernel.execute("run = repro.start_run('cut')\nrepro.log_metric('loss', 0.5)")
    kernel.execute("y = 1")

    os.kill(kernel.pid, 9)
    wait_until(lambda: len(repo.runs()) == 1)

    found = shown(repo)
    assert found["status"] == "crashed"
    assert found["metrics"] == {"loss": 0.5}
    assert sources(found)[-1] == "y = 1"


def test_usage_errors_of_the_magic_run_nothing(repo: Scratch, kernel: Kernel) -> None:
    kernel.execute("%load_ext repro")

    printed, error = kernel.execute("%%repro --lr 0.1\nz = 1")

    assert error == "UsageError"
    assert "not an option of the magic: --lr" in printed
    assert kernel.execute("'z' in globals()")[0] == "False"
    assert repo.runs() == []


def test_runs_render_as_tables(repo: Scratch, kernel: Kernel) -> None:
    repo.run_cli("run", "-q", "-n", "first", "--param", "lr=0.25", "--", "true")
    kernel.execute("import repro")

    table, error = kernel.execute("repro.runs()")
    page, _ = kernel.execute("repro.get_run('first')")

    assert error == ""
    assert "<table" in table
    assert "first" in table
    assert "0.25" in table
    assert "<table" in page
    assert "first" in page

"""The cells that a shell executes are kept, in order, for each run that is on."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from repro.api.cells import History
from repro.model.cells import Cell
from repro.record.cells import ExecutedCells, read_cells


@pytest.fixture
def history(shell: InteractiveShell) -> Iterator[History]:
    found = History(shell, notebook=lambda: "/exp/train.ipynb")
    found.start()
    yield found
    found.stop()


def executed(directory: Path) -> ExecutedCells:
    found = read_cells(str(directory))
    assert found is not None
    return found


def cells(directory: Path) -> list[Cell]:
    """Returns the cells, whatever the time that they took."""
    return [execution.cell._replace(took_s=None) for execution in executed(directory).executions]


def run(shell: InteractiveShell, *sources: str) -> None:
    for source in sources:
        shell.run_cell(source, store_history=True)  # type: ignore[no-untyped-call]


def test_cells_before_and_while_a_run_is_on_are_its_own_and_none_after(
    shell: InteractiveShell, history: History, tmp_path: Path
) -> None:
    run(shell, "x = 1")
    history.attach(str(tmp_path))
    run(shell, "x += 1", "%who_ls")
    history.detach(str(tmp_path))
    run(shell, "x += 2")

    assert cells(tmp_path) == [Cell("x = 1", 1), Cell("x += 1", 2), Cell("%who_ls", 3)]
    assert executed(tmp_path).notebook == "/exp/train.ipynb"


def test_a_cell_is_there_before_it_has_ended(
    shell: InteractiveShell, history: History, tmp_path: Path
) -> None:
    history.attach(str(tmp_path))
    seen: list[list[Cell]] = []
    shell.user_ns["look"] = lambda: seen.append(cells(tmp_path))

    run(shell, "look()")

    assert seen == [[Cell("look()", 1)]]


def test_a_run_that_begins_in_a_cell_has_that_cell(
    shell: InteractiveShell, history: History, tmp_path: Path
) -> None:
    shell.user_ns["attach"] = lambda: history.attach(str(tmp_path))

    run(shell, "y = 1", "attach(); 1/0", "z = 1")

    assert cells(tmp_path) == [
        Cell("y = 1", 1),
        Cell("attach(); 1/0", 2, error="ZeroDivisionError"),
        Cell("z = 1", 3),
    ]


def test_each_cell_says_how_long_it_took_and_what_it_raised(
    shell: InteractiveShell, history: History, tmp_path: Path
) -> None:
    history.attach(str(tmp_path))

    run(shell, "import time; time.sleep(0.11)", "x = = 1", "raise KeyboardInterrupt")

    first, second, third = (execution.cell for execution in executed(tmp_path).executions)
    assert first.took_s is not None
    assert first.took_s > 0.1
    assert second == Cell("x = = 1", 2, second.took_s, "SyntaxError")
    assert third.error == "KeyboardInterrupt"


def test_a_cell_inside_of_a_cell_is_part_of_it(
    shell: InteractiveShell, history: History, tmp_path: Path
) -> None:
    history.attach(str(tmp_path))
    shell.user_ns["shell"] = shell

    run(shell, "%%capture\nx = 1", "shell.run_cell('y = 1')\nshell.run_cell('1/0')", "z = 1")

    assert [cell.number for cell in cells(tmp_path)] == [1, 2, 3]
    assert [cell.error for cell in cells(tmp_path)] == [None, None, None]
    assert shell.user_ns["y"] == shell.user_ns["z"]


def test_what_ran_before_anybody_looked_is_there_too(
    shell: InteractiveShell, tmp_path: Path
) -> None:
    run(shell, "a = 1", "b = 2")
    made: list[History] = []

    def load() -> None:
        made.append(History(shell, notebook=lambda: None))
        made[0].start()
        made[0].attach(str(tmp_path))

    shell.user_ns["load"] = load
    run(shell, "load(); 1/0", "c = 3")
    made[0].stop()

    assert cells(tmp_path) == [
        Cell("a = 1", 1),
        Cell("b = 2", 2),
        Cell("load(); 1/0", 3, error="ZeroDivisionError"),
        Cell("c = 3", 4),
    ]
    assert executed(tmp_path).n_missing == 0


def test_cells_that_the_shell_no_longer_knows_are_counted(
    shell: InteractiveShell, tmp_path: Path
) -> None:
    run(shell, "a = 1", "b = 2", "%reset -f in", "c = 3")
    history = History(shell, notebook=lambda: None)

    history.attach(str(tmp_path))

    found = executed(tmp_path)
    assert [execution.cell for execution in found.executions] == [Cell("c = 3", 4)]
    assert found.n_missing == 3
    assert "no longer known to the kernel" in found.gaps(None, top="/exp")[0].reason


def test_several_runs_each_have_the_cells(
    shell: InteractiveShell, history: History, tmp_path: Path
) -> None:
    outer, inner = tmp_path / "outer", tmp_path / "inner"
    outer.mkdir()
    inner.mkdir()
    history.attach(str(outer))
    run(shell, "a = 1")
    history.attach(str(inner))
    history.attach(str(inner))
    run(shell, "b = 2")
    history.detach(str(inner))
    run(shell, "c = 3")

    assert [cell.source for cell in cells(outer)] == ["a = 1", "b = 2", "c = 3"]
    assert [cell.source for cell in cells(inner)] == ["a = 1", "b = 2"]


def test_what_cannot_be_written_is_said_once_and_stops_no_cell(
    shell: InteractiveShell,
    history: History,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history.attach(str(tmp_path))

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("repro.api.cells.os.write", full)
        run(shell, "x = 1", "y = x")

    assert shell.user_ns["y"] == 1
    assert [record.getMessage() for record in caplog.records] == [
        "repro: the cells of this notebook are not recorded: No space left on device"
    ]


def test_stopped_it_listens_no_more(shell: InteractiveShell, tmp_path: Path) -> None:
    history = History(shell, notebook=lambda: None)
    history.start()
    history.attach(str(tmp_path))
    history.stop()

    run(shell, "x = 1")

    assert cells(tmp_path) == []

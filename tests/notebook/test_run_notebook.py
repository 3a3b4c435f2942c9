"""`repro run NOTEBOOK` with real kernels."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from repro.model.cells import parse_cells
from tests.notebook.notebooks import code, markdown, notebook
from tests.processes import start_cli, wait_until
from tests.repos import Completed, Scratch

pytestmark = pytest.mark.slow

NAMES = ("outer", "inner")
PARAMETERS = code("lr = 0.5\nepochs = 3\nrate = lr / 2", tags=["parameters"])


@pytest.fixture(autouse=True)
def _python_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}")


def run(repo: Scratch, *args: str, code: int = 0, cwd: str = ".") -> Completed:
    done = repo.run_cli("run", "-q", *args, check=False, cwd=cwd)
    assert done.returncode == code, done.stderr
    return done


def shown(repo: Scratch) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(repo.run_cli("show", "--json").stdout)
    return found


def sources(run: dict[str, Any]) -> list[str]:
    return [cell["source"] for cell in run["notebook"]["cells"]]


def executed_copy(repo: Scratch, name: str = "train.ipynb") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(repo.git("show", f"{repo.runs()[-1]}:.repro/logged/{name}"))
    return found


def test_a_notebook_is_executed_and_all_of_it_recorded(repo: Scratch) -> None:
    repo.write(".gitignore", "/in.csv\n/metrics.json\n")
    repo.write("in.csv", "1,2\n")
    repo.write(
        "train.ipynb",
        notebook(
            markdown("# Title"),
            PARAMETERS,
            "print(open('in.csv').read(), end='')\nprint(lr, epochs, rate)",
            '%%writefile metrics.json\n{"accuracy": 0.5}',
            "import sys\nprint('on stderr', file=sys.stderr)\n(1, sys.executable)",
            kernel="an-environment-that-is-elsewhere",
        ),
    )
    before = repo.read("train.ipynb")

    done = run(repo, "-n", "first", "train.ipynb", "--param", "lr=0.1", "--tag", "paper")

    assert done.stdout == (f"1,2\n0.1 3 0.25\nWriting metrics.json\n(1, {sys.executable!r})\n")
    assert "on stderr\n" in done.stderr
    found = shown(repo)
    assert found["name"] == "first"
    assert found["argv"] == ["train.ipynb"]
    assert found["status"] == "finished"
    assert found["tags"] == {"paper": ""}
    assert found["params"] == {"lr": 0.1, "layers": 2, "epochs": 3}
    assert found["metrics"] == {"accuracy": 0.5}
    assert [entry["path"] for entry in found["data"]] == ["in.csv"]
    assert ".repro/logged/train.ipynb" in [entry["path"] for entry in found["artifacts"]]
    assert found["environment"]["interpreter"]["executable"] == sys.executable
    assert [gap for gap in found["gaps"] if gap["kind"] != "environment"] == []
    assert found["notebook"]["path"] == "train.ipynb"
    assert sources(found)[:2] == ["".join(PARAMETERS["source"]), "# Parameters\nlr = 0.1"]
    assert [cell["number"] for cell in found["notebook"]["cells"]] == [1, 2, 3, 4, 5]
    assert repo.read("train.ipynb") == before
    copy = executed_copy(repo)
    assert copy["cells"][3]["outputs"][0]["text"] == ["1,2\n", "0.1 3 0.25\n"]
    assert copy["cells"][2]["metadata"]["tags"] == ["injected-parameters"]


def test_the_code_of_a_notebook_is_what_ran_not_how_it_was_saved(repo: Scratch) -> None:
    repo.write("train.ipynb", notebook(PARAMETERS, "print(lr)"))
    run(repo, "train.ipynb")
    first = shown(repo)
    outputs = [{"name": "stdout", "output_type": "stream", "text": ["9\n"]}]
    repo.write("train.ipynb", notebook(PARAMETERS, code("print(lr)", outputs=outputs)))
    run(repo, "train.ipynb", "--param", "lr=0.1")
    second = shown(repo)
    repo.write("train.ipynb", notebook(PARAMETERS, "print(-lr)"))
    run(repo, "--", "train.ipynb")

    verdicts = [
        json.loads(repo.run_cli("diff", a, b, "--json").stdout)["pillars"]
        for a, b in ((first["id"], second["id"]), (first["id"], "@"))
    ]

    assert verdicts[0]["code"] == "same"
    assert verdicts[0]["params"] == "changed"
    assert verdicts[1]["code"] == "changed"
    page = repo.run_cli("diff", first["id"], "@").stdout
    assert "-print(lr)" in page
    assert "+print(-lr)" in page
    assert "train.ipynb" not in page.partition("artifacts")[0]
    patch = repo.run_cli("diff", first["id"], "@", "--patch").stdout
    assert "+++ b/notebook/cells.py" in patch
    assert '"cell_type"' not in patch


def test_a_cell_that_raises_ends_the_run_as_failed_with_what_ran_kept(repo: Scratch) -> None:
    old = [{"name": "stdout", "output_type": "stream", "text": ["of another time\n"]}]
    repo.write("train.ipynb", notebook("print(1)", "1 / 0", code("print(2)", outputs=old)))

    done = run(repo, "train.ipynb", code=1)

    assert done.stdout == "1\n"
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert "\x1b" not in done.stderr
    found = shown(repo)
    assert found["status"] == "failed"
    assert found["exit_code"] == 1
    assert sources(found) == ["print(1)", "1 / 0"]
    assert found["notebook"]["cells"][1]["error"] == "ZeroDivisionError"
    outputs = [cell["outputs"] for cell in executed_copy(repo)["cells"]]
    assert [len(each) for each in outputs] == [1, 1, 0]


def test_an_error_that_is_expected_is_none(repo: Scratch) -> None:
    repo.write("train.ipynb", notebook(code("1 / 0", tags=["raises-exception"]), "print(2)"))

    assert run(repo, "train.ipynb").stdout == "2\n"


def test_a_kernel_that_dies_leaves_the_cell_it_died_of(repo: Scratch) -> None:
    repo.write("train.ipynb", notebook("x = 1", "import os; os.kill(os.getpid(), 9)", "x = 2"))

    done = run(repo, "train.ipynb", code=1)

    assert "repro: Kernel died" in done.stderr
    cells = shown(repo)["notebook"]["cells"]
    assert [cell["source"] for cell in cells] == ["x = 1", "import os; os.kill(os.getpid(), 9)"]
    assert cells[1]["took_s"] is None


def test_the_kernel_works_where_the_notebook_is_and_joins_the_run(repo: Scratch) -> None:
    (repo.path / "exp").mkdir()
    repo.write("exp/lib.py", "answer = 42\n")
    source = "import os, lib\nprint(os.path.basename(os.getcwd()), lib.answer)"
    repo.write("exp/a b.ipynb", notebook(source, "print(os.environ['REPRO_RUN'])"))

    done = run(repo, "exp/a b.ipynb")

    found = shown(repo)
    assert done.stdout == f"exp 42\n{found['id']}\n"
    assert found["notebook"]["path"] == "exp/a b.ipynb"
    assert executed_copy(repo, "a b.ipynb")["cells"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_the_cell_is_interrupted(
    repo: Scratch, tmp_path: Path, number: signal.Signals
) -> None:
    pid_file = tmp_path / "pid"
    begin = f"import os, time\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))\n"
    repo.write("train.ipynb", notebook(f"{begin}time.sleep(60)", "print('never')"))
    started = start_cli(repo, "run", "train.ipynb")
    try:
        wait_until(lambda: pid_file.exists() and bool(pid_file.read_text()))
        os.kill(started.pid, number)

        assert started.wait() == 128 + number
    finally:
        started.kill_all()

    found = shown(repo)
    assert found["status"] == "interrupted"
    (cell,) = found["notebook"]["cells"]
    assert cell["error"] == "KeyboardInterrupt"
    assert executed_copy(repo)["cells"][0]["outputs"][0]["ename"] == "KeyboardInterrupt"
    wait_until(lambda: not os.path.exists(f"/proc/{pid_file.read_text()}"))


def test_what_was_executed_survives_a_power_cut(repo: Scratch, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    begin = f"import os, time\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))\n"
    repo.write("train.ipynb", notebook(PARAMETERS, f"{begin}time.sleep(60)"))
    started = start_cli(repo, "run", "train.ipynb")
    try:
        wait_until(lambda: pid_file.exists() and bool(pid_file.read_text()))
    finally:
        started.kill_all()
        os.kill(int(pid_file.read_text()), signal.SIGKILL)

    repo.run_cli("ls")

    found = shown(repo)
    assert found["status"] == "crashed"
    assert sources(found) == ["".join(PARAMETERS["source"]), f"{begin}time.sleep(60)"]
    assert found["params"]["epochs"] == 3
    assert executed_copy(repo)["cells"]


def test_runs_inside_of_an_executed_notebook_have_their_cells(worktree_repo: Scratch) -> None:
    repo = worktree_repo
    inner = "%%repro -n inner -q\nrepro.log_metric('inner', 2)"
    first = "import repro\nrepro.log_metric('outer', 1)"
    repo.write("train.ipynb", notebook(first, "%load_ext repro", inner, "repro.runs()"))

    run(repo, "-n", "outer", "train.ipynb")

    found = {name: json.loads(repo.run_cli("show", name, "--json").stdout) for name in NAMES}
    assert found["outer"]["metrics"] == {"outer": 1}
    assert sources(found["outer"])[2:] == [inner, "repro.runs()"]
    assert found["inner"]["metrics"] == {"inner": 2}
    assert found["inner"]["parent_run"] == found["outer"]["id"]
    assert found["inner"]["notebook"]["path"] == "train.ipynb"
    assert sources(found["inner"])[1:] == ["%load_ext repro", inner]
    # What reading runs reads is none of the data.
    assert [found[name]["data"] for name in NAMES] == [[], []]


def test_secrets_in_cells_are_not_recorded(repo: Scratch) -> None:
    token = "ghp_" + "A1b2C3d4E5f6G7h8I9j0" + "K1l2M3n4O5p6Q7r8"
    repo.write(".gitignore", "*.ipynb\n/metrics.json\n")
    repo.write("train.ipynb", notebook(f"token = {token!r}", "1 + 1"))

    run(repo, "train.ipynb")

    content = repo.git("show", f"{repo.runs()[-1]}:.repro/notebook/cells.py")
    assert token not in content
    assert parse_cells(content.encode()).executed[1].source == "1 + 1"
    found = shown(repo)
    assert "notebook/cells.py" in [g["subject"] for g in found["gaps"] if g["kind"] == "secret"]
    assert repo.git("grep", "-c", token, repo.runs()[-1], check=False) == ""


def test_a_notebook_without_anything_is_a_run(repo: Scratch) -> None:
    repo.write("train.ipynb", notebook(markdown("nothing"), code("  \n")))

    assert run(repo, "train.ipynb").stdout == ""
    assert shown(repo)["notebook"] == {"path": "train.ipynb", "order": "", "cells": []}

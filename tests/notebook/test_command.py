"""Which program executes a notebook, and what is said where none can."""

import os
import sys
from pathlib import Path

import pytest

from repro.notebook.command import (
    NoNotebookPythonError,
    NotebookParamError,
    UnreadableNotebookError,
    notebook_command,
)
from tests.environment.pythons import make_venv
from tests.notebook.notebooks import notebook
from tests.repos import Scratch


@pytest.fixture
def path(tmp_path: Path) -> str:
    found = tmp_path / "train.ipynb"
    found.write_text(notebook("x = 1"))
    return str(found)


def env(**changes: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]} | changes


def fake(directory: Path, name: str, text: str) -> str:
    directory.mkdir(parents=True, exist_ok=True)
    python = directory / name
    python.write_text(text)
    python.chmod(0o755)
    return str(python)


def test_the_python_of_the_active_environment_comes_first(path: str, tmp_path: Path) -> None:
    active = fake(tmp_path / "venv/bin", "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    other = fake(tmp_path / "bin", "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')

    argv = notebook_command(
        path,
        {"lr": 0.1},
        env=env(VIRTUAL_ENV=str(tmp_path / "venv"), PATH=os.path.dirname(other)),
        fallback="/nowhere",
    )

    assert (argv[0], *argv[2:]) == (active, path, '{"lr": 0.1}')
    assert os.path.isfile(argv[1])


def test_a_python_that_cannot_is_passed_over(path: str, tmp_path: Path) -> None:
    lacking = fake(tmp_path / "bin", "python", "#!/bin/sh\necho nbclient ipykernel\n")
    broken = fake(tmp_path / "bin", "python3", "#!/bin/sh\nexit 1\n")

    argv = notebook_command(
        path, {}, env=env(PATH=os.path.dirname(lacking)), fallback=sys.executable
    )

    assert argv[0] == sys.executable
    with pytest.raises(NoNotebookPythonError) as caught:
        notebook_command(path, {}, env=env(PATH=os.path.dirname(lacking)), fallback=broken)
    assert caught.value.message == (
        f"{lacking} cannot execute a notebook: it has no nbclient, ipykernel"
    )
    assert caught.value.hint == f"{lacking} -m pip install nbclient nbformat ipykernel"


def test_without_any_python_it_says_so(path: str, tmp_path: Path) -> None:
    with pytest.raises(NoNotebookPythonError) as caught:
        notebook_command(path, {}, env=env(PATH=str(tmp_path)), fallback="/nowhere/python")
    assert caught.value.hint == "activate its environment"


def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"worksheets": [], "metadata": {}}', "[" * 100_000):
        (tmp_path / "a.ipynb").write_text(text)
        with pytest.raises(UnreadableNotebookError, match="not a notebook of format 4"):
            notebook_command(str(tmp_path / "a.ipynb"), {}, env=env(), fallback="")
    with pytest.raises(UnreadableNotebookError, match="No such file or directory"):
        notebook_command(str(tmp_path / "b.ipynb"), {}, env=env(), fallback="")


def test_a_param_that_no_variable_can_be_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(NotebookParamError) as caught:
        notebook_command(path, {"model.depth": 3}, env=env(), fallback="")
    assert caught.value.hint == "--param model_depth=..."
    other = tmp_path / "other.ipynb"
    other.write_text(notebook("x <- 1", language="R"))
    with pytest.raises(NotebookParamError, match="not in r"):
        notebook_command(str(other), {"lr": 1}, env=env(), fallback="")


def test_nothing_is_recorded_where_it_cannot_be_executed(repo: Scratch, tmp_path: Path) -> None:
    repo.write("train.ipynb", notebook("x = 1"))
    python = make_venv(tmp_path / "venv")
    lonely = {"VIRTUAL_ENV": str(tmp_path / "venv"), "PATH": f"{os.path.dirname(python)}:/usr/bin"}
    for args, problem in (
        (("gone.ipynb",), "error: cannot read the notebook gone.ipynb"),
        (("train.ipynb", "--lr", "0.1"), "error: a notebook takes no arguments: --lr"),
        (("train.ipynb", "words"), "error: a notebook takes no arguments: words"),
        (("train.ipynb", "--param", "a.b=1"), "error: a notebook cannot have a variable"),
    ):
        done = repo.run_cli("run", *args, check=False, env=lonely)
        assert done.returncode == 2
        assert problem in done.stderr
    assert repo.runs() == []


def test_the_probe_names_what_is_missing(path: str, tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv")

    with pytest.raises(NoNotebookPythonError) as caught:
        notebook_command(
            path, {}, env=env(VIRTUAL_ENV=str(tmp_path / "venv"), PATH=""), fallback=python
        )

    assert caught.value.message.endswith("it has no nbclient, nbformat, ipykernel")

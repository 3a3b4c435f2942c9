"""What the documents show is true: every command runs, every record shown is one."""

import json
import os
import re
import shlex
import sys
from pathlib import Path

import click
import pytest

from repro.cli.group import COMMANDS, repro
from repro.model.decode import decode_data, decode_metrics, decode_params, decode_run
from repro.model.ids import Oid, RefName
from repro.model.summary import parse_message
from tests.environment.pythons import make_venv
from tests.repos import Scratch, run_program

_ROOT = Path(__file__).parents[2]
README = (_ROOT / "README.md").read_text(encoding="utf-8")
DATA_MODEL = (_ROOT / "docs" / "data-model.md").read_text(encoding="utf-8")


_CURVE = """
with open("metrics.csv", "w") as stream:
    stream.write("step,loss\\n")
    stream.writelines(f"{step},{1 / (step + 1)}\\n" for step in range(20))
"""


def shown_commands() -> list[str]:
    """Returns the commands at a prompt in the README, in order."""
    blocks = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
    lines = "\n".join(blocks).splitlines()
    return [line[2:] for line in lines if line.startswith("$ ")]


@pytest.fixture
def project(dvc_repo: Scratch) -> Scratch:
    """A project in which the README's commands make sense."""
    stage = {"cmd": "python train.py", "deps": ["train.py"], "params": ["lr"]}
    script = (dvc_repo.path / "train.py").read_text(encoding="utf-8")
    dvc_repo.write("train.py", f"{script}{_CURVE}")
    code: dict[str, object] = {"outputs": [], "execution_count": None, "source": "print('hello')"}
    cells = [{"cell_type": "code", "id": "a", "metadata": {}, **code}]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    dvc_repo.write("train.ipynb", json.dumps(notebook))
    dvc_repo.write("dvc.yaml", json.dumps({"stages": {"train": stage}}))
    dvc_repo.commit()
    for name in ("ivory-falcon", "merry-badger"):
        dvc_repo.run_cli("run", "-q", "-n", name, "--", sys.executable, "train.py")
        dvc_repo.write("params.yaml", "lr: 0.2\nlayers: 2\n")
    run_program("git", "init", "--quiet", "--bare", "../hub.git", cwd=dvc_repo.path)
    dvc_repo.git("remote", "add", "origin", "../hub.git")
    return dvc_repo


@pytest.mark.slow
def test_every_command_in_the_readme_runs(project: Scratch) -> None:
    shown = shown_commands()
    tools = project.path.parent / "bin"
    tools.mkdir()
    for tool, module in (("repro", "repro"), ("dvc", "dvc")):
        script = tools / tool
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        script.chmod(0o755)
    # An environment of the project's own: building it again is part of what is shown.
    python = Path(make_venv(project.path.parent / "venv"))
    env = {"PATH": f"{tools}:{python.parent}:{os.environ['PATH']}"}

    for line in shown:
        run_program(*shlex.split(line), cwd=project.path, env=env)

    assert len(shown) > 15


def test_every_command_is_in_the_readme() -> None:
    assert [name for name in COMMANDS if name not in README] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_says_what_it_does(name: str) -> None:
    command = repro.get_command(click.Context(repro), name)

    assert command is not None
    assert len(command.help or "") > 20
    assert all(p.help for p in command.params if isinstance(p, click.Option))


def test_the_record_shown_can_be_read() -> None:
    block = r"`\.repro/([a-z]+\.[a-z]+)`:\n\n```[a-z]+\n(.*?)```"
    shown = dict(re.findall(block, DATA_MODEL, flags=re.DOTALL))

    assert decode_run(shown["run.yaml"].encode()).name == "quiet-cypress"
    assert decode_params(shown["params.yaml"].encode())["model"]
    assert decode_metrics(shown["metrics.json"].encode())["accuracy"].value > 0.97
    (entry,) = decode_data(shown["data.yaml"].encode())
    assert entry.pointer == "data/digits.csv.dvc"


def test_the_message_shown_can_be_read() -> None:
    (message,) = re.findall(r"```text\n(quiet-cypress: .*?)```", DATA_MODEL, flags=re.DOTALL)

    summary = parse_message(message.encode(), oid=Oid("0" * 40), ref=RefName("refs/x"))
    assert summary.metrics["accuracy"] > 0.97

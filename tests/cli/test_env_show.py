"""`repro env show`: the environment of a run, for people, programs and installers."""

import json
import subprocess
import sys

import click
import pytest

from repro.cli.commands.env import COMMANDS
from repro.cli.commands.env import command as group
from repro.cli.commands.env_show import NotLockedError, command
from repro.cli.commands.show import command as show
from repro.model.environment import (
    Environment,
    Hardware,
    Interpreter,
    LockFile,
    Package,
    Platform,
)
from repro.model.gap import Gap, GapKind
from tests.cli.recorded import Shelf, call, shelf
from tests.repos import Scratch

COMMIT = "1a2b3c4d" * 5
RECORD = "ef" * 32
PACKAGES = (
    Package("numpy", "2.1.0", RECORD, "uv"),
    Package("edited", "0.1", None, "uv", {"url": "./lib", "editable": "true"}),
    Package("near", "0.1", RECORD, "uv", {"url": "./near"}),
    Package(
        "outside",
        "0.1",
        None,
        "uv",
        {"url": "file:///src/outside", "editable": "true", "head": COMMIT, "dirty": "true"},
    ),
    Package(
        "tool",
        "1.0",
        RECORD,
        "uv",
        {"url": "https://example.org/t", "commit": COMMIT, "subdirectory": "py"},
    ),
    Package("wheel-1", "1", RECORD, "pip", {"url": "file:///w/w-1.whl", "sha256": "ab" * 32}),
)
ENVIRONMENT = Environment(
    Platform("Linux", "6.1", "x86_64", "glibc 2.36", "Debian 12", "podman, image=x"),
    Hardware(
        *("Fast CPU", 8, 2**34, ("A100", "A100"), "550.54", "avx avx2 fpu sse4_2", "12.4"),
        gpu_memory_bytes=(80 * 2**30, 80 * 2**30),
    ),
    Interpreter(
        *("cpython", "3.11.7", "3.11.7 (main) [GCC]", "/venv/bin/python", "/venv", "/usr"),
        digest="cd" * 32,
    ),
    PACKAGES,
    {"OMP_NUM_THREADS": "1"},
    ("/usr/bin/python3",),
    ("HOME", "WANDB_API_KEY"),
    ("https://download.pytorch.org/whl/cu121",),
    (
        LockFile("requirements.txt"),
        LockFile("uv.lock", ("flask: 3.1.0 there, 3.1.3 installed", "x: 1 installed, not there")),
        LockFile("poetry.lock", ("cannot be read: not UTF-8",)),
    ),
    {"blas": "openblas SkylakeX", "torch.version": "2.1"},
    ("/home/shared/plots.py",),
)
GAPS = (
    Gap(GapKind.ENVIRONMENT, "outside==0.1", "it is elsewhere", "keep it in this repository"),
    Gap(GapKind.DATA, "big.bin", "too large", "dvc add big.bin"),
)


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    lock, conda = b"lock-version = '1.0'\n", b"@EXPLICIT\n"
    found.put("k", environment=ENVIRONMENT, lock=lock, conda=conda, run={"gaps": GAPS})
    return found


@pytest.mark.usefixtures("runs")
def test_a_page_has_the_whole_environment() -> None:
    text = call(command).stdout
    for part in (
        "run-k  kkkkkkkk",
        "interpreter  Python 3.11.7  cdcdcdcd",
        "build      (main) [GCC]",
        "run as     /venv/bin/python",
        "made from  /usr",
        "also ran   /usr/bin/python3",
        "platform     Linux x86_64, Debian 12, glibc 2.36",
        "container    podman, image=x",
        "8 x Fast CPU, 16 GiB, 2 x A100 80 GiB, driver 550.54, CUDA 12.4",
        "4 CPU flags, among them avx avx2 sse4_2",
        "packages     6 packages\n",
        "numpy    2.1.0  efefefef  uv   index",
        "edited   0.1              uv   editable ./lib",
        "near     0.1    efefefef  uv   ./near",
        "outside  0.1              uv   editable /src/outside at 1a2b3c4 with changes",
        "tool     1.0    efefefef  uv   git 1a2b3c4 from https://example.org/t, in py",
        "wheel-1  1      efefefef  pip  /w/w-1.whl, sha256 abababab",
        "pylock.toml, 21 bytes: repro env show kkkkkkkk --lock",
        "conda-explicit.txt, 10 bytes: repro env show kkkkkkkk --conda",
        "requirements.txt  no drift",
        "uv.lock  drifted in 2 places\n               flask: 3.1.0 there, 3.1.3 installed",
        "poetry.lock\n               cannot be read: not UTF-8",
        "variables    OMP_NUM_THREADS  1",
        "also set     HOME WANDB_API_KEY",
        "indexes      https://download.pytorch.org/whl/cu121",
        "blas           openblas SkylakeX",
        "modules      /home/shared/plots.py",
        f"environment  outside==0.1: it is elsewhere\n{' ' * 26}fix: keep it in this repository",
    ):
        assert part in text, part
    assert "big.bin" not in text


@pytest.mark.usefixtures("runs")
def test_a_terminal_gets_the_same_words_as_a_pipe() -> None:
    assert call(command, terminal=True).stdout.split() == call(command).stdout.split()


@pytest.mark.parametrize(
    ("gaps", "said"), [((), "none: reproducible"), (GAPS[1:], "none in the environment")]
)
def test_reproducible_is_said_of_a_run_without_any_gap_alone(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch, gaps: tuple[Gap, ...], said: str
) -> None:
    shelf(repo, monkeypatch).put("k", environment=ENVIRONMENT, run={"gaps": gaps})
    text = call(command).stdout
    assert said in text
    assert ("reproducible" in text) == (not gaps)


@pytest.mark.usefixtures("runs")
def test_locks_are_written_byte_for_byte() -> None:
    assert call(command, "kk", "--lock").stdout == "lock-version = '1.0'\n"
    assert call(command, "kk", "--conda").stdout == "@EXPLICIT\n"


@pytest.mark.usefixtures("runs")
def test_requirements_name_where_each_package_came_from() -> None:
    assert call(command, "kk", "--requirements").stdout.splitlines() == [
        "numpy==2.1.0",
        "-e ./lib",
        "./near",
        "-e /src/outside",
        f"tool @ git+https://example.org/t@{COMMIT}#subdirectory=py",
        f"wheel-1 @ file:///w/w-1.whl#sha256={'ab' * 32}",
    ]


@pytest.mark.parametrize("flag", ["--lock", "--conda", "--requirements"])
def test_a_list_that_the_run_does_not_hold_is_an_error(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    shelf(repo, monkeypatch).put("k", environment=None)
    with pytest.raises(NotLockedError) as raised:
        call(command, "kk", flag)
    assert raised.value.hint == "to see why: repro env show kkkkkkkk"
    assert raised.value.exits_with == 4
    assert "not observed" in call(command, "kk").stdout


@pytest.mark.usefixtures("runs")
def test_json_has_the_environment_and_its_gaps() -> None:
    found = json.loads(call(command, "--json").stdout)
    assert found["id"] == "20260131T080000-kkkkkkkk"
    assert found["environment"]["interpreter"]["digest"] == "cd" * 32
    assert found["environment"]["lock_files"][0] == {"path": "requirements.txt", "drift": []}
    assert [gap["subject"] for gap in found["gaps"]] == ["outside==0.1"]
    assert (found["reproducible"], found["has_lock"], found["has_conda"]) == (False, True, True)


@pytest.mark.usefixtures("runs")
def test_the_page_of_the_run_shows_drift_container_and_runtime_in_short() -> None:
    text = call(show, "kk").stdout
    for part in (
        "Python 3.11.7, 6 packages, locked",
        "in a container: podman, image=x",
        "2 x A100 80 GiB",
        "blas=openblas SkylakeX\n",
        "uv.lock: 2 packages differ: flask 3.1.0 there, 3.1.3 installed; x 1 installed, not there",
        "poetry.lock cannot be read: not UTF-8",
    ):
        assert part in text, part
    assert "requirements.txt" not in text


def test_the_commands_of_the_group_are_loaded_when_used() -> None:
    code = (
        "import sys; from click.testing import CliRunner\n"
        "from repro.cli.commands.env import command\n"
        "print(CliRunner().invoke(command, ['--help']).output)\n"
        "print([name for name in sys.modules if name.startswith('repro.cli.commands.env_')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
    assert "Compare the environments of two runs" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_group_has_help(name: str) -> None:
    found = group.get_command(click.Context(group), name)
    assert found is not None
    assert len(found.help or "") > 20
    assert all(p.help for p in found.params if isinstance(p, click.Option))


def test_a_command_that_is_none_names_the_nearest(repo: Scratch) -> None:
    done = repo.run_cli("env", "shwo", check=False)
    assert done.returncode == 2
    assert "did you mean `repro env show`?" in done.stderr


def test_the_group_alone_prints_its_help(repo: Scratch) -> None:
    done = repo.run_cli("env", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: repro env")

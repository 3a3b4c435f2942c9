"""What a run records of its environment, with all that can be wrong with one."""

import _struct
import json
import os
import py_compile
import shutil
import signal
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.environment.pythons import make_venv, pythons
from tests.processes import start_cli, wait_until
from tests.repos import Scratch

_OUTSIDE = "code from outside the repository and the environment; it is not kept"


_EXTENSION: str | None = getattr(_struct, "__file__", None)
"""An extension module of the tests' Python, None where it has them built in."""


def _import_extension(path: Path) -> str:
    return (
        "import importlib.util as u, sys\n"
        f"spec = u.spec_from_file_location('_struct', {str(path)!r})\n"
        "sys.modules['_struct'] = u.module_from_spec(spec)\n"
    )


def _newest(repo: Scratch) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(repo.run_cli("show", "--json").stdout)
    return shown


def _reasons(run: dict[str, Any]) -> dict[str, str]:
    """Returns the reasons of all gaps by subject, each subject once."""
    subjects = [gap["subject"] for gap in run["gaps"]]
    # The tests' own environment may well hold repro itself, installed for its developers.
    own = "repro-git==0.1.0"
    assert len(subjects) == len(set(subjects))
    return {gap["subject"]: gap["reason"] for gap in run["gaps"] if gap["subject"] != own}


@pytest.fixture
def python(tmp_path: Path) -> str:
    return make_venv(tmp_path / "venv", "six==1.17.0")


def _site(python: str) -> Path:
    (site,) = Path(python).parents[1].glob("lib/python*/site-packages")
    return site


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory that is neither the repository nor the environment."""
    directory = tmp_path / "outside"
    directory.mkdir()
    return directory


def test_the_end_of_the_process_is_part_of_the_record(repo: Scratch, python: str) -> None:
    repo.write("t.py", "import os; os.environ['OMP_NUM_THREADS'] = '3'\n")
    repo.run_cli("run", "--", python, "t.py")
    run = _newest(repo)

    assert run["environment"]["runtime"]["environ.OMP_NUM_THREADS"] == "3"
    assert _reasons(run) == {}


def test_a_secret_that_the_program_puts_into_a_variable_is_no_fact(
    repo: Scratch, python: str
) -> None:
    secret = "ghp_" + "x9Kq2LmZ7RtVbN4wYc8HsJ3dPf6GaQ5eU1oT"
    repo.write("name", secret)
    code = "import os; os.environ['TORCH_X'] = os.environ['JAX_TOKEN'] = open('name').read()"
    repo.run_cli("run", "--", python, "-c", code)
    runtime = _newest(repo)["environment"]["runtime"]

    assert "environ.JAX_TOKEN" not in runtime
    assert runtime["environ.TORCH_X"].startswith("<redacted:")


def test_code_from_elsewhere_is_one_gap_each(repo: Scratch, python: str, outside: Path) -> None:
    source = outside / "plain.py"
    source.write_text("")
    (outside / "no_source.py").write_text("")
    py_compile.compile(str(outside / "no_source.py"), str(outside / "no_source.pyc"))
    (outside / "no_source.py").unlink()
    with ZipFile(outside / "packed.zip", "w") as archive:
        archive.writestr("packed.py", "")
    code = f"import sys; sys.path[:0] = [{str(outside)!r}, {str(outside / 'packed.zip')!r}]\n"
    code += "import plain, no_source, packed\n"
    files = {str(source), str(outside / "no_source.pyc")}
    if _EXTENSION is not None:
        shutil.copy(_EXTENSION, outside / "_struct.so")
        files.add(str(outside / "_struct.so"))
        code += _import_extension(outside / "_struct.so")
    repo.run_cli("run", "--", python, "-c", code)
    run = _newest(repo)

    reasons = _reasons(run)
    assert reasons.pop(str(outside / "packed.zip")).startswith("read from outside the repository")
    assert reasons == dict.fromkeys(files, _OUTSIDE)
    assert set(run["environment"]["modules"]) == {*files, str(outside / "packed.zip/packed.py")}


def test_code_from_elsewhere_is_seen_behind_a_cache_of_bytecode(
    repo: Scratch, python: str, outside: Path, tmp_path: Path
) -> None:
    (outside / "plain.py").write_text("")
    code = f"import sys; sys.path.insert(0, {str(outside)!r}); import plain"
    env = {"PYTHONPYCACHEPREFIX": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": None}
    for _ in range(2):  # the second time the source is not opened
        repo.run_cli("run", "--", python, "-c", code, env=env)
        assert _reasons(_newest(repo)) == {str(outside / "plain.py"): _OUTSIDE}


@pytest.mark.skipif(_EXTENSION is None, reason="this Python has its extensions built in")
def test_an_extension_of_the_tree_that_git_ignores_is_data(repo: Scratch, python: str) -> None:
    repo.write(".gitignore", "*.so\n")
    repo.write("built/_struct.so", Path(str(_EXTENSION)).read_bytes())
    code = _import_extension(repo.path / "built/_struct.so")
    repo.run_cli("run", "--", python, "-c", f"{code}\nimport os; os._exit(0)")

    assert [entry["path"] for entry in _newest(repo)["data"]] == ["built/_struct.so"]


def test_an_end_without_a_word_is_a_gap(repo: Scratch, python: str) -> None:
    repo.run_cli("run", "--", python, "-c", "import os; os._exit(0)")
    reason = "the process ended without saying which libraries it had loaded and how they were set"
    assert _reasons(_newest(repo)) == {"runtime": reason}


def test_a_rank_that_is_killed_is_described_by_one_that_is_not(repo: Scratch, python: str) -> None:
    repo.write("train.py", "import os, sys\nif sys.argv[1] == '1': os._exit(0)\n")
    repo.commit()
    both = f"{python} train.py 0 && {python} {repo.path}/train.py 1"
    repo.run_cli("run", "--", "sh", "-c", both)
    assert _reasons(_newest(repo)) == {}


def test_a_python_that_is_too_old_is_not_expected_to_say_more(repo: Scratch) -> None:
    old = [path for version, path in pythons().items() if version.startswith(("2.", "3.6", "3.7"))]
    for python in old:
        repo.run_cli("run", "--", python, "-c", "pass")
        assert "runtime" not in _reasons(_newest(repo))


def test_an_edited_package_is_a_gap_when_it_was_used(repo: Scratch, python: str) -> None:
    with (_site(python) / "six.py").open("a") as file:
        file.write("# edited\n")
    repo.run_cli("run", "--", python, "-c", "pass")
    assert _reasons(_newest(repo)) == {}

    repo.run_cli("run", "--", python, "-c", "import six")
    reason = "1 file was edited after it was installed: six.py"
    assert _reasons(_newest(repo)) == {"six==1.17.0": reason}


def test_a_virtual_environment_whose_python_is_gone_cannot_run(repo: Scratch, python: str) -> None:
    Path(python).unlink()
    Path(python).symlink_to("/nowhere/python3")
    done = repo.run_cli("run", "--", python, "train.py", check=False)

    assert done.returncode == 127
    run = _newest(repo)
    assert run["status"] == "not-started"
    gone = "it is a link to /nowhere/python3, which is gone"
    assert {gap["kind"]: gap["reason"] for gap in run["gaps"]} == {
        "environment": f"cannot ask {python} what it is: {gone}",
        "code": f"command not found: {python}",
    }
    assert run["gaps"][0]["fix"].startswith("make it again: uv venv --clear ")


def test_a_virtual_environment_whose_python_is_gone_is_not_passed_over_in_silence(
    repo: Scratch,
) -> None:
    repo.write(".venv/bin/.keep", "")
    (repo.path / ".venv/bin/python").symlink_to("/nowhere/python3")
    repo.write(".gitignore", ".venv\n")
    repo.run_cli("record", env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"})
    reason = _reasons(_newest(repo))[f"{repo.path}/.venv/bin/python"]

    assert reason.startswith("it is a link to /nowhere/python3, which is gone; ")
    assert reason.endswith(" is recorded instead")


def test_a_virtual_environment_whose_home_is_gone_is_recorded(repo: Scratch, python: str) -> None:
    settings = Path(python).parents[1] / "pyvenv.cfg"
    lines = settings.read_text().splitlines()
    kept = ["home = /nowhere/bin" if line.startswith("home") else line for line in lines]
    settings.write_text("\n".join(kept) + "\n")
    done = repo.run_cli("run", "--", python, "train.py", check=False)
    run = _newest(repo)

    assert run["exit_code"] == done.returncode
    # Some builds find their own library without it, and others do not start.
    assert (run["environment"].get("interpreter") is not None) == (done.returncode == 0)
    assert (_reasons(run) == {}) == (done.returncode == 0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("#!/bin/sh\necho hello\n", "it does not answer as a Python does"),
        ("#!/bin/sh\nexit 3\n", "exit code 3"),
        (
            "#!/bin/sh\nprintf 'x\\nFatal Python error: init: broken\\n\\n<none>\\n' >&2; exit 1",
            "Fatal Python error: init: broken",
        ),
    ],
)
def test_an_interpreter_that_does_not_answer_is_a_gap(
    text: str, reason: str, repo: Scratch
) -> None:
    repo.write("bin/python", text, mode=0o755)
    repo.run_cli("run", "--", "bin/python", "train.py", check=False)
    run = _newest(repo)

    assert _reasons(run) == {
        "bin/python": f"cannot ask bin/python what it is: {reason}",
        "trace": "what the command read could not be seen: no Python of it could be",
    }


def test_an_interpreter_that_prints_noise_is_recorded(repo: Scratch, python: str) -> None:
    (_site(python) / "sitecustomize.py").write_text(
        "import atexit, sys; print('{noise'); sys.stderr.write('noise\\n')\n"
        "atexit.register(print, 'noise}')\n"
    )
    for options in ([], ["-I"]):  # seen by itself, and asked
        done = repo.run_cli("run", "--", python, *options, "-c", "pass")
        assert done.stdout == "{noise\nnoise}\n"
        assert _newest(repo)["environment"]["interpreter"]["executable"] == python


def test_a_sitecustomize_that_raises_is_a_gap(repo: Scratch, python: str) -> None:
    (_site(python) / "sitecustomize.py").write_text("raise ValueError('no\\n  such\\0thing')\n")
    done = repo.run_cli("run", "--", python, "-c", "pass")

    assert "ValueError" in done.stderr
    assert _reasons(_newest(repo)) == {
        "sitecustomize": "it raised ValueError: no suchthing; what it sets up was missing"
    }


def _add_conda(python: str) -> None:
    meta = Path(python).parents[1] / "conda-meta"
    meta.mkdir()
    package = {
        "name": "zlib",
        "version": "1.3.1",
        "url": "https://conda.example.org/linux-64/zlib-1.3.1-h4ab18f5_1.conda",
        "md5": "0" * 32,
        "subdir": "linux-64",
    }
    (meta / "zlib-1.3.1-h4ab18f5_1.json").write_text(json.dumps(package))


def test_what_conda_installed_is_recorded(repo: Scratch, python: str) -> None:
    _add_conda(python)
    repo.run_cli("run", "--", python, "-c", "pass")
    (ref,) = repo.runs()
    text = repo.git("show", f"{ref}:.repro/environment/conda-explicit.txt")

    assert text.endswith("zlib-1.3.1-h4ab18f5_1.conda#" + "0" * 32)


def test_what_conda_installed_survives_the_death_of_the_recorder(
    repo: Scratch, python: str
) -> None:
    _add_conda(python)
    live = repo.path / ".git/repro/live"
    started = start_cli(repo, "run", "--", python, "-c", "import time; time.sleep(60)")
    try:
        wait_until(lambda: any(live.glob("*/environment.json")))
    finally:
        started.kill_all()
    repo.run_cli("ls")
    (ref,) = repo.runs()

    assert "zlib" in repo.git("show", f"{ref}:.repro/environment/conda-explicit.txt")
    assert "runtime" in _reasons(_newest(repo))


def test_what_a_process_says_after_the_death_of_the_recorder_counts(
    repo: Scratch, python: str, tmp_path: Path
) -> None:
    live = repo.path / ".git/repro/live"
    go = tmp_path / "go"
    code = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)"
    started = start_cli(repo, "run", "--", python, "-c", code)
    try:
        wait_until(lambda: any(live.glob("*/environment.json")))
        os.kill(started.pid, signal.SIGKILL)
        started.wait()
        go.touch()
        wait_until(
            lambda: json.loads(repo.run_cli("ls", "--json").stdout)[0]["status"] != "running"
        )
    finally:
        started.kill_all()

    assert "python.hash_randomization" in _newest(repo)["environment"]["runtime"]


def test_lock_files_of_the_project_are_noted(repo: Scratch, python: str) -> None:
    repo.write("requirements.txt", "six==1.16.0\n")
    repo.run_cli("run", "--", python, "-c", "pass")
    (file,) = _newest(repo)["environment"]["lock_files"]

    assert file["path"] == "requirements.txt"
    assert "six" in file["drift"][0]

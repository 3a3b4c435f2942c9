"""`repro env create` as typed."""

import sys
from pathlib import Path

import pytest

from tests.cli.lab import RUN, Lab
from tests.environment.pythons import pythons
from tests.repos import run_program


def test_it_prints_where_the_environment_is_and_how_to_use_it(lab: Lab) -> None:
    done = lab.repo.run_cli("env", "create", RUN)

    (prefix,) = lab.environments()
    assert done.stdout == f"{prefix}\n"
    assert done.stderr.splitlines() == [
        f"building the environment of {RUN}: 2 packages",
        "2 of 2 packages byte-identical",
        f"to use it: source {prefix}/bin/activate",
    ]
    code = "import alpha, sys; print(alpha.version, sys.prefix)"
    assert run_program(f"{prefix}/bin/python", "-c", code, cwd=lab.repo.path).stdout == (
        f"1.0 {prefix}\n"
    )


def test_the_second_time_it_is_there(lab: Lab) -> None:
    first = lab.repo.run_cli("env", "create", RUN)
    second = lab.repo.run_cli("env", "create", RUN, env={"UV_FIND_LINKS": "/nowhere"})

    assert second.stdout == first.stdout
    assert "2 of 2 packages byte-identical (built before)" in second.stderr


def test_runs_with_the_same_environment_share_one(lab: Lab) -> None:
    lab.repo.write("train.py", "print('other code')\n")
    lab.repo.run_cli("run", "-n", "second", "--", lab.python, "train.py")

    first = lab.repo.run_cli("env", "create", RUN)
    assert lab.repo.run_cli("env", "create", "second").stdout == first.stdout


def test_it_can_be_built_in_a_directory(lab: Lab) -> None:
    done = lab.repo.run_cli("env", "create", RUN, "../my venv")

    prefix = lab.repo.path.parent / "my venv"
    assert done.stdout == f"{prefix}\n"
    assert f"source '{prefix}/bin/activate'" in done.stderr
    assert lab.environments() == []
    code = "import alpha; print(alpha.version)"
    assert run_program(f"{prefix}/bin/python", "-c", code, cwd=prefix).stdout == "1.0\n"


def test_a_directory_with_something_in_it_is_refused(lab: Lab) -> None:
    done = lab.repo.run_cli("env", "create", RUN, "jobs", check=False)

    assert done.returncode == 2
    assert "there is something at" in done.stderr
    assert "hint: name a directory that does not exist" in done.stderr
    assert [path.name for path in (lab.repo.path / "jobs").iterdir()] == ["where.py"]


def test_a_package_that_is_gone_stops_it_with_its_own_exit_code(lab: Lab) -> None:
    with lab.without("beta") as env:
        done = lab.repo.run_cli("env", "create", RUN, env=env, check=False)

    assert done.returncode == 4
    assert done.stdout == ""
    assert f"error: the environment of {RUN} cannot be built exactly" in done.stderr
    assert "beta==2.0: " in done.stderr
    assert "to make it exact: " in done.stderr
    assert "hint: --inexact builds what can be built" in done.stderr


def test_inexact_builds_the_rest_and_says_so_each_time(lab: Lab) -> None:
    with lab.without("beta") as env:
        done = lab.repo.run_cli("env", "create", RUN, "--inexact", env=env)
        again = lab.repo.run_cli("env", "create", RUN, "--inexact", env=env)

    for one in (done, again):
        assert "1 of 2 packages byte-identical" in one.stderr
        assert "not exactly the run's environment:" in one.stderr
        assert "beta==2.0" in one.stderr
    assert "building" not in again.stderr
    # Who wants the exact one does not get this one.
    lab.repo.run_cli("env", "create", RUN)
    assert len(lab.environments()) == 2


def test_another_interpreter_has_to_be_asked_for_and_is_told(lab: Lab) -> None:
    own = lab_version(lab)
    others = [version for version in pythons() if version >= "3.8" and version != own]
    if not others:
        pytest.skip("there is one Python only")

    done = lab.repo.run_cli("env", "create", RUN, "--python", pythons()[others[-1]])

    assert "2 of 2 packages byte-identical" in done.stderr
    assert f"python: Python {others[-1]} in place of Python {own}" in done.stderr


def lab_version(lab: Lab) -> str:
    code = "import platform; print(platform.python_version())"
    return run_program(lab.python, "-c", code, cwd=lab.repo.path).stdout.strip()


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("9.9.9", "there is no Python 9.9.9 on this machine"),
        ("/no/such/python", "/no/such/python"),
        ("/bin/true", "/bin/true"),
    ],
)
def test_an_interpreter_that_is_none_is_refused(lab: Lab, named: str, said: str) -> None:
    done = lab.repo.run_cli("env", "create", RUN, "--python", named, check=False)

    assert done.returncode == 4
    assert said in done.stderr.splitlines()[0]
    assert "hint: --python takes a version" in done.stderr
    assert lab.environments() == []


def test_what_was_edited_since_is_told(lab: Lab) -> None:
    prefix = Path(lab.repo.run_cli("env", "create", RUN).stdout.strip())
    (module,) = prefix.glob("lib/python*/site-packages/alpha.py")
    module.write_text("version = 'mine'\n")

    done = lab.repo.run_cli("env", "create", RUN)

    assert "1 of 2 packages byte-identical (built before)" in done.stderr
    assert "alpha==1.0: edited since the environment was built: alpha.py" in done.stderr


def test_a_package_of_the_working_tree_comes_from_a_working_tree_of_the_run(lab: Lab) -> None:
    code = "import scale; print(scale.FACTOR)"
    with lab.with_project("scale") as project:
        lab.repo.run_cli("run", "-n", "scaled", "--", lab.python, "-c", code)
        (project / "scale.py").write_text("FACTOR = 3\n")

        done = lab.repo.run_cli("env", "create", "scaled")

    python = f"{done.stdout.strip()}/bin/python"
    assert run_program(python, "-c", code, cwd=lab.repo.path).stdout == "2\n"
    assert "2 of 2 packages byte-identical, scale from the working tree" in done.stderr


def test_a_run_in_progress_has_no_environment_yet(lab: Lab) -> None:
    code = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
    inner = ("env", "create", "outer")
    done = lab.repo.run_cli(
        *("run", "-n", "outer", "--", lab.python, "-c", code),
        *(sys.executable, "-m", "repro", *inner),
        check=False,
    )

    assert done.returncode == 2
    assert "outer has not ended" in done.stderr
    assert "hint: " in done.stderr


def test_an_unknown_run_is_told(lab: Lab) -> None:
    done = lab.repo.run_cli("env", "create", "no-such-run", check=False)

    assert done.returncode == 2
    assert "hint: " in done.stderr

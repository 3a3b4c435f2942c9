"""`repro checkout` and `repro undo` as typed."""

from pathlib import Path

import pytest

from repro.cli.commands.checkout import command as checkout_command
from repro.cli.commands.undo import command as undo_command
from repro.git.repository import open_repository
from repro.rebuild.environment import NotObservedError
from repro.restore.present import DirtyTreeError
from repro.restore.state import Progress, begin
from repro.restore.undo_entries import NothingToUndoError
from tests.cli.lab import RUN, Lab, make_lab
from tests.cli.recorded import call
from tests.environment.pythons import install, make_venv
from tests.rebuild.wheels import write_project
from tests.repos import Scratch, run_program
from tests.restore.runs import record_run


@pytest.fixture
def here(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    repo.write("train.py", "the run's\n")
    record_run(repo)
    repo.git("checkout", "--quiet", "--", ".")
    monkeypatch.chdir(repo.path)
    return repo


@pytest.fixture
def own_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """One whose wheels may be lost."""
    lab = make_lab(tmp_path / "own")
    for name, value in lab.variables.items():
        monkeypatch.setenv(name, value)
    return lab


def test_a_checkout_says_how_to_go_back(here: Scratch) -> None:
    result = call(checkout_command, "run-k")
    assert here.read("train.py") == "the run's\n"
    assert "checked out run-k (kkkkkkkk)" in result.stderr
    assert "to go back: repro checkout -" in result.stderr
    assert result.stdout == ""


def test_a_dash_goes_back(here: Scratch) -> None:
    call(checkout_command, "kkkk")
    result = call(checkout_command, "-")
    assert here.status() == ""
    assert "before the checkout of run-k" in result.stderr


@pytest.mark.usefixtures("here")
def test_a_dash_without_a_checkout_is_refused() -> None:
    with pytest.raises(NothingToUndoError):
        call(checkout_command, "-")


@pytest.mark.usefixtures("here")
def test_a_dash_takes_no_worktree() -> None:
    assert call(checkout_command, "-", "--worktree", "x").exit_code == 2


def test_uncommitted_work_needs_keep(here: Scratch) -> None:
    here.write("params.yaml", "mine\n")
    with pytest.raises(DirtyTreeError):
        call(checkout_command, "run-k")
    call(checkout_command, "run-k", "--keep")
    call(undo_command)
    assert here.read("params.yaml") == "mine\n"


def test_a_worktree_says_how_to_enter_and_remove_it(here: Scratch) -> None:
    result = call(checkout_command, "run-k", "--worktree", "../side by side")
    assert (here.path.parent / "side by side/train.py").read_text() == "the run's\n"
    assert "cd '../side by side'" in result.stderr
    assert "git worktree remove --force '../side by side'" in result.stderr


@pytest.mark.usefixtures("here")
def test_undo_lists_what_can_be_gone_back_to() -> None:
    call(checkout_command, "run-k")
    call(undo_command)
    rows = [line.split("\t") for line in call(undo_command, "--list").stdout.splitlines()]
    assert [row[0] for row in rows] == ["2", "1"]
    assert rows[1][2] == "before the checkout of run-k (kkkkkkkk)"


def test_undo_goes_to_a_number(here: Scratch) -> None:
    call(checkout_command, "run-k")
    call(undo_command)
    call(undo_command, "2")
    assert here.read("train.py") == "the run's\n"


@pytest.mark.usefixtures("here")
def test_undo_of_nothing_lists_nothing() -> None:
    result = call(undo_command, "--list")
    assert result.stdout == ""
    assert "nothing to go back to" in result.stderr


def test_every_look_at_the_runs_tells_of_an_interrupted_checkout(repo: Scratch) -> None:
    repo.run_cli("run", "-q", "--", "true")
    begin(open_repository(str(repo.path)), Progress(1, "calm-otter"))

    done = repo.run_cli("ls")

    assert "a checkout was interrupted" in done.stderr
    assert "repro undo" in done.stderr


def test_an_environment_comes_along(lab: Lab) -> None:
    done = lab.repo.run_cli("checkout", RUN, "--env")

    assert "2 of 2 packages byte-identical\n" in done.stderr
    assert "to use its environment: source .repro/venv/bin/activate\n" in done.stderr
    assert done.stdout == ""
    script = ". .repro/venv/bin/activate; python train.py; command -v python"
    again = run_program("sh", "-c", script, cwd=lab.repo.path)
    assert again.stdout.splitlines() == ["1.0 2.0 repo", f"{lab.environments()[0]}/bin/python"]
    assert "venv" not in lab.repo.git("status", "--porcelain", "--untracked-files=all")


def test_from_a_directory_below_the_path_to_activate_is_the_one_from_there(lab: Lab) -> None:
    done = lab.repo.run_cli("checkout", RUN, "--env", cwd="jobs")

    assert "source ../.repro/venv/bin/activate\n" in done.stderr


def test_a_worktree_has_an_environment_too(lab: Lab, tmp_path: Path) -> None:
    side = tmp_path / "side by side"

    done = lab.repo.run_cli("checkout", RUN, "--env", "--worktree", str(side))

    assert f"source '{side}/.repro/venv/bin/activate'\n" in done.stderr
    assert (side / ".repro/venv").resolve() == lab.environments()[0]
    assert not (lab.repo.path / ".repro").exists()


def test_there_and_back_again_never_follows_the_link_to_the_environment(lab: Lab) -> None:
    lab.repo.run_cli("checkout", RUN, "--env")
    (environment,) = lab.environments()
    before = sorted(environment.rglob("*"))

    lab.repo.run_cli("checkout", "-")
    assert not (lab.repo.path / ".repro").exists()
    assert sorted(environment.rglob("*")) == before

    lab.repo.run_cli("checkout", "-")
    assert (lab.repo.path / ".repro/venv").readlink() == environment
    assert sorted(environment.rglob("*")) == before

    lab.repo.run_cli("checkout", RUN)
    assert not (lab.repo.path / ".repro/venv").is_symlink()
    assert sorted(environment.rglob("*")) == before


def test_asked_for_twice_the_environment_is_built_once(lab: Lab) -> None:
    lab.repo.run_cli("checkout", RUN, "--env")

    done = lab.repo.run_cli("checkout", RUN, "--env")

    assert "byte-identical (built before)" in done.stderr
    assert (lab.repo.path / ".repro/venv").resolve() == lab.environments()[0]


def test_a_checkout_that_is_refused_builds_no_environment(lab: Lab, tmp_path: Path) -> None:
    lab.repo.write("train.py", "mine\n")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/x").touch()

    in_place = lab.repo.run_cli("checkout", RUN, "--env", check=False)
    beside = lab.repo.run_cli(
        "checkout", RUN, "--env", "--worktree", str(tmp_path / "taken"), check=False
    )

    assert (in_place.returncode, beside.returncode) == (2, 2)
    assert "uncommitted change" in in_place.stderr
    assert "there is something at" in beside.stderr
    assert lab.environments() == []


def test_an_environment_that_cannot_be_exact_leaves_all_as_it_was(own_lab: Lab) -> None:
    next(own_lab.wheels.glob("beta-*")).unlink()
    before = own_lab.repo.standing()
    env = {"UV_CACHE_DIR": str(own_lab.repo.path.parent / "cold")}

    done = own_lab.repo.run_cli("checkout", RUN, "--env", check=False, env=env)

    assert done.returncode == 4
    assert "beta==2.0: " in done.stderr
    assert "hint: " in done.stderr
    assert "checked out" not in done.stderr
    assert own_lab.repo.standing() == before
    assert not (own_lab.repo.path / ".repro").exists()


def test_what_is_inexact_is_accepted_and_marked(own_lab: Lab) -> None:
    next(own_lab.wheels.glob("beta-*")).unlink()
    env = {"UV_CACHE_DIR": str(own_lab.repo.path.parent / "cold")}

    done = own_lab.repo.run_cli("checkout", RUN, "--env", "--inexact", env=env)

    assert "1 of 2 packages byte-identical" in done.stderr
    assert "not exactly the run's environment:\n  beta==2.0: " in done.stderr
    assert (own_lab.repo.path / ".repro/venv/bin/python").exists()


def test_a_package_of_the_tree_that_no_longer_builds_leaves_the_checkout(lab: Lab) -> None:
    project = write_project(lab.repo.path / "lib", "scale")
    python = make_venv(lab.repo.path.parent / "venv")
    install(python, "--editable", str(project))
    lab.repo.commit("lib")
    lab.repo.write("lib/pyproject.toml", "no toml\n")
    lab.repo.run_cli("run", "-n", "broken", "--", python, "jobs/where.py")
    lab.repo.git("checkout", "--quiet", "--", ".")

    done = lab.repo.run_cli("checkout", "broken", "--env", check=False)

    assert done.returncode == 4
    assert "checked out broken" in done.stderr
    assert "code and data are checked out, and stay so; the environment is not exact" in done.stderr
    assert "error: the environment of broken cannot be built exactly" in done.stderr
    assert "scale==0.1: " in done.stderr
    assert lab.repo.read("lib/pyproject.toml") == "no toml\n"


def test_packages_of_the_tree_come_from_the_tree_that_is_checked_out(lab: Lab) -> None:
    project = write_project(lab.repo.path / "lib", "scale")
    python = make_venv(lab.repo.path.parent / "venv")
    install(python, "--editable", str(project))
    lab.repo.run_cli("run", "-n", "own", "--", python, "jobs/where.py")
    side = lab.repo.path.parent / "side"

    done = lab.repo.run_cli("checkout", "own", "--env", "--worktree", str(side))

    assert "scale from the working tree" in done.stderr
    code = "import scale; print(scale.__file__)"
    found = run_program(str(side / ".repro/venv/bin/python"), "-c", code, cwd=side)
    assert found.stdout == f"{side}/lib/scale.py\n"


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "args",
    [
        ("-", "--env"),
        ("-", "--python", "3.12"),
        ("-", "--inexact"),
        ("run-k", "--python", "3.12"),
    ],
)
def test_options_that_do_not_go_together_are_refused(args: tuple[str, ...]) -> None:
    assert call(checkout_command, *args).exit_code == 2


@pytest.mark.usefixtures("here")
def test_a_run_without_an_environment_is_checked_out_without_one_only() -> None:
    with pytest.raises(NotObservedError):
        call(checkout_command, "run-k", "--env")
    assert call(checkout_command, "run-k").exit_code == 0

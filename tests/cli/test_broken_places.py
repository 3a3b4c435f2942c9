"""Full disks and read-only repositories: a clear error, and nothing lost."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.repos import Completed, Scratch, run_program

_ISOLATED = ("unshare", "--mount", "--map-root-user")


@pytest.fixture
def isolated(repo: Scratch, tmp_path: Path) -> "Isolated":
    """A place for mounts that only the test's own commands see."""
    if (
        shutil.which("unshare") is None
        or run_program(
            *_ISOLATED, "mount", "-t", "tmpfs", "none", str(tmp_path), cwd=repo.path, check=False
        ).returncode
    ):
        pytest.skip("this machine allows no mounts of one's own")
    return Isolated(repo, tmp_path / "disk")


class Isolated:
    """Runs shell scripts in a copy of the repository on a small disk of its own."""

    def __init__(self, repo: Scratch, disk: Path) -> None:
        self._repo = repo
        self._disk = disk
        disk.mkdir()

    def run(self, script: str) -> Completed:
        """Runs a script; ``$repro`` is the command, the current directory the repository."""
        set_up = f"""
            set -u
            mount -t tmpfs -o size=4m none {self._disk}
            cp -r {self._repo.path}/. {self._disk}
            cd {self._disk}
            repro="{sys.executable} -m repro"
            fill() {{ dd if=/dev/zero of=.git/fill bs=1k count=9000 2>/dev/null; }}
        """
        argv = (*_ISOLATED, "sh", "-c", set_up + script)
        return run_program(*argv, cwd=self._repo.path, check=False)


def test_a_full_disk_before_the_start_is_an_error_with_a_hint(isolated: Isolated) -> None:
    done = isolated.run("fill; $repro run -- touch started; echo $?; ls started 2>&1")

    assert "No space left on device" in done.stderr
    assert "hint: free some disk space" in done.stderr
    assert done.stdout.startswith("2\n")
    assert "No such file" in done.stdout


def test_a_disk_that_fills_up_meanwhile_harms_neither_the_command_nor_the_run(
    isolated: Isolated,
) -> None:
    done = isolated.run(
        """
        $repro run -- sh -c 'dd if=/dev/zero of=.git/fill bs=1k count=9000; echo mine; exit 5'
        echo $?
        rm .git/fill
        $repro ls
        """
    )

    assert "could not be recorded" in done.stderr
    assert "mine\n5\n" in done.stdout
    assert len(done.stdout.splitlines()) == 4  # its word, its code, and a listing of one run


@pytest.mark.parametrize("command", ["run -- true", "record"])
def test_a_read_only_git_directory_is_an_error_with_a_hint(
    isolated: Isolated, command: str
) -> None:
    done = isolated.run(
        f"""
        mount --bind .git .git && mount -o remount,ro,bind .git
        $repro {command}
        """
    )

    assert done.returncode == 2
    assert "Read-only file system" in done.stderr
    assert "make it writable" in done.stderr


def test_a_read_only_repository_can_still_be_looked_at(isolated: Isolated) -> None:
    done = isolated.run(
        f"""
        $repro run -q -- {sys.executable} train.py
        mount --bind .git .git && mount -o remount,ro,bind .git
        $repro ls && $repro show
        """
    )

    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.parametrize("command", ["run -- true", "record", "ls", "show", "checkout @", "undo"])
def test_outside_a_repository(tmp_path: Path, command: str) -> None:
    outside = Scratch(tmp_path)

    done = outside.run_cli(*command.split(), check=False)

    assert done.returncode == 2
    assert "not in a git repository" in done.stderr
    assert "git init" in done.stderr


@pytest.mark.parametrize("command", ["run -- true", "record", "ls"])
def test_in_a_bare_repository(repo: Scratch, tmp_path: Path, command: str) -> None:
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "bare"))

    done = Scratch(tmp_path / "bare").run_cli(*command.split(), check=False)

    assert done.returncode == 2
    assert "no working tree" in done.stderr

"""A run comes back whole, whatever was done to the repository meanwhile; with real DVC."""

import shutil
import sys

from tests.repos import Scratch


def project_files(repo: Scratch) -> dict[str, tuple[int, bytes]]:
    """Returns mode and bytes of every file that is neither DVC's own nor repro's record."""
    return {
        path: content
        for path, content in repo.contents().items()
        if not path.startswith((".dvc/", ".repro/"))
    }


def paths_listed(repo: Scratch) -> str:
    """Returns what git status lists, without ignored files."""
    return repo.git("status", "--porcelain", "--untracked-files=all")


def recorded(repo: Scratch) -> tuple[dict[str, tuple[int, bytes]], str]:
    """Records a run of an edited tree, and returns the tree and its status as they were."""
    repo.write("train.py", repo.read("train.py") + "# tried\n")
    repo.write("notes/untracked.txt", "by hand\n", mode=0o755)
    before = project_files(repo), paths_listed(repo)
    repo.run_cli("run", "-n", "first", "--", sys.executable, "-c", "pass")
    return before


def turn_upside_down(repo: Scratch) -> None:
    """Commits other code and data, collects all garbage there is, and cleans up."""
    repo.write("data/one.csv", "other\n")
    (repo.path / "data/many/0.txt").unlink()
    repo.write("data/many/new.txt", "new\n")
    repo.dvc("add", "--quiet", "data/one.csv", "data/many")
    repo.commit("other data")
    repo.git("checkout", "--quiet", "-b", "elsewhere")
    repo.git("rm", "--quiet", "params.yaml")
    repo.commit("other code")
    repo.git("clean", "-ffdxq", "--exclude=/.dvc", "--exclude=/data")
    repo.dvc("gc", "--all-commits", "--force", "--quiet")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "--quiet", "--prune=now")


def test_code_and_data_come_back_after_every_garbage_collection(dvc_repo: Scratch) -> None:
    files, status = recorded(dvc_repo)
    turn_upside_down(dvc_repo)
    shutil.rmtree(dvc_repo.path / ".dvc" / "cache")

    dvc_repo.run_cli("checkout", "first")

    assert project_files(dvc_repo) == files
    assert paths_listed(dvc_repo) == status


def test_and_what_was_there_before_comes_back_too(dvc_repo: Scratch) -> None:
    recorded(dvc_repo)
    turn_upside_down(dvc_repo)
    dvc_repo.write("train.py", "edited\n")
    dvc_repo.write("data/one.csv", "edited by hand, in no cache\n")
    dvc_repo.write("scratch.txt", "untracked\n")
    before = project_files(dvc_repo), paths_listed(dvc_repo), dvc_repo.git("branch")
    dvc_repo.run_cli("checkout", "--keep", "first")

    dvc_repo.run_cli("checkout", "-")

    assert (project_files(dvc_repo), paths_listed(dvc_repo), dvc_repo.git("branch")) == before


def test_data_that_is_nowhere_near_comes_from_the_dvc_remote(dvc_repo: Scratch) -> None:
    files, _ = recorded(dvc_repo)
    turn_upside_down(dvc_repo)
    for store in (".dvc/cache", ".git/repro/store"):
        shutil.rmtree(dvc_repo.path / store)

    dvc_repo.run_cli("checkout", "first")

    assert project_files(dvc_repo) == files


def test_data_that_is_nowhere_at_all_changes_nothing_and_is_named(dvc_repo: Scratch) -> None:
    recorded(dvc_repo)
    turn_upside_down(dvc_repo)
    for store in (".dvc/cache", ".git/repro/store", "../remote"):
        shutil.rmtree(dvc_repo.path / store)
    before = dvc_repo.standing(), dvc_repo.contents()

    done = dvc_repo.run_cli("checkout", "first", check=False)

    assert done.returncode == 2
    assert "data/one.csv" in done.stderr
    assert "remote" in done.stderr
    assert (dvc_repo.standing(), dvc_repo.contents()) == before

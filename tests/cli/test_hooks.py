"""`repro hooks` as typed."""

import json
import sys

import pytest

from repro.hooks.call import HookName
from repro.hooks.script import line_to_add
from tests.hooks.gits import has_config_hooks
from tests.hooks.spied import hook_files, write_hook
from tests.repos import Scratch, run_program

OLD_GIT = pytest.mark.skipif(has_config_hooks(), reason="this git needs no line to be added")


def test_install_says_what_each_hook_does_and_how_to_undo_it(repo: Scratch) -> None:
    done = repo.run_cli("hooks", "install")

    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "installed:",
        "  post-commit         records a commit that touches params, metrics or data",
        "  post-rewrite        keeps runs attached through amend, rebase and squash",
        "  post-merge          tells when data no longer matches",
        "  post-checkout       tells when data no longer matches",
        "  pre-push            pushes the runs of the commits that are pushed",
        "git carries the notes of runs through amend, rebase and squash",
        "they are in .git/hooks, for all working trees",
        "once without them: REPRO_HOOKS=0 git ...; to undo: repro hooks uninstall",
    ]


def test_check_and_trailer_and_notes_are_a_choice(repo: Scratch) -> None:
    done = repo.run_cli("hooks", "install", "--check", "--trailer", "--no-notes")

    assert "  pre-commit          checks metrics without a run" in done.stderr
    assert "  prepare-commit-msg  adds a Repro-Run: trailer" in done.stderr
    assert "notes" not in done.stderr
    assert repo.git("config", "--get", "notes.rewriteRef", check=False) == ""
    assert "[include" not in repo.read(".git/config")


@OLD_GIT
def test_a_hook_that_was_there_is_named(repo: Scratch) -> None:
    write_hook(repo, "post-commit")
    write_hook(repo, "pre-push", "exec git lfs pre-push")

    said = repo.run_cli("hooks", "install").stderr

    assert "data (after the hook that was there, which is post-commit.pre-repro now)\n" in said
    assert "pushed (after git-lfs, which is pre-push.pre-repro now)\n" in said


@OLD_GIT
def test_husky_gets_lines_to_paste_which_work(repo: Scratch) -> None:
    repo.git("config", "core.hooksPath", ".husky/_")
    wrapper = '#!/bin/sh\nexec sh -e ".husky/${0##*/}" "$@"\n'
    repo.write(".husky/_/post-commit", wrapper, mode=0o755)
    before = hook_files(repo)

    done = repo.run_cli("hooks", "install")

    assert done.stdout.splitlines()[0] == line_to_add(HookName.POST_COMMIT)
    assert "add to .husky/post-commit:\n" in done.stderr
    assert "installed:" not in done.stderr
    assert hook_files(repo)["config"] != before["config"]
    repo.write(".husky/post-commit", done.stdout.splitlines()[0] + "\n")
    repo.write("params.yaml", "lr: 0.7\n")
    committed = run_program("git", "commit", "-qam", "x", cwd=repo.path)
    assert committed.stderr.startswith("repro: recorded as ")
    status = repo.run_cli("hooks", "status", check=False)
    assert "post-commit         called by .husky/post-commit\n" in status.stdout
    assert status.returncode == 1, "the other lines are not there"

    repo.run_cli("hooks", "uninstall")
    repo.write("params.yaml", "lr: 0.8\n")
    assert run_program("git", "commit", "-qam", "x", cwd=repo.path).stderr == ""


@OLD_GIT
def test_lefthook_gets_yaml_to_paste(repo: Scratch) -> None:
    import yaml

    repo.git("config", "core.hooksPath", "hooks")
    repo.write("hooks/pre-commit", "#!/bin/sh\ncall_lefthook run pre-commit\n", mode=0o755)

    done = repo.run_cli("hooks", "install")

    assert "add to lefthook.yml:\n" in done.stderr
    read = yaml.safe_load(done.stdout)
    assert list(read) == ["post-commit", "post-rewrite", "post-merge", "post-checkout", "pre-push"]
    assert read["pre-push"]["commands"]["repro"] == {
        "run": line_to_add(HookName.PRE_PUSH, "{0}"),
        "use_stdin": True,
    }


@OLD_GIT
def test_hooks_that_are_switched_off_are_said_to_be(repo: Scratch) -> None:
    repo.git("config", "core.hooksPath", "/dev/null")

    done = repo.run_cli("hooks", "install")

    assert "git calls no hooks: core.hooksPath is /dev/null\n" in done.stderr


def test_uninstall_says_what_it_took_away(repo: Scratch) -> None:
    assert repo.run_cli("hooks", "uninstall").stderr == "no hooks of repro were installed\n"
    repo.run_cli("hooks", "install")

    assert repo.run_cli("hooks", "uninstall").stderr == (
        "taken away: post-commit, post-rewrite, post-merge, post-checkout, pre-push\n"
    )


def test_status_shows_each_hook(repo: Scratch) -> None:
    done = repo.run_cli("hooks", "status")
    assert done.stdout.splitlines()[0] == "post-commit         not installed"
    assert done.stderr == "hint: repro hooks install\n"
    repo.run_cli("hooks", "install")

    done = repo.run_cli("hooks", "status")
    assert done.stdout.splitlines() == [
        "post-commit         installed",
        "post-rewrite        installed",
        "post-merge          installed",
        "post-checkout       installed",
        "pre-push            installed",
        "prepare-commit-msg  not installed",
        "pre-commit          not installed",
    ]
    assert done.stderr == ""


def test_status_ends_with_1_where_something_is_wrong(repo: Scratch) -> None:
    repo.run_cli("hooks", "install")
    (repo.path / ".git/hooks/pre-push").unlink()

    done = repo.run_cli("hooks", "status", check=False, env={"REPRO_HOOKS": "0"})

    assert done.returncode == 1
    assert "pre-push            not installed\n" in done.stdout
    assert f"{'':20}problem: its file is gone: repro hooks install\n" in done.stdout
    assert done.stdout.endswith("problem: REPRO_HOOKS=0 switches them off here\n")


def test_status_as_json(repo: Scratch) -> None:
    repo.run_cli("hooks", "install")

    read = json.loads(repo.run_cli("hooks", "status", "--json").stdout)

    assert read["directory"] == str(repo.path / ".git/hooks")
    assert (read["hooks_path"], read["notes"], read["problems"]) == (None, True, [])
    assert read["hooks"][0] == {
        "name": "post-commit",
        "installed": True,
        "way": "file",
        "other": None,
        "problems": [],
    }
    assert [row["installed"] for row in read["hooks"]] == [*[True] * 5, False, False]


def test_run_has_help_and_works_from_elsewhere(repo: Scratch) -> None:
    said = repo.run_cli("hooks", "run", "--help").stdout
    assert "repro hooks run pre-push origin" in said

    argv = (sys.executable, "-m", "repro", "-C", str(repo.path), "hooks", "run", "post-commit")
    done = run_program(*argv, cwd=repo.path.parent)
    assert done.stderr.startswith("repro: recorded as ")


def test_a_command_that_is_not_there_names_the_nearest(repo: Scratch) -> None:
    done = repo.run_cli("hooks", "instal", check=False)

    assert done.returncode == 2
    assert "did you mean `repro hooks install`?" in done.stderr


def test_outside_of_a_working_tree_it_says_so(repo: Scratch) -> None:
    repo.git("init", "--quiet", "--bare", "../bare.git")

    for words in (("install",), ("uninstall",), ("status",)):
        done = repo.run_cli("hooks", *words, check=False, cwd="../bare.git")
        assert done.returncode == 2
        assert done.stderr.startswith("error: no working tree here, only a git directory:")


def test_a_locked_configuration_is_an_error_with_a_hint(repo: Scratch) -> None:
    (repo.path / ".git/config.lock").touch()

    done = repo.run_cli("hooks", "install", check=False)

    assert done.returncode == 2
    assert "error: another git process changes the configuration: " in done.stderr
    assert f"hint: wait for it; when it has died: rm {repo.path}/.git/config.lock\n" in done.stderr


def test_the_doctor_says_the_same_shortly(repo: Scratch) -> None:
    def row() -> str:
        out = repo.run_cli("doctor", check=False).stdout
        (found,) = (line for line in out.splitlines() if line[8:].startswith("hooks "))
        return found

    assert row() == "ok      hooks       none installed"
    repo.run_cli("hooks", "install")
    assert row().startswith("ok      hooks       installed: post-checkout, post-commit")
    (repo.path / ".git/hooks/pre-push").unlink()
    assert row() == "problem hooks       pre-push: its file is gone: repro hooks install"

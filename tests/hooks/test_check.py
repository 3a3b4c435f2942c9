"""The check before a commit, as git calls it."""

import json
import sys
import time
from typing import Any

import pytest

from tests.repos import Completed, Scratch, run_program

HOOK = f"""#!/bin/sh
exec '{sys.executable}' -m repro hooks run pre-commit "$@"
"""
TOKEN = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"


@pytest.fixture
def checked(repo: Scratch) -> Scratch:
    """A repository whose commits are checked, and that keeps its metrics in git."""
    repo.write(".gitignore", "__pycache__/\n")
    repo.commit("keep metrics")
    repo.write(".git/hooks/pre-commit", HOOK, mode=0o755)
    return repo


def commit(repo: Scratch, *args: str, **env: str) -> Completed:
    """Stages everything, unless arguments say what to commit, and commits it."""
    if not args:
        repo.git("add", "--all")
    argv = ("git", "commit", "--quiet", "-m", "change", *args)
    return run_program(*argv, cwd=repo.path, check=False, env=env)


def refused(repo: Scratch, *args: str, **env: str) -> list[str]:
    """Returns why a commit was refused; the last line, how to get past, is checked here."""
    before = repo.head()
    done = commit(repo, *args, **env)
    assert done.returncode == 1, done.stderr
    assert repo.head() == before
    *lines, last = done.stderr.splitlines()
    assert last.startswith("repro: to commit it all the same: ")
    return lines


def passes(repo: Scratch, *args: str, **env: str) -> None:
    before = repo.head()
    done = commit(repo, *args, **env)
    assert (done.returncode, done.stderr) == (0, "")
    assert repo.head() != before


def unchecked(repo: Scratch) -> None:
    repo.git("add", "--all")
    passes(repo, "--no-verify")


def metrics(repo: Scratch, path: str = "metrics.json", **values: Any) -> None:
    repo.write(path, json.dumps(values))


def test_metrics_of_no_run_are_refused_with_what_to_type(checked: Scratch) -> None:
    metrics(checked, accuracy=0.93)
    (line,) = refused(checked)
    assert line == (
        "repro: metrics.json: accuracy 0.93 comes from no run here: repro run -- <command>"
    )


def test_metrics_that_a_run_has_pass(checked: Scratch) -> None:
    checked.run_cli("run", "--quiet", "--", sys.executable, "train.py")
    passes(checked)


def test_a_value_that_was_written_otherwise_is_the_same_number(checked: Scratch) -> None:
    metrics(checked, accuracy=0.5, loss=2)
    checked.run_cli("record", "--quiet")
    checked.write("metrics.json", '{"loss": 2.0,\n "accuracy": 5e-1}\n')
    passes(checked)


def test_values_of_two_runs_are_those_of_none(checked: Scratch) -> None:
    for accuracy, loss in ((0.5, 0.1), (0.6, 0.2)):
        metrics(checked, accuracy=accuracy, loss=loss)
        checked.run_cli("record", "--quiet")
    metrics(checked, accuracy=0.5, loss=0.2)
    (line,) = refused(checked)
    assert "comes from no run here" in line


def test_the_value_that_is_named_is_the_one_that_no_run_has(checked: Scratch) -> None:
    metrics(checked, accuracy=0.5, loss=0.1)
    checked.run_cli("record", "--quiet")
    metrics(checked, accuracy=0.5, loss=0.01)
    (line,) = refused(checked)
    assert line.startswith("repro: metrics.json: loss 0.01 comes")


def test_metrics_that_are_only_written_otherwise_pass(checked: Scratch) -> None:
    metrics(checked, accuracy=0.5)
    unchecked(checked)
    checked.write("metrics.json", '{\n  "accuracy": 5e-1\n}\n')
    passes(checked)


def test_metrics_may_be_deleted(checked: Scratch) -> None:
    metrics(checked, accuracy=0.5)
    unchecked(checked)
    checked.git("rm", "--quiet", "metrics.json")
    passes(checked)


def test_metrics_of_an_earlier_commit_pass(checked: Scratch) -> None:
    for accuracy in (0.5, 0.6):
        metrics(checked, accuracy=accuracy)
        unchecked(checked)
    checked.git("checkout", "--quiet", "HEAD~", "--", "metrics.json")
    passes(checked)


def test_a_file_called_metrics_among_the_tests_is_no_result(checked: Scratch) -> None:
    metrics(checked, "tests/data/metrics.json", accuracy=0.5)
    passes(checked)


def test_a_project_further_down_is_checked(checked: Scratch) -> None:
    checked.write("digits/params.yaml", "lr: 0.1\n")
    metrics(checked, "digits/metrics.json", accuracy=0.5)
    (line,) = refused(checked)
    assert line.startswith("repro: digits/metrics.json: accuracy 0.5 comes")


def test_a_file_that_dvc_yaml_names_is_checked_and_dvc_makes_it(checked: Scratch) -> None:
    stage = "stages:\n  train:\n    cmd: python train.py\n    metrics:\n    - out/score.json:\n"
    checked.write("dvc.yaml", stage + "        cache: false\n")
    checked.write(".gitignore", "")
    metrics(checked, "out/score.json", f1=0.25)
    (line,) = refused(checked)
    assert line == ("repro: out/score.json: f1 0.25 comes from no run here: repro run -- dvc repro")


def test_a_merge_is_left_alone(checked: Scratch) -> None:
    checked.git("checkout", "--quiet", "-b", "side")
    metrics(checked, accuracy=0.5)
    checked.write("notes.txt", "side\n")
    unchecked(checked)
    checked.git("checkout", "--quiet", "main")
    checked.write("notes.txt", "main\n")
    passes(checked)
    checked.git("merge", "--quiet", "side", check=False)
    checked.write("notes.txt", "both\n")
    metrics(checked, accuracy=0.75)
    checked.git("add", "--all")
    passes(checked, "--no-edit")
    assert len(checked.git("rev-list", "--parents", "-1", "HEAD").split()) == 3


def test_the_index_that_is_committed_counts_and_not_the_working_tree(checked: Scratch) -> None:
    metrics(checked, accuracy=0.5)
    checked.write("notes.txt", "something\n")
    checked.git("add", "notes.txt")
    passes(checked, "--message=only notes")
    checked.git("add", "metrics.json")
    checked.write("train.py", "print(1)\n")
    # Of another index than the user's.
    passes(checked, "--message=only code", "train.py")
    assert refused(checked, "metrics.json")
    checked.write("metrics.json", "{}")
    assert refused(checked, "--message=what is staged")


def test_a_linked_working_tree_is_checked(checked: Scratch) -> None:
    side = checked.worktree(checked.path.parent / "side")
    metrics(side, accuracy=0.5)
    assert refused(side)
    side.run_cli("record", "--quiet")
    passes(side)


def test_the_first_commit_is_checked(unborn_repo: Scratch) -> None:
    unborn_repo.write(".git/hooks/pre-commit", HOOK, mode=0o755)
    unborn_repo.write("params.yaml", f"lr: 0.1\ntoken: {TOKEN}\n")
    unborn_repo.git("add", "--all")
    done = commit(unborn_repo)
    assert done.returncode == 1
    assert "params.yaml:2" in done.stderr


def test_a_secret_in_a_params_file_is_named_by_line_and_never_shown(checked: Scratch) -> None:
    checked.write("params.yaml", f"lr: 0.1\nlayers: 2\nhub: {TOKEN}\nwandb:\n  password: a b c d\n")
    first, second = refused(checked)
    assert first.startswith("repro: params.yaml:3: holds a secret (")
    assert first.endswith("read it from an environment variable, then git add params.yaml")
    assert second.startswith("repro: params.yaml:5: holds a secret (by its name, password)")
    assert TOKEN not in first + second
    assert "a b c d" not in first + second


def test_a_secret_that_was_there_before_is_said_once(checked: Scratch) -> None:
    checked.write("params.yaml", f"lr: 0.1\nhub: {TOKEN}\n")
    unchecked(checked)
    checked.write("params.yaml", f"lr: 0.2\nlayers: 3\nhub: {TOKEN}\n")
    passes(checked)


def test_a_placeholder_is_no_secret(checked: Scratch) -> None:
    checked.write("params.yaml", "lr: 0.1\napi_key: ${API_KEY}\npassword: null\nmax_tokens: 4096\n")
    passes(checked)


def test_a_large_file_is_sent_to_dvc(checked: Scratch) -> None:
    checked.write("my model.pt", bytes(11 * 2**20))
    (line,) = refused(checked)
    assert line == (
        "repro: my model.pt: 11 MiB belongs in DVC:"
        " git rm --cached 'my model.pt' && dvc init && dvc add 'my model.pt'"
    )
    checked.git("config", "repro.checkMaxSize", "16m")
    passes(checked)


def test_what_it_says_of_a_large_file_works(dvc_repo: Scratch) -> None:
    dvc_repo.write(".git/hooks/pre-commit", HOOK, mode=0o755)
    dvc_repo.git("config", "repro.checkMaxSize", "64k")
    dvc_repo.write("model.pt", bytes(100_000))
    (line,) = refused(dvc_repo)
    told = line.partition("belongs in DVC: ")[2].replace("dvc ", f"{sys.executable} -m dvc ")
    run_program("sh", "-c", told, cwd=dvc_repo.path)
    passes(dvc_repo)
    assert "model.pt.dvc" in dvc_repo.git("ls-files")


def test_a_file_that_a_filter_keeps_elsewhere_is_not_large(checked: Scratch) -> None:
    checked.git("config", "filter.away.clean", "wc -c")
    checked.git("config", "repro.checkMaxSize", "1k")
    checked.write(".gitattributes", "*.pt filter=away\n")
    checked.write("model.pt", bytes(5000))
    passes(checked)


def test_what_shall_not_be_looked_for_is_not(checked: Scratch) -> None:
    checked.write("params.yaml", f"hub: {TOKEN}\n")
    metrics(checked, accuracy=0.5)
    checked.git("config", "repro.checkSkip", "secrets")
    (line,) = refused(checked)
    assert "accuracy" in line
    checked.git("config", "repro.checkSkip", "secrets,metrics")
    passes(checked)


def test_words_of_the_call_say_the_same(checked: Scratch) -> None:
    words = "pre-commit --skip metrics --max-size-mib=0.01"
    checked.write(".git/hooks/pre-commit", HOOK.replace("pre-commit", words), mode=0o755)
    metrics(checked, accuracy=0.5)
    checked.write("model.pt", bytes(20_000))
    (line,) = refused(checked)
    assert line.startswith("repro: model.pt: 0.0191 MiB")


def test_words_that_mean_nothing_are_named_and_stop_nobody(checked: Scratch) -> None:
    words = "pre-commit --skip everything --max-size-mib lots --loud"
    checked.write(".git/hooks/pre-commit", HOOK.replace("pre-commit", words), mode=0o755)
    checked.write("notes.txt", "something\n")
    checked.git("add", "--all")
    done = commit(checked)
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "repro: pre-commit hook: no such option: --loud",
        "repro: pre-commit hook: nothing to skip: everything",
        "repro: pre-commit hook: no size: lots",
    ]


def test_a_check_that_fails_itself_lets_the_commit_pass(checked: Scratch) -> None:
    metrics(checked, accuracy=0.5)
    checked.write(".git/repro/live", "no directory")
    checked.git("add", "--all")
    done = commit(checked)
    assert done.returncode == 0
    assert done.stderr == "repro: pre-commit hook: Not a directory\n"


def test_nothing_is_said_where_hooks_are_switched_off(checked: Scratch) -> None:
    metrics(checked, accuracy=0.5)
    checked.git("add", "--all")
    passes(checked, REPRO_HOOKS="0")


def test_metrics_that_a_run_in_progress_may_have_written_pass(checked: Scratch) -> None:
    waits = (
        "import json, os, time, sys\n"
        "json.dump({'accuracy': 0.5}, open('metrics.json', 'w'))\n"
        "open('written', 'w').close()\n"
        "while not os.path.exists('go'): time.sleep(0.01)\n"
    )
    checked.write("slow.py", waits)
    checked.write(".gitignore", "/written\n/go\n")
    script = (
        f"'{sys.executable}' -m repro run -q -- '{sys.executable}' slow.py &"
        " while [ ! -e written ]; do sleep 0.01; done;"
        " git add --all; git commit -qm during; code=$?; touch go; wait; exit $code"
    )
    done = run_program("sh", "-c", script, cwd=checked.path)
    assert done.stderr == ""


def test_the_hook_that_is_installed_checks(repo: Scratch) -> None:
    repo.write(".gitignore", "__pycache__/\n")
    repo.commit("keep metrics")
    repo.run_cli("hooks", "install", "--check")
    metrics(repo, accuracy=0.93)
    (line,) = refused(repo)
    assert "metrics.json: accuracy 0.93 comes from no run here" in line
    repo.run_cli("record", "--quiet")
    assert commit(repo).returncode == 0
    repo.write("notes.txt", "something\n")
    passes(repo)


def test_it_takes_no_time_when_nothing_of_ours_is_staged(checked: Scratch) -> None:
    checked.write("notes.txt", "something\n")
    checked.git("add", "--all")
    times = []
    for _ in range(5):
        start = time.perf_counter()
        checked.run_cli("hooks", "run", "pre-commit")
        times.append(time.perf_counter() - start)
    start = time.perf_counter()
    run_program(sys.executable, "-c", "pass", cwd=checked.path)
    bare_s = time.perf_counter() - start
    # A loose bound, for a machine that does other things: 0.1 s when left alone.
    assert min(times) - bare_s < 0.3

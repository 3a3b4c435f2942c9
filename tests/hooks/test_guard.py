"""The guard in sh: when it starts Python, what it hands on, and that it never stops git."""

import os
import sys
from pathlib import Path

import pytest

from repro.git.repository import open_repository
from repro.hooks.call import HookName
from repro.hooks.install import install
from repro.hooks.script import ASIDE, SLOT_MARK, Program, guard_text, slot_text
from tests.hooks.spied import Spied, set_up_spy, write_hook
from tests.repos import Scratch, run_program

pytestmark = pytest.mark.usefixtures("chaining")
DEFAULTS = frozenset(HookName) - {HookName.PRE_COMMIT, HookName.PREPARE_COMMIT_MSG}


@pytest.fixture
def spied(repo: Scratch, tmp_path: Path) -> Spied:
    return set_up_spy(repo, tmp_path / "bin", DEFAULTS)


def commit(repo: Scratch, path: str, text: str = "x: 1\n", *args: str) -> None:
    repo.write(path, text)
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message", f"change {path}", *args)


def test_a_commit_that_touches_nothing_watched_starts_nothing(spied: Spied) -> None:
    commit(spied.repo, "train.py", "print()\n")

    assert spied.calls() == []


@pytest.mark.parametrize(
    "path", ["params.yaml", "deep down/in a dir/params.yaml", "data.dvc", "sub/dvc.lock"]
)
def test_a_commit_that_touches_what_is_watched_starts_python(spied: Spied, path: str) -> None:
    commit(spied.repo, path, "lr: 0.7\n")

    assert spied.calls() == ["post-commit|"]


def test_the_first_commit_of_all_counts(unborn_repo: Scratch, tmp_path: Path) -> None:
    spied = set_up_spy(unborn_repo, tmp_path / "bin", DEFAULTS)

    unborn_repo.commit("first")

    assert spied.calls() == ["post-commit|"]


def test_python_looks_where_the_list_of_files_is_gone_or_empty(spied: Spied) -> None:
    watched = spied.repo.path / ".git/repro/hooks/watched"
    watched.write_bytes(b"")
    commit(spied.repo, "train.py", "one\n")
    watched.unlink()
    commit(spied.repo, "train.py", "two\n")

    assert spied.calls() == ["post-commit|", "post-commit|"]


def test_a_list_without_a_last_newline_is_read_to_its_end(spied: Spied) -> None:
    watched = spied.repo.path / ".git/repro/hooks/watched"
    watched.write_text("\n:(top,glob)nothing\n:(top,glob)with space/*.x")
    commit(spied.repo, "train.py", "one\n")
    commit(spied.repo, "with space/1.x")

    assert spied.calls() == ["post-commit|"]


@pytest.mark.parametrize("value", ["0", "no", "No", "OFF", "false", "False"])
def test_the_switch_turns_hooks_off(
    spied: Spied, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("REPRO_HOOKS", value)
    commit(spied.repo, "params.yaml", "lr: 0.7\n")
    monkeypatch.setenv("REPRO_HOOKS", "1")
    assert spied.calls() == []

    commit(spied.repo, "params.yaml", "lr: 0.8\n")

    assert spied.calls() == ["post-commit|"]


def test_literal_pathspecs_in_the_environment_change_nothing(
    spied: Spied, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")

    commit(spied.repo, "sub/params.yaml", "lr: 0.7\n")

    assert spied.calls() == ["post-commit|"]


def diverge(repo: Scratch) -> None:
    """Leaves two branches that change the same line of params.yaml, ``side`` and ``main``."""
    repo.git("checkout", "--quiet", "-b", "side")
    commit(repo, "params.yaml", "lr: 0.2\n")
    commit(repo, "other.py", "print()\n")
    repo.git("checkout", "--quiet", "main")
    commit(repo, "params.yaml", "lr: 0.3\n")


def test_a_merge_that_somebody_finishes_counts_where_it_is_neither_side(spied: Spied) -> None:
    diverge(spied.repo)
    spied.calls()
    spied.repo.git("merge", "side", check=False)
    commit(spied.repo, "params.yaml", "lr: 0.25\n")
    assert spied.calls() == ["post-commit|"]

    spied.repo.git("reset", "--quiet", "--hard", "HEAD~1")
    spied.repo.git("merge", "side", check=False)
    spied.repo.git("checkout", "--quiet", "--ours", "params.yaml")
    spied.repo.git("add", "params.yaml")
    spied.repo.git("commit", "--quiet", "--no-edit")
    assert spied.calls() == []


def test_a_rebase_starts_nothing_until_it_is_over(spied: Spied) -> None:
    repo = spied.repo
    repo.git("checkout", "--quiet", "-b", "side")
    for number in range(4):
        commit(repo, "params.yaml", f"lr: 0.{number}\n")
    repo.git("checkout", "--quiet", "main")
    commit(repo, "train.py", "print()\n")
    repo.git("checkout", "--quiet", "side")
    spied.calls()
    edit = {"GIT_SEQUENCE_EDITOR": "sed -i 2s/pick/squash/", "GIT_EDITOR": "true"}
    run_program("git", "rebase", "-q", "-i", "main", cwd=repo.path, env=edit)

    assert spied.calls() == []
    repo.git("update-ref", "refs/repro/runs/one", "HEAD")
    repo.git("commit", "--quiet", "--amend", "--message", "another")
    (commit_call, rewrite_call) = spied.calls()
    assert (commit_call, rewrite_call.split("|")[0]) == ("post-commit|", "post-rewrite amend")


def test_where_the_user_stops_in_a_rebase_their_commits_count(spied: Spied) -> None:
    repo = spied.repo
    for number in range(3):
        commit(repo, "params.yaml", f"lr: 0.{number}\n")
    spied.calls()
    edit = {"GIT_SEQUENCE_EDITOR": "sed -i 1s/pick/edit/", "GIT_EDITOR": "true"}
    run_program("git", "rebase", "-q", "-i", "HEAD~2", cwd=repo.path, env=edit)
    assert spied.calls() == []

    commit(repo, "sub/params.yaml", "lr: 9\n")
    assert spied.calls() == ["post-commit|"]

    run_program("git", "rebase", "--continue", cwd=repo.path, env=edit)
    assert spied.calls() == []


def test_a_checkout_counts_where_it_changes_branches_and_data(spied: Spied) -> None:
    repo = spied.repo
    first = repo.head()
    repo.git("checkout", "--quiet", "-b", "side")
    commit(repo, "train.py", "print()\n")
    repo.git("checkout", "--quiet", "main")
    repo.git("checkout", "--quiet", "side")
    repo.git("checkout", "main", "--", "train.py")
    assert spied.calls() == []

    commit(repo, "data.csv.dvc")
    second = repo.head()
    spied.calls()
    repo.git("checkout", "--quiet", "main")
    assert spied.calls() == [f"post-checkout {second} {first} 1|"]
    repo.git("checkout", "side", "--", "data.csv.dvc")
    assert spied.calls() == []


def test_a_merge_counts_where_it_changes_data(spied: Spied) -> None:
    repo = spied.repo
    for branch, path in (("code", "other.py"), ("data", "data.csv.dvc"), ("squash", "two.dvc")):
        repo.git("checkout", "--quiet", "-b", branch, "main")
        commit(repo, path)
        repo.git("checkout", "--quiet", "main")
    spied.calls()

    repo.git("merge", "--quiet", "code")
    assert spied.calls() == []
    repo.git("merge", "--quiet", "--no-edit", "data")
    assert spied.calls() == ["post-merge 0|"]
    repo.git("merge", "--squash", "code")
    assert spied.calls() == []
    repo.git("merge", "--squash", "squash")
    assert spied.calls() == ["post-merge 1|"]


def test_a_rewrite_and_a_push_count_where_there_are_runs(spied: Spied, tmp_path: Path) -> None:
    repo = spied.repo
    remote = str(tmp_path / "remote")
    repo.git("init", "--quiet", "--bare", remote)
    commit(repo, "train.py", "print()\n")
    repo.git("commit", "--quiet", "--amend", "--message", "again")
    repo.git("push", "--quiet", remote, "main")
    assert spied.calls() == []

    repo.git("update-ref", "refs/repro/runs/one", "HEAD")
    old = repo.head()
    repo.git("commit", "--quiet", "--amend", "--message", "more")
    (rewrite_call,) = spied.calls()
    assert rewrite_call.startswith(f"post-rewrite amend|{old} {repo.head()}")

    repo.git("pack-refs", "--all", "--prune")
    for directory in ("runs", ""):
        path = repo.path / ".git/refs/repro" / directory
        if path.exists():
            path.rmdir()
    repo.git("push", "--quiet", "--force", remote, "main")
    (push_call,) = spied.calls()
    assert push_call.startswith(f"pre-push {remote} {remote}|refs/heads/main {repo.head()} ")


def test_a_message_is_looked_at_where_the_index_touches_what_is_watched(
    repo: Scratch, tmp_path: Path
) -> None:
    spied = set_up_spy(repo, tmp_path / "bin", [HookName.PREPARE_COMMIT_MSG])
    commit(repo, "train.py", "print()\n")
    assert spied.calls() == []

    commit(repo, "params.yaml", "lr: 0.7\n")
    assert spied.calls() == ["prepare-commit-msg .git/COMMIT_EDITMSG message|"]


def test_only_the_check_stops_a_commit_and_only_where_it_refuses(
    repo: Scratch, tmp_path: Path
) -> None:
    spied = set_up_spy(repo, tmp_path / "bin")
    repo.git("commit", "--quiet", "--allow-empty", "--message", "nothing staged")
    assert "pre-commit|" not in spied.calls()
    # As an interpreter does that cannot start: no reason to stop anybody.
    spied.returns(1)
    commit(repo, "params.yaml", "lr: 0.7\n")
    assert "pre-commit|" in spied.calls()

    spied.returns(98)
    repo.write("params.yaml", "lr: 0.8\n")
    done = run_program("git", "commit", "--quiet", "-am", "x", cwd=repo.path, check=False)
    assert done.returncode == 1
    assert spied.calls() == ["pre-commit|"]


@pytest.mark.parametrize("code", [1, 2, 99, 137])
def test_whatever_python_returns_git_goes_on(spied: Spied, tmp_path: Path, code: int) -> None:
    spied.returns(code)
    repo = spied.repo
    repo.git("update-ref", "refs/repro/runs/one", "HEAD")
    commit(repo, "data.dvc")
    repo.git("checkout", "--quiet", "--detach", "HEAD~1")
    repo.git("init", "--quiet", "--bare", str(tmp_path / "remote"))
    repo.git("push", "--quiet", str(tmp_path / "remote"), "main")

    assert [call.split()[0].split("|")[0] for call in spied.calls()] == [
        *("post-commit", "post-checkout", "pre-push")
    ]


def said_by_a_commit(repo: Scratch, **env: str) -> str:
    repo.write("params.yaml", f"lr: {len(env)}\n")
    done = run_program("git", "commit", "--quiet", "-am", "x", cwd=repo.path, env=env)
    assert done.stdout == ""
    return done.stderr


def test_an_interpreter_that_is_gone_is_one_line_that_says_how_to_mend_it(spied: Spied) -> None:
    spied.spy.unlink()

    assert said_by_a_commit(spied.repo, PATH="/usr/bin:/bin") == (
        f"repro: post-commit hook: {spied.spy} is gone or broken, and no repro on PATH;"
        " to mend it: repro hooks install\n"
    )


def test_where_the_interpreter_is_gone_repro_on_path_is_called(
    spied: Spied, tmp_path: Path
) -> None:
    spied.spy.unlink()
    (tmp_path / "repro").write_text('#!/bin/sh\necho "$*" >>"$0.calls"\nexit 1\n')
    (tmp_path / "repro").chmod(0o755)

    assert said_by_a_commit(spied.repo, PATH=f"{tmp_path}:/usr/bin:/bin") == ""

    assert (tmp_path / "repro.calls").read_text() == "hooks run post-commit\n"


def test_a_venv_without_repro_is_one_line(repo: Scratch, tmp_path: Path) -> None:
    run_program(sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "v"), cwd=tmp_path)
    install(open_repository(str(repo.path)), [HookName.POST_COMMIT])
    guard = repo.path / ".git/repro/hooks/post-commit"
    guard.write_bytes(guard_text(HookName.POST_COMMIT, Program(f"{tmp_path}/v/bin/python"), ()))

    said = said_by_a_commit(repo, PATH="/usr/bin:/bin")

    assert said.count("\n") == 1
    assert said.endswith("to mend it: repro hooks install\n")


def test_a_broken_interpreter_says_one_line_and_stops_nothing(spied: Spied) -> None:
    spied.spy.write_bytes(b"#!/nowhere/at/all\n")
    assert said_by_a_commit(spied.repo, PATH="/usr/bin:/bin").count("\n") == 1
    spied.spy.write_bytes(b"\x7fELF and no more")
    assert said_by_a_commit(spied.repo, PATH="/usr/bin:/bin", X="").count("\n") <= 2


def test_a_repro_that_cannot_be_read_is_one_line(repo: Scratch, tmp_path: Path) -> None:
    python = f"{tmp_path}/v/bin/python"
    run_program(sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "v"), cwd=tmp_path)
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run_program(python, "-c", code, cwd=tmp_path).stdout.strip())
    (site / "repro/cli").mkdir(parents=True)
    (site / "repro/cli/hook.py").write_text("raise ValueError('two\\nlines')\n")
    install(open_repository(str(repo.path)), [HookName.POST_COMMIT])
    guard = repo.path / ".git/repro/hooks/post-commit"
    guard.write_bytes(guard_text(HookName.POST_COMMIT, Program(python), ()))

    assert said_by_a_commit(repo) == "repro: post-commit hook: ValueError: two lines\n"


def test_a_hook_that_was_there_is_called_first_and_with_all_that_git_says(
    repo: Scratch, tmp_path: Path
) -> None:
    write_hook(repo, "post-commit")
    for name in ("post-rewrite", "pre-push"):
        write_hook(repo, name, f"cat >.git/{name}-input")
    spied = set_up_spy(repo, tmp_path / "bin", DEFAULTS)
    repo.git("update-ref", "refs/repro/runs/one", "HEAD")
    old = repo.head()
    repo.git("init", "--quiet", "--bare", str(tmp_path / "remote"))

    repo.write("params.yaml", "lr: 0.7\n")
    repo.git("commit", "--quiet", "-a", "--amend", "--message", "x")
    repo.git("push", "--quiet", str(tmp_path / "remote"), "main")

    lines = repo.read(".git/theirs").splitlines()
    assert [line.split()[0] for line in lines] == ["post-commit", "post-rewrite", "pre-push"]
    assert repo.read(".git/post-rewrite-input") == f"{old} {repo.head()}\n"
    commit_call, rewrite_call, push_call = spied.calls()
    assert commit_call == "post-commit|"
    assert rewrite_call == f"post-rewrite amend|{old} {repo.head()}"
    assert push_call.split("|")[1] == repo.read(".git/pre-push-input").rstrip("\n")


def test_long_input_reaches_both_even_where_the_first_does_not_read(
    repo: Scratch, tmp_path: Path
) -> None:
    write_hook(repo, "post-rewrite")
    spied = set_up_spy(repo, tmp_path / "bin", DEFAULTS)
    repo.git("update-ref", "refs/repro/runs/one", "HEAD")
    text = "".join(f"{number:040d} {number:040d}\n" for number in range(5000))
    hook = str(repo.path / ".git/hooks/post-rewrite")

    done = run_program(hook, "rebase", cwd=repo.path, input=text)

    assert done.stderr == ""
    assert "\n".join(spied.calls()) == f"post-rewrite rebase|{text}".rstrip("\n")


def test_a_hook_that_was_there_may_refuse_and_ours_does_not_run_then(
    repo: Scratch, tmp_path: Path
) -> None:
    write_hook(repo, "pre-push", "exit 3")
    write_hook(repo, "post-checkout", "exit 4")
    spied = set_up_spy(repo, tmp_path / "bin", DEFAULTS)
    repo.git("update-ref", "refs/repro/runs/one", "HEAD")
    repo.git("init", "--quiet", "--bare", str(tmp_path / "remote"))

    push = ("git", "push", "--quiet", str(tmp_path / "remote"), "main")
    assert run_program(*push, cwd=repo.path, check=False).returncode != 0
    assert spied.calls() == []

    # git fails where post-checkout does; ours makes no difference to that.
    commit(repo, "data.dvc")
    spied.calls()
    checkout = ("git", "checkout", "--quiet", "HEAD~1")
    assert run_program(*checkout, cwd=repo.path, check=False).returncode != 0
    assert [call.split()[0] for call in spied.calls()] == ["post-checkout"]


def test_a_hook_that_was_switched_off_stays_off(repo: Scratch, tmp_path: Path) -> None:
    write_hook(repo, "post-commit", mode=0o644)
    spied = set_up_spy(repo, tmp_path / "bin", DEFAULTS)

    commit(repo, "params.yaml", "lr: 0.7\n")

    assert spied.calls() == ["post-commit|"]
    assert not (repo.path / ".git/theirs").exists()


def test_hooks_that_call_each_other_go_round_once(repo: Scratch, tmp_path: Path) -> None:
    spied = set_up_spy(repo, tmp_path / "bin", DEFAULTS)
    # Ours was moved aside by what calls it, and calls that in turn.
    ours = repo.path / ".git/hooks/post-commit"
    ours.rename(f"{ours}.legacy")
    write_hook(repo, "post-commit", '"${0%/*}/post-commit.legacy" "$@"')
    write_hook(repo, f"post-commit{ASIDE}", '"${0%/*}/post-commit.legacy" "$@"')

    commit(repo, "params.yaml", "lr: 0.7\n")

    assert spied.calls() == ["post-commit|"]
    assert repo.read(".git/theirs").splitlines() == ["post-commit ", f"post-commit{ASIDE} "]


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_hook_that_commits_is_called_for_its_own_commit_too(
    repo: Scratch, tmp_path: Path, is_packed: bool
) -> None:
    more = "git add note && git commit --quiet -m note"
    if is_packed:
        more += " && git pack-refs --all"
    body = f"[ -e note ] || {{ echo 1 >note; {'git pack-refs --all;' * is_packed} {more}; }}"
    write_hook(repo, "post-commit", body)
    spied = set_up_spy(repo, tmp_path / "bin", DEFAULTS)

    commit(repo, "params.yaml", "lr: 0.7\n")

    assert repo.read(".git/theirs").splitlines() == ["post-commit "] * 2
    # By then HEAD is the commit that touches nothing.
    assert spied.calls() == []


def test_without_repros_directory_a_hook_does_nothing(spied: Spied) -> None:
    hooks = spied.repo.path / ".git/repro/hooks"
    hooks.rename(hooks.with_name("gone"))

    assert said_by_a_commit(spied.repo) == ""
    assert spied.calls() == []


@pytest.mark.parametrize("shell", ["dash", "bash --posix", "busybox sh"])
def test_any_sh_can_read_the_scripts(shell: str, tmp_path: Path) -> None:
    words = shell.split()
    if not any(os.access(f"{d}/{words[0]}", os.X_OK) for d in os.environ["PATH"].split(":")):
        pytest.skip(f"no {words[0]} here")
    python = "/a b/'c'\n/$(d)`e`\"f\"/python"
    for name in HookName:
        for text in (slot_text(name), guard_text(name, Program(python), [":(top)it's"])):
            assert b"\r" not in text
            script = text.decode()
            done = run_program(*words, "-n", cwd=tmp_path, input=script, check=False)
            assert (done.returncode, done.stderr) == (0, ""), script
        assert slot_text(name).splitlines()[1].startswith(SLOT_MARK)

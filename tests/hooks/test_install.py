"""Installing hooks and taking them away: both leave to others what is theirs."""

import shutil
import sys
from pathlib import Path

import pytest

from repro.git.repository import BareRepositoryError, open_repository
from repro.hooks.call import DEFAULT_HOOKS, HookName
from repro.hooks.git_config import ConfigLockedError
from repro.hooks.install import install
from repro.hooks.manifest import Way
from repro.hooks.program import is_fleeting
from repro.hooks.script import ASIDE, line_to_add
from repro.hooks.slots import Place, find_place, manager_of
from repro.hooks.take_back import Removal
from tests.hooks.spied import (
    change,
    hook_files,
    put,
    set_up_spy,
    slot_of,
    status_of,
    take,
    ways,
    write_hook,
)
from tests.repos import Scratch, run_program

POST_COMMIT = HookName.POST_COMMIT


def test_install_then_uninstall_leaves_everything_byte_for_byte(any_repo: Scratch) -> None:
    main = Scratch(Path(open_repository(str(any_repo.path)).common_dir).parent)
    before = hook_files(main)
    assert "hooks" not in before

    report = put(any_repo, python=Path(sys.executable))
    assert ways(report) == dict.fromkeys(DEFAULT_HOOKS, Way.FILE)
    assert main.git("config", "--get-all", "notes.rewriteRef") == "refs/notes/repr[o]"
    assert change(any_repo).startswith("repro: recorded as ")

    assert take(any_repo).hooks == DEFAULT_HOOKS
    assert hook_files(main) == before
    assert not (main.path / ".git/repro/hooks").exists()
    assert change(any_repo) == ""
    assert take(any_repo) == Removal((), ())


def test_installing_again_and_again_changes_nothing(repo: Scratch) -> None:
    write_hook(repo, "pre-push")
    before = hook_files(repo)
    first = put(repo)
    installed = hook_files(repo)
    guards = sorted((repo.path / ".git/repro/hooks").iterdir())
    stamps = [path.stat().st_mtime_ns for path in guards]

    for _ in range(50):
        assert ways(put(repo)) == ways(first)

    assert hook_files(repo) == installed
    assert sorted((repo.path / ".git/repro/hooks").iterdir()) == guards
    assert [path.stat().st_mtime_ns for path in guards] == stamps
    take(repo)
    assert hook_files(repo) == before


def test_hooks_that_were_asked_for_once_stay(repo: Scratch) -> None:
    put(repo, *DEFAULT_HOOKS, HookName.PRE_COMMIT)

    assert ways(put(repo)) == dict.fromkeys((*DEFAULT_HOOKS, HookName.PRE_COMMIT), Way.FILE)


@pytest.mark.usefixtures("chaining")
@pytest.mark.parametrize("kind", ["file", "not executable", "link", "broken link"])
def test_a_hook_that_was_there_is_as_before_afterwards(repo: Scratch, kind: str) -> None:
    hook = write_hook(repo, "post-commit", mode=0o644 if kind == "not executable" else 0o755)
    if kind == "link":
        hook.rename(repo.path / ".git/mine")
        hook.symlink_to("../mine")
    if kind == "broken link":
        hook.unlink()
        hook.symlink_to("../nowhere")
    before = hook_files(repo)

    report = put(repo)
    assert report.hooks[0].way is Way.CHAINED
    assert slot_of(repo).kind == "ours"
    assert "recorded as" in change(repo)
    assert (repo.path / ".git/theirs").exists() is (kind in ("file", "link"))

    take(repo)
    assert hook_files(repo) == before


def test_what_others_changed_in_between_is_kept(repo: Scratch) -> None:
    put(repo)
    repo.git("config", "user.nickname", "x")
    repo.git("config", "--add", "include.path", "../other")
    write_hook(repo, "commit-msg")
    write_hook(repo, "pre-push")
    (repo.path / ".git/hooks/post-merge").unlink()

    take(repo)

    assert sorted(p.name for p in (repo.path / ".git/hooks").iterdir()) == [
        "commit-msg",
        "pre-push",
    ]
    assert "# not ours" in repo.read(".git/hooks/pre-push")
    assert repo.git("config", "user.nickname") == "x"
    assert repo.git("config", "--get-all", "include.path") == "../other"
    assert repo.read(".git/config").count("[include]") == 1
    assert repo.git("config", "--get", "notes.rewriteRef", check=False) == ""


@pytest.mark.usefixtures("chaining")
def test_a_hook_of_theirs_comes_back_where_ours_was_deleted(repo: Scratch) -> None:
    hook = write_hook(repo, "post-commit")
    before = hook_files(repo)
    put(repo)
    hook.unlink()

    removal = take(repo)

    assert hook_files(repo) == before
    assert removal.remarks == (
        "post-commit was gone: post-commit.pre-repro, which stood there before, is back",
    )


@pytest.mark.usefixtures("chaining")
def test_a_hook_that_overwrote_ours_is_kept_and_so_is_the_first(repo: Scratch) -> None:
    write_hook(repo, "post-commit", "echo first")
    put(repo)
    write_hook(repo, "post-commit", "echo second")
    report = put(repo)
    assert (report.hooks[0].way, report.hooks[0].is_in_the_way) == (Way.BY_HAND, True)

    removal = take(repo)

    assert "echo second" in repo.read(".git/hooks/post-commit")
    assert "echo first" in repo.read(f".git/hooks/post-commit{ASIDE}")
    assert removal.remarks == (
        f"post-commit was overwritten, and is kept; what stood there before is post-commit{ASIDE}",
    )


def test_a_failure_half_way_leaves_nothing_behind(repo: Scratch) -> None:
    write_hook(repo, "pre-push")
    before = hook_files(repo)
    (repo.path / ".git/config.lock").touch()

    with pytest.raises(ConfigLockedError) as caught:
        put(repo)

    assert caught.value.hint == f"wait for it; when it has died: rm {repo.path}/.git/config.lock"
    assert hook_files(repo) == before
    assert not (repo.path / ".git/repro").exists()
    (repo.path / ".git/config.lock").unlink()
    put(repo)
    installed = hook_files(repo)
    guards = {p.name: p.read_bytes() for p in (repo.path / ".git/repro/hooks").iterdir()}

    (repo.path / ".git/config.lock").touch()
    with pytest.raises(ConfigLockedError):
        take(repo)

    assert hook_files(repo) == installed
    assert {p.name: p.read_bytes() for p in (repo.path / ".git/repro/hooks").iterdir()} == guards


@pytest.mark.usefixtures("chaining")
def test_a_directory_in_the_place_of_a_hook_stays(repo: Scratch) -> None:
    (repo.path / ".git/hooks/post-commit").mkdir(parents=True)

    report = put(repo)

    assert (report.hooks[0].way, report.hooks[0].is_in_the_way) == (Way.BY_HAND, True)
    take(repo)
    assert [p.name for p in (repo.path / ".git/hooks").iterdir()] == ["post-commit"]


@pytest.mark.usefixtures("chaining")
def test_a_hook_that_asks_by_which_name_it_was_called_is_left_alone(repo: Scratch) -> None:
    write_hook(repo, "post-commit", 'exec /opt/hooks/$(basename "$0")')
    before = hook_files(repo)

    report = put(repo, POST_COMMIT)

    assert (report.hooks[0].way, report.hooks[0].is_in_the_way) == (Way.BY_HAND, True)
    assert hook_files(repo)["hooks/post-commit"] == before["hooks/post-commit"]
    state = status_of(repo).hooks[0]
    assert state.problems == ("nothing calls it yet: repro hooks install shows the line to add",)


@pytest.mark.parametrize(
    "setting", [".git/hooks", "./.git/../.git/hooks/", "{top}/.git/hooks", "{top}//.git/./hooks"]
)
def test_gits_own_directory_may_be_spelled_in_any_way(repo: Scratch, setting: str) -> None:
    repo.git("config", "core.hooksPath", setting.format(top=repo.path))

    assert put(repo).place.is_own
    assert "recorded as" in change(repo)


@pytest.mark.parametrize("scope", ["local", "global", "worktree"])
@pytest.mark.parametrize("is_absolute", [False, True])
def test_a_foreign_directory_of_hooks_is_never_written_into(
    repo: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scope: str, is_absolute: bool
) -> None:
    if scope == "global":
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    if scope == "worktree":
        repo.git("config", "extensions.worktreeConfig", "true")
    theirs = repo.write("team hooks/post-commit", "#!/bin/sh\necho theirs >&2\n", mode=0o755)
    setting = str(theirs.parent) if is_absolute else theirs.parent.name
    repo.git("config", f"--{scope}", "core.hooksPath", setting)
    before, files = hook_files(repo), sorted(theirs.parent.iterdir())

    report = put(repo)

    assert not report.place.is_own
    assert report.place.directory == str(theirs.parent)
    assert set(ways(report).values()) <= {Way.BY_HAND, Way.CONFIG}
    assert sorted(theirs.parent.iterdir()) == files
    assert not (repo.path / ".git/hooks").exists()
    take(repo)
    assert hook_files(repo) == before


def test_a_hooks_directory_that_is_a_link_is_foreign(repo: Scratch) -> None:
    (repo.path / "scripts").mkdir()
    (repo.path / ".git/hooks").symlink_to("../scripts")

    assert not put(repo).place.is_own
    assert list((repo.path / "scripts").iterdir()) == []


def test_it_works_in_linked_working_trees_and_from_below(worktree_repo: Scratch) -> None:
    put(worktree_repo)
    (worktree_repo.path / "deep").mkdir()

    assert "recorded as" in change(worktree_repo)
    main = Path(open_repository(str(worktree_repo.path)).common_dir).parent
    assert "recorded as" in change(Scratch(main))


def test_it_works_without_a_path_to_speak_of(repo: Scratch) -> None:
    put(repo, python=Path(sys.executable))
    repo.write("params.yaml", "lr: 0.7\n")
    repo.git("config", "user.name", "A U Thor")
    repo.git("config", "user.email", "author@example.org")

    argv = ("env", "-i", "PATH=/usr/bin:/bin", "git", "commit", "-qam", "x")
    assert "recorded as" in run_program(*argv, cwd=repo.path).stderr


def test_it_works_with_git_dir_set(repo: Scratch, tmp_path: Path) -> None:
    put(repo)
    env = {"GIT_DIR": str(repo.path / ".git"), "GIT_WORK_TREE": str(repo.path)}
    repo.write("params.yaml", "lr: 0.7\n")

    done = run_program("git", "commit", "-qam", "x", cwd=tmp_path, env=env)

    assert "recorded as" in done.stderr


@pytest.mark.parametrize("name", ["with space", 'it\'s "quoted"', "new\nline", "$HOME `id` *"])
def test_a_repository_may_be_called_anything_and_move(
    repo: Scratch, tmp_path: Path, name: str
) -> None:
    first = repo.copy(tmp_path / f"{name}1")
    put(first)
    assert "recorded as" in change(first)

    first.path.rename(tmp_path / f"{name}2")
    moved = Scratch(tmp_path / f"{name}2")

    assert "recorded as" in change(moved)
    assert status_of(moved).is_well
    linked = moved.worktree(tmp_path / f"{name}3")
    assert "recorded as" in change(linked)
    take(moved)
    assert hook_files(moved) == hook_files(repo)


def test_an_interpreter_beside_the_repository_moves_with_it(repo: Scratch, tmp_path: Path) -> None:
    venv = repo.path / ".venv"
    run_program(sys.executable, "-m", "venv", "--without-pip", str(venv), cwd=tmp_path)
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    theirs = Path(run_program(f"{venv}/bin/python", "-c", code, cwd=tmp_path).stdout.strip())
    paths = [p for p in sys.path if p.endswith("site-packages")]
    import repro

    paths.append(str(Path(repro.__file__).parent.parent))
    (theirs / "others.pth").write_text("".join(f"{path}\n" for path in paths))

    report = install(open_repository(str(repo.path)), python=f"{venv}/bin/python")
    assert report.program.python == "../../../.venv/bin/python"
    repo.path.rename(tmp_path / "moved")

    assert "recorded as" in change(Scratch(tmp_path / "moved"))
    assert status_of(Scratch(tmp_path / "moved")).is_well


def test_it_works_in_a_submodule(repo: Scratch, tmp_path: Path) -> None:
    source = repo.copy(tmp_path / "source")
    allow = ("-c", "protocol.file.allow=always")
    repo.git(*allow, "submodule", "--quiet", "add", str(source.path), "sub")
    sub = Scratch(repo.path / "sub")

    report = put(sub)

    assert report.place.own == str(repo.path / ".git/modules/sub/hooks")
    assert "recorded as" in change(sub)
    assert take(sub).hooks == DEFAULT_HOOKS


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    run_program("git", "init", "--quiet", "--bare", "bare", cwd=tmp_path)

    with pytest.raises(BareRepositoryError):
        put(Scratch(tmp_path / "bare"))


def test_a_git_directory_called_repro_is_no_trap(repo: Scratch, tmp_path: Path) -> None:
    apart = tmp_path / "repro"
    repo.git("init", "--quiet", "--separate-git-dir", str(apart))

    put(repo)

    assert (apart / "hooks/post-commit").exists()
    assert "recorded as" in change(repo)


@pytest.mark.parametrize(
    "python",
    [
        "/home/ann/.cache/uv/archive-v0/Qx1/bin/python",
        "/home/ann/.cache/uv/environments-v2/tool-1/bin/python3",
        "/mnt/x/uv/builds-v0/.tmpUp/bin/python",
        "/home/ann/.local/share/pipx/.cache/6d0b/bin/python",
        "/home/ann/.cache/pre-commit/repoq8x1/py_env-python3/bin/python",
        "/home/ann/.cache/prek/hooks/python-Xy/bin/python",
        "/tmp/tmpab12cd_9/bin/python",
        "/tmp/pip-build-env-x1y2z3a4/overlay/bin/python",
    ],
)
def test_interpreters_that_vanish_are_known(python: str) -> None:
    assert is_fleeting(python)


@pytest.mark.parametrize(
    "python",
    [
        "/usr/bin/python3",
        "/home/ann/project/.venv/bin/python",
        "/home/ann/.local/share/uv/tools/repro-git/bin/python",
        "/home/ann/.local/share/uv/python/cpython-3.12/bin/python3.12",
        "/home/ann/.local/pipx/venvs/repro-git/bin/python",
        "/tmp/work/venv/bin/python",
    ],
)
def test_interpreters_that_last_are_known(python: str) -> None:
    assert not is_fleeting(python)


def test_an_interpreter_that_vanishes_is_not_relied_on(repo: Scratch) -> None:
    python = "/home/ann/.cache/uv/archive-v0/Qx1/bin/python"

    report = install(open_repository(str(repo.path)), python=python)

    assert report.program.python == ""
    (remark,) = report.remarks
    assert remark == (
        f"{python} is in a cache, and will be gone one day:"
        " the hooks call `repro` by its name on PATH"
    )
    on_path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    assert "recorded as" in change(repo, PATH=on_path)
    assert change(repo, PATH="/usr/bin:/bin") == (
        "repro: post-commit hook: there is no repro on PATH; to mend it: repro hooks install\n"
    )
    assert status_of(repo, PATH="/usr/bin:/bin").problems == (
        "they call `repro` by its name, and it is not on PATH",
    )


def test_an_interpreter_that_cannot_import_repro_is_not_relied_on(
    repo: Scratch, tmp_path: Path
) -> None:
    run_program(sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "v"), cwd=tmp_path)

    report = install(open_repository(str(repo.path)), python=f"{tmp_path}/v/bin/python")

    assert report.program.python == ""
    assert report.remarks[0].startswith(f"{tmp_path}/v/bin/python cannot import repro by itself")


def test_status_says_what_is_wrong(repo: Scratch, tmp_path: Path) -> None:
    spied = set_up_spy(repo, tmp_path / "bin", DEFAULT_HOOKS)
    assert status_of(repo).is_well
    assert [hook.way for hook in status_of(repo).hooks] == [*[Way.FILE] * 5, None, None]

    assert status_of(repo, REPRO_HOOKS="off").problems == (
        "REPRO_HOOKS=off switches them off here",
    )
    hooks = repo.path / ".git/hooks"
    write_hook(repo, "post-commit")
    (hooks / "post-rewrite").unlink()
    (hooks / "post-merge").chmod(0o644)
    (hooks / "post-checkout").rename(hooks / "post-checkout.old")
    write_hook(repo, "post-checkout", 'call_lefthook run "post-checkout" "$@"')
    spied.spy.unlink()

    status = status_of(repo)
    again, lefthook = "repro hooks install", "overwritten by lefthook"
    assert [hook.problems for hook in status.hooks] == [
        (f"overwritten by another program: {again}",),
        (f"its file is gone: {again}",),
        (f"its file cannot be executed: chmod +x {hooks}/post-merge",),
        (f"{lefthook}, which does not call what it put aside as post-checkout.old: {again}",),
        *((), (), ()),
    ]
    assert status.problems == (f"the interpreter that they start is gone: {spied.spy}: {again}",)

    repo.git("config", "core.hooksPath", "elsewhere")
    assert status_of(repo).hooks[2].problems == ("bypassed: core.hooksPath is elsewhere",)


def test_status_tells_where_the_guard_is_gone(repo: Scratch) -> None:
    put(repo)
    guard = repo.path / ".git/repro/hooks/post-commit"
    guard.unlink()

    assert status_of(repo).hooks[0].problems == (
        f"what it calls is gone, {guard}: repro hooks install",
    )


@pytest.mark.usefixtures("chaining")
def test_a_line_of_a_team_does_not_count_where_nothing_is_installed(repo: Scratch) -> None:
    repo.git("config", "core.hooksPath", ".husky/_")
    repo.write(".husky/post-commit", f"{line_to_add(POST_COMMIT)}\n")
    assert not status_of(repo).is_installed

    put(repo, POST_COMMIT)
    assert status_of(repo).hooks[0].other == ".husky/post-commit"


@pytest.mark.usefixtures("chaining")
def test_installing_again_mends_what_is_wrong(repo: Scratch) -> None:
    put(repo)
    hooks = repo.path / ".git/hooks"
    (hooks / "post-rewrite").unlink()
    (hooks / "post-merge").chmod(0o644)
    (hooks / "post-checkout").rename(hooks / "post-checkout.old")
    write_hook(repo, "post-checkout", 'call_lefthook run "post-checkout" "$@"')
    theirs = (hooks / "post-checkout").read_bytes()
    shutil.rmtree(repo.path / ".git/repro/hooks")
    text = repo.read(".git/config")
    repo.write(
        ".git/config", text.replace('[includeIf "gitdir:**"]\n\tpath = repro/hooks/config\n', "")
    )

    put(repo)

    status = status_of(repo)
    assert status.is_well
    assert status.carries_notes
    assert sorted(path.name for path in hooks.iterdir() if "checkout" in path.name) == [
        *("post-checkout", f"post-checkout{ASIDE}")
    ]
    take(repo)
    assert [(path.name, path.read_bytes()) for path in hooks.iterdir()] == [
        ("post-checkout", theirs)
    ]


def test_a_settings_file_that_cannot_be_read_is_said_and_no_obstacle(repo: Scratch) -> None:
    repo.write("pyproject.toml", "[tool.repro\n")

    assert ways(put(repo)) == dict.fromkeys(DEFAULT_HOOKS, Way.FILE)


@pytest.mark.parametrize(
    ("text", "manager"),
    [
        ('#!/bin/sh\ncommand -v git-lfs\ngit lfs post-commit "$@"\n', "git-lfs"),
        ("#!/bin/sh\nexec dvc git-hook post-checkout $@\n", "dvc"),
        ('#!/usr/bin/env sh\n. "$(dirname -- "$0")/_/husky.sh"\n', "husky"),
        ('#!/bin/sh\nif [ "$LEFTHOOK" = "0" ]; then exit 0; fi\n', ""),
        ('#!/bin/sh\ncall_lefthook run "pre-commit" "$@"\n', "lefthook"),
        ("#!/usr/bin/env ruby\nrequire 'overcommit'\n", "overcommit"),
        ("#!/bin/sh\nmake test\n", ""),
    ],
)
def test_managers_are_known_by_what_they_write(text: str, manager: str) -> None:
    assert manager_of(text.encode()) == manager


def test_a_place_says_whose_it_is(repo: Scratch) -> None:
    repo.git("config", "core.hooksPath", ".husky/_")

    place = find_place(open_repository(str(repo.path)))

    assert place == Place(
        own=f"{repo.path}/.git/hooks",
        directory=f"{repo.path}/.husky/_",
        is_own=False,
        setting=".husky/_",
        manager="husky",
    )

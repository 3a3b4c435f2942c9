"""Hooks of ours beside those of pre-commit and prek, really installed, over and under."""

import sys
from pathlib import Path

import pytest

from repro.hooks.call import DEFAULT_HOOKS, HookName
from repro.hooks.manifest import Way
from repro.hooks.script import ASIDE, SLOT_MARK
from tests.hooks.spied import (
    Spied,
    hook_files,
    put,
    set_up_spy,
    slot_of,
    status_of,
    take,
    ways,
    write_hook,
)
from tests.repos import Completed, Scratch, run_program

POST_COMMIT = HookName.POST_COMMIT
MANAGERS = ("pre-commit", "prek")
_CONFIG = """\
repos:
  - repo: local
    hooks:
      - id: theirs
        name: theirs
        language: system
        entry: sh -c 'echo managed >>.git/managed'
        always_run: true
        pass_filenames: false
        stages: [post-commit]
"""

pytestmark = pytest.mark.usefixtures("chaining")


def manage(manager: str, repo: Scratch, *words: str) -> Completed:
    """Runs pre-commit or prek for the hook post-commit."""
    program = Path(sys.executable).parent / manager
    return run_program(str(program), *words, "-t", "post-commit", cwd=repo.path)


@pytest.fixture(params=MANAGERS)
def manager(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def managed(repo: Scratch) -> Scratch:
    """A repository with a configuration of pre-commit's, which prek reads too."""
    repo.write(".pre-commit-config.yaml", _CONFIG)
    repo.commit("pre-commit")
    return repo


def outcome(spied: Spied) -> tuple[list[str], list[str], list[str]]:
    """Commits a change of the params and tells what was called: ours, the manager's, the user's."""
    repo = spied.repo
    repo.write("params.yaml", f"lr: 0.{len(repo.git('rev-list', 'HEAD'))}\n")
    repo.git("commit", "--quiet", "-am", "x")
    found = [spied.calls()]
    for name in ("managed", "theirs"):
        path = repo.path / ".git" / name
        found.append(path.read_text().splitlines() if path.exists() else [])
        path.unlink(missing_ok=True)
    ours, managers, theirs = found
    return ours, managers, theirs


BOTH: tuple[list[str], list[str], list[str]] = (["post-commit|"], ["managed"], [])


def test_under_a_manager_that_is_there(managed: Scratch, manager: str, tmp_path: Path) -> None:
    manage(manager, managed, "install")
    before = hook_files(managed)

    spied = set_up_spy(managed, tmp_path / "bin", DEFAULT_HOOKS)

    assert (spied.report.hooks[0].way, spied.report.hooks[0].other) == (Way.CALLED, manager)
    assert hook_files(managed)["hooks/post-commit"] == before["hooks/post-commit"]
    assert outcome(spied) == BOTH
    assert status_of(managed).is_well
    installed = hook_files(managed)

    manage(manager, managed, "install")
    assert ways(put(managed, python=spied.spy))["post-commit"] is Way.CALLED
    assert hook_files(managed) == installed

    take(managed)
    assert hook_files(managed) == before


def test_under_a_manager_that_calls_another_hook(
    managed: Scratch, manager: str, tmp_path: Path
) -> None:
    write_hook(managed, "post-commit")
    manage(manager, managed, "install")
    before = hook_files(managed)

    spied = set_up_spy(managed, tmp_path / "bin", DEFAULT_HOOKS)
    assert outcome(spied) == (*BOTH[:2], ["post-commit "])
    manage(manager, managed, "install")
    assert outcome(spied) == (*BOTH[:2], ["post-commit "])

    take(managed)
    assert hook_files(managed) == before


def test_over_which_a_manager_was_installed(managed: Scratch, manager: str, tmp_path: Path) -> None:
    twin = managed.copy(tmp_path / "twin")
    spied = set_up_spy(managed, tmp_path / "bin", DEFAULT_HOOKS)
    manage(manager, managed, "install")
    manage(manager, twin, "install")

    assert slot_of(managed).manager == manager
    assert outcome(spied) == BOTH
    assert status_of(managed).is_well
    installed = hook_files(managed)
    assert ways(put(managed, python=spied.spy))["post-commit"] is Way.CALLED
    assert hook_files(managed) == installed

    take(managed)
    assert hook_files(managed) == hook_files(twin)


def test_over_another_hook_and_a_manager_over_both(
    managed: Scratch, manager: str, tmp_path: Path
) -> None:
    write_hook(managed, "post-commit")
    twin = managed.copy(tmp_path / "twin")
    spied = set_up_spy(managed, tmp_path / "bin", DEFAULT_HOOKS)
    manage(manager, managed, "install")
    manage(manager, twin, "install")

    assert outcome(spied) == (*BOTH[:2], ["post-commit "])
    assert ways(put(managed, python=spied.spy))["post-commit"] is Way.CALLED
    assert outcome(spied) == (*BOTH[:2], ["post-commit "])

    assert take(managed).remarks == (
        f"post-commit.pre-repro is post-commit.legacy now, where {manager} put ours",
    )
    assert hook_files(managed) == hook_files(twin)


def test_a_manager_that_is_taken_away_leaves_ours(
    managed: Scratch, manager: str, tmp_path: Path
) -> None:
    before = hook_files(managed)
    manage(manager, managed, "install")
    spied = set_up_spy(managed, tmp_path / "bin", DEFAULT_HOOKS)

    manage(manager, managed, "uninstall")

    assert slot_of(managed).kind == "ours"
    assert outcome(spied) == (["post-commit|"], [], [])
    take(managed)
    left = hook_files(managed)
    left.pop("hooks")
    assert left == before


def test_a_manager_in_both_places_is_called_once_and_mended(
    managed: Scratch, manager: str, tmp_path: Path
) -> None:
    manage(manager, managed, "install")
    hooks = managed.path / ".git/hooks"
    theirs = (hooks / "post-commit").read_bytes()
    spied = set_up_spy(managed, tmp_path / "bin", DEFAULT_HOOKS)
    (hooks / f"post-commit{ASIDE}").write_bytes(theirs)
    (hooks / f"post-commit{ASIDE}").chmod(0o755)

    assert outcome(spied) == BOTH

    take(managed)
    assert [(path.name, path.read_bytes()) for path in hooks.iterdir()] == [("post-commit", theirs)]


def test_the_framework_and_our_own_installation_at_once_are_told(
    managed: Scratch, manager: str
) -> None:
    more = "      - id: repro-record\n"
    managed.write(".pre-commit-config.yaml", _CONFIG + more)
    manage(manager, managed, "install")
    assert status_of(managed).hooks[0][:3] == (POST_COMMIT, Way.CALLED, ".pre-commit-config.yaml")
    put(managed)

    assert status_of(managed).hooks[0].problems == (
        f"called twice: by {manager} and .pre-commit-config.yaml",
    )


def test_what_lefthook_moved_aside_is_put_in_its_place_again(repo: Scratch, tmp_path: Path) -> None:
    write_hook(repo, "post-commit")
    spied = set_up_spy(repo, tmp_path / "bin", DEFAULT_HOOKS)
    hook = repo.path / ".git/hooks/post-commit"
    hook.rename(f"{hook}.old")
    write_hook(repo, "post-commit", "lefthook() { echo managed >>.git/managed; }\nlefthook")
    assert status_of(repo).hooks[0].problems[0].startswith("overwritten by lefthook, which")

    report = put(repo, python=spied.spy)
    assert (report.hooks[0].way, report.hooks[0].other) == (Way.CHAINED, "lefthook")
    assert SLOT_MARK in hook.read_bytes()
    assert outcome(spied) == (*BOTH[:2], ["post-commit "])

    lefthook = Path(f"{hook}{ASIDE}").read_bytes()
    take(repo)
    assert hook.read_bytes() == lefthook
    assert sorted(path.name for path in hook.parent.iterdir()) == [hook.name, f"{hook.name}.old"]

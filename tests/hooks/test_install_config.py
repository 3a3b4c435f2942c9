"""The two lines in git's configuration: put there and taken away as text, and read by real git."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.git.repository import open_repository
from repro.hooks.call import HookName
from repro.hooks.git_config import (
    change_config,
    has_include,
    settings_text,
    with_include,
    without_include,
)
from tests.hooks.gits import MODERN_GIT, use_git
from tests.hooks.spied import put, take
from tests.repos import Scratch, run_program

LINES = b'[includeIf "gitdir:**"]\n\tpath = repro/hooks/config\n'
_LINE = st.sampled_from(
    [
        *(b"[core]", b"\tbare = false", b"[include]", b"\tpath = ../mine", b"# words", b"", b"\t"),
        *(b'[remote "origin"]', b"[Include]", b"[include] ; mine", b"; path = repro/hooks/config"),
    ]
)
_FILES = st.builds(
    lambda lines, end, last: end.join(lines) + (end if last else b""),
    *(st.lists(_LINE, max_size=8), st.sampled_from([b"\n", b"\r\n"]), st.booleans()),
)


@given(_FILES)
def test_what_is_put_in_is_taken_out_byte_for_byte(content: bytes) -> None:
    changed = with_include(content)

    assert has_include(changed)
    assert changed.startswith(content)
    assert with_include(changed) == changed
    assert without_include(changed) == content
    assert not has_include(content)
    assert without_include(content) == content


@given(_FILES, _FILES)
def test_what_others_add_behind_is_kept(content: bytes, more: bytes) -> None:
    changed = with_include(content)
    joined = changed if changed.endswith(b"\n") else changed + b"\n"

    left = without_include(joined + b"[other]\n" + more)

    assert left == content + b"\n" * (content != b"" and not content.endswith(b"\n")) + (
        b"[other]\n" + more
    )


@pytest.mark.parametrize(
    ("changed", "left"),
    [
        (LINES + b"\tpath = ../mine\n", b'[includeIf "gitdir:**"]\n\tpath = ../mine\n'),
        (b"[include]\n\tpath = ../mine\n\tpath = repro/hooks/config\n", None),
        (b'[INCLUDE]\n  path="repro/hooks/config"\n[a]\n', b"[a]\n"),
        (LINES + LINES, b""),
        (LINES + b"\t# words\n[a]\n", b"\t# words\n[a]\n"),
        (b'[includeIf "gitdir:x"]\n\tpath = repro/hooks/config\n', "same"),
    ],
)
def test_what_git_or_a_person_made_of_the_lines_is_taken_out(
    changed: bytes, left: bytes | str | None
) -> None:
    if left == "same":
        left = changed
    assert without_include(changed) == (left or b"[include]\n\tpath = ../mine\n" * (left is None))


def rewrite_refs(repo: Scratch) -> list[str]:
    return repo.git("config", "--get-all", "notes.rewriteRef", check=False).splitlines()


def test_git_reads_settings_of_ours_beside_the_users_own(repo: Scratch) -> None:
    repo.git("config", "notes.rewriteRef", "refs/notes/commits")
    put(repo)

    assert rewrite_refs(repo) == ["refs/notes/commits", "refs/notes/repr[o]"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_the_mode_of_the_file_is_kept(repo: Scratch, mode: int) -> None:
    config = repo.path / ".git/config"
    config.chmod(mode)

    put(repo)
    assert config.stat().st_mode & 0o777 == mode
    take(repo)
    assert config.stat().st_mode & 0o777 == mode


def test_a_file_that_is_a_link_stays_one(repo: Scratch, tmp_path: Path) -> None:
    config = repo.path / ".git/config"
    config.rename(tmp_path / "elsewhere")
    config.symlink_to(tmp_path / "elsewhere")
    before = (tmp_path / "elsewhere").read_bytes()

    put(repo)
    assert config.is_symlink()
    assert rewrite_refs(repo) == ["refs/notes/repr[o]"]
    take(repo)
    assert config.is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == before


@pytest.mark.parametrize("text", ["", "[core]\n\tbare = false", None])
def test_a_file_without_a_last_newline_or_none_at_all_comes_back(
    repo: Scratch, text: str | None
) -> None:
    config = repo.path / ".git/config"
    config.unlink()
    if text is not None:
        config.write_text(text)

    put(repo)
    put(repo)
    assert rewrite_refs(repo) == ["refs/notes/repr[o]"]
    take(repo)

    assert (config.read_text() if config.exists() else None) == text


def test_settings_of_a_working_tree_of_its_own_are_left_alone(worktree_repo: Scratch) -> None:
    worktree_repo.git("config", "extensions.worktreeConfig", "true")
    worktree_repo.git("config", "--worktree", "user.nickname", "x")
    own = Path(worktree_repo.git("rev-parse", "--absolute-git-dir")) / "config.worktree"
    before = own.read_bytes()

    put(worktree_repo)

    assert rewrite_refs(worktree_repo) == ["refs/notes/repr[o]"]
    assert own.read_bytes() == before


def test_a_lock_of_git_is_waited_for(repo: Scratch) -> None:
    lock = repo.path / ".git/config.lock"
    lock.touch()
    waiting = ("sh", "-c", 'sleep 0.3; rm "$1"', "sh", str(lock))
    pid = os.posix_spawnp("sh", waiting, os.environ)

    put(repo)

    os.waitpid(pid, 0)
    assert rewrite_refs(repo) == ["refs/notes/repr[o]"]
    assert not lock.exists()


def test_a_change_of_somebody_else_is_not_overwritten(repo: Scratch) -> None:
    from repro.hooks.git_config import ConfigLockedError

    opened = open_repository(str(repo.path))
    content = (repo.path / ".git/config").read_bytes()
    repo.git("config", "user.nickname", "x")

    with pytest.raises(ConfigLockedError, match="was changed meanwhile"):
        change_config(opened, with_include(content), old=content)

    assert repo.git("config", "user.nickname") == "x"


def test_git_understands_the_settings(tmp_path: Path) -> None:
    (tmp_path / "config").write_bytes(settings_text([*HookName], with_notes=True))
    read = ("git", "config", "--file", "config", "--get")

    for name in HookName:
        key = f"hook.repro-{name}"
        assert run_program(*read, f"{key}.event", cwd=tmp_path).stdout == f"{name}\n"
        command = run_program(*read, f"{key}.command", cwd=tmp_path).stdout
        assert command.endswith('|| sh "$h"\n')
        assert run_program("sh", "-n", "-c", command, cwd=tmp_path).stderr == ""


@pytest.mark.parametrize("git", ["git", MODERN_GIT])
def test_git_carries_notes_and_says_nothing_while_there_are_none(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch, git: str | None
) -> None:
    if git is None:
        pytest.skip("no other git here")
    if git != "git":
        use_git(monkeypatch, git)
    put(repo, HookName.PRE_COMMIT)
    amend = ("git", "commit", "--quiet", "--amend", "--allow-empty", "--message")
    assert run_program(*amend, "one", cwd=repo.path).stderr == ""

    for ref in ("repro", "repros"):
        repo.git("notes", "--ref", ref, "add", "-m", "a run", "HEAD")
    run_program(*amend, "two", cwd=repo.path)

    assert repo.git("notes", "--ref", "repro", "show", "HEAD") == "a run"
    assert repo.git("notes", "--ref", "repros", "list", "HEAD", check=False) == ""

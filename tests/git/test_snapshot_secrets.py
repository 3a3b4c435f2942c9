"""What a screened snapshot does with secrets: none enters an object, and nothing else changes."""

import os
import shlex
import time

import pytest

from repro.git.repository import open_repository
from repro.git.screen import Screen
from repro.git.snapshot import Snapshot, take_snapshot
from repro.model.gap import GapKind
from repro.secrets.redactor import REDACTED, Found, Redactor
from tests.git.trees import ODD_NAMES, blob, expected_tree, git_files, names_in
from tests.repos import Scratch, run_program

TOKEN = "ghp_" + "k3Jd82LmQx0ZvB7nYtR5wPcHs1FaGe9uXoTi"
OTHER = "ghp_" + "Zt6RwQ1mNb8VxC4kJh0LpYs7DfGa2EuIo9Kr"
PRIVATE_KEY = (
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
    "-----END OPENSSH PRIVATE KEY-----\n"
)
CODE = f'import os\n\napi = connect("{TOKEN}")\n'


def screened(scratch: Scratch, *, marks: bool = True, large_bytes: int = 10 * 2**20) -> Snapshot:
    repo = open_repository(str(scratch.path))
    cache_dir = f"{repo.state_dir}/cache"
    screen = Screen(Redactor(b"key"), cache_dir=cache_dir, marks=marks, limit_bytes=large_bytes)
    return take_snapshot(repo, screen=screen, large_bytes=large_bytes)


def all_objects(scratch: Scratch) -> bytes:
    return scratch.git("cat-file", "--batch-all-objects", "--batch", binary=True)


def _age(scratch: Scratch, path: str) -> None:
    os.utime(scratch.path / path, ns=(10**18 + 123_457, 10**18 + 123_457))


def test_without_secrets_it_is_the_tree_that_git_makes(any_repo: Scratch) -> None:
    for number, name in enumerate(ODD_NAMES):
        any_repo.write(os.fsdecode(name), f"x = {number}\n")
    any_repo.write("train.py", "print(1)\n", mode=0o755)
    any_repo.write("model.bin", b"\0\1\2")
    (any_repo.path / "link").symlink_to("train.py")
    snapshot = screened(any_repo)
    assert snapshot.tree == expected_tree(any_repo)
    assert (snapshot.gaps, snapshot.secret, snapshot.marked) == ((), (), ())


@pytest.mark.parametrize("path", [".env", "conf/.env", "id_rsa"])
def test_an_untracked_file_of_secrets_is_in_no_object(any_repo: Scratch, path: str) -> None:
    any_repo.write(path, f"DB_PASSWORD=ordinary\nTOKEN={TOKEN}\n")
    any_repo.write("new.py", "x = 1\n")
    snapshot = screened(any_repo)
    assert names_in(any_repo, snapshot.tree) == {
        *(b".gitignore", b"params.yaml", b"train.py", b"new.py")
    }
    assert snapshot.secret == (path,)
    assert [row.path for row in snapshot.dirty] == ["new.py"]
    assert b"ordinary" not in all_objects(any_repo)


def test_the_gap_for_a_file_of_secrets_has_a_command_that_closes_it(repo: Scratch) -> None:
    repo.write("my conf/.env", f"TOKEN={TOKEN}\n")
    (gap,) = screened(repo).gaps
    assert (gap.kind, gap.subject) == (GapKind.SECRET, "my conf/.env")
    assert "not recorded" in gap.reason
    assert TOKEN not in gap.reason
    command = gap.fix.partition(": ")[2]
    run_program("sh", "-c", command, cwd=repo.path)
    repo.commit()
    assert screened(repo).gaps == ()


def test_with_a_file_of_secrets_alone_the_tree_is_heads(repo: Scratch) -> None:
    repo.write(".env", f"TOKEN={TOKEN}\n")
    snapshot = screened(repo)
    assert snapshot.tree == repo.git("rev-parse", "HEAD^{tree}")
    assert snapshot.dirty == ()


def test_a_private_key_of_any_name_is_left_out(repo: Scratch) -> None:
    repo.write("notes.txt", PRIVATE_KEY)
    snapshot = screened(repo)
    assert snapshot.secret == ("notes.txt",)
    assert b"b3BlbnNzaC1r" not in all_objects(repo)


def test_a_file_of_secrets_that_git_forgot_is_not_tracked_again(repo: Scratch) -> None:
    repo.write(".env", "PORT=1\n")
    repo.commit()
    repo.git("rm", "--quiet", "--cached", ".env")
    repo.write(".env", f"TOKEN={TOKEN}\n")
    snapshot = screened(repo)
    assert b".env" not in names_in(repo, snapshot.tree)
    assert TOKEN.encode() not in all_objects(repo)


def test_a_file_of_secrets_too_large_for_git_is_no_data_either(repo: Scratch) -> None:
    repo.write(".env", f"TOKEN={TOKEN}\n" + "#" * 2000)
    snapshot = screened(repo, large_bytes=1000)
    assert (snapshot.secret, snapshot.large) == ((".env",), ())


@pytest.mark.parametrize("is_tracked", [True, False])
def test_secrets_inside_of_a_file_give_way_to_marks(any_repo: Scratch, is_tracked: bool) -> None:
    path = "train.py" if is_tracked else "new.py"
    any_repo.write(path, CODE, mode=0o755)
    snapshot = screened(any_repo)
    text = blob(any_repo, snapshot.tree, path).decode()
    assert text == CODE.replace(TOKEN, REDACTED.findall(text)[0])
    assert any_repo.git("ls-tree", snapshot.tree, path).startswith("100755")
    assert snapshot.marked == (path,)
    assert [row.path for row in snapshot.dirty] == [path]
    (gap,) = snapshot.gaps
    assert (gap.kind, gap.subject) == (GapKind.SECRET, path)
    assert "1 secret at line 3" in gap.reason
    assert TOKEN.encode() not in all_objects(any_repo)
    assert any_repo.read(path) == CODE


def test_a_tracked_file_of_secrets_is_recorded_with_marks_for_its_values(repo: Scratch) -> None:
    repo.write(".env", "PORT=1\n")
    repo.commit()
    repo.write(".env", "# mine\nexport DB_PASSWORD=ordinary\n\nPORT=8080\n")
    snapshot = screened(repo)
    lines = blob(repo, snapshot.tree, ".env").decode().splitlines()
    assert lines[0] == "# mine"
    assert [REDACTED.sub("*", line) for line in lines[1:]] == [
        *("export DB_PASSWORD=*", "", "PORT=*")
    ]
    assert [gap.subject for gap in snapshot.gaps] == [".env"]
    assert b"ordinary" not in all_objects(repo)


def test_marks_go_through_gits_filters(repo: Scratch) -> None:
    repo.write(".gitattributes", "*.txt text eol=crlf\n*.up filter=up\n")
    repo.git("config", "filter.up.clean", "tr a-z A-Z")
    repo.git("config", "filter.up.smudge", "cat")
    repo.write("a.txt", f"{TOKEN}\r\nx\r\n")
    repo.write("b.up", f"{TOKEN} low\n")
    snapshot = screened(repo)
    assert b"\r" not in blob(repo, snapshot.tree, "a.txt")
    assert blob(repo, snapshot.tree, "b.up").startswith(b"<REDACTED:")
    assert blob(repo, snapshot.tree, "b.up").endswith(b" LOW\n")


def test_secrets_are_marked_where_git_add_does_the_work(repo: Scratch) -> None:
    repo.copy(repo.path / "nested")  # a nested repository
    repo.write("train.py", CODE)
    repo.write(".env", f"TOKEN={OTHER}\n")
    repo.write("new.py", "x = 1\n")
    snapshot = screened(repo)
    assert TOKEN.encode() not in all_objects(repo)
    assert OTHER.encode() not in all_objects(repo)
    assert b"<redacted:" in blob(repo, snapshot.tree, "train.py")
    assert b"new.py" in names_in(repo, snapshot.tree)
    assert b".env" not in names_in(repo, snapshot.tree)


def test_secrets_in_a_conflict_are_marked(repo: Scratch) -> None:
    repo.git("checkout", "--quiet", "-b", "other")
    repo.write("train.py", "theirs\n")
    repo.commit("theirs")
    repo.git("checkout", "--quiet", "main")
    repo.write("train.py", "ours\n")
    repo.commit("ours")
    repo.git("merge", "other", check=False)
    repo.write("train.py", CODE)
    snapshot = screened(repo)
    assert b"<redacted:" in blob(repo, snapshot.tree, "train.py")
    assert TOKEN.encode() not in all_objects(repo)


def test_a_link_replaced_by_a_file_with_secrets_is_a_file(repo: Scratch) -> None:
    (repo.path / "conf.py").symlink_to("train.py")
    repo.commit()
    (repo.path / "conf.py").unlink()
    repo.write("conf.py", CODE)
    snapshot = screened(repo)
    assert repo.git("ls-tree", snapshot.tree, "conf.py").startswith("100644")
    assert TOKEN.encode() not in all_objects(repo)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_of_any_name_is_marked(repo: Scratch, name: bytes) -> None:
    repo.write(os.fsdecode(name), CODE)
    snapshot = screened(repo)
    assert snapshot.marked == (os.fsdecode(name),)
    assert name in names_in(repo, snapshot.tree)
    assert TOKEN.encode() not in all_objects(repo)


def test_in_a_repository_without_commits_secrets_are_marked(unborn_repo: Scratch) -> None:
    unborn_repo.write("train.py", CODE)
    unborn_repo.write(".env", f"TOKEN={OTHER}\n")
    snapshot = screened(unborn_repo)
    assert names_in(unborn_repo, snapshot.tree) == {b".gitignore", b"params.yaml", b"train.py"}
    assert TOKEN.encode() not in all_objects(unborn_repo)
    assert OTHER.encode() not in all_objects(unborn_repo)


def test_nothing_of_the_users_is_touched(any_repo: Scratch) -> None:
    any_repo.write("train.py", CODE)
    any_repo.write(".env", f"TOKEN={OTHER}\n")
    before = any_repo.standing()
    files = git_files(any_repo)
    screened(any_repo)
    assert any_repo.standing() == before
    new = {path for path in git_files(any_repo) - files if "/repro/cache/" not in f"/{path}"}
    assert not new


def test_a_file_that_was_clean_is_read_anew_when_it_changes(repo: Scratch) -> None:
    repo.write("new.py", "x" * len(CODE))
    _age(repo, "new.py")
    _settle(repo, "new.py")
    assert screened(repo).marked == ()
    repo.write("new.py", CODE)
    _age(repo, "new.py")  # same size, same mtime: only its ctime tells
    assert screened(repo).marked == ("new.py",)


class Counting(Redactor):
    """Counts what it searches."""

    n_searched = 0

    def content(self, content: bytes) -> tuple[bytes, tuple[Found, ...]]:
        self.n_searched += 1
        return super().content(content)


def test_a_clean_file_is_searched_once_and_one_with_secrets_each_time(repo: Scratch) -> None:
    repo.write("new.py", "x = 1\n")
    repo.write("train.py", CODE)
    _settle(repo, "new.py", "train.py")
    redactor = Counting(b"key")
    opened = open_repository(str(repo.path))
    screen = Screen(redactor, cache_dir=f"{opened.state_dir}/cache")
    taken = [take_snapshot(opened, screen=screen) for _ in range(3)]
    assert redactor.n_searched == 2 + 1 + 1
    assert taken[0] == taken[1] == taken[2]


def test_a_file_touched_a_moment_ago_is_searched_again(repo: Scratch) -> None:
    repo.write("new.py", "x = 1\n")
    redactor = Counting(b"key")
    opened = open_repository(str(repo.path))
    screen = Screen(redactor, cache_dir=f"{opened.state_dir}/cache")
    repo.write("new.py", "x = 2\n")
    screen.look(opened.top, _state(repo, "new.py"), untracked=frozenset())
    repo.write("new.py", "x = 3\n")
    screen.look(opened.top, _state(repo, "new.py"), untracked=frozenset())
    assert redactor.n_searched == 2


def _state(repo: Scratch, path: str) -> dict[str, os.stat_result]:
    return {path: os.lstat(repo.path / path)}


def _settle(repo: Scratch, *paths: str) -> None:
    """Waits until files are old enough to be remembered."""
    for path in paths:
        state = (repo.path / path).stat()
        touched_ns = max(state.st_mtime_ns, state.st_ctime_ns)
        while time.time_ns() - touched_ns < (60e6 if touched_ns % 1_000_000 else 2.1e9):
            time.sleep(0.01)


@pytest.mark.parametrize("content", [b"", b"1\n", b"rubbish", b"\xff" * 300])
def test_a_damaged_note_of_clean_files_is_no_note(repo: Scratch, content: bytes) -> None:
    repo.write("new.py", "x = 1\n")
    _settle(repo, "new.py")
    screened(repo)
    note = next((repo.path / ".git/repro/cache").glob("clean-*"))
    whole = note.read_bytes()
    note.write_bytes(content or whole[:-3])
    assert screened(repo).tree == expected_tree(repo)
    assert note.read_bytes() == whole


def test_a_large_tracked_text_is_not_searched_and_says_so(repo: Scratch) -> None:
    repo.write("big.txt", "x\n" * 1000)
    repo.write("big.bin", b"\0" * 2000)
    repo.commit()
    repo.write("big.txt", "y\n" * 1000)
    repo.write("big.bin", b"\0\1" * 1000)
    (gap,) = screened(repo, large_bytes=1000).gaps
    assert gap.subject == "big.txt"
    assert "not searched" in gap.reason


def test_without_marks_only_files_of_secrets_are_kept_out(repo: Scratch) -> None:
    repo.write("train.py", CODE)
    repo.write(".env", f"TOKEN={OTHER}\n")
    repo.write("notes.txt", PRIVATE_KEY)
    snapshot = screened(repo, marks=False)
    assert blob(repo, snapshot.tree, "train.py").decode() == CODE
    assert snapshot.secret == (".env", "notes.txt")
    assert snapshot.marked == ()
    assert OTHER.encode() not in all_objects(repo)
    # What such a look has let through is not taken for clean.
    _settle(repo, "train.py")
    screened(repo, marks=False)
    assert screened(repo, marks=True).marked == ("train.py",)


def test_quoting_of_the_fix_holds_for_odd_names(repo: Scratch) -> None:
    repo.write("it's/.env", f"TOKEN={TOKEN}\n")
    (gap,) = screened(repo).gaps
    assert shlex.quote("/it's/.env") in gap.fix


def test_a_tracked_key_store_is_recorded_as_one_mark(repo: Scratch) -> None:
    repo.write("host.p12", b"old\0")
    repo.commit()
    repo.write("host.p12", b"0\x82\0secret\xff")
    snapshot = screened(repo)
    assert REDACTED.fullmatch(blob(repo, snapshot.tree, "host.p12").decode().strip())
    assert b"\x82\0secret" not in all_objects(repo)

"""prepare-commit-msg: the message says which run a commit is, where one is it."""

import shlex
from pathlib import Path

import pytest

from repro.model.ids import RunId
from tests.cli.recorded import Shelf
from tests.hooks.by_hand import add_hook, git
from tests.repos import Scratch


@pytest.fixture
def work(repo: Scratch) -> Scratch:
    """A repository with a run of params that nobody committed yet, and our hook."""
    repo.write("params.yaml", "lr: 0.5\nlayers: 2\n")
    repo.write("notes.txt", "a note\n")
    run_of(repo, "k")
    add_hook(repo, "prepare-commit-msg")
    return repo


def run_of(scratch: Scratch, letter: str, *, minute: int = 0, **metrics: float) -> RunId:
    params = dict(line.split(": ") for line in scratch.read("params.yaml").splitlines())
    values = {"lr": float(params["lr"]), "layers": int(params["layers"])}
    put = Shelf(scratch).put(letter, minute=minute, params=values, metrics=metrics)
    return put.run.id


def message(scratch: Scratch, revision: str = "HEAD") -> str:
    return scratch.git("log", "-1", "--format=%B", revision).rstrip("\n")


def trailers(scratch: Scratch, revision: str = "HEAD") -> list[str]:
    """Returns the runs that git finds named in a message."""
    shown = "--format=%(trailers:key=Repro-Run,valueonly=true)"
    return scratch.git("log", "-1", shown, revision).split()


def commit(scratch: Scratch, *args: str, editor: str = "true", **env: str) -> str:
    """Commits and returns what git and the hook said."""
    return git(scratch, "commit", "-q", *args, env=env, GIT_EDITOR=editor).stderr


def test_a_commit_that_a_run_is_names_it(work: Scratch) -> None:
    work.git("add", "-A")
    assert commit(work, "-m", "try 0.5") == ""
    [run] = trailers(work)
    assert run.endswith("-kkkkkkkk")
    assert message(work) == f"try 0.5\n\nRepro-Run: {run}"


@pytest.mark.parametrize("args", [["-a"], ["params.yaml"], ["--only", "params.yaml"]])
def test_what_is_committed_beside_the_index_counts(work: Scratch, args: list[str]) -> None:
    # What is untracked does not matter; what is staged but not committed neither.
    if args != ["-a"]:
        work.write("train.py", "pass\n")
        work.git("add", "train.py")
    index = work.git("write-tree")
    commit(work, "-m", "try 0.5", *args)
    assert len(trailers(work)) == 1
    if args != ["-a"]:
        assert work.git("write-tree") != index, "params.yaml is in"


def test_another_tree_is_no_run(work: Scratch) -> None:
    work.write("params.yaml", "lr: 0.7\nlayers: 2\n")
    commit(work, "-a", "-m", "try 0.7")
    work.write("train.py", "pass\n")
    commit(work, "-a", "-m", "code")
    assert message(work) == "code"
    assert message(work, "HEAD~1") == "try 0.7"


def test_the_newest_run_with_the_metrics_that_a_commit_brings_is_it(work: Scratch) -> None:
    run_of(work, "m", minute=1, accuracy=0.8)
    run_of(work, "n", minute=2, accuracy=0.9)
    work.write("train.py", "pass  # tidied since\n")
    work.write("metrics.json", '{"accuracy": 0.9}')
    work.git("add", "-A", "-f")
    commit(work, "-m", "better")
    assert [run[-1] for run in trailers(work)] == ["n"]
    work.write("metrics.json", '{"accuracy": 0.8}')
    commit(work, "-a", "-m", "older than the newest")
    assert trailers(work) == []


def test_amending_names_it_once(work: Scratch) -> None:
    commit(work, "-a", "-m", "try 0.5")
    first = message(work)
    work.git("add", "notes.txt")
    commit(work, "--amend", "--no-edit")
    assert message(work) == first
    commit(work, "--amend", "-m", "again")
    assert trailers(work) == [], "nothing that is watched has changed"


def test_a_message_keeps_its_other_trailers(work: Scratch) -> None:
    commit(work, "-a", "-s", "-m", "try 0.5", "-m", "Why not.")
    assert message(work).splitlines() == [
        *("try 0.5", "", "Why not.", ""),
        "Signed-off-by: Test Author <author@example.org>",
        f"Repro-Run: {trailers(work)[0]}",
    ]


def test_lines_that_look_like_comments_or_dividers_stay(work: Scratch) -> None:
    text = "subject\n\nbody\n---\nmore\n\n# a heading"
    commit(work, "-a", "-m", text)
    assert message(work) == f"{text}\n\nRepro-Run: {trailers(work)[0]}"


@pytest.mark.parametrize("content", [b"subject", b"subject\n", b"subj\xe9ct\n\nbody\n"])
def test_a_message_from_a_file_is_kept(work: Scratch, content: bytes) -> None:
    work.git("config", "i18n.commitEncoding", "latin-1")
    path = work.write("../message", content)
    commit(work, "-a", "-F", str(path))
    raw = work.git("cat-file", "commit", "HEAD", binary=True).partition(b"\n\n")[2]
    assert raw == content.rstrip() + f"\n\nRepro-Run: {trailers(work)[0]}\n".encode()


def test_lines_that_end_as_on_windows_stay_so(work: Scratch) -> None:
    path = work.write("../message", b"subject\r\n\r\nbody\r\n")
    commit(work, "-a", "--cleanup=verbatim", "-F", str(path))
    raw = work.git("cat-file", "commit", "HEAD", binary=True).partition(b"\n\n")[2]
    [run] = trailers(work)
    assert raw == f"subject\r\n\r\nbody\r\n\r\nRepro-Run: {run}\r\n".encode()


def save(path: Path, *, then: str = "true") -> str:
    """Returns an editor that keeps what it was given."""
    return f'f() {{ cp "$1" {shlex.quote(str(path))}; {then}; }}; f'


@pytest.mark.parametrize(
    "settings", [[], ["-c", "core.commentChar=;"], ["-c", "core.commentChar=auto"]]
)
def test_an_editor_finds_the_trailer_above_comments_and_the_diff(
    work: Scratch, tmp_path: Path, settings: list[str]
) -> None:
    work.git("add", "params.yaml")
    seen = tmp_path / "seen"
    text = "subject\n\nbody\n# of a list" if settings[-1:] == ["core.commentChar=;"] else "subject"
    args = (*settings, "commit", "-q", "-v", "-e", "-m", text)
    git(work, *args, GIT_EDITOR=save(seen))
    lines = seen.read_text().splitlines()
    trailer = lines.index(f"Repro-Run: {trailers(work)[0]}")
    scissors = next(i for i, line in enumerate(lines) if ">8" in line)
    assert text.count("\n") + 2 == trailer
    assert trailer < scissors
    assert any(line.startswith("+lr: 0.5") for line in lines[scissors:])
    assert message(work).startswith(f"{text}\n\nRepro-Run: ")


def test_a_message_left_empty_still_gives_the_commit_up(work: Scratch, tmp_path: Path) -> None:
    work.git("add", "params.yaml")
    before = work.head()
    seen = tmp_path / "seen"
    done = git(work, "commit", "-q", check=False, GIT_EDITOR=save(seen))
    assert done.returncode != 0
    assert work.head() == before
    assert "# Repro-Run: " in seen.read_text()


def test_the_line_that_is_offered_makes_a_trailer(work: Scratch, tmp_path: Path) -> None:
    work.git("add", "params.yaml")
    seen = tmp_path / "seen"
    then = "sed -i -e '1s/^/subject/' -e 's/^# Repro-Run/Repro-Run/' \"$1\""
    commit(work, "-v", editor=save(seen, then=then))
    assert message(work) == f"subject\n\nRepro-Run: {trailers(work)[0]}"
    assert seen.read_text().startswith("\n\n# To say which run this is")


def test_a_template_left_as_it_is_still_gives_the_commit_up(work: Scratch, tmp_path: Path) -> None:
    template = work.write("../template", "why:\n# how\nwhat:\n# end\n")
    work.git("config", "commit.template", str(template))
    work.git("add", "params.yaml")
    seen = tmp_path / "seen"
    done = git(work, "commit", "-q", check=False, GIT_EDITOR=save(seen))
    assert done.returncode != 0
    assert seen.read_text().startswith("why:\n# how\nwhat:\n\n# To say which")


@pytest.mark.parametrize("cleanup", ["verbatim", "whitespace", "scissors"])
def test_nothing_is_offered_where_comments_stay(
    work: Scratch, tmp_path: Path, cleanup: str
) -> None:
    work.git("config", "commit.cleanup", cleanup)
    work.git("add", "params.yaml")
    seen = tmp_path / "seen"
    git(work, "commit", "-q", check=False, GIT_EDITOR=save(seen))
    assert "Repro-Run" not in seen.read_text()


def test_an_empty_message_without_an_editor_stays_empty(work: Scratch) -> None:
    commit(work, "-a", "--allow-empty-message", "-m", "")
    assert message(work) == ""


def test_a_merge_is_left_alone(work: Scratch) -> None:
    git(work, "checkout", "-q", "-b", "side")
    commit(work, "-a", "-m", "try 0.5", REPRO_HOOKS="0")
    git(work, "checkout", "-q", "main")
    git(work, "merge", "-q", "--no-ff", "-m", "merged", "side")
    assert message(work) == "merged"


def test_a_squash_that_names_the_run_is_left_alone(work: Scratch) -> None:
    git(work, "checkout", "-q", "-b", "side")
    commit(work, "-a", "-m", "try 0.5")
    git(work, "checkout", "-q", "main")
    git(work, "merge", "-q", "--squash", "side")
    commit(work)
    assert message(work).count("Repro-Run: ") == 1


def test_the_steps_of_a_rebase_are_left_alone(work: Scratch) -> None:
    commit(work, "-a", "-m", "try 0.5", REPRO_HOOKS="0")
    git(work, "rebase", "-q", "-i", "HEAD~1", GIT_SEQUENCE_EDITOR="sed -i s/pick/reword/")
    assert message(work) == "try 0.5"


def test_under_pre_commit_the_source_comes_in_a_variable(work: Scratch) -> None:
    work.git("add", "params.yaml")
    work.write(".git/COMMIT_EDITMSG", "merged\n")
    args = ("hooks", "run", "prepare-commit-msg", ".git/COMMIT_EDITMSG")
    env = {"PRE_COMMIT": "1", "GIT_EDITOR": ":"}
    work.run_cli(*args, env={**env, "PRE_COMMIT_COMMIT_MSG_SOURCE": "merge"})
    assert work.read(".git/COMMIT_EDITMSG") == "merged\n"
    work.run_cli(*args, env={**env, "PRE_COMMIT_COMMIT_MSG_SOURCE": "message"})
    assert "\nRepro-Run: " in work.read(".git/COMMIT_EDITMSG")


def test_the_first_commit_of_all_names_its_run(unborn_repo: Scratch) -> None:
    add_hook(unborn_repo, "prepare-commit-msg")
    run_of(unborn_repo, "k")
    unborn_repo.git("add", "-A")
    commit(unborn_repo, "-m", "first")
    assert len(trailers(unborn_repo)) == 1


def test_a_linked_worktree_commits_its_own_index(work: Scratch, tmp_path: Path) -> None:
    side = work.worktree(tmp_path / "side")
    side.write("params.yaml", "lr: 0.5\nlayers: 2\n")
    commit(side, "-a", "-m", "try 0.5")
    assert len(trailers(side)) == 1

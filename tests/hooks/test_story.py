"""A day in a team: commits record themselves, and their runs are found whatever git makes of them.

Everything is typed as people type it; what repro makes of it is asked with `repro ls`.
"""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.repos import Completed, Scratch, run_program

_TRAIN = """\
import json

params = dict(line.split(": ") for line in open("params.yaml").read().splitlines())
rows = open("data/one.csv").read().splitlines()[1:]
with open("metrics.json", "w") as file:
    json.dump({"accuracy": 1 - float(params["lr"]) / len(rows)}, file)
    file.write("\\n")
"""


class Person(NamedTuple):
    """Somebody with a clone.

    Attributes:
        clone: It.
    """

    clone: Scratch

    def git(self, *args: str, **env: str) -> Completed:
        """Types a git command; an editor that opens takes what is there."""
        variables = {"GIT_EDITOR": "true", **env}
        return run_program("git", *args, cwd=self.clone.path, env=variables)

    def edit(self, lr: float) -> None:
        """Changes the params by hand."""
        self.clone.write("params.yaml", f"lr: {lr}\nlayers: 2\n")

    def train(self, lr: float) -> str:
        """Changes the params, trains, and returns the run."""
        self.edit(lr)
        before = self.ids()
        self.clone.run_cli("run", "--", "python", "train.py")
        (run,) = self.ids() - before
        return run

    def commit(self, message: str) -> str:
        """Commits all, and returns what was said of runs."""
        return self.git("commit", "--quiet", "--all", "--message", message).stderr

    def ids(self, *words: str) -> set[str]:
        """Returns the runs that `repro ls WORDS` lists."""
        rows = json.loads(self.clone.run_cli("ls", "--json", *words).stdout)
        return {row["id"] for row in rows}

    def of(self, commit: str) -> set[str]:
        """Returns the runs of one commit."""
        return self.ids("--commit", commit)

    def setting(self) -> dict[str, bytes]:
        """Returns the bytes of git's configuration and of its hooks."""
        git_dir = self.clone.path / ".git"
        files = [git_dir / "config", *sorted(git_dir.glob("hooks/*"))]
        return {path.name: path.read_bytes() for path in files}


@pytest.fixture
def team(dvc_repo: Scratch, tmp_path: Path) -> tuple[Person, Scratch]:
    """Alice's clone of a project with DVC, and the bare repository that all share."""
    dvc_repo.write("train.py", _TRAIN)
    dvc_repo.write(".gitignore", "__pycache__/\n")
    dvc_repo.write("metrics.json", "{}\n")
    dvc_repo.commit("train on the data")
    hub = Scratch(tmp_path / "hub.git")
    clone = ("git", "clone", "--quiet", "--bare")
    run_program(*clone, str(dvc_repo.path), str(hub.path), cwd=tmp_path)
    dvc_repo.git("remote", "add", "origin", str(hub.path))
    dvc_repo.git("fetch", "--quiet")
    return Person(dvc_repo), hub


@pytest.mark.slow
def test_one_day_in_a_team(team: tuple[Person, Scratch], tmp_path: Path) -> None:
    alice, hub = team
    before = alice.setting()
    alice.clone.run_cli("init", "--yes")
    alice.git("checkout", "--quiet", "-b", "topic")
    trained, by_hand = _commits_of_the_morning(alice)
    edited = _rebase(alice, trained, by_hand)
    every = {trained, by_hand, edited}
    _take_to_other_branches(alice, every - {edited}, every)
    assert alice.ids() == every

    # The push takes them along, and who pulls finds them by the same words.
    alice.git("checkout", "--quiet", "topic")
    alice.git("push", "--quiet", "origin", "main", "topic")
    bob = Person(hub.clone(tmp_path / "bob"))
    bob.git("checkout", "--quiet", "topic")
    bob.clone.run_cli("pull")
    assert bob.ids("main..") == alice.ids("main..") == every
    assert bob.of("HEAD") == {edited}

    # The topic is merged where nobody has hooks; main's new commit has its runs all the same.
    server = Person(hub.clone(tmp_path / "server"))
    server.git("merge", "--quiet", "--squash", "origin/topic")
    server.commit("topic (#1)")
    server.git("push", "--quiet", "origin", "main")
    bob.git("checkout", "--quiet", "main")
    bob.git("pull", "--quiet", "--ff-only")
    assert bob.of("HEAD") == every

    alice.clone.run_cli("hooks", "uninstall")
    assert alice.setting() == before


def _commits_of_the_morning(alice: Person) -> tuple[str, str]:
    """Commits a run, and params edited by hand; returns the runs that these are."""
    trained = alice.train(0.2)
    assert "repro: this is " in alice.commit("a lower rate")
    assert alice.of("HEAD") == {trained}

    alice.edit(0.3)
    assert "repro: recorded as " in alice.commit("a higher rate")
    (by_hand,) = alice.ids() - {trained}
    assert alice.of("HEAD") == {by_hand}

    # Other words for it; then code, of which repro has nothing to say.
    amended = alice.git("commit", "--amend", "-m", "the rate of the paper")
    assert "repro: recorded" not in amended.stderr
    assert alice.of("HEAD") == {by_hand}
    alice.clone.write("plot.py", "pass\n")
    alice.git("add", "plot.py")
    assert alice.commit("plots") == ""
    return trained, by_hand


def _rebase(alice: Person, trained: str, by_hand: str) -> str:
    """Rebases the topic onto a main that went on: two commits become one, the last is edited.

    Returns:
        The run that the edited commit is.
    """
    alice.git("checkout", "--quiet", "main")
    alice.clone.write("README", "the project\n")
    alice.git("add", "README")
    alice.commit("words")
    alice.git("checkout", "--quiet", "topic")
    todo = "sed -i -e 2s/^pick/squash/ -e 3s/^pick/edit/"
    alice.git("rebase", "--quiet", "-i", "main", GIT_SEQUENCE_EDITOR=todo)
    alice.edit(0.4)
    alice.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    alice.git("rebase", "--continue")
    subjects = alice.git("log", "--format=%s", "main..").stdout.splitlines()
    assert subjects == ["plots", "a lower rate"]
    assert alice.of("HEAD~1") == {trained, by_hand}
    (edited,) = alice.ids() - {trained, by_hand}
    assert alice.of("HEAD") == {edited}
    assert alice.ids("main..") == {trained, by_hand, edited}
    return edited


def _take_to_other_branches(alice: Person, first: set[str], every: set[str]) -> None:
    """Picks the first commit of the topic, and squashes all of it: they are the same runs."""
    alice.git("checkout", "--quiet", "-b", "picked", "main")
    alice.git("cherry-pick", "topic~1")
    assert alice.of("HEAD") == first
    alice.git("checkout", "--quiet", "-b", "squashed", "main")
    alice.git("merge", "--quiet", "--squash", "topic")
    alice.commit("all of the topic")
    assert alice.of("HEAD") == every


def test_an_amend_before_the_first_run_says_nothing(repo: Scratch) -> None:
    person = Person(repo)
    repo.run_cli("init", "--yes")
    repo.write("plot.py", "pass\n")
    person.git("add", "plot.py")
    assert person.commit("plots") == ""
    assert person.git("commit", "--quiet", "--amend", "-m", "all plots").stderr == ""
    person.git("checkout", "--quiet", "-b", "topic", "HEAD~1")
    repo.write("more.py", "pass\n")
    person.git("add", "more.py")
    person.commit("more")
    assert person.git("rebase", "--quiet", "main").stderr == ""

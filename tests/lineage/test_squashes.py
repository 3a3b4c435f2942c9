"""Runs are found from the one commit that several became, wherever that was done."""

from pathlib import Path

from repro.lineage.origins import Why
from repro.model.ids import Oid, RunId
from tests.lineage.history import History, text_with
from tests.repos import Scratch


def branch(history: History, letters: str = "klm") -> tuple[Oid, list[RunId]]:
    """Makes a branch ``feature`` of commits with a run each, goes back, and tells its start."""
    start = history.head()
    history.git("checkout", "-q", "-b", "feature")
    runs = []
    for n_lines in range(1, len(letters) + 1):
        changed = {f"l{at * 3}": letters[at] for at in range(n_lines)}
        runs.append(history.work(letters[n_lines - 1], a=text_with(**changed))[1])
    history.git("checkout", "-q", "-")
    return start, runs


def squash(history: History, name: str = "feature") -> None:
    history.git("merge", "-q", "--squash", name)
    history.git("commit", "-q", "-m", f"{name} (#1)")


def test_the_squash_of_a_branch_has_the_runs_of_all_its_commits(any_history: History) -> None:
    start, runs = branch(any_history)
    squash(any_history)
    assert any_history.found(f"{start}..") == {
        runs[0]: ({any_history.head()}, Why.SQUASH),
        runs[1]: ({any_history.head()}, Why.SQUASH),
        runs[2]: ({any_history.head()}, Why.SAME_TREE),
    }
    any_history.git("branch", "-q", "-D", "feature")
    any_history.commit("later", c="1")
    assert set(any_history.found(f"{start}..")) == set(runs)


def test_the_squash_of_a_branch_that_fell_behind(history: History) -> None:
    start, runs = branch(history)
    history.commit("main goes on", b="1")
    squash(history)
    assert history.found(f"{start}..") == {run: ({history.head()}, Why.SQUASH) for run in runs}


def test_the_squash_of_a_branch_whose_files_were_changed_meanwhile(history: History) -> None:
    history.commit("text", a=text_with())
    start, runs = branch(history)
    history.commit("main goes on", a=text_with(l25="main"))
    squash(history)
    assert history.found(f"{start}..") == {run: ({history.head()}, Why.SQUASH) for run in runs}


def test_the_squash_of_a_branch_that_had_merged_main(history: History) -> None:
    history.commit("text", a=text_with())
    start, runs = branch(history)
    history.commit("main goes on", a=text_with(l25="main"), b="1")
    history.git("checkout", "-q", "feature")
    history.git("merge", "-q", "--no-edit", "main")
    history.commit("after the merge", a=text_with(l0="k", l3="l", l6="m", l9="n", l25="main"))
    runs.append(history.run("n"))
    history.git("checkout", "-q", "main")
    squash(history)
    found = history.found(f"{start}..")
    assert {run: of for run, (of, _) in found.items()} == {run: {history.head()} for run in runs}


def test_and_that_fell_behind_again(history: History) -> None:
    history.commit("text", a=text_with())
    start, runs = branch(history)
    history.commit("main goes on", b="1")
    history.git("checkout", "-q", "feature")
    history.git("merge", "-q", "--no-edit", "main")
    history.git("checkout", "-q", "main")
    history.commit("main goes on", c="1", a=text_with(l25="main"))
    squash(history)
    assert history.found(f"{start}..") == {run: ({history.head()}, Why.SQUASH) for run in runs}


def test_the_last_commits_of_a_squashed_branch_need_no_runs(history: History) -> None:
    start, runs = branch(history)
    history.git("checkout", "-q", "feature")
    history.commit("words only", d="1")
    history.git("checkout", "-q", "main")
    history.commit("main goes on", b="1")
    squash(history)
    # The branch is gone: only where HEAD was tells of its last commit.
    history.git("branch", "-q", "-D", "feature")
    assert history.found(f"{start}..") == {run: ({history.head()}, Why.SQUASH) for run in runs}


def test_a_commit_picked_from_a_branch_that_is_squashed_later(history: History) -> None:
    history.commit("text", a=text_with())
    start, runs = branch(history)
    history.commit("main goes on", b="1")
    history.git("cherry-pick", "feature~2")
    squash(history)
    assert history.found(f"{start}..") == {
        runs[0]: ({history.head(1)}, Why.SAME_CHANGE),
        runs[1]: ({history.head()}, Why.SQUASH),
        runs[2]: ({history.head()}, Why.SQUASH),
    }


def test_a_branch_that_undid_itself_is_no_squash(history: History) -> None:
    history.commit("text", a=text_with())
    start = history.head()
    history.git("checkout", "-q", "-b", "feature")
    history.work("k", a=text_with(l1="x"))
    history.work("l", a=text_with())
    history.git("checkout", "-q", "main")
    history.commit("empty")
    history.commit("other", b="1")
    assert history.found(f"{start}..") == {}


def test_a_merge_has_the_runs_of_its_branch_by_descent_alone(history: History) -> None:
    start, runs = branch(history)
    history.commit("main goes on", b="1")
    history.git("merge", "-q", "--no-ff", "--no-edit", "feature")
    found = history.found(f"{start}..")
    assert {run: why for run, (_, why) in found.items()} == dict.fromkeys(runs, Why.BEGAN)
    assert history.found("HEAD^!") == {}


def test_a_squash_on_the_server_is_known_in_a_clone_that_only_fetches(
    history: History, tmp_path: Path
) -> None:
    start, runs = branch(history)
    history.git("clone", "-q", "--bare", ".", str(tmp_path / "hub.git"))
    history.git("remote", "add", "origin", str(tmp_path / "hub.git"))
    history.git("push", "-q", "origin", "refs/repro/*:refs/repro/*")
    hub = Scratch(tmp_path / "hub.git")
    reader = History(hub.clone(tmp_path / "reader"))
    server = History(hub.clone(tmp_path / "server"))
    server.git("branch", "-q", "feature", "origin/feature")
    server.commit("main goes on", b="1")
    squash(server)
    server.git("push", "-q", "origin", "main", ":feature")
    reader.git(
        "fetch",
        "-q",
        "--prune",
        "origin",
        "refs/repro/*:refs/repro/*",
        "+refs/heads/*:refs/remotes/origin/*",
    )
    assert reader.found(f"{start}..") == {}
    assert reader.found(f"{start}..origin/main") == {
        run: ({server.head()}, Why.SQUASH) for run in runs
    }

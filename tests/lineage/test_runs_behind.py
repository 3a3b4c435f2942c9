"""Whether a new commit is one of few others rewritten, asked while somebody waits for a commit."""

from repro.lineage.origins import runs_behind
from tests.lineage.history import History


def test_the_run_of_a_picked_commit_is_behind_the_pick(any_history: History) -> None:
    start = any_history.head()
    commit, first = any_history.work("k", a="1")
    _, second = any_history.work("l", b="1")
    any_history.git("checkout", "-q", "--detach", start)
    any_history.commit("other", c="1")
    any_history.git("cherry-pick", commit)
    assert runs_behind(any_history.repo, any_history.head(), [second, first]) == [first]
    assert runs_behind(any_history.repo, any_history.head(), [second]) == []


def test_the_runs_of_a_branch_are_behind_its_squash(history: History) -> None:
    start = history.head()
    runs = [history.work(letter, **{letter: "1"})[1] for letter in "klm"]
    tip = history.head()
    history.git("checkout", "-q", "--detach", start)
    history.commit("other", c="1")
    history.git("merge", "-q", "--squash", tip)
    squash = history.commit("squash")
    assert runs_behind(history.repo, squash, runs[::-1]) == runs[::-1]


def test_runs_of_the_commit_and_of_those_before_it_are_not_behind_it(history: History) -> None:
    _, first = history.work("k", a="1")
    commit, second = history.work("l", b="1")
    assert runs_behind(history.repo, commit, [first, second]) == []
    assert runs_behind(history.repo, commit, []) == []

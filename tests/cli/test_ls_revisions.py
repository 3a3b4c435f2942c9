"""`repro ls HEAD`, `main..`, `--commit`: which runs belong to which commits, on real histories."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from repro.cli.commands import diff, show
from repro.cli.commands.ls import command
from repro.compare.parse import QueryError
from repro.git.repository import open_repository
from repro.lineage.belonging import attach
from repro.lineage.commits import UnknownRevisionError
from repro.lineage.resolve import resolve_run
from repro.model.ids import Oid, RunId
from repro.model.run import Code, Record
from repro.model.summary import Summary, parse_summary, render_message
from repro.selection.words import SeveralFiltersError, UnknownWordError
from repro.store import index
from tests.cli.recorded import Shelf, call, shelf
from tests.compare.samples import record
from tests.repos import Scratch, make_template, run_program

NOW = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture(params=["by the index", "from git"])
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Shelf:
    monkeypatch.setattr(index, "FEW_RUNS", 0 if request.param == "by the index" else 10**6)
    return shelf(repo, monkeypatch)


@pytest.fixture
def branched(runs: Shelf) -> Shelf:
    """`main` with the runs k and m, and from its first commit `feature`, with p; HEAD is there."""
    return _branched(runs)


@pytest.fixture
def plain(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """The same, for what no index has a part in."""
    return _branched(shelf(repo, monkeypatch))


def _branched(runs: Shelf) -> Shelf:
    git = runs.scratch
    runs.put("k", params={"lr": 0.1}, metrics={"acc": 0.5})
    git.git("branch", "feature")
    git.write("params.yaml", "lr: 0.2\n")
    git.commit("larger steps")
    runs.put("m", minute=1, params={"lr": 0.2}, metrics={"acc": 0.7})
    git.git("switch", "--quiet", "feature")
    git.write("model.py", "layers = 3\n")
    git.commit("a model")
    runs.put("p", minute=2, params={"lr": 0.1}, metrics={"acc": 0.9})
    return runs


def names(*args: str) -> list[str]:
    lines = call(command, *args, "--json").stdout
    return [run["name"].removeprefix("run-") for run in json.loads(lines)]


def of(*args: str) -> dict[str, dict[str, str]]:
    """Returns by run to which commits it belongs, and why."""
    found: list[dict[str, Any]] = json.loads(call(command, *args, "--json").stdout)
    return {run["name"].removeprefix("run-"): run["belongs"] for run in found}


def say(run: Record, commit: str) -> None:
    attach(open_repository(), [(Oid(commit), run.run.id)], now=NOW, author=None)


@pytest.mark.parametrize(
    ("revisions", "expected"),
    [
        ("HEAD", "pk"),
        ("main", "mk"),
        ("main..", "p"),
        ("..main", "m"),
        ("main..feature", "p"),
        ("main...feature", "pm"),
        ("^main feature", "p"),
        ("main feature", "pmk"),
        ("HEAD~1", "k"),
        ("@", "pk"),
        ("feature^!", "p"),
        ("main ^HEAD", "m"),
        ("HEAD..HEAD", ""),
    ],
)
def test_revisions_mean_what_they_mean_to_git_log(
    branched: Shelf, revisions: str, expected: str
) -> None:
    assert branched
    assert names(*revisions.split()) == list(expected)


def test_one_commit_is_without_its_history(branched: Shelf) -> None:
    first = branched.scratch.git("rev-parse", "HEAD~1")
    assert names("--commit", "HEAD") == ["p"]
    assert names("--commit", first[:9], "--commit", "main") == ["m", "k"]
    assert names("main..", "--commit", "HEAD~1") == ["p", "k"]


def test_json_says_to_which_commits_a_run_belongs_and_why(branched: Shelf) -> None:
    head, first = branched.scratch.head(), branched.scratch.git("rev-parse", "HEAD~1")
    assert of("HEAD") == {"p": {head: "began"}, "k": {first: "began"}}


@pytest.mark.usefixtures("plain")
def test_without_revisions_json_says_nothing_of_them() -> None:
    assert all("belongs" not in run for run in json.loads(call(command, "--json").stdout))


@pytest.mark.usefixtures("branched")
def test_filters_order_limit_and_columns_go_with_revisions() -> None:
    assert names("HEAD", "metrics.acc > 0.6") == ["p"]
    assert names("metrics.acc < 0.8", "main", "feature") == ["m", "k"]
    assert names("main", "feature", "--sort", "metrics.acc") == ["k", "m", "p"]
    assert names("main", "feature", "--sort", "-metrics.acc", "-n", "2") == ["p", "m"]
    assert names("main", "feature", "-n", "1") == ["p"]
    text = call(command, "main..", "-c", "name,metrics.acc").stdout
    assert text.splitlines()[0] == "id\tname\tmetrics.acc"


@pytest.mark.usefixtures("plain")
def test_a_terminal_is_told_how_many_more_there_are_and_of_how_many() -> None:
    assert call(command, "main", "-n", "1").stderr == "… and 1 more: repro ls -n 0\n"
    none = call(command, "HEAD..HEAD")
    assert (none.stdout, none.stderr) == (
        "",
        "no run belongs to HEAD..HEAD (3 runs elsewhere: repro ls)\n",
    )
    assert call(command, "HEAD", "metrics.acc > 2").stderr == "no run matches, of 3\n"


def test_a_key_that_only_runs_of_other_commits_have_is_no_typo(branched: Shelf) -> None:
    branched.put("z", minute=5, metrics={"f1": 1})
    assert names("main", "metrics.f1 > 0.5") == []
    with pytest.raises(QueryError) as caught:
        call(command, "main", "metrics.ac > 0.5")
    assert caught.value.hint == "did you mean metrics.acc?"


def test_a_merge_brings_the_runs_of_both_sides(branched: Shelf) -> None:
    branched.scratch.git("merge", "--quiet", "--no-edit", "main")
    assert names("HEAD") == ["p", "m", "k"]
    assert names("main..") == ["p"]
    assert names("HEAD^1..HEAD") == ["m"]


def test_a_run_belongs_to_the_commit_that_it_was_said_to(branched: Shelf) -> None:
    git = branched.scratch
    git.write("params.yaml", "lr: 0.3\n")
    run = branched.put("q", minute=3)
    assert names("--commit", "HEAD") == ["q", "p"]
    before, after = git.head(), git.commit("what q found")
    say(run, after)
    assert names("--commit", "HEAD") == ["q"]
    assert set(of("HEAD~1..")["q"]) == {after}
    assert set(of("HEAD")["q"]) == {before, after}
    found = json.loads(call(command, "--commit", "HEAD", "--json").stdout)[0]
    assert (found["commit"], found["commits"]) == (before, [after])


def test_a_commit_of_what_a_run_made_has_the_run_though_nobody_said_so(branched: Shelf) -> None:
    git = branched.scratch
    git.git("switch", "--quiet", "-c", "bolder", "main")
    git.write("params.yaml", "lr: 0.3\n")
    branched.put("q", minute=3)
    git.write("params.yaml", "lr: 0.4\n")
    branched.put("r", minute=4)
    git.write("params.yaml", "lr: 0.3\n")
    commit = git.commit("what q found")
    assert of("main..") == {"q": {commit: "holds"}}
    assert names("--commit", "HEAD") == ["q"]
    assert names("HEAD") == ["r", "q", "m", "k"]
    assert resolve_run(open_repository(), "bolder").name == "run-q"
    git.git("commit", "--quiet", "--amend", "-m", "other words")
    assert names("main..") == ["q"]
    assert resolve_run(open_repository(), "HEAD").name == "run-q"


def test_results_of_committed_code_that_were_committed_next_have_their_run(repo: Scratch) -> None:
    repo.write("train.py", 'open("result.json", "w").write("{\\"acc\\": 0.5}")\n')
    repo.commit("code")
    repo.run_cli("run", "-q", "-n", "meant", "--", sys.executable, "train.py")
    repo.git("switch", "--quiet", "-c", "feature")
    repo.commit("results")
    found = json.loads(repo.run_cli("ls", "main..", "--json").stdout)
    assert [(run["name"], run["belongs"]) for run in found] == [("meant", {repo.head(): "holds"})]
    assert repo.run_cli("show", "HEAD").stdout.startswith("meant")
    assert "meant" in repo.run_cli("checkout", "feature").stderr
    repo.git("switch", "--quiet", "feature")
    repo.write("params.yaml", "lr: 0.3\nlayers: 2\n")
    repo.run_cli("run", "-q", "-n", "bolder", "--", sys.executable, "train.py")
    assert repo.run_cli("show", "feature").stdout.startswith("meant")  # bolder only began there
    repo.git("checkout", "--quiet", "params.yaml")
    repo.run_cli("rm", "bolder")
    repo.commit("nothing but words")  # holds no more than its parent does
    assert repo.run_cli("ls", "HEAD~1..").stderr == (
        "no run belongs to HEAD~1.. (1 run elsewhere: repro ls)\n"
    )
    error = repo.run_cli("show", "HEAD", check=False).stderr
    assert error.endswith("hint: the runs of its history: repro ls HEAD\n")


def test_notes_that_git_carries_through_an_amend_are_read(branched: Shelf) -> None:
    git = branched.scratch
    git.git("config", "notes.rewriteRef", "refs/notes/repro")
    git.write("params.yaml", "lr: 0.3\n")
    run = branched.put("q", minute=3)
    say(run, git.commit("what q found"))
    git.write("README", "changed beyond recognition\n")
    git.git("rm", "--quiet", "params.yaml")
    git.git("add", "README")
    git.git("commit", "--quiet", "--amend", "-m", "other words")
    assert names("--commit", "HEAD") == ["q"]
    assert resolve_run(open_repository(), "HEAD").id == run.run.id


def test_an_amend_that_nobody_saw_keeps_its_runs(branched: Shelf) -> None:
    branched.scratch.git("commit", "--quiet", "--amend", "-m", "other words")
    amended = branched.scratch.head()
    assert of("main..") == {"p": {amended: "same tree"}}
    assert names("main..", "metrics.acc > 0.8") == ["p"]
    assert resolve_run(open_repository(), "HEAD").name == "run-p"


def test_a_squash_that_nobody_saw_has_the_runs_of_what_was_squashed(branched: Shelf) -> None:
    git = branched.scratch
    git.write("model.py", "layers = 4\n")
    git.commit("more layers")
    branched.put("q", minute=3)
    git.git("switch", "--quiet", "main")
    git.git("merge", "--quiet", "--squash", "feature")
    squashed = git.commit("a model (#1)")
    assert names("HEAD~1..") == ["q", "p"]
    assert set(of("HEAD~1..")["q"]) == {squashed}
    assert resolve_run(open_repository(), "main").name == "run-q"


def test_show_and_diff_take_a_branch_after_what_a_run_made_was_committed(
    plain: Shelf,
) -> None:
    git = plain.scratch
    git.write("params.yaml", "lr: 0.3\n")
    run = plain.put("q", minute=3, params={"lr": 0.3})
    say(run, git.commit("what q found"))
    page = call(show.command, "HEAD").stdout
    assert page.startswith("run-q")
    assert f"belongs to   {git.head()[:10]}  what q found" in page.replace("  " * 9, "")
    assert json.loads(call(show.command, "HEAD", "--json").stdout)["commits"] == [git.head()]
    assert "lr" in call(diff.command, "main", "HEAD").stdout


def test_a_page_leaves_out_what_an_amend_left_behind(plain: Shelf) -> None:
    git = plain.scratch
    git.git("config", "notes.rewriteRef", "refs/notes/repro")
    git.write("params.yaml", "lr: 0.3\n")
    run = plain.put("q", minute=3)
    say(run, git.commit("at first"))
    git.git("commit", "--quiet", "--amend", "-m", "at last")
    page = call(show.command, "q").stdout
    assert "at last" in page
    assert "at first" not in page


def test_a_page_of_a_run_that_belongs_nowhere_else_has_no_such_row(plain: Shelf) -> None:
    assert plain
    assert "belongs to" not in call(show.command, "p").stdout


def test_commits_are_a_key(branched: Shelf) -> None:
    git = branched.scratch
    git.write("params.yaml", "lr: 0.3\n")
    run = branched.put("q", minute=3)
    commit = git.commit("what q found")
    say(run, commit)
    assert names(f'"{commit[:7]}" in commits') == ["q"]
    assert names(f'"{commit[:7]}" not in commits') == ["p", "m", "k"]
    assert names("commits") == ["q"]
    table = call(command, "-c", "name,commits", "--commit", "HEAD", terminal=True).stdout
    assert table.splitlines()[1].split() == ["qqqqqqqq", "run-q", commit[:8]]
    row = call(command, "-c", "commits", "--commit", "HEAD").stdout.splitlines()[1]
    assert row.split("\t")[1] == f'["{commit}"]'


def test_a_run_in_progress_belongs_to_the_commit_that_it_began_from(branched: Shelf) -> None:
    with branched.running("z"):
        assert names("main..") == ["z", "p"]
        assert of("main..")["z"] == {branched.scratch.head(): "began"}
        assert names("main") == ["m", "k"]
        assert names("main..", 'status == "running"') == ["z"]


def test_a_detached_head_has_runs(branched: Shelf) -> None:
    branched.scratch.git("switch", "--quiet", "--detach", "main~1")
    assert names("HEAD") == ["k"]
    assert names("HEAD..main") == ["m"]


def test_a_removed_run_belongs_nowhere(branched: Shelf) -> None:
    branched.scratch.run_cli("rm", "pppppppp")
    assert names("main..") == []


def test_a_repository_without_commits_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = shelf(make_template(tmp_path / "unborn", unborn=True), monkeypatch)
    runs.put("k")
    for words in (("HEAD",), ("main..",), ("--commit", "main")):
        with pytest.raises(UnknownRevisionError, match="names no commit: there are none here yet"):
            call(command, *words)
    assert names() == ["k"]


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["mian"], "'mian' is neither a revision nor a filter", "did you mean main?"),
        (["mian.."], "'mian..' is neither a revision nor a filter", "did you mean main..?"),
        (["main..featur"], "'main..featur' is neither", "did you mean main..feature?"),
        (["^mian", "feature"], "'^mian' is neither", "did you mean ^main?"),
        (["HEAD", "stauts"], "'stauts' is neither", "did you mean status?"),
        (["durations"], "'durations' is neither", "did you mean duration_s?"),
        (["acc"], "'acc' is neither", "params.acc or metrics.acc"),
        (["finished"], "'finished' is neither", "status == 'finished'"),
        (["not", "dirty"], "'not' is no revision; a filter is one word", "repro ls 'not dirty'"),
        (["HEAD", "not", "dirty"], "'not' is no revision", "repro ls HEAD 'not dirty'"),
        (["train.py"], "'train.py' is a file", "such as: repro ls HEAD"),
        (["main..", "--", "train.py"], "'train.py' is a file", "such as: repro ls HEAD"),
    ],
)
def test_what_is_neither_names_what_is_near(words: list[str], message: str, hint: str) -> None:
    with pytest.raises(UnknownWordError) as caught:
        call(command, *words)
    assert caught.value.message.startswith(message)
    assert caught.value.hint == hint


@pytest.mark.usefixtures("plain")
def test_a_broken_filter_is_still_told_as_one() -> None:
    with pytest.raises(QueryError) as caught:
        call(command, "acc > 0.5")
    assert caught.value.hint == "params.acc or metrics.acc"
    with pytest.raises(QueryError):
        call(command, "metrics.acc >")


@pytest.mark.usefixtures("plain")
def test_a_revision_in_an_option_is_an_error_of_its_own() -> None:
    with pytest.raises(UnknownRevisionError) as caught:
        call(command, "main", "--commit", "featur")
    assert caught.value.message == "git knows no revision 'featur'"
    assert caught.value.hint == "did you mean feature?"


@pytest.mark.usefixtures("plain")
def test_two_filters_are_to_be_joined() -> None:
    with pytest.raises(SeveralFiltersError) as caught:
        call(command, "dirty", "main", "metrics.acc > 0.5")
    assert caught.value.hint == "as one: repro ls '(dirty) and (metrics.acc > 0.5)'"


def test_a_branch_that_is_called_as_a_key_is_named_in_full(plain: Shelf) -> None:
    plain.scratch.git("branch", "dirty", "main")
    found = call(command, "dirty", "--json")
    assert json.loads(found.stdout) == []
    assert found.stderr == "dirty is read as a filter; the revision is heads/dirty\n"
    assert names("heads/dirty") == ["m", "k"]
    assert names("heads/dirty", "not dirty") == ["m", "k"]


def test_a_number_may_be_the_beginning_of_a_commit(plain: Shelf) -> None:
    git = plain.scratch
    tree = git.git("rev-parse", "HEAD^{tree}")
    made = (git.git("commit-tree", tree, "-p", "HEAD", "-m", str(n)) for n in range(1_000))
    oid = next(oid for oid in made if oid[:7].isdigit())  # one in fifteen is such
    git.git("reset", "--quiet", "--soft", oid)
    plain.put("q", minute=3)
    assert names("--commit", oid[:7]) == ["q"]
    assert names(oid[:7]) == ["q", "p", "k"]


def test_a_tag_of_a_file_names_no_commit(plain: Shelf) -> None:
    plain.scratch.git("tag", "blob", "HEAD:train.py")
    with pytest.raises(UnknownRevisionError):
        call(command, "--commit", "blob")


def test_tags_and_dates_are_revisions(plain: Shelf) -> None:
    plain.scratch.git("tag", "-a", "v1.0", "main~1", "-m", "one")
    assert names("v1.0..HEAD") == ["p"]
    assert names("v1.0") == ["k"]
    assert names(":/larger") == ["m", "k"]


def test_a_branch_among_ten_thousand_runs(plain: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    main, tree = plain.scratch.git("rev-parse", "main", "main^{tree}").split()
    _import(plain, main, tree, n_runs=10_000)
    assert names("main..") == ["p"]
    n_parsed = 0

    def counted(text: bytes, **kwargs: Any) -> Summary:
        nonlocal n_parsed
        n_parsed += 1
        return parse_summary(text, **kwargs)

    monkeypatch.setattr("repro.store.index_reader.parse_summary", counted)
    assert names("main..", "metrics.acc > 0.1") == ["p"]
    assert n_parsed <= 100
    assert names("main", "-n", "1") == ["09999"]
    assert names("main", "--sort", "params.n", "-n", "1") == ["00000"]
    assert n_parsed <= 1_000
    assert call(command, "main..", "metrics.acc > 2").stderr == "no run matches, of 10,003\n"
    assert len(names("main")) == 10_002


def _import(runs: Shelf, commit: str, tree: str, *, n_runs: int) -> None:
    """Writes runs that began from a commit, a minute apart, all at once."""
    stream = bytearray()
    for number in range(n_runs):
        started_at = NOW + timedelta(minutes=number)
        letters = "".join("klmnopqrst"[int(digit)] for digit in f"{number:08}")
        of_run = {
            "id": RunId(f"{started_at:%Y%m%dT%H%M%S}-{letters}"),
            "name": f"run-{number:05}",
            "started_at": started_at,
            "ended_at": started_at,
            "code": Code(Oid(commit), "main", Oid(tree)),
        }
        message = render_message(record(params={"n": number}, metrics={"acc": 0.5}, run=of_run))
        stream += (
            f"commit refs/repro/runs/{of_run['id']}\ncommitter A <a@example.org> {number} +0000\n"
            f"data {len(message)}\n"
        ).encode()
        stream += message + f"\nfrom {commit}\n\n".encode()
    run_program(
        *("git", "fast-import", "--quiet", "--force"),
        cwd=runs.scratch.path,
        input=stream.decode(),
    )
    runs.scratch.git("pack-refs", "--all")

"""`repro restore`: what was removed, and how it comes back."""

import json

import pytest

from repro.cli.commands import ls, rename, rm
from repro.cli.commands.restore import command
from repro.git.repository import open_repository
from repro.model.ids import RUN_REFS, RefName
from repro.store.archive import fold_runs
from repro.store.listing import known_runs
from repro.store.resolve import UnknownRunError
from repro.store.trash import NotInTrashError
from repro.store.writer import current_writer
from tests.cli.recorded import Shelf, call, shelf
from tests.compare.samples import START
from tests.repos import Scratch


@pytest.fixture(params=["hot", "folded"])
def runs(request: pytest.FixtureRequest, repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    for minute, letters in enumerate("kmp"):
        found.put(letters, minute=minute)
    if request.param == "folded":
        here = open_repository(str(repo.path))
        refs = [(RefName(run.ref), run.oid) for run in known_runs(here)]
        fold_runs(here, refs, writer=current_writer(here), at=START)
        assert found.scratch.refs(RUN_REFS) == {}
    return found


def names() -> list[str]:
    """Returns the names of the runs, newest first."""
    return [run["name"] for run in json.loads(call(ls.command, "--json").stdout)]


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("text", ["mmmmmmmm", "mm", "run-m", "20260131T080100-mmmmmmmm"])
def test_a_run_comes_back_under_all_its_names(text: str) -> None:
    before = call(ls.command).stdout
    call(rm.command, "run-m")
    assert names() == ["run-p", "run-k"]
    assert call(command, text).stderr == "restored mmmmmmmm run-m\n"
    assert call(ls.command).stdout == before


@pytest.mark.usefixtures("runs")
def test_the_trash_is_listed_last_removed_first() -> None:
    call(rename.command, "run-k", "better name")
    call(rm.command, "run-p")
    call(rm.command, "better name")
    head, last, first = (line.split("\t") for line in call(command).stdout.splitlines())
    assert head == ["id", "name", "removed_at", "by"]
    assert last[:2] == ["20260131T080000-kkkkkkkk", "better name"]
    assert first[1] == "run-p"
    assert first[3] == "Test Author <author@example.org>"
    drawn = call(command, terminal=True)
    assert drawn.stdout.splitlines()[0].split() == ["run", "name", "started", "removed", "by"]
    assert "just now" in drawn.stdout
    assert drawn.stderr == "to bring one back: repro restore RUN\n"
    listed = json.loads(call(command, "--json").stdout)
    assert [run["name"] for run in listed] == ["better name", "run-p"]
    assert listed[0]["ref"] == "refs/repro/trash/20260131T080000-kkkkkkkk"


@pytest.mark.usefixtures("runs")
def test_an_empty_trash_says_so() -> None:
    done = call(command)
    assert (done.stdout, done.stderr) == ("", "the trash is empty\n")
    assert json.loads(call(command, "--json").stdout) == []


@pytest.mark.usefixtures("runs")
def test_a_damaged_run_in_the_trash_is_listed_as_such(runs: Shelf) -> None:
    oid = runs.scratch.head()
    runs.scratch.git("update-ref", "refs/repro/trash/20260131T090000-zzzzzzzz", oid)
    assert "(cannot be read)  2026-01-31" in call(command, terminal=True).stdout
    [run] = json.loads(call(command, "--json").stdout)
    assert (run["name"], run["removed_at"]) == (None, None)


def test_all_come_back_or_none(runs: Shelf) -> None:
    call(rm.command, "@", "@~1")
    before = runs.scratch.refs()
    with pytest.raises(UnknownRunError) as caught:
        call(command, "run-p", "mmmmmmmn")
    assert caught.value.hint == "did you mean mmmmmmmm?"
    assert runs.scratch.refs() == before
    call(command, "run-p", "run-m", "pppp")
    assert names() == ["run-p", "run-m", "run-k"]


@pytest.mark.usefixtures("runs")
def test_a_run_that_is_there_needs_no_restoring() -> None:
    with pytest.raises(NotInTrashError, match=r"run-k .* was not removed") as caught:
        call(command, "run-k")
    assert caught.value.hint == "repro show kkkkkkkk"


def test_a_run_gone_from_the_trash_is_to_be_pulled(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = shelf(repo, monkeypatch)
    found.put("k")
    call(rm.command, "run-k")
    for ref in repo.refs("refs/repro/trash/"):
        repo.git("update-ref", "-d", ref)
    with pytest.raises(NotInTrashError, match="the trash has been emptied") as caught:
        call(command, "kkkk")
    assert caught.value.hint == "repro pull 20260131T080000-kkkkkkkk"


def test_the_shell_completes_removed_runs(repo: Scratch) -> None:
    for name in ("one", "two"):
        repo.run_cli("run", "-n", name, "--", "true")
    repo.run_cli("rm", "two")
    env = {"_REPRO_COMPLETE": "bash_complete", "COMP_WORDS": "repro restore ", "COMP_CWORD": "2"}
    words = repo.run_cli(env=env).stdout
    assert "two" in words
    assert "one" not in words

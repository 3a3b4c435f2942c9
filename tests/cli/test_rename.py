"""`repro rename`: another name, beside the one that was recorded."""

import json

import pytest

from repro.cli.commands import diff, env_show, ls, show
from repro.cli.commands.rename import command
from repro.model.ids import RUN_REFS
from repro.store.log import WordError
from repro.store.resolve import UnknownRunError
from tests.cli.recorded import Shelf, call, shelf
from tests.repos import Scratch


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    found.put("k")
    found.put("m", minute=1)
    return found


def test_the_new_name_counts_and_the_recorded_one_is_shown(runs: Shelf) -> None:
    before = runs.scratch.refs(RUN_REFS)
    assert call(command, "run-m", "wide net").stderr == "renamed mmmmmmmm run-m: wide net\n"
    lines = call(show.command, "wide net").stdout.splitlines()
    assert lines[0].startswith("wide net  mmmmmmmm")
    assert lines[1] == "recorded as run-m"
    found = json.loads(call(show.command, "@", "--json").stdout)
    assert (found["name"], found["recorded_name"]) == ("wide net", "run-m")
    assert [row.split("\t")[1] for row in call(ls.command).stdout.splitlines()[1:]] == [
        "wide net",
        "run-k",
    ]
    assert len(json.loads(call(ls.command, "name == 'wide net'", "--json").stdout)) == 1
    assert runs.scratch.refs(RUN_REFS) == before


@pytest.mark.usefixtures("runs")
def test_the_old_name_names_nothing_any_more() -> None:
    call(command, "run-m", "wide")
    with pytest.raises(UnknownRunError):
        call(show.command, "run-m")


@pytest.mark.usefixtures("runs")
def test_other_commands_say_the_new_name() -> None:
    call(command, "run-m", "wide")
    assert "wide" in call(diff.command, "run-k", "wide").stdout
    assert call(env_show.command, "wide").stdout.startswith("wide")
    assert json.loads(call(env_show.command, "wide", "--json").stdout)["name"] == "wide"


@pytest.mark.usefixtures("runs")
def test_a_name_that_another_run_has_is_allowed_with_a_warning() -> None:
    done = call(command, "run-m", "run-k")
    assert "warning: kkkkkkkk is called run-k too" in done.stderr
    done = call(command, "@", "kkkkkkkk")
    assert "are the letters of another run" in done.stderr


def test_the_same_name_again_is_no_change(runs: Shelf) -> None:
    assert call(command, "@", "run-m").stderr == "mmmmmmmm run-m is called so already\n"
    assert runs.scratch.refs("refs/repro/log/") == {}


@pytest.mark.parametrize(
    "name", ["", "  ", "a\nb", "\x1b[31m", "@", "@~3", "best:acc", "x" * 201, "\udcff", " x"]
)
def test_a_name_that_cannot_be_typed_is_refused(runs: Shelf, name: str) -> None:
    with pytest.raises(WordError) as caught:
        call(command, "@", name)
    assert caught.value.hint == "such as: repro rename RUN ivory-falcon"
    assert runs.scratch.refs("refs/repro/log/") == {}


def test_a_run_in_progress_is_renamed(runs: Shelf) -> None:
    with runs.running("p"):
        call(command, "pppp", "in the making")
        [head, also, *_] = call(show.command, "in the making").stdout.splitlines()
        assert head.startswith("in the making  pppppppp  running")
        assert also == "recorded as run-p"

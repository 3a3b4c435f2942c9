"""`repro tag`: labels and values on runs, beside the record."""

import json
import sys
from pathlib import Path

import pytest

from repro.cli.commands import ls, show
from repro.cli.commands.tag import NoTagError, TagIsARunError, command
from repro.model.ids import RUN_REFS
from repro.store.log import WordError
from repro.store.resolve import UnknownRunError
from tests.cli.recorded import Shelf, call, shelf
from tests.repos import Scratch


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    found.put("k", run={"tags": {"recorded": "yes"}})
    found.put("m", minute=1, run={"tags": {}})
    return found


@pytest.mark.usefixtures("runs")
def test_a_run_gets_tags_and_lists_them() -> None:
    done = call(command, "@", "baseline", "stage=prod", "eq=a=b")
    assert done.stderr == "tagged mmmmmmmm run-m: baseline, stage=prod, eq=a=b\n"
    assert done.stdout == ""
    assert call(command, "run-m").stdout == "baseline\nstage=prod\neq=a=b\n"


@pytest.mark.usefixtures("runs")
def test_the_last_value_of_a_tag_counts() -> None:
    for value in ("dev", "prod"):
        call(command, "@", f"stage={value}")
    assert call(command, "@").stdout == "stage=prod\n"


def test_the_run_itself_does_not_change(runs: Shelf) -> None:
    before = runs.scratch.refs(RUN_REFS)
    standing = runs.scratch.standing()
    call(command, "@", "baseline")
    assert runs.scratch.refs(RUN_REFS) == before
    assert runs.scratch.standing() == standing


@pytest.mark.usefixtures("runs")
def test_several_runs_are_tagged_at_once() -> None:
    done = call(command, "@", "sweep", "-r", "kkkk", "--run", "run-k")
    assert done.stderr == "tagged mmmmmmmm run-m: sweep\ntagged kkkkkkkk run-k: sweep\n"
    listed = call(command, "@", "-r", "@~1").stdout
    assert listed == "mmmmmmmm\tsweep\nkkkkkkkk\trecorded=yes\nkkkkkkkk\tsweep\n"


@pytest.mark.usefixtures("runs")
def test_a_tag_is_taken_away_a_recorded_one_too() -> None:
    done = call(command, "run-k", "-d", "recorded", "new")
    assert done.stderr == "untagged kkkkkkkk run-k: recorded\ntagged kkkkkkkk run-k: new\n"
    assert call(command, "run-k").stdout == "new\n"
    assert "new   (recorded with recorded=yes)" in call(show.command, "run-k").stdout


@pytest.mark.usefixtures("runs")
def test_a_run_without_tags_says_how_to_give_it_one() -> None:
    done = call(command, "@")
    assert done.stdout == ""
    assert done.stderr == "mmmmmmmm run-m has no tags; to give it one: repro tag mmmmmmmm NAME\n"


@pytest.mark.usefixtures("runs")
def test_tags_are_shown_wherever_runs_are() -> None:
    call(command, "@", "baseline", "stage=prod")
    [run] = json.loads(call(ls.command, "tags.stage == 'prod'", "--json").stdout)
    assert run["tags"] == {"baseline": "", "stage": "prod"}
    assert "baseline, stage=prod" in call(ls.command, terminal=True).stdout
    line = call(ls.command, "'baseline' in tags").stdout.splitlines()[1]
    assert '{"baseline": "", "stage": "prod"}' in line.split("\t")
    shown = json.loads(call(show.command, "@", "--json").stdout)
    assert (shown["tags"], shown["recorded_tags"]) == (run["tags"], {})
    assert "tags         baseline, stage=prod" in call(show.command, "@").stdout


@pytest.mark.usefixtures("runs")
def test_json_has_the_tags_before_and_after_they_change() -> None:
    assert json.loads(call(command, "run-k", "--json").stdout) == [
        {"id": "20260131T080000-kkkkkkkk", "name": "run-k", "tags": {"recorded": "yes"}}
    ]
    [run] = json.loads(call(command, "run-k", "x=1", "--json").stdout)
    assert run["tags"] == {"recorded": "yes", "x": "1"}


@pytest.mark.usefixtures("runs")
def test_a_forgotten_run_is_pointed_out() -> None:
    with pytest.raises(UnknownRunError) as caught:
        call(command, "baseline")
    assert caught.value.hint == "to tag the newest run: repro tag @ baseline"


@pytest.mark.parametrize("word", ["kkkkkkkk", "20260131T080000-kkkkkkkk", "@~1"])
def test_a_second_run_is_no_tag(runs: Shelf, word: str) -> None:
    with pytest.raises(TagIsARunError) as caught:
        call(command, "@", word, "baseline")
    assert caught.value.hint == f"for several runs: repro tag @ NAME -r {word}"
    assert runs.scratch.refs("refs/repro/log/") == {}


@pytest.mark.usefixtures("runs")
def test_a_tag_may_look_like_the_letters_of_no_run() -> None:
    call(command, "@", "snowmoss")
    assert call(command, "@").stdout == "snowmoss\n"


@pytest.mark.usefixtures("runs")
def test_a_mistyped_tag_names_the_nearest() -> None:
    with pytest.raises(NoTagError, match="run run-k has no tag 'recrded'") as caught:
        call(command, "run-k", "-d", "recrded", "other")
    assert caught.value.hint == "did you mean recorded?"
    with pytest.raises(NoTagError, match="none of these runs has a tag 'zzz'") as caught:
        call(command, "run-k", "-r", "@", "-d", "zzz")
    assert caught.value.hint == "repro tag kkkkkkkk"
    assert call(command, "run-k").stdout == "recorded=yes\n"


@pytest.mark.parametrize(
    "text", ["", "=x", "a\nb", "\x1b[31mred", "a=\x1b[31m", "x" * 70_000, "\udcff", "a\u202eb"]
)
def test_a_hostile_tag_is_refused(runs: Shelf, text: str) -> None:
    with pytest.raises(WordError) as caught:
        call(command, "@", text)
    assert caught.value.hint == "such as: repro tag RUN baseline stage=dev"
    assert runs.scratch.refs("refs/repro/log/") == {}


@pytest.mark.usefixtures("runs")
def test_a_secret_in_a_tag_is_not_written_down() -> None:
    done = call(command, "@", "api_key=hunter2hunter2")
    assert "looks like a secret" in done.stderr
    assert "hunter2" not in done.stderr
    assert "hunter2" not in call(command, "@").stdout
    assert "api_key=<redacted:" in call(command, "@").stdout


def test_a_hostile_tag_from_elsewhere_is_shown_harmless(runs: Shelf) -> None:
    event = {
        "id": "00", "at": "2026-01-31T08:00:00+00:00", "writer": "llllllll", "kind": "tag",
        "run": "20260131T080100-mmmmmmmm", "name": "\x1b[31m\ud800", "value": "a\nb\u202e",
    }  # fmt: skip
    tree = runs.scratch.git("mktree", input="")
    oid = runs.scratch.git("commit-tree", tree, "-m", f"x\n\n{json.dumps(event)}")
    runs.scratch.git("update-ref", "refs/repro/log/llllllll", oid)
    for page in (
        call(command, "@").stdout,
        call(show.command, "@").stdout,
        call(show.command, "@", terminal=True).stdout,
        call(ls.command).stdout,
        call(ls.command, terminal=True).stdout,
    ):
        assert "\x1b" not in page
        assert "\u202e" not in page
        assert "\ud800" not in page
    assert r"\x1b[31m\ud800=a\nb\u202e" in call(command, "@").stdout
    [run] = json.loads(call(command, "@", "--json").stdout)
    assert run["tags"] == {"\x1b[31m\ud800": "a\nb\u202e"}


def test_a_run_in_progress_is_tagged(runs: Shelf) -> None:
    with runs.running("p"):
        done = call(command, "pppp", "live", "stage=dev")
        assert done.stderr == "tagged pppppppp run-p: live, stage=dev\n"
        assert call(command, "run-p").stdout == "live\nstage=dev\n"
        assert "tags         live, stage=dev" in call(show.command, "pppp").stdout
        [run] = json.loads(call(ls.command, "'live' in tags", "--json").stdout)
        assert run["status"] == "running"


def test_what_is_said_while_a_run_goes_on_shows_once_it_is_recorded(repo: Scratch) -> None:
    repo.write("tag_me.py", TAG_ME.format(python=sys.executable))
    repo.run_cli("run", "-n", "selfmade", "--", "python3", "tag_me.py")
    [run] = json.loads(repo.run_cli("ls", "--json").stdout)
    assert (run["status"], run["starred"]) == ("finished", True)
    assert run["name"] == "renamed"
    assert run["tags"] == {"halfway": ""}
    assert [note["text"] for note in run["notes"]] == ["loss is falling"]


TAG_ME = """\
import subprocess, sys

def repro(*args):
    subprocess.run([{python!r}, "-m", "repro", *args], check=True)

repro("tag", "selfmade", "halfway")
repro("note", "selfmade", "loss is falling")
repro("star", "selfmade")
repro("rename", "selfmade", "renamed")
repro("note", "renamed")
"""


def test_clones_that_fetch_each_others_logs_agree(repo: Scratch, tmp_path: Path) -> None:
    repo.run_cli("run", "-n", "shared", "--", "true")
    other = repo.clone(tmp_path / "other")
    other.git("fetch", "-q", "origin", "refs/repro/runs/*:refs/repro/runs/*")
    for clone, who in ((repo, "ann"), (other, "bob")):
        env = {"GIT_AUTHOR_NAME": who}
        clone.run_cli("tag", "shared", f"by-{who}", f"stage={who}", env=env)
        clone.run_cli("note", "shared", f"{who} says hello", env=env)
        clone.run_cli("star", "shared", env=env)
        clone.run_cli("rename", "shared", f"name-by-{who}", env=env)
    for clone, source in ((repo, other), (other, repo)):
        clone.git("fetch", "-q", str(source.path), "refs/repro/log/*:refs/repro/log/*")
    here, there = (json.loads(c.run_cli("show", "@", "--json").stdout) for c in (repo, other))
    assert here == there
    assert (here["name"], here["recorded_name"]) == ("name-by-bob", "shared")
    assert here["tags"] == {"by-ann": "", "by-bob": "", "stage": "bob"}
    assert [(note["text"], note["by"].split()[0]) for note in here["notes"]] == [
        ("ann says hello", "ann"),
        ("bob says hello", "bob"),
    ]

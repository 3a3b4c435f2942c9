"""`repro note`: what people write about runs, all of it kept."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from repro.cli.commands import ls, show
from repro.cli.commands.note import command
from repro.cli.editor import EditorError
from repro.model.ids import RUN_REFS
from repro.store.log import WordError
from tests.cli.recorded import TERMINAL, Shelf, call, shelf
from tests.repos import Scratch


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    found.put("k")
    found.put("m", minute=1)
    return found


def texts(run: str = "@") -> list[str]:
    """Returns the notes of a run."""
    [found] = json.loads(call(command, run, "--json").stdout)
    return [note["text"] for note in found["notes"]]


def test_a_note_is_added_and_listed(runs: Shelf) -> None:
    before = runs.scratch.refs(RUN_REFS)
    done = call(command, "@", "overfits after epoch 12")
    assert done.stderr == "noted on mmmmmmmm run-m, which has 1 note\n"
    call(command, "@", "second", "thoughts")
    assert texts() == ["overfits after epoch 12", "second thoughts"]
    assert runs.scratch.refs(RUN_REFS) == before


@pytest.mark.usefixtures("runs")
def test_a_pipe_gets_notes_as_rows() -> None:
    call(command, "@", "one\ntwo")
    head, row = call(command, "@").stdout.splitlines()
    assert head == "id\tat\tby\ttext"
    assert row.split("\t")[2:] == ["Test Author <author@example.org>", r"one\ntwo"]


@pytest.mark.usefixtures("runs")
def test_a_terminal_gets_notes_as_they_were_written() -> None:
    call(command, "@", "one\n  two")
    lines = call(command, "@", terminal=True).stdout.splitlines()
    assert lines == ["run-m  mmmmmmmm", "just now by Test Author", "  one", "    two"]


@pytest.mark.usefixtures("runs")
def test_a_run_without_notes_says_how_to_write_one() -> None:
    done = call(command, "@", terminal=True)
    assert done.stdout == ""
    assert "repro note mmmmmmmm 'TEXT'" in done.stderr


@pytest.mark.usefixtures("runs")
def test_several_runs_get_the_same_note() -> None:
    call(command, "@", "too hot", "-r", "kkkk")
    assert texts() == texts("run-k") == ["too hot"]


@pytest.mark.usefixtures("runs")
def test_notes_are_shown_wherever_runs_are() -> None:
    assert "notes" not in call(ls.command, terminal=True).stdout.splitlines()[0]
    call(command, "@", "overfits after epoch 12")
    call(command, "@", "fixed by dropout")
    head, newest = call(ls.command, terminal=True).stdout.splitlines()[:2]
    assert "notes" in head
    assert "fixed by dropout (+1)" in newest
    [run] = json.loads(call(ls.command, "'overfits' in notes", "--json").stdout)
    assert [note["text"] for note in run["notes"]] == [
        "overfits after epoch 12",
        "fixed by dropout",
    ]
    assert len(json.loads(call(ls.command, "not notes", "--json").stdout)) == 1
    row = call(ls.command, "notes").stdout.splitlines()[1]
    assert r"overfits after epoch 12\nfixed by dropout" in row.split("\t")
    assert json.loads(call(show.command, "@", "--json").stdout)["notes"] == run["notes"]
    assert "  fixed by dropout" in call(show.command, "@").stdout
    column = call(ls.command, "-c", "notes", terminal=True).stdout.splitlines()[1]
    assert column.split(maxsplit=1)[1] == "fixed by dropout (+1)"


def test_a_note_comes_from_standard_input(runs: Shelf) -> None:
    runs.scratch.run_cli("note", "@", "-F", "-", input="line one\r\n\nline three\n\n")
    assert texts() == ["line one\n\nline three"]


def test_a_note_comes_from_a_file(runs: Shelf) -> None:
    path = runs.scratch.write("why.md", "é\n")
    call(command, "@", "--file", str(path))
    assert texts() == ["é"]


def test_a_note_comes_from_gits_editor(runs: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = runs.scratch.write(
        "an editor", '#!/bin/sh\ngrep "run-m" "$2" && echo "from $1" >> "$2"\n', mode=0o755
    )
    monkeypatch.setenv("EDITOR", f"'{editor}' somewhere")
    monkeypatch.setenv("TERM", "xterm")
    call(command, "@", "-e")
    assert texts() == ["from somewhere"]
    assert not list(Path(runs.scratch.path, ".git/repro").glob("edit-*"))


@pytest.mark.parametrize(("editor", "flaw"), [("false", "exit code 1"), ("nowhere", "code 127")])
@pytest.mark.usefixtures("runs")
def test_an_editor_that_fails_leaves_no_note(
    editor: str, flaw: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", editor)
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(EditorError, match=flaw):
        call(command, "@", "-e")
    assert texts() == []


@pytest.mark.usefixtures("runs")
def test_without_an_editor_the_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with pytest.raises(EditorError) as caught:
        call(command, "@", "-e")
    assert "core.editor" in (caught.value.hint or "")


@pytest.mark.usefixtures("runs")
def test_an_edited_note_left_empty_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(WordError, match="the note is empty"):
        call(command, "@", "-e")


def test_what_was_written_is_kept_where_it_cannot_be_noted(
    runs: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = runs.scratch.write("editor", '#!/bin/sh\nhead -c 70000 /dev/zero | tr "\\0" w > $1\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.setenv("TERM", "xterm")
    done = runs.scratch.run_cli("note", "@", "-e", check=False)
    assert done.returncode == 2
    assert "70,000" in done.stderr
    [kept] = Path(runs.scratch.path, ".git/repro").glob("edit-*")
    assert f"what you wrote is kept in {kept}" in done.stderr
    assert kept.read_text() == "w" * 70_000


@pytest.mark.usefixtures("runs")
def test_a_note_has_one_source() -> None:
    with pytest.raises(click.UsageError, match="a note is"):
        command.main(["@", "text", "-e"], standalone_mode=False)


@pytest.mark.parametrize(
    ("text", "flaw"),
    [("", "empty"), (" \n", "empty"), ("x" * 70_000, "70,000"), ("caf\udce9", "UTF-8")],
)
def test_what_is_no_note_is_refused(runs: Shelf, text: str, flaw: str) -> None:
    with pytest.raises(WordError, match=flaw) as caught:
        call(command, "@", text)
    assert (caught.value.hint or "").startswith("such as: repro note RUN")
    assert runs.scratch.refs("refs/repro/log/") == {}


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 70_000, b"x" * 5_000_000])
def test_a_file_that_is_no_note_is_refused(runs: Shelf, content: bytes) -> None:
    path = runs.scratch.write("note", content)
    with pytest.raises(WordError):
        call(command, "@", "-F", str(path))
    assert texts() == []


@pytest.mark.usefixtures("runs")
def test_a_note_with_control_characters_is_shown_harmless() -> None:
    hostile = "\x1b]0;owned\x07\n\x1b[31mred\x00\u202e\ttab"
    call(command, "@", hostile)
    assert texts() == [hostile]
    for page in (
        call(command, "@").stdout,
        call(command, "@", terminal=True).stdout,
        call(show.command, "@").stdout,
        call(show.command, "@", terminal=True).stdout,
        call(ls.command).stdout,
        call(ls.command, terminal=True).stdout,
    ):
        assert not {"\x1b", "\x07", "\x00", "\u202e"} & set(page)
        assert r"\x1b]0;owned" in page


@pytest.mark.usefixtures("runs")
def test_a_secret_in_a_note_is_not_written_down() -> None:
    token = "ghp_" + "aBcdEfGhIjKlMnOpQrStUvWxYz0123456789"
    done = call(command, "@", f"worked with {token} only")
    assert "looks like a secret" in done.stderr
    [text] = texts()
    assert token not in text
    assert text.startswith("worked with <redacted:")


@pytest.mark.usefixtures("runs")
def test_nobody_known_to_git_writes_notes_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
        monkeypatch.delenv(name)
    for key, value in {"COUNT": "1", "KEY_0": "user.useConfigOnly", "VALUE_0": "true"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{key}", value)
    call(command, "@", "by nobody")
    [run] = json.loads(call(command, "@", "--json").stdout)
    assert [(note["by"], note["text"]) for note in run["notes"]] == [("", "by nobody")]
    assert call(command, "@", terminal=True).stdout.splitlines()[1] == "just now"


def test_a_run_in_progress_is_noted(runs: Shelf) -> None:
    with runs.running("p"):
        call(command, "pppp", "loss is falling")
        assert texts("pppp") == ["loss is falling"]


def test_a_long_note_is_cut_in_the_listing(runs: Shelf) -> None:
    runs.scratch.run_cli("note", "@", "w" * 500)
    drawn = runs.scratch.run_cli("ls", env=TERMINAL).stdout
    assert "w" * 29 + "…" in drawn
    assert "w" * 31 not in drawn


_TALK = """\
import sys
from repro.cli.main import main

for number in range(10):
    assert main(["note", "busy", f"{sys.argv[1]}.{number}"]) == 0
"""


@pytest.mark.slow
def test_sixteen_processes_with_ten_notes_each_lose_none(repo: Scratch) -> None:
    repo.run_cli("run", "-n", "busy", "--", "true")
    program = repo.write("talk.py", _TALK)
    talkers = [
        subprocess.Popen((sys.executable, program, str(number)), cwd=repo.path)
        for number in range(16)
    ]
    assert [talker.wait(timeout=120) for talker in talkers] == [0] * 16
    [run] = json.loads(repo.run_cli("note", "busy", "--json").stdout)
    said = [note["text"] for note in run["notes"]]
    assert len(said) == 160
    assert set(said) == {f"{number}.{n}" for number in range(16) for n in range(10)}
    assert len(repo.refs("refs/repro/log/")) == 1
    # Each process' own words are in the order in which it said them.
    for number in range(16):
        own = [text for text in said if text.startswith(f"{number}.")]
        assert own == [f"{number}.{n}" for n in range(10)]

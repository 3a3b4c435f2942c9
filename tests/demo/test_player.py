"""The player shows, types, edits and compares what the scenario says."""

import json
import os
import sys
from pathlib import Path

import pytest

from repro.demo.player import DIGITS, DemoError, Player, Voice
from repro.demo.scenario import SCENARIO, Compare, Edit, Remember, Say, Step, Type
from repro.process import CommandNotFoundError


class Stage:
    """A player in the current directory, and all that it showed."""

    def __init__(self, directory: Path) -> None:
        self.shown: list[tuple[str, Voice]] = []
        self.player = Player(
            str(directory),
            python=sys.executable,
            env=dict(os.environ),
            show=lambda text, voice: self.shown.append((text, voice)),
        )

    def play(self, *steps: Step) -> list[tuple[str, Voice]]:
        self.player.play(steps)
        return self.shown


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.chdir(tmp_path)
    return Stage(tmp_path)


def write_numbers(directory: Path, **numbers: float) -> None:
    (directory / "metrics.json").write_text(json.dumps(numbers))


def test_a_line_is_shown_as_it_is(stage: Stage) -> None:
    assert stage.play(Say("hello")) == [("hello", Voice.TALK)]


def test_a_command_is_shown_and_its_output_passes_through(
    stage: Stage, capfd: pytest.CaptureFixture[str]
) -> None:
    shown = stage.play(Type("python -c 'print(6 * 7)'"))
    assert shown == [("python -c 'print(6 * 7)'", Voice.COMMAND)]
    assert capfd.readouterr().out == "42\n"


def test_a_command_reads_no_input(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    stage.play(Type("python -c 'import sys; print(repr(sys.stdin.read()))'"))
    assert capfd.readouterr().out == "''\n"


def test_python_is_the_interpreter_that_was_given(
    stage: Stage, capfd: pytest.CaptureFixture[str]
) -> None:
    stage.play(Type("python -c 'import sys; print(sys.executable)'"))
    assert capfd.readouterr().out == f"{sys.executable}\n"


def test_a_command_that_fails_ends_the_play(stage: Stage) -> None:
    with pytest.raises(DemoError) as caught:
        stage.play(Type("git frobnicate"), Say("never"))
    assert (caught.value.line, caught.value.exit_code) == ("git frobnicate", 1)
    assert caught.value.hint is not None
    assert stage.player.directory in caught.value.hint
    assert ("never", Voice.TALK) not in stage.shown


def test_a_program_that_is_not_there_is_named(stage: Stage) -> None:
    with pytest.raises(CommandNotFoundError, match="no-such-program"):
        stage.play(Type("no-such-program"))


def test_an_edit_is_made_and_shown_as_the_lines_that_change(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("a: 1\nb: 2\n")
    shown = stage.play(Edit("params.yaml", "b: 2", "b: 3"))
    assert (tmp_path / "params.yaml").read_text() == "a: 1\nb: 3\n"
    assert shown[1:] == [("-b: 2", Voice.REMOVED), ("+b: 3", Voice.ADDED)]


def test_equal_numbers_are_the_same(stage: Stage, tmp_path: Path) -> None:
    write_numbers(tmp_path, accuracy=0.1 + 0.2)
    shown = stage.play(Remember("metrics.json"), Compare("metrics.json"))
    assert stage.player.is_same
    assert shown[-1][1] is Voice.SAME
    assert "0.30000000000000004" in shown[0][0]


def test_the_last_digit_counts(stage: Stage, tmp_path: Path) -> None:
    write_numbers(tmp_path, accuracy=0.1 + 0.2)
    stage.play(Remember("metrics.json"))
    write_numbers(tmp_path, accuracy=0.3)
    shown = stage.play(Compare("metrics.json"))
    assert not stage.player.is_same
    assert shown[-1][1] is Voice.DIFFERENT


def test_a_number_that_is_gone_is_a_difference(stage: Stage, tmp_path: Path) -> None:
    write_numbers(tmp_path, accuracy=0.5, loss=1.0)
    stage.play(Remember("metrics.json"))
    write_numbers(tmp_path, accuracy=0.5)
    stage.play(Compare("metrics.json"))
    assert not stage.player.is_same


def test_every_edit_of_the_scenario_fits_its_file_once() -> None:
    texts: dict[str, str] = {}
    for step in SCENARIO:
        if isinstance(step, Edit):
            text = texts.setdefault(step.path, Path(DIGITS, step.path).read_text())
            assert text.count(step.old) == 1, step
            texts[step.path] = text.replace(step.old, step.new)


def test_the_scenario_uses_commands_that_exist() -> None:
    from repro.cli.group import COMMANDS

    used = {
        step.line.split()[1] for step in SCENARIO if isinstance(step, Type) if "repro " in step.line
    }
    assert used <= set(COMMANDS)

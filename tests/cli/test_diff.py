"""`repro diff`: the verdict first, then each pillar that differs."""

import json

import pytest

from repro.cli.commands.diff import command
from repro.model.run import Pillars
from tests.cli.recorded import Shelf, call, shelf
from tests.compare.samples import entry, environment, package
from tests.repos import Scratch


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    found.put(
        "k",
        params={"lr": 0.1, "old": 1},
        metrics={"acc": 0.8, "loss": 1},
        data=(entry("data.csv", "1" * 32),),
    )
    repo.write("train.py", "print('changed')\n")
    repo.write("params.yaml", "lr: 0.2\n")
    found.put(
        "m",
        minute=1,
        params={"lr": 0.2, "new": 2},
        metrics={"acc": 0.84, "loss": 1},
        data=(entry("data.csv", "2" * 32),),
        environment=environment(packages=(package("numpy", "2.2.0"),)),
        run={"pillars": Pillars("other", "d", "p", "e")},
    )
    return found


@pytest.mark.usefixtures("runs")
def test_the_verdict_comes_first() -> None:
    lines = call(command, "kk").stdout.splitlines()
    assert lines[0] == "run-k kkkkkkkk → run-m mmmmmmmm"
    assert lines[1] == (
        "code changed · data changed (1) · params changed (3) · environment changed (1)"
    )


@pytest.mark.usefixtures("runs")
def test_each_pillar_says_what_changed() -> None:
    text = call(command, "kk", "mm").stdout
    for part in (
        "~  data.csv  11111111 → 22222222  1.0 kB",
        "~  lr   0.1 → 0.2",
        "+  new  2",
        "-  old  1",
        "~  numpy  2.1.0 → 2.2.0",
        "acc   0.8  →  0.84  +0.04  +5.0 %",
        "loss    1  =     1",
    ):
        assert part in text


@pytest.mark.usefixtures("runs")
def test_files_of_other_pillars_are_no_code() -> None:
    text = call(command, "kk").stdout
    assert "train.py" in text
    assert "params.yaml" not in text


@pytest.mark.usefixtures("runs")
def test_the_patch_is_that_of_the_code() -> None:
    text = call(command, "kk", "--patch").stdout
    assert "+print('changed')" in text
    assert "lr: 0.2" not in text
    assert ".repro" not in text


@pytest.mark.usefixtures("runs")
def test_a_run_does_not_differ_from_itself() -> None:
    result = call(command, "kk", "kk", "--exit-code")
    assert "code same · data same · params same · environment same" in result.stdout
    assert result.exit_code == 0


@pytest.mark.usefixtures("runs")
def test_the_exit_code_says_differs_only_when_asked() -> None:
    assert call(command, "kk").exit_code == 0
    assert call(command, "kk", "--exit-code").exit_code == 1
    assert call(command, "kk", "--exit-code", "--json").exit_code == 1


@pytest.mark.usefixtures("runs")
def test_json_has_every_part() -> None:
    found = json.loads(call(command, "kk", "--json").stdout)
    assert found["a"] == "20260131T080000-kkkkkkkk"
    assert found["pillars"] == {
        "code": "changed",
        "data": "changed",
        "params": "changed",
        "environment": "changed",
    }
    assert (
        found["code"]["files"]
        == [{"path": "train.py", "old_path": None, "status": "M", "added": 1, "removed": 5}]
        or found["code"]["files"][0]["path"] == "train.py"
    )
    assert found["params"]["changed"] == {"lr": {"old": 0.1, "new": 0.2}}
    assert found["metrics"]["acc"]["new"] == 0.84
    assert found["same"] is False


@pytest.mark.usefixtures("runs")
def test_a_terminal_gets_the_same_words_as_a_pipe() -> None:
    assert call(command, "kk", terminal=True).stdout == call(command, "kk").stdout


def test_odd_file_names_are_shown_whole(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    found = shelf(repo, monkeypatch)
    found.put("k")
    repo.write("a b\nc\x1b.py", "x = 1\n")
    repo.write("-x.bin", b"\x00\x01")
    found.put("m", minute=1, run={"pillars": Pillars("other", "da7a", "9a9a", "e2e2")})
    text = call(command, "kk").stdout
    assert "A  a b\\nc\\x1b.py" in text
    assert "-x.bin" in text

"""The line that says how far hashing has come: late, on a terminal only, and wiped."""

import sys
from io import StringIO
from pathlib import Path

import pytest

from repro.cli.watching import Watch, watched
from repro.data.progress import Progress
from repro.model.run import Host
from repro.record.request import Surroundings
from tests.cli.terminal import Terminal
from tests.repos import Scratch

_AROUND = Surroundings(env={}, host=Host("host", "user"), author=None)


def test_nothing_is_said_of_what_takes_no_time(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch()
    progress = Progress(watch)
    progress.begin("hashing", 2, 10)
    progress.advance(1, 5)
    watch.clear()
    assert capsys.readouterr().err == ""


def test_what_takes_long_is_said_and_wiped(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch(patience_s=0)
    progress = Progress(watch)
    progress.begin("hashing", 2_000, 10)
    assert "hashing files 0 of 2,000" in capsys.readouterr().err
    watch.clear()
    assert capsys.readouterr().err == "\r\x1b[K"


def test_of_one_large_file_bytes_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(Watch(patience_s=0))
    progress.begin("hashing", 1, 2 * 2**20)
    assert "2.1 MB" in capsys.readouterr().err


def test_where_nobody_watches_there_is_no_listener() -> None:
    with watched(_AROUND, is_quiet=False) as around:
        assert around.listener is None


def test_a_terminal_that_is_gone_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    progress = Progress(Watch(patience_s=0))
    progress.begin("hashing", 2, 10)
    assert progress.n_total == 2


def test_repro_record_says_it_on_a_terminal(repo: Scratch, tmp_path: Path) -> None:
    repo.write(".repro.yaml", "inputs: [data]\n")
    repo.write(".gitignore", "data\n")
    for number in range(50):
        repo.write(f"data/{number}", str(number))
    site = tmp_path / "site"
    site.mkdir()
    (site / "impatient.py").write_text(
        "import sys, repro.cli.watching as w\n"
        "w.Watch.__init__.__kwdefaults__['patience_s'] = 0\n"
        "from repro.cli.main import entry\n"
        "sys.argv = ['repro', *sys.argv[1:]]\n"
        "entry()\n"
    )
    argv = [sys.executable, str(site / "impatient.py"), "record"]
    terminal = Terminal(argv, repo.path)
    screen = terminal.wait_for("recorded")
    assert "data: hashing files" in screen
    assert "\r\x1b[K" in screen
    assert terminal.end() == 0

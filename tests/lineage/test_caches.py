"""What is remembered of commits changes no answer, whatever becomes of the files."""

from pathlib import Path

import pytest

from repro.lineage import known_changes
from repro.lineage.origins import Why
from tests.lineage.history import History, text_with


@pytest.fixture
def remembering(history: History, monkeypatch: pytest.MonkeyPatch) -> History:
    """Two branches, one picked from the other, in a repository where every change is kept."""
    monkeypatch.setattr(known_changes, "_FEW", 0)
    history.commit("text", a=text_with())
    start = history.head()
    for number, letter in enumerate("klm"):
        history.work(letter, a=text_with(**{f"l{number}": letter}))
    history.git("checkout", "-q", "-b", "other", start)
    history.commit("upstream", a=text_with(l25="theirs"), b="1")
    history.git("cherry-pick", "main~2")
    return history


def caches(history: History) -> list[Path]:
    return sorted((history.scratch.path / ".git/repro/cache").iterdir())


def test_the_answer_is_the_same_from_what_is_remembered(remembering: History) -> None:
    first = remembering.found("main..")
    assert [why for _, why in first.values()] == [Why.SAME_CHANGE]
    written = {path.name: path.read_bytes() for path in caches(remembering)}
    assert set(written) >= {"changes-1", "patches-1"}
    assert remembering.found("main..") == first
    assert {path.name: path.read_bytes() for path in caches(remembering)} == written


@pytest.mark.parametrize("damage", ["gone", "cut", "noise", "zeros", "directory"])
def test_damage_is_a_miss(remembering: History, damage: str) -> None:
    first = remembering.found("main..")
    for path in caches(remembering):
        content = path.read_bytes()
        path.unlink()
        match damage:
            case "cut":
                path.write_bytes(content[: len(content) * 2 // 3])
            case "noise":
                path.write_bytes(b"\xff\x00 1 2\n" + content)
            case "zeros":
                path.write_bytes(content[:50] + bytes(len(content) - 50))
            case "directory":
                path.mkdir()
            case _:
                pass
    assert remembering.found("main..") == first
    assert not [path for path in caches(remembering) if path.name.endswith(".tmp")]


def test_where_nothing_can_be_written_nothing_is_remembered(remembering: History) -> None:
    state = remembering.scratch.path / ".git/repro"
    state.mkdir(exist_ok=True)
    (state / "cache").write_text("in the way")
    first = remembering.found("main..")
    assert [why for _, why in first.values()] == [Why.SAME_CHANGE]
    assert (state / "cache").read_text() == "in the way"

"""What a command logged by name: kept whole, whatever it is called."""

from repro.model.gap import GapKind
from repro.reading import get_run
from tests.reading.journals import record_logged
from tests.repos import Scratch


def _kept(repo: Scratch) -> dict[str, bytes]:
    run = get_run(repo=repo.path)
    assert not [gap for gap in run.gaps if gap.kind is GapKind.ARTIFACTS]
    return {artifact.name: artifact.read_bytes() for artifact in run.artifacts.values()}


def test_a_name_may_be_the_directory_of_another(repo: Scratch) -> None:
    texts = {"plots": "a list\n", "plots/roc": "a plot\n", "plots/roc/x": "part of it\n"}
    record_logged(repo, "logged", texts=texts)
    assert _kept(repo) == {name: text.encode() for name, text in texts.items()}


def test_a_small_one_and_a_large_one_below_it_are_both_kept(repo: Scratch) -> None:
    record_logged(repo, "logged", texts={"a": "first\n", "b": "b\n"}, large={"a/big": "model"})
    assert _kept(repo)["a"] == b"first\n"
    assert len(_kept(repo)) == 3

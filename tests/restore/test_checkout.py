"""Checkouts in place: what comes back, what is refused, and the way back."""

from tests.repos import Scratch
from tests.restore.runs import (
    check_out,
    go_back,
    record_run,
    visible_status,
    whole_state,
)


def _without_record(scratch: Scratch) -> dict[str, tuple[int, bytes]]:
    return {p: c for p, c in scratch.contents().items() if not p.startswith(".repro/")}


def test_uncommitted_and_untracked_files_come_back(any_repo: Scratch) -> None:
    any_repo.write("train.py", "changed\n")
    any_repo.write("new/notes.txt", "untracked\n", mode=0o755)
    run = record_run(any_repo)
    any_repo.commit("later")
    any_repo.write("train.py", "much later\n")
    any_repo.commit("much later")
    check_out(any_repo, run)
    assert _without_record(any_repo) == run.contents
    assert visible_status(any_repo) == run.status


def test_the_way_back_restores_everything(any_repo: Scratch) -> None:
    any_repo.write("train.py", "changed\n")
    run = record_run(any_repo)
    any_repo.commit("later")
    any_repo.write("train.py", "half\n")
    any_repo.git("add", "train.py")
    any_repo.write("train.py", "whole\n")
    any_repo.write("scratch.txt", "mine\n")
    before = whole_state(any_repo)
    check_out(any_repo, run, keep=True)
    assert whole_state(any_repo) != before
    go_back(any_repo)
    assert whole_state(any_repo) == before

"""Archives of folded runs, half-written or damaged, and logs."""

from datetime import UTC, datetime

import pytest

from repro.fsck.problem import Kind
from repro.model.event import EventKind
from repro.model.ids import Oid, RefName
from repro.store.archive import fold_runs
from repro.store.log import Word, append_events
from repro.store.writer import current_writer
from tests.fsck.broken import Ward, delete

AT = datetime(2026, 2, 1, tzinfo=UTC)


def fold(ward: Ward, *letters: str) -> str:
    """Folds runs and returns the ref of the archive."""
    runs = [(RefName(ward.ref(x)), Oid(ward.oid(ward.ref(x)))) for x in letters]
    writer = current_writer(ward.repo)
    assert fold_runs(ward.repo, runs, writer=writer, at=AT) == len(letters)
    return f"refs/repro/archive/{writer}"


def test_folded_runs_are_checked_like_others(ward: Ward) -> None:
    blob = ward.oid(f"{ward.ref('l')}:lib/deep/model.py")
    fold(ward, "k", "l")
    report = ward.check()
    assert report.problems == ()
    assert report.n_runs == 3
    delete(ward.loose(blob))
    assert ward.concerned() == {"l"}


def test_a_run_in_both_places_is_a_note_and_folding_is_finished(ward: Ward) -> None:
    oid = ward.oid(ward.ref("l"))
    archive = fold(ward, "k", "l")
    ward.scratch.git("update-ref", ward.ref("l"), oid)
    report = ward.check()
    assert report.is_clean
    (note,) = report.problems
    assert note.reason.startswith("folding was interrupted: 1 run of it")
    assert note.runs == (ward.ids["l"],)
    assert ward.repair() == [f"finished folding 1 run into {archive}"]
    assert ward.check().problems == ()
    assert ward.listed() == {"k", "l", "m"}


@pytest.mark.parametrize("is_first", [True, False])
def test_refs_that_were_dropped_before_the_archive_moved_come_back(
    ward: Ward, is_first: bool
) -> None:
    if not is_first:
        fold(ward, "k")
    archive = fold(ward, "l", "m")
    if is_first:
        ward.scratch.git("update-ref", "-d", archive)
    else:
        ward.scratch.git("update-ref", archive, f"{archive}^1")
    (problem,) = ward.problems()
    assert problem.kind is Kind.ARCHIVE
    assert problem.runs == (ward.ids["l"], ward.ids["m"])
    ward.repair()
    assert ward.check().is_clean
    assert ward.listed() == {"k", "l", "m"}


def test_an_emptied_archive_ref_is_found_again(ward: Ward) -> None:
    fold(ward, "k")
    archive = fold(ward, "l")
    oid = ward.oid(archive)
    (ward.git_dir / archive).write_text("")
    assert Kind.REF in ward.kinds()
    ward.repair()
    assert ward.oid(archive) == oid
    assert ward.check().problems == ()


def test_a_lost_segment_is_made_anew_from_the_runs(ward: Ward) -> None:
    archive = fold(ward, "k", "l")
    delete(ward.loose(ward.oid(f"{archive}:000001.jsonl")))
    (problem,) = ward.problems()
    assert archive in problem.reason
    assert any("anew from its runs" in line for line in ward.repair())
    assert ward.check().problems == ()


@pytest.mark.parametrize("spec", ["", "^{tree}", "^1", ":000001.jsonl"])
def test_a_lost_part_of_an_archive_comes_from_a_remote(ward: Ward, spec: str) -> None:
    fold(ward, "k")
    archive = fold(ward, "l")
    ward.push()
    delete(ward.loose(ward.oid(archive + spec)))
    assert ward.problems() != []
    ward.repair()
    assert ward.check().problems == ()
    assert ward.listed() == {"k", "l", "m"}


def test_a_segment_that_lists_other_runs_than_it_keeps_is_found(ward: Ward) -> None:
    archive = fold(ward, "k", "l")
    text = ward.scratch.git("show", f"{archive}:000001.jsonl").splitlines()
    blob = ward.scratch.git("hash-object", "-w", "--stdin", input=f"{text[0]}\nnoise\n")
    tree = ward.scratch.git("mktree", input=f"100644 blob {blob}\t000001.jsonl\n")
    body = ward.scratch.git("cat-file", "commit", archive)
    body = body.replace(ward.oid(f"{archive}^{{tree}}"), tree)
    commit = ward.scratch.git("hash-object", "-t", "commit", "-w", "--stdin", input=f"{body}\n")
    ward.scratch.git("update-ref", archive, commit)
    reasons = {problem.reason for problem in ward.problems()}
    assert reasons == {
        "000001.jsonl has 1 line of no run",
        "keeps 1 run that it does not list",
    }


def test_a_summary_that_was_changed_in_a_segment_is_found(ward: Ward) -> None:
    archive = fold(ward, "k")
    text = ward.scratch.git("show", f"{archive}:000001.jsonl").replace("run-k", "run-x")
    blob = ward.scratch.git("hash-object", "-w", "--stdin", input=f"{text}\n")
    tree = ward.scratch.git("mktree", input=f"100644 blob {blob}\t000001.jsonl\n")
    body = ward.scratch.git("cat-file", "commit", archive)
    body = body.replace(ward.oid(f"{archive}^{{tree}}"), tree)
    commit = ward.scratch.git("hash-object", "-t", "commit", "-w", "--stdin", input=f"{body}\n")
    ward.scratch.git("update-ref", archive, commit)
    (problem,) = ward.problems()
    assert "lists another summary" in problem.reason


def star(ward: Ward) -> str:
    words = [Word(EventKind.STAR, ward.ids["k"])]
    append_events(ward.repo, words, now=AT, author=None)
    return f"refs/repro/log/{current_writer(ward.repo)}"


def test_a_lost_part_of_a_log_is_named_and_comes_from_a_remote(ward: Ward) -> None:
    star(ward)
    log = star(ward)
    assert ward.check().problems == ()
    ward.push()
    delete(ward.loose(ward.oid(f"{log}^")))
    (problem,) = ward.problems()
    assert log in problem.reason
    ward.repair()
    assert ward.check().problems == ()


def test_lines_of_a_log_that_are_no_words_are_found(ward: Ward) -> None:
    log = star(ward)
    body = ward.scratch.git("cat-file", "commit", log).replace('"star"', '"frobnicate"')
    commit = ward.scratch.git(
        "hash-object", "-t", "commit", "-w", "--stdin", input=body + '\n{"at": 1}\n'
    )
    ward.scratch.git("update-ref", log, commit)
    problem, note = ward.check().problems
    assert problem.reason == "1 line in it that no one can read"
    assert note.is_note
    assert "kind that is not known here" in note.reason

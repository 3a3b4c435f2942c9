"""Folding on the remote: its refs go, its runs stay."""

import pytest

from repro.git.remote_errors import RemoteError
from repro.git.remotes import list_remote_refs
from repro.model.ids import run_ref
from repro.share import fold_remote as module
from repro.share.fold_remote import fold_remote
from repro.store.listing import known_runs
from tests.share.clones import Lab


def test_what_the_archive_holds_needs_no_ref_there(lab: Lab) -> None:
    runs = lab.alice.put_many(4)
    lab.alice.push()
    lab.alice.fold(3)

    done = fold_remote(lab.alice.repo, lab.alice.remote)

    assert (done.n_runs, done.n_refs) == (3, 4)
    assert list(lab.hub.refs("refs/repro/runs/")) == [run_ref(runs[3])]
    lab.bob.pull()
    assert sorted(run.id for run in known_runs(lab.bob.repo)) == runs
    assert fold_remote(lab.alice.repo, lab.alice.remote).n_runs == 0


def test_a_dry_run_only_counts(lab: Lab) -> None:
    lab.alice.put_many(2)
    lab.alice.push()
    lab.alice.fold()
    before = lab.hub.refs()

    assert fold_remote(lab.alice.repo, lab.alice.remote, dry_run=True).n_runs == 2
    assert lab.hub.refs() == before


def test_a_ref_that_names_something_else_stays(lab: Lab) -> None:
    run = lab.alice.put("k")
    lab.alice.fold()
    lab.bob.forge("k", files={"notes.txt": b"another"})
    lab.bob.plant()

    assert fold_remote(lab.alice.repo, lab.alice.remote).n_runs == 0
    assert list(lab.hub.refs("refs/repro/runs/")) == [run_ref(run)]


def test_many_refs_go_in_batches(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH_REFS", 2)
    lab.alice.put_many(5)
    lab.alice.push()
    lab.alice.fold()

    assert fold_remote(lab.alice.repo, lab.alice.remote).n_runs == 5
    assert lab.hub.refs("refs/repro/runs/") == {}


def test_a_remote_that_denies_it_is_named_and_has_lost_nothing(lab: Lab) -> None:
    lab.alice.put_many(2)
    lab.alice.push()
    lab.alice.fold()
    script = "#!/bin/sh\ncase $3 in *[!0]*) exit 0;; esac\nexit 1\n"
    lab.hub.write("hooks/update", script, mode=0o755)

    with pytest.raises(RemoteError, match="does not let"):
        fold_remote(lab.alice.repo, lab.alice.remote)

    assert len(lab.hub.refs("refs/repro/runs/")) == 2


def test_a_ref_deleted_meanwhile_is_no_trouble(lab: Lab) -> None:
    run, _ = lab.alice.put_many(2)
    lab.alice.push()
    lab.alice.fold()
    lab.alice.push()
    # What a second clone that folds the same runs does between asking and deleting.
    real = list_remote_refs
    stale = real(lab.alice.repo, lab.alice.remote, "refs/repro/*")
    lab.hub.git("update-ref", "-d", run_ref(run))
    answers = iter([stale])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            module,
            "list_remote_refs",
            lambda *args, **options: next(answers, None) or real(*args, **options),
        )
        fold_remote(lab.alice.repo, lab.alice.remote)

    assert lab.hub.refs("refs/repro/runs/") == {}

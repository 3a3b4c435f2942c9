"""Pulling: what the remote has and is sound comes here, once."""

import fcntl
import os
import shutil
import threading

from repro.git.refs import list_refs
from repro.git.remotes import list_remote_refs
from repro.git.repository import open_repository
from repro.model.event import EventKind, edits_of
from repro.model.ids import INCOMING_REFS, RunId, run_ref
from repro.share.incoming import quarantine
from repro.store.listing import known_runs, read_listing
from repro.store.log import Word, append_events, read_events
from repro.store.runs import read_record
from repro.store.shared import read_shared
from repro.store.writer import current_writer, own_writers
from tests.repos import Scratch
from tests.share.clones import Clone, Lab
from tests.store.conftest import START


def _ids(clone: Clone) -> list[RunId]:
    return sorted(run.id for run in known_runs(clone.repo))


def test_runs_come_with_records_and_code_and_nothing_else_changes(any_lab: Lab) -> None:
    alice, bob = any_lab.alice, any_lab.bob
    alice.scratch.write("train.py", "# of no branch there\n")
    commit = alice.scratch.commit("unpushed")
    runs = alice.put_many(3)
    alice.push()
    before = bob.scratch.standing(), bob.scratch.git("config", "--list", "--local")

    pulled = bob.pull()

    assert sorted(pulled.runs) == sorted(runs)
    assert pulled.refused == {}
    assert bob.scratch.git("cat-file", "-t", commit) == "commit"
    assert [read_record(bob.repo, x.oid).run.id for x in known_runs(bob.repo)] == runs[::-1]
    assert (bob.scratch.standing(), bob.scratch.git("config", "--list", "--local")) == before
    assert not (bob.scratch.path / ".git/FETCH_HEAD").exists()
    assert bob.scratch.refs(INCOMING_REFS) == {}
    assert read_shared(bob.repo, "origin").runs == frozenset(runs)


def test_a_second_pull_brings_what_is_new(lab: Lab) -> None:
    lab.alice.put("k")
    lab.alice.push()
    lab.bob.pull()
    late = lab.alice.put("l", minute=1)
    lab.alice.push()

    assert list(lab.bob.pull().runs) == [late]
    assert lab.bob.pull().runs == {}


def test_settings_for_the_users_own_fetch_add_nothing(lab: Lab) -> None:
    bob = lab.bob
    lab.alice.scratch.git("tag", "v1")
    lab.alice.scratch.git("branch", "topic")
    lab.alice.scratch.git("push", "--quiet", "origin", "v1", "topic")
    for name in ("fetch.prune", "fetch.pruneTags", "fetch.writeCommitGraph", "fetch.all"):
        bob.scratch.git("config", name, "true")
    bob.scratch.git("config", "remote.origin.tagOpt", "--tags")
    bob.scratch.git("config", "--add", "remote.origin.fetch", "+refs/tags/*:refs/tags/*")
    mine = bob.put("z", minute=9)
    run = lab.alice.put("k")
    lab.alice.push()

    bob.pull()

    assert bob.scratch.refs("refs/tags/") == {}
    assert "refs/remotes/origin/topic" not in bob.scratch.refs()
    assert bob.scratch.runs() == [run_ref(run), run_ref(mine)]


def test_folded_runs_come_as_an_archive(lab: Lab) -> None:
    runs = lab.alice.put_many(4)
    lab.alice.fold(3)
    lab.alice.push()

    pulled = lab.bob.pull()

    assert sorted(pulled.runs) == sorted(runs)
    assert lab.bob.scratch.runs() == [run_ref(runs[3])]
    assert read_listing(lab.bob.repo).n_runs == 4
    assert lab.bob.pull().runs == {}


def test_an_archive_that_grew_is_taken_on(lab: Lab) -> None:
    lab.alice.put_many(2)
    lab.alice.fold()
    lab.alice.push()
    lab.bob.pull()
    more = lab.alice.put_many(2, start=2)
    lab.alice.fold()
    lab.alice.push()

    assert sorted(lab.bob.pull().runs) == more
    assert len(lab.bob.scratch.refs("refs/repro/archive/")) == 1


def test_runs_folded_there_after_they_were_pulled_stay_one_run(lab: Lab) -> None:
    runs = lab.alice.put_many(2)
    lab.alice.push()
    lab.bob.pull()
    lab.alice.fold()
    lab.alice.push()

    assert lab.bob.pull().runs == {}
    assert _ids(lab.bob) == runs


def test_a_run_removed_here_does_not_come_back(lab: Lab) -> None:
    run = lab.alice.put("k")
    lab.alice.push()
    lab.bob.pull()
    oid = lab.bob.scratch.git("rev-parse", run_ref(run))
    lab.bob.scratch.git("update-ref", f"refs/repro/trash/{run}", oid)
    lab.bob.scratch.git("update-ref", "-d", run_ref(run))

    assert lab.bob.pull().runs == {}
    assert lab.bob.scratch.runs() == []


def test_a_removal_is_the_removers_own_affair(lab: Lab) -> None:
    run = lab.alice.put("k")
    lab.alice.fold()
    append_events(lab.alice.repo, [Word(EventKind.REMOVE, run)], now=START, author=None)
    lab.alice.push()

    assert lab.bob.pull().refused == {}
    assert _ids(lab.bob) == [run]
    assert _ids(lab.alice) == []


def test_words_of_all_clones_are_kept(lab: Lab) -> None:
    run = lab.alice.put("k")
    lab.alice.push()
    lab.bob.pull()
    for clone, text in ((lab.alice, "from alice"), (lab.bob, "from bob")):
        words = [Word(EventKind.NOTE, run, value=text)]
        append_events(clone.repo, words, now=START, author=None)
        clone.push()

    lab.alice.pull()
    lab.bob.pull()

    for clone in (lab.alice, lab.bob):
        notes = edits_of(read_events(clone.repo))[run].notes
        assert {note.text for note in notes} == {"from alice", "from bob"}


def test_another_run_with_our_id_is_left_there(lab: Lab) -> None:
    lab.alice.forge("k", files={"notes.txt": b"another"})
    lab.alice.push()
    run = lab.bob.put("k")
    ours = lab.bob.scratch.refs("refs/repro/")

    pulled = lab.bob.pull()

    assert pulled.clashes == (run,)
    assert pulled.runs == {}
    assert lab.bob.scratch.refs("refs/repro/") == ours


def test_another_run_with_our_id_in_an_archive_is_left_there(lab: Lab) -> None:
    lab.alice.forge("k", files={"notes.txt": b"another"})
    good = lab.alice.put("l", minute=1)
    lab.alice.fold()
    lab.alice.push()
    run = lab.bob.put("k")

    pulled = lab.bob.pull()

    assert pulled.clashes == (run,)
    assert list(pulled.runs) == [good]
    assert lab.bob.scratch.refs("refs/repro/archive/") == {}


def test_what_a_killed_pull_left_is_no_run_and_is_cleared(lab: Lab) -> None:
    run = lab.alice.put("k")
    lab.alice.push()
    with quarantine(lab.bob.repo, lab.bob.remote) as incoming:
        theirs = list_remote_refs(lab.bob.repo, lab.bob.remote, "refs/repro/*")
        incoming.fetch(theirs, [run_ref(run)])
        left = lab.bob.scratch.refs(INCOMING_REFS)
    for ref, oid in left.items():
        lab.bob.scratch.git("update-ref", ref, oid)
    assert known_runs(lab.bob.repo) == []

    assert list(lab.bob.pull().runs) == [run]
    assert lab.bob.scratch.refs(INCOMING_REFS) == {}


def test_a_branch_deleted_there_takes_no_run_with_it(lab: Lab) -> None:
    run = lab.alice.put("k")
    lab.alice.push()
    lab.bob.pull()
    lab.bob.scratch.git("fetch", "--quiet", "--prune", "origin")
    lab.bob.scratch.git("gc", "--quiet", "--prune=now")

    assert _ids(lab.bob) == [run]
    assert read_record(lab.bob.repo, known_runs(lab.bob.repo)[0].oid).run.id == run


def test_a_partial_clone_pulls_whole_records(lab: Lab) -> None:
    run = lab.alice.put("k")
    lab.alice.push()
    lab.hub.git("config", "uploadpack.allowFilter", "true")
    url = f"file://{lab.hub.path}"
    target = lab.hub.path.parent / "partial"
    lab.hub.git("clone", "--quiet", "--filter=blob:none", "--no-checkout", url, str(target))
    clone = Clone(Scratch(target), open_repository(str(target)))
    assert list(clone.pull().runs) == [run]
    lab.hub.path.rename(lab.hub.path.with_name("away"))
    assert read_record(clone.repo, known_runs(clone.repo)[0].oid).run.id == run


def _copied(lab: Lab) -> Clone:
    """Copies alice's clone, name and all, as a person does with cp -r."""
    run = lab.alice.put("k")
    append_events(lab.alice.repo, [Word(EventKind.STAR, run)], now=START, author=None)
    target = lab.alice.scratch.path.with_name("copy")
    shutil.copytree(lab.alice.scratch.path, target, symlinks=True)
    return Clone(Scratch(target), open_repository(str(target)))


def test_a_copied_clone_takes_a_name_of_its_own_when_it_pushes(lab: Lab) -> None:
    copy = _copied(lab)
    name = current_writer(copy.repo)
    for clone, letters, text in ((lab.alice, "l", "from alice"), (copy, "m", "from the copy")):
        run = clone.put(letters, minute=1)
        clone.fold()
        words = [Word(EventKind.NOTE, run, value=text)]
        append_events(clone.repo, words, now=START, author=None)
    assert not lab.alice.push().renamed

    result = copy.push()

    assert result.renamed
    assert result.is_complete
    assert current_writer(copy.repo) != name
    assert name in own_writers(copy.repo)
    assert len(lab.hub.refs("refs/repro/archive/")) == 2
    assert len(lab.hub.refs("refs/repro/log/")) == 2
    assert not copy.push().renamed
    for clone in (lab.alice, copy, lab.bob):
        clone.pull()
        assert len(_ids(clone)) == 3
        texts = {x.value for x in read_events(clone.repo) if x.kind is EventKind.NOTE}
        assert texts == {"from alice", "from the copy"}


def test_a_copied_clone_takes_a_name_of_its_own_when_it_pulls(lab: Lab) -> None:
    copy = _copied(lab)
    for clone, letters in ((lab.alice, "l"), (copy, "m")):
        clone.put(letters, minute=1)
        clone.fold()
    lab.alice.push()

    pulled = copy.pull()

    assert pulled.refused == {}
    assert len(_ids(copy)) == 3
    assert len(list_refs(copy.repo, "refs/repro/archive/")) == 2
    copy.push()
    lab.alice.pull()
    assert _ids(lab.alice) == _ids(copy)


def test_a_pull_waits_for_another(lab: Lab) -> None:
    run = lab.alice.put("k")
    lab.alice.push()
    os.makedirs(lab.bob.repo.state_dir, exist_ok=True)
    with open(f"{lab.bob.repo.state_dir}/pull.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done: list[list[RunId]] = []
        other = threading.Thread(target=lambda: done.append(list(lab.bob.pull().runs)))
        other.start()
        other.join(timeout=0.5)
        assert done == []
        assert other.is_alive()
    other.join(timeout=60)
    assert done == [[run]]

"""Pushing: what the remote lacks goes there, and nothing else is touched."""

from pathlib import Path

import pytest

from repro.git.remote_errors import RemoteAccessError, RemoteError
from repro.git.remotes import list_remote_refs
from repro.git.repository import open_repository
from repro.model.event import EventKind
from repro.model.ids import run_ref, short_id
from repro.share.push import plan_push
from repro.share.there import SHARED_REFS
from repro.store.listing import known_runs
from repro.store.log import Word, append_events
from repro.store.shared import read_shared
from tests.repos import Scratch
from tests.share.clones import Clone, Lab
from tests.store.conftest import START


def test_every_run_arrives_with_the_commit_that_it_began_from(any_lab: Lab) -> None:
    alice = any_lab.alice
    alice.scratch.write("train.py", "# of no branch there\n")
    alice.scratch.commit("unpushed")
    runs = [alice.put("k"), alice.put("l", minute=1)]

    result = alice.push()

    assert result.runs == tuple(runs)
    assert result.is_complete
    assert sorted(any_lab.hub.refs("refs/repro/")) == sorted(map(run_ref, runs))
    assert any_lab.hub.git("fsck", "--full", "--strict").strip() == ""
    assert read_shared(alice.repo, "origin").runs == frozenset(runs)


def test_what_is_there_is_not_sent_again(lab: Lab) -> None:
    lab.alice.put("k")
    lab.alice.push()
    late = lab.alice.put("l", minute=1)

    again = lab.alice.push()

    assert again.runs == (late,)
    assert again.n_there == 1
    assert lab.alice.push().runs == ()


def test_only_the_runs_named_go(lab: Lab) -> None:
    chosen = lab.alice.put("k")
    lab.alice.put("l", minute=1)

    assert lab.alice.push(chosen).runs == (chosen,)
    assert list(lab.hub.refs("refs/repro/")) == [run_ref(chosen)]


def test_branches_tags_and_their_push_settings_stay_out_of_it(lab: Lab) -> None:
    scratch = lab.alice.scratch
    scratch.write("train.py", "# local\n")
    scratch.commit("local")
    scratch.git("tag", "-a", "v1", "-m", "v1")
    for setting in ("push.followTags", "remote.origin.mirror", "push.default"):
        scratch.git("config", setting, "matching" if setting == "push.default" else "true")
    scratch.git("config", "--add", "remote.origin.push", "refs/heads/*:refs/heads/*")
    scratch.write(".git/hooks/pre-push", "#!/bin/sh\necho ran > ../pushed\nexit 1\n", mode=0o755)
    before = lab.hub.refs("refs/heads/")
    run = lab.alice.put("k")

    lab.alice.push()

    assert lab.hub.refs("refs/heads/") == before
    assert lab.hub.refs("refs/tags/") == {}
    assert list(lab.hub.refs("refs/repro/")) == [run_ref(run)]
    assert not (scratch.path.parent / "pushed").exists()


def test_git_push_and_pruning_fetch_do_as_before(lab: Lab) -> None:
    alice = lab.alice
    shared, unpushed = alice.put("k"), alice.put("l", minute=1)
    alice.push(shared)
    before = alice.scratch.git("config", "--local", "--list")
    alice.scratch.write("train.py", "# more\n")
    head = alice.scratch.commit("more")

    alice.scratch.git("push", "--quiet", "origin", "main")
    alice.scratch.git("fetch", "--quiet", "--prune", "--prune-tags", "origin")

    assert lab.hub.refs("refs/heads/")["refs/heads/main"] == head
    assert sorted(alice.scratch.runs()) == sorted(map(run_ref, (shared, unpushed)))
    assert alice.scratch.git("config", "--local", "--list") == before


def test_another_run_with_its_id_is_never_overwritten(lab: Lab) -> None:
    lab.alice.forge("k", message=b"another\n\n")
    lab.alice.plant()
    before = lab.hub.refs("refs/repro/")
    run = lab.bob.put("k")

    result = lab.bob.push()

    assert result.clashes == (run,)
    assert not result.is_complete
    assert lab.hub.refs("refs/repro/") == before
    assert read_shared(lab.bob.repo, "origin").runs == frozenset()


def test_a_removed_run_and_one_in_progress_stay_here(lab: Lab) -> None:
    alice = lab.alice
    run = alice.put("k")
    oid = alice.scratch.git("rev-parse", run_ref(run))
    alice.scratch.git("update-ref", f"refs/repro/trash/{run}", oid)
    alice.scratch.git("update-ref", f"refs/repro/live/{run[:-1]}z", oid)
    alice.scratch.git("update-ref", "-d", run_ref(run))

    assert alice.push().runs == ()
    assert lab.hub.refs("refs/repro/") == {}


def test_words_about_runs_go_along(lab: Lab) -> None:
    run = lab.alice.put("k")
    append_events(lab.alice.repo, [Word(EventKind.STAR, run)], now=START, author=None)

    assert lab.alice.push().n_chains == 1
    assert len(lab.hub.refs("refs/repro/log/")) == 1


def test_folded_runs_go_as_an_archive(lab: Lab) -> None:
    runs = lab.alice.put_many(3)
    lab.alice.fold(2)

    result = lab.alice.push()

    assert sorted(result.runs) == sorted(runs)
    assert list(lab.hub.refs("refs/repro/runs/")) == [run_ref(runs[2])]
    assert len(lab.hub.refs("refs/repro/archive/")) == 1
    assert lab.alice.push().n_there == 3


def test_a_folded_run_that_is_named_gets_a_ref_of_its_own_there(lab: Lab) -> None:
    run, _ = lab.alice.put_many(2)
    lab.alice.fold()
    oid = {known.id: known.oid for known in known_runs(lab.alice.repo)}[run]

    from repro.share.push import push_runs

    assert push_runs(lab.alice.repo, lab.alice.remote, {run: oid}).runs == (run,)
    assert lab.hub.refs("refs/repro/") == {run_ref(run): oid}


def test_a_run_that_others_folded_is_not_pushed_anew(lab: Lab) -> None:
    run = lab.alice.put("k")
    lab.alice.push()
    lab.bob.pull()
    lab.bob.fold()
    lab.bob.push()
    lab.hub.git("update-ref", "-d", run_ref(run))

    result = lab.alice.push()

    assert result.runs == ()
    assert lab.hub.refs("refs/repro/runs/") == {}
    assert lab.alice.scratch.refs("refs/repro/incoming/") == {}


def test_a_run_without_its_bytes_is_pushed_and_said_to_lack_them(lab: Lab) -> None:
    run = lab.alice.put("k", with_data=True)

    result = lab.alice.push(data=True)

    assert result.runs == (run,)
    assert list(result.without_data) == [run]
    assert not result.is_complete
    assert list(lab.alice.push(data=True).without_data) == [run], "it goes on to say so"
    assert lab.alice.push(data=False).is_complete


def test_a_hook_that_declines_is_named(lab: Lab) -> None:
    lab.alice.put("k")
    lab.hub.write("hooks/pre-receive", "#!/bin/sh\necho no runs here\nexit 1\n", mode=0o755)

    with pytest.raises(RemoteError) as caught:
        lab.alice.push()

    assert "a hook of the remote declines it" in caught.value.message
    assert "no runs here" in caught.value.details
    assert lab.hub.refs("refs/repro/") == {}


def test_a_hook_may_decline_one_run_and_let_the_others_pass(lab: Lab) -> None:
    bad, good = lab.alice.put_many(2)
    script = f"#!/bin/sh\ncase $1 in *{short_id(bad)}) exit 1;; esac\n"
    lab.hub.write("hooks/update", script, mode=0o755)

    result = lab.alice.push()

    assert result.runs == (good,)
    assert list(result.refused) == [run_ref(bad)]
    assert "hook" in result.refused[run_ref(bad)]


def test_a_quota_is_named(lab: Lab) -> None:
    lab.alice.put("k")
    lab.hub.git("config", "receive.maxInputSize", "10")

    with pytest.raises(RemoteError, match="no room"):
        lab.alice.push()


def test_a_remote_that_hides_these_refs_is_named(lab: Lab) -> None:
    lab.alice.put("k")
    lab.hub.git("config", "transfer.hideRefs", "refs/repro")

    with pytest.raises(RemoteError, match="accepts no refs below refs/repro"):
        lab.alice.push()


def test_a_read_only_remote_is_named(lab: Lab, read_only_hub: None) -> None:
    del read_only_hub
    lab.alice.put("k")

    with pytest.raises(RemoteError, match=r"may not be written|cannot write it") as caught:
        lab.alice.push()

    assert caught.value.hint


def test_a_linked_worktree_pushes_the_same_runs(lab: Lab, tmp_path: Path) -> None:
    run = lab.alice.put("k")
    side = lab.alice.scratch.worktree(tmp_path / "side")
    clone = Clone(side, open_repository(str(side.path)))

    assert clone.push().runs == (run,)


def test_a_shallow_clone_pushes_and_pulls(lab: Lab, tmp_path: Path) -> None:
    lab.alice.scratch.commit("second")
    lab.alice.scratch.git("push", "--quiet", "origin", "main")
    shallow = Scratch(tmp_path / "shallow")
    lab.hub.git("clone", "--quiet", "--depth=1", f"file://{lab.hub.path}", str(shallow.path))
    clone = Clone(shallow, open_repository(str(shallow.path)))
    run = clone.put("k")
    assert clone.push().runs == (run,)
    other = lab.alice.put("l", minute=1)
    lab.alice.push()

    assert list(clone.pull().runs) == [other]
    assert clone.scratch.git("rev-parse", "--is-shallow-repository") == "true"


def test_a_plan_sends_nothing(lab: Lab) -> None:
    run = lab.alice.put("k")
    theirs = list_remote_refs(lab.alice.repo, lab.alice.remote, *SHARED_REFS)

    plan = plan_push(lab.alice.repo, lab.alice.remote, theirs)

    assert list(plan.runs) == [run]
    assert lab.hub.refs("refs/repro/") == {}


def test_runs_of_others_go_on_to_another_remote(lab: Lab, tmp_path: Path) -> None:
    runs = lab.alice.put_many(2)
    lab.alice.fold(1)
    lab.alice.push()
    lab.bob.pull()
    mirror = Scratch(tmp_path / "mirror.git")
    lab.hub.git("init", "--quiet", "--bare", str(mirror.path))
    from repro.git.remotes import find_remote
    from repro.share.push import push_runs

    push_runs(lab.bob.repo, find_remote(lab.bob.repo, str(mirror.path)))

    assert list(mirror.refs("refs/repro/runs/")) == [run_ref(runs[1])]
    assert list(mirror.refs("refs/repro/archive/")) == list(lab.hub.refs("refs/repro/archive/"))


def test_no_access_and_no_repository_are_told_apart(lab: Lab) -> None:
    lab.alice.put("k")
    lab.alice.scratch.git("remote", "set-url", "origin", str(lab.hub.path.parent / "gone"))
    with pytest.raises(RemoteError, match="no git repository at its address"):
        lab.alice.push()
    assert not issubclass(RemoteError, RemoteAccessError)

"""``git push`` takes runs along, and does all else as if there were no hook."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from repro.git.repository import open_repository
from repro.hooks import pre_push
from repro.lineage.belonging import attach
from repro.model.event import EventKind
from repro.model.ids import Oid, RunId, run_ref
from repro.share.pending import read_pending
from repro.store.log import Word, append_events
from repro.store.shared import read_note
from tests.repos import Completed, Scratch, run_program
from tests.share.clones import Clone, Lab, make_hub
from tests.share.conftest import make_immutable
from tests.share.servers import PASSWORD, SSHD, USER, http_server, ssh_server
from tests.store.conftest import START

MAIN = "refs/heads/main"


@pytest.fixture
def lab(repo: Scratch, tmp_path: Path) -> Lab:
    """A bare repository and two clones of it; in Alice's the hook is installed."""
    found = make_hub(repo, tmp_path)
    install(found.alice)
    return found


def install(clone: Clone) -> None:
    """Installs the hook as the installer does, without its guard."""
    program = "import sys; from repro.cli.hook import main; main()"
    script = f"#!/bin/sh\nexec '{sys.executable}' -I -c '{program}' pre-push \"$@\"\n"
    clone.scratch.write(".git/hooks/pre-push", script, mode=0o755)


def push(clone: Clone, *args: str, check: bool = True, **env: str | None) -> Completed:
    """Types ``git push ARGS``."""
    return run_program("git", "push", *args, cwd=clone.scratch.path, check=check, env=env)


def said(done: Completed) -> list[str]:
    """Returns what the hook said."""
    lines = done.stderr.splitlines()
    return [line.removeprefix("repro: ") for line in lines if line.startswith("repro: ")]


def commit(clone: Clone, text: str = "more") -> Oid:
    """Makes a commit of the user's."""
    clone.scratch.write("train.py", f"# {text}\n")
    return Oid(clone.scratch.commit(text))


def commit_and_run(
    clone: Clone, letters: str, *, minute: float = 0, with_data: bool = False
) -> RunId:
    """Makes a commit and a run that begins from it."""
    commit(clone, letters)
    return clone.put(letters, minute=minute, with_data=with_data)


def test_the_runs_of_the_commits_pushed_go_along(lab: Lab) -> None:
    elsewhere = lab.alice.put("z")  # from a commit that the remote has already
    first = commit_and_run(lab.alice, "k", minute=1)
    second = commit_and_run(lab.alice, "l", minute=2)

    done = push(lab.alice, "origin", "main")

    assert lab.hub.runs() == [run_ref(first), run_ref(second)]
    assert lab.hub.refs(MAIN) == {MAIN: lab.alice.scratch.head()}
    assert said(done) == ["pushed 2 runs to origin"]
    assert read_note(lab.alice.repo, "origin").runs == {first, second}
    assert elsewhere not in read_note(lab.alice.repo, "origin").runs
    assert lab.hub.git("fsck", "--strict").strip() == ""


def test_runs_that_were_said_to_belong_to_a_commit_go_with_it_and_so_do_the_words(
    lab: Lab,
) -> None:
    run = lab.alice.put("k")
    made = commit(lab.alice)
    attach(lab.alice.repo, [(made, run)], now=START, author=None)

    push(lab.alice)

    assert lab.hub.runs() == [run_ref(run)]
    assert lab.hub.refs("refs/repro/log/") == lab.alice.scratch.refs("refs/repro/log/")


def test_words_about_runs_that_are_there_go_along_later(lab: Lab) -> None:
    run = commit_and_run(lab.alice, "k")
    push(lab.alice)
    lab.alice.scratch.git("commit", "--quiet", "--amend", "--message", "in other words")
    amended = Oid(lab.alice.scratch.head())
    attach(lab.alice.repo, [(amended, run)], now=START, author=None)

    done = push(lab.alice, "--force")

    assert said(done) == []
    assert lab.hub.refs("refs/repro/log/") == lab.alice.scratch.refs("refs/repro/log/")


def test_nothing_is_said_and_nobody_is_asked_when_all_is_there(lab: Lab) -> None:
    commit_and_run(lab.alice, "k")
    push(lab.alice)
    trace = lab.hub.path.parent / "trace"
    commit(lab.alice)
    made = lab.alice.scratch.head()
    attach(lab.alice.repo, [], now=START, author=None)

    done = push(lab.alice, GIT_TRACE2_EVENT=str(trace))

    assert said(done) == []
    assert lab.hub.refs(MAIN) == {MAIN: made}
    starts = [line for line in trace.read_text().splitlines() if '"event":"start"' in line]
    assert sum("receive-pack" in line for line in starts) == 1, "the user's own"


def test_a_push_that_is_up_to_date_calls_for_nothing(lab: Lab) -> None:
    lab.alice.put("k")
    assert said(push(lab.alice)) == []
    assert lab.hub.runs() == []


def test_the_next_push_of_runs_sends_the_data(dvc_repo: Scratch, tmp_path: Path) -> None:
    hub = Scratch(tmp_path / "hub.git")
    clone_argv = ("git", "clone", "--quiet", "--bare", str(dvc_repo.path), str(hub.path))
    run_program(*clone_argv, cwd=tmp_path)
    dvc_repo.git("remote", "add", "origin", str(hub.path))
    dvc_repo.git("fetch", "--quiet", "origin")
    clone = Clone(dvc_repo, open_repository(str(dvc_repo.path)))
    install(clone)
    dvc_repo.write("made.py", "open('big.bin', 'wb').write(b'x' * 11_000_000)\n")
    dvc_repo.write(".gitignore", "/big.bin\n")
    dvc_repo.commit("made")
    dvc_repo.run_cli("run", "--quiet", "--", sys.executable, "made.py")

    done = push(clone, "origin", "main")

    assert said(done) == ["pushed 1 run to origin; its data is not shared: repro push"]
    assert len(read_pending(clone.repo, "origin", "to-send")) == 1
    pushed = dvc_repo.run_cli("push").stderr
    assert "1 object to the DVC remote here" in pushed
    assert read_pending(clone.repo, "origin", "to-send") == frozenset()


def test_of_data_that_is_not_shared_it_says_how_much(lab: Lab) -> None:
    commit_and_run(lab.alice, "k")
    commit_and_run(lab.alice, "l", minute=1, with_data=True)

    assert said(push(lab.alice)) == [
        "pushed 2 runs to origin; the data of 1 is not shared: repro push"
    ]


@pytest.mark.parametrize("flag", ["--dry-run", "-n", "-fn", "--dry"])
def test_a_dry_run_sends_nothing(lab: Lab, flag: str) -> None:
    commit_and_run(lab.alice, "k")
    done = push(lab.alice, flag, "origin", "main")
    assert said(done) == []
    assert lab.hub.runs() == []


def test_a_word_that_looks_like_a_dry_run_is_none(lab: Lab) -> None:
    commit_and_run(lab.alice, "k")
    lab.hub.git("config", "receive.advertisePushOptions", "true")
    push(lab.alice, "-o", "nothing", "-ono", "--no-dry-run", "origin", "main")
    assert len(lab.hub.runs()) == 1


def test_a_push_without_verifying_takes_nothing_along(lab: Lab) -> None:
    commit_and_run(lab.alice, "k")
    push(lab.alice, "--no-verify")
    assert lab.hub.runs() == []


@pytest.mark.parametrize("scope", ["--local", "once"])
def test_a_setting_turns_it_off(lab: Lab, scope: str) -> None:
    commit_and_run(lab.alice, "k")
    if scope == "once":
        argv = ("git", "-c", "repro.push=off", "push")
        done = run_program(*argv, cwd=lab.alice.scratch.path)
    else:
        lab.alice.scratch.git("config", "repro.push", "off")
        done = push(lab.alice)
    assert said(done) == []
    assert lab.hub.runs() == []


def test_a_push_that_is_refused_leaves_runs_there_whose_code_is_with_them(lab: Lab) -> None:
    run = commit_and_run(lab.alice, "k")
    script = "#!/bin/sh\ncase $1 in refs/heads/*) exit 1;; esac\n"
    lab.hub.write("hooks/update", script, mode=0o755)

    done = push(lab.alice, check=False)

    assert done.returncode == 1
    assert lab.hub.runs() == [run_ref(run)]
    assert lab.hub.git("rev-parse", f"{run_ref(run)}^") == lab.alice.scratch.head()
    (lab.hub.path / "hooks" / "update").unlink()
    assert said(push(lab.alice)) == []


def test_a_push_that_is_known_to_be_no_fast_forward_takes_nothing_along(lab: Lab) -> None:
    commit(lab.bob, "bob's")
    lab.bob.scratch.git("push", "--quiet")
    lab.alice.scratch.git("fetch", "--quiet")
    commit_and_run(lab.alice, "k")

    done = push(lab.alice, check=False)

    assert done.returncode == 1
    assert said(done) == []
    run = lab.alice.scratch.runs()
    push(lab.alice, "--force")
    assert lab.hub.runs() == run


@pytest.mark.parametrize("args", [("--all",), ("--mirror",), ("origin", "refs/repro/*", "main")])
def test_refs_that_go_as_it_is_are_left_to_git(lab: Lab, args: tuple[str, ...]) -> None:
    run = commit_and_run(lab.alice, "k")
    append_events(lab.alice.repo, [Word(EventKind.STAR, run)], now=START, author=None)
    if args == ("--mirror",):
        lab.alice.scratch.git("config", "--unset", "remote.origin.fetch")
        args = ("--mirror", "origin")

    done = push(lab.alice, *args)

    assert done.returncode == 0
    assert "rejected" not in done.stderr
    assert lab.hub.runs() == [run_ref(run)]
    assert lab.hub.refs("refs/repro/log/") == lab.alice.scratch.refs("refs/repro/log/")


def test_deleting_a_branch_takes_nothing_along(lab: Lab) -> None:
    lab.alice.scratch.git("push", "--quiet", "origin", "main:side")
    commit_and_run(lab.alice, "k")
    assert said(push(lab.alice, "--delete", "origin", "side")) == []
    assert lab.hub.runs() == []


def test_a_tag_takes_the_runs_of_its_commits_along(lab: Lab) -> None:
    run = commit_and_run(lab.alice, "k")
    scratch = lab.alice.scratch
    scratch.git("tag", "-a", "v1", "-m", "v1")
    scratch.git("tag", "tree", "HEAD^{tree}")
    scratch.git("tag", "blob", "HEAD:train.py")

    push(lab.alice, "--tags")

    assert lab.hub.runs() == [run_ref(run)]
    assert len(lab.hub.refs("refs/tags/")) == 3


def test_notes_and_runs_pushed_by_name_call_for_nothing(lab: Lab) -> None:
    run = commit_and_run(lab.alice, "k")
    attach(lab.alice.repo, [(Oid(lab.alice.scratch.head()), run)], now=START, author=None)
    assert said(push(lab.alice, "origin", "refs/notes/repro")) == []
    assert lab.hub.runs() == []


def test_each_remote_gets_its_own(lab: Lab, tmp_path: Path) -> None:
    run = commit_and_run(lab.alice, "k")
    backup = Scratch(tmp_path / "backup.git")
    lab.hub.git("init", "--quiet", "--bare", str(backup.path))
    scratch = lab.alice.scratch
    scratch.git("remote", "add", "backup", str(backup.path))
    push(lab.alice)
    scratch.git("config", "remote.pushDefault", "backup")
    scratch.git("config", "push.default", "current")

    done = push(lab.alice)

    assert said(done) == ["pushed 1 run to backup"]
    assert backup.runs() == lab.hub.runs() == [run_ref(run)]


def test_each_of_two_addresses_of_a_remote_gets_them(lab: Lab, tmp_path: Path) -> None:
    run = commit_and_run(lab.alice, "k", with_data=True)
    mirror = Scratch(tmp_path / "mirror.git")
    lab.hub.git("clone", "--quiet", "--bare", str(lab.hub.path), str(mirror.path))
    for path in (lab.hub.path, mirror.path):
        lab.alice.scratch.git("remote", "set-url", "--add", "--push", "origin", str(path))

    done = push(lab.alice)

    assert [line.partition(";")[0] for line in said(done)] == [
        f"pushed 1 run to {lab.hub.path}",
        f"pushed 1 run to {mirror.path}",
    ]
    assert lab.hub.runs() == mirror.runs() == [run_ref(run)]
    assert read_pending(lab.alice.repo, "origin", "to-send") == {run}


def test_a_push_address_of_its_own_is_the_one(lab: Lab, tmp_path: Path) -> None:
    run = commit_and_run(lab.alice, "k")
    fork = Scratch(tmp_path / "fork.git")
    lab.hub.git("clone", "--quiet", "--bare", str(lab.hub.path), str(fork.path))
    lab.alice.scratch.git("config", "remote.origin.pushurl", str(fork.path))

    push(lab.alice)

    assert fork.runs() == [run_ref(run)]
    assert lab.hub.runs() == []


def test_an_address_instead_of_a_name(lab: Lab, tmp_path: Path) -> None:
    first = lab.alice.put("z")  # it is the first push there: every commit is new
    run = commit_and_run(lab.alice, "k", minute=1)
    bare = Scratch(tmp_path / "other.git")
    lab.hub.git("init", "--quiet", "--bare", str(bare.path))

    done = push(lab.alice, str(bare.path), "main")

    assert said(done) == [f"pushed 2 runs to {bare.path}"]
    assert bare.runs() == [run_ref(first), run_ref(run)]
    late = commit_and_run(lab.alice, "l", minute=2)
    assert said(push(lab.alice, str(bare.path), "main")) == [f"pushed 1 run to {bare.path}"]
    assert bare.runs() == [run_ref(first), run_ref(run), run_ref(late)]


def test_the_repository_itself_is_no_remote(lab: Lab) -> None:
    commit_and_run(lab.alice, "k")
    assert said(push(lab.alice, ".", "main:copy")) == []


def test_a_linked_worktree(lab: Lab, tmp_path: Path) -> None:
    side = lab.alice.scratch.worktree(tmp_path / "side")
    clone = Clone(side, open_repository(str(side.path)))
    run = commit_and_run(clone, "k")

    push(clone, "origin", "side")

    assert lab.hub.runs() == [run_ref(run)]


def test_the_runs_of_another_repository_stay_where_they_are(lab: Lab) -> None:
    commit_and_run(lab.bob, "k")
    lab.bob.scratch.git("push", "--quiet", "origin", "main:side")
    lab.alice.scratch.git("fetch", "--quiet", "origin")
    lab.alice.scratch.git("reset", "--quiet", "--hard", "origin/side")
    git_dir = f"--git-dir={lab.alice.scratch.path}/.git"

    # git calls the hook of Alice's repository in the directory of Bob's.
    done = run_program("git", git_dir, "push", "origin", "HEAD:main", cwd=lab.bob.scratch.path)

    assert lab.hub.refs(MAIN) == {MAIN: lab.bob.scratch.head()}
    assert said(done) == []
    assert lab.hub.runs() == []


def test_sha256_and_folded_runs(sha256_repo: Scratch, tmp_path: Path) -> None:
    lab = make_hub(sha256_repo, tmp_path)
    install(lab.alice)
    run = commit_and_run(lab.alice, "k")
    lab.alice.fold()

    assert said(push(lab.alice)) == ["pushed 1 run to origin"]
    assert lab.hub.runs() == [run_ref(run)]


def test_what_is_in_an_archive_there_is_not_sent_anew(lab: Lab) -> None:
    commit_and_run(lab.alice, "k")
    lab.alice.fold()
    lab.alice.push()
    assert said(push(lab.alice)) == []
    assert lab.hub.runs() == []


def test_what_the_remote_has_unbeknown_is_no_news(lab: Lab) -> None:
    commit_and_run(lab.alice, "k")
    lab.alice.plant()

    assert said(push(lab.alice)) == []
    assert len(read_note(lab.alice.repo, "origin").runs) == 1


def test_another_run_of_that_id_there_is_left_as_it_is(lab: Lab) -> None:
    lab.bob.forge("k", message=b"another\n\n")
    lab.bob.plant()
    before = lab.hub.refs("refs/repro/")
    commit_and_run(lab.alice, "k")

    done = push(lab.alice)

    assert "1 run not pushed (origin: it has another run with this id)" in said(done)[0]
    assert lab.hub.refs("refs/repro/") == before
    assert lab.hub.refs(MAIN) == {MAIN: lab.alice.scratch.head()}


def _refuse_hidden(lab: Lab) -> None:
    lab.hub.git("config", "transfer.hideRefs", "refs/repro")


def _refuse_hook(lab: Lab) -> None:
    script = "#!/bin/sh\ncase $1 in refs/repro/*) exit 1;; esac\n"
    lab.hub.write("hooks/update", script, mode=0o755)


def _refuse_name(lab: Lab) -> None:
    lab.hub.git("update-ref", "refs/repro", "HEAD")


@pytest.mark.parametrize("refuse", [_refuse_hidden, _refuse_hook, _refuse_name])
def test_a_remote_that_takes_no_runs_gets_the_commits(lab: Lab, refuse: object) -> None:
    assert callable(refuse)
    refuse(lab)
    commit_and_run(lab.alice, "k")

    done = push(lab.alice)

    (line,) = said(done)
    assert line.startswith("1 run not pushed (origin: ")
    assert line.endswith("git config repro.push off")
    assert lab.hub.refs(MAIN) == {MAIN: lab.alice.scratch.head()}
    assert lab.hub.runs() == []


def test_a_remote_that_is_full_or_read_only_is_no_failure_of_the_hook(lab: Lab) -> None:
    commit_and_run(lab.alice, "k")
    objects = lab.hub.path / "objects"
    if os.geteuid() == 0:
        if not make_immutable(objects, on=True):
            pytest.skip("root can write everywhere, and this file system has no chattr +i")
        done = push(lab.alice, check=False)
        make_immutable(objects, on=False)
    else:
        objects.chmod(0o555)
        done = push(lab.alice, check=False)
        objects.chmod(0o755)
    assert "1 run not pushed (origin: " in said(done)[0]
    assert len(said(done)) == 1
    push(lab.alice)
    assert len(lab.hub.runs()) == 1


def test_without_stdin_a_managers_variables_tell(lab: Lab) -> None:
    run = commit_and_run(lab.alice, "k")
    scratch = lab.alice.scratch
    env = {
        "PRE_COMMIT": "1",
        "PRE_COMMIT_REMOTE_NAME": "origin",
        "PRE_COMMIT_REMOTE_URL": str(lab.hub.path),
        "PRE_COMMIT_LOCAL_BRANCH": MAIN,
        "PRE_COMMIT_REMOTE_BRANCH": MAIN,
    }
    done = scratch.run_cli("hooks", "run", "pre-push", env=env)
    assert said(done) == ["pushed 1 run to origin"]
    assert lab.hub.runs() == [run_ref(run)]

    late = commit_and_run(lab.alice, "l", minute=1)
    ends = {
        "PRE_COMMIT_FROM_REF": scratch.git("rev-parse", "HEAD^"),
        "PRE_COMMIT_TO_REF": scratch.head(),
    }
    scratch.run_cli("hooks", "run", "pre-push", env=env | ends)
    assert lab.hub.runs() == [run_ref(run), run_ref(late)]


def test_a_large_push_is_not_made_twice(lab: Lab) -> None:
    lab.alice.scratch.write("weights.bin", os.urandom(21 << 20))
    commit_and_run(lab.alice, "k")

    done = push(lab.alice)

    assert said(done) == ["1 run not pushed (this push is large as it is): repro push"]
    assert lab.hub.runs() == []


@contextmanager
def silent_server() -> Iterator[str]:
    """Listens, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def call_directly(
    clone: Clone, address: str, monkeypatch: pytest.MonkeyPatch, *, limit_s: float = 1.0
) -> tuple[str, ...]:
    """Calls the hook as for a push to an address; gives the remote little time."""
    from datetime import timedelta

    from repro.hooks.call import HookCall, HookName
    from repro.model.run import Host
    from repro.record.request import Surroundings

    monkeypatch.setattr(pre_push, "LIMIT_S", limit_s)
    row = f"{MAIN} {clone.scratch.head()} {MAIN} {'0' * 40}\n".encode()
    around = Surroundings(env=dict(os.environ), host=Host("h", "u"), author=None)
    args = ("origin", address)
    now = START + timedelta(hours=1)
    return pre_push.before_push(
        HookCall(HookName.PRE_PUSH, args, row, clone.repo, around, now)
    ).lines


def test_of_very_many_runs_the_newest_go(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pre_push, "_MAX_RUNS", 2)
    commit(lab.alice)
    runs = lab.alice.put_many(3)

    lines = call_directly(lab.alice, str(lab.hub.path), monkeypatch, limit_s=20)

    assert lines == ("pushed 2 runs to origin; not 1 more: repro push",)
    assert lab.hub.runs() == [run_ref(run) for run in runs[1:]]


@pytest.mark.parametrize("scheme", ["http", "git", "ssh"])
def test_a_server_that_never_answers_is_given_up_with_all_that_was_started(
    lab: Lab, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_and_run(lab.alice, "k")
    with silent_server() as place:
        address = f"{scheme}://{place}/hub.git"
        lab.alice.scratch.git("remote", "set-url", "origin", address)
        start_s = time.monotonic()
        lines = call_directly(lab.alice, address, monkeypatch)
        took_s = time.monotonic() - start_s
        (line,) = lines
        assert line == (
            "1 run not pushed (origin did not answer in 1 s): repro push;"
            " to leave it to you: git config repro.push off"
        )
        assert took_s < 5
        assert_none_lives_about(place.rpartition(":")[2])
        lines = call_directly(lab.alice, address, monkeypatch)
        assert lines == ("1 run not pushed (origin did not answer the last time): repro push",)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_ends_the_push_ends_all_that_was_started(lab: Lab, number: signal.Signals) -> None:
    commit_and_run(lab.alice, "k")
    scratch = lab.alice.scratch
    row = f"{MAIN} {scratch.head()} {MAIN} {'0' * 40}\n"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        url = f"git://127.0.0.1:{port}/x"
        scratch.git("remote", "set-url", "origin", url)
        argv = (sys.executable, "-m", "repro", "hooks", "run", "pre-push", "origin", url)
        pipe = subprocess.PIPE
        with subprocess.Popen(argv, cwd=scratch.path, stdin=pipe, stderr=pipe, text=True) as hook:
            assert hook.stdin is not None
            hook.stdin.write(row)
            hook.stdin.close()
            server.settimeout(30)
            connection = server.accept()[0]  # git is there, and waits for an answer
            hook.send_signal(number)
            connection.settimeout(30)
            while connection.recv(4096):
                pass  # until its end is closed
            connection.close()
            hook.wait(30)
        assert_none_lives_about(port)


def assert_none_lives_about(text: str) -> None:
    """Fails if a process with a text on its command line lives, unless it is just dying."""
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        with suppress(OSError):  # it has ended
            fd = os.pidfd_open(pid)
            line = Path("/proc", str(pid), "cmdline").read_bytes()
            if text.encode() in line:
                assert select.select([fd], [], [], 5)[0], line
            os.close(fd)


def test_a_remote_that_answers_again_is_asked_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = commit_and_run(lab.alice, "k")
    hub = str(lab.hub.path)
    with silent_server() as place:
        lab.alice.scratch.git("remote", "set-url", "origin", f"git://{place}/x")
        call_directly(lab.alice, f"git://{place}/x", monkeypatch)
    lab.alice.scratch.git("remote", "set-url", "origin", hub)

    done = push(lab.alice, GIT_TRACE="0")  # hours later, for the clock of the call above

    assert said(done) == ["pushed 1 run to origin"]
    assert lab.hub.runs() == [run_ref(run)]


def _askers(base: Path) -> dict[str, str]:
    """Makes programs that would ask; each leaves a file when it is called."""
    asker = base / "asker"
    asker.write_text(f"#!/bin/sh\ntouch '{base}/asked'\necho nothing\n")
    asker.chmod(0o755)
    return {
        "GIT_ASKPASS": str(asker),
        "SSH_ASKPASS": str(asker),
        "SSH_ASKPASS_REQUIRE": "force",
        "DISPLAY": ":9",
        "GIT_TERMINAL_PROMPT": "1",
    }


def test_a_server_that_wants_a_password_is_not_a_reason_to_ask(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_and_run(lab.alice, "k")
    for name, value in _askers(tmp_path).items():
        monkeypatch.setenv(name, value)
    lab.alice.scratch.git("config", "core.askPass", os.environ["GIT_ASKPASS"])
    with http_server(lab.hub.path.parent) as address:
        url = f"{address}/hub.git"
        lab.alice.scratch.git("remote", "set-url", "origin", url)
        lines = call_directly(lab.alice, url, monkeypatch, limit_s=20)
    assert lines == (
        "1 run not pushed (origin: it does not accept your credentials for this): repro push",
    )
    assert not (tmp_path / "asked").exists()


def test_over_http_with_a_credential_helper(lab: Lab) -> None:
    run = commit_and_run(lab.alice, "k")
    lab.hub.git("config", "http.receivepack", "true")
    helper = f"!f() {{ echo username={USER}; echo password={PASSWORD}; }}; f"
    lab.alice.scratch.git("config", "credential.helper", helper)
    with http_server(lab.hub.path.parent) as address:
        lab.alice.scratch.git("remote", "set-url", "origin", f"{address}/hub.git")
        assert said(push(lab.alice)) == ["pushed 1 run to origin"]
        url = address.replace("://", f"://{USER}:{PASSWORD}@") + "/hub.git"
        late = commit_and_run(lab.alice, "l", minute=1)
        done = push(lab.alice, url, "main")
        assert "pushed" in said(done)[0]
        assert PASSWORD not in said(done)[0]
    assert lab.hub.runs() == [run_ref(run), run_ref(late)]


@pytest.mark.skipif(SSHD is None, reason="sshd is not installed: apt-get install openssh-server")
def test_over_ssh_also_where_the_host_or_the_key_is_not_known(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = commit_and_run(lab.alice, "k")
    for name, value in _askers(tmp_path).items():
        monkeypatch.setenv(name, value)
    with ssh_server(tmp_path / "sshd") as server:
        url = f"{server.address}{lab.hub.path}"
        lab.alice.scratch.git("remote", "set-url", "origin", url)
        strict = server.command.replace("=no", "=ask").replace(" -o BatchMode=yes", "")
        lab.alice.scratch.git("config", "core.sshCommand", strict)
        lines = call_directly(lab.alice, url, monkeypatch, limit_s=20)
        assert lines == (
            "1 run not pushed (origin: its host key is not known, or has changed): repro push",
        )
        wrong = server.command.replace("/client", "/host").replace(" -o BatchMode=yes", "")
        monkeypatch.setenv("GIT_SSH_COMMAND", wrong)
        (line,) = call_directly(lab.alice, url, monkeypatch, limit_s=20)
        assert "credentials" in line
        assert not (tmp_path / "asked").exists()
        monkeypatch.setenv("GIT_SSH_COMMAND", server.command)
        assert said(push(lab.alice)) == ["pushed 1 run to origin"]
    assert lab.hub.runs() == [run_ref(run)]

"""Remotes: which one is meant, what git says of it, and what is pushed and fetched."""

import io
from pathlib import Path

import pytest

from repro.git.remote_errors import (
    NoRemoteError,
    RemoteAccessError,
    RemoteBrokenOffError,
    RemoteError,
    RemoteMissingError,
    RemoteUnreachableError,
    UnknownRemoteError,
    explain_refusal,
    remote_error,
)
from repro.git.remotes import RefPush, fetch_refs, find_remote, list_remote_refs, push_refs
from repro.git.repository import Repository, open_repository
from repro.model.ids import Oid, RefName
from tests.repos import Scratch

RUN = RefName("refs/repro/runs/20240506T070809-kkkkkkkk")


@pytest.fixture
def hub(repo: Scratch, tmp_path: Path) -> Scratch:
    """A bare remote of the repository, called origin there."""
    path = tmp_path / "hub.git"
    repo.git("init", "--quiet", "--bare", str(path))
    repo.git("remote", "add", "origin", str(path))
    return Scratch(path)


def _open(repo: Scratch) -> Repository:
    return open_repository(str(repo.path))


def test_without_a_remote_it_says_how_to_add_one(repo: Scratch) -> None:
    with pytest.raises(NoRemoteError) as caught:
        find_remote(_open(repo))
    assert caught.value.hint == "git remote add origin URL"


def test_the_only_remote_is_meant_then_origin_then_the_branchs_own(repo: Scratch) -> None:
    repo.git("remote", "add", "backup", "../backup.git")
    assert find_remote(_open(repo)).name == "backup"
    repo.git("remote", "add", "other", "../other.git")
    with pytest.raises(NoRemoteError) as caught:
        find_remote(_open(repo))
    assert caught.value.details == ("backup", "other")
    repo.git("remote", "add", "origin", "../origin.git")
    assert find_remote(_open(repo)).name == "origin"
    repo.git("config", "branch.main.remote", "backup")
    assert find_remote(_open(repo)).name == "backup"
    repo.git("config", "remote.pushDefault", "other")
    assert find_remote(_open(repo)).name == "backup"
    assert find_remote(_open(repo), to_push=True).name == "other"
    repo.git("config", "branch.main.remote", ".")
    assert find_remote(_open(repo)).name == "origin"


def test_an_address_needs_no_name(repo: Scratch) -> None:
    found = find_remote(_open(repo), "https://ada:secret@example.org/lab.git")
    assert found.name == "https://example.org/lab.git"
    assert found.address == "https://ada:secret@example.org/lab.git"
    assert find_remote(_open(repo), "git@example.org:lab.git").address == "git@example.org:lab.git"


def test_what_is_no_remote_is_said_to_be_none(repo: Scratch) -> None:
    repo.git("remote", "add", "origin", "../origin.git")
    with pytest.raises(UnknownRemoteError) as caught:
        find_remote(_open(repo), "orign")
    assert caught.value.hint == "one of: origin"


@pytest.mark.usefixtures("hub")
def test_a_name_that_looks_like_an_option_is_none(repo: Scratch) -> None:
    with pytest.raises(UnknownRemoteError):
        find_remote(_open(repo), "--upload-pack=touch")


def test_refs_go_there_and_come_back(any_repo: Scratch, tmp_path: Path) -> None:
    path = tmp_path / "hub.git"
    kind = any_repo.git("rev-parse", "--show-object-format")
    any_repo.git("init", "--quiet", "--bare", f"--object-format={kind}", str(path))
    any_repo.git("remote", "add", "origin", str(path))
    repo = _open(any_repo)
    remote = find_remote(repo)
    head = Oid(any_repo.head())
    seen: list[str] = []

    rows = push_refs(
        repo, remote, [RefPush(RUN, None, head)], on_progress=lambda *x: seen.append(x[0])
    )

    assert [(row.ref, row.is_done) for row in rows] == [(RUN, True)]
    assert list_remote_refs(repo, remote, "refs/repro/*") == {RUN: head}
    assert "sending" in seen
    clone = any_repo.clone(tmp_path / "clone")
    clone.git("remote", "set-url", "origin", str(path))
    before = clone.refs()
    fetch_refs(_open(clone), find_remote(_open(clone)), [RUN])
    assert clone.git("cat-file", "-t", head) == "commit"
    assert clone.refs() == before


def test_a_ref_that_is_there_is_not_moved(repo: Scratch, hub: Scratch) -> None:
    opened, remote = _open(repo), find_remote(_open(repo))
    first = Oid(repo.head())
    push_refs(opened, remote, [RefPush(RUN, None, first)])
    later = Oid(repo.commit("later"))  # git itself would move it: it descends from the first

    rows = push_refs(opened, remote, [RefPush(RUN, None, later)])

    assert [(row.is_done, row.was_quicker) for row in rows] == [(False, True)]
    assert hub.refs("refs/repro/") == {RUN: first}
    moved = push_refs(opened, remote, [RefPush(RUN, first, later)])
    assert moved[0].is_done
    assert not push_refs(opened, remote, [RefPush(RUN, first, None)])[0].is_done
    assert push_refs(opened, remote, [RefPush(RUN, later, None)])[0].is_done
    assert hub.refs("refs/repro/") == {}


@pytest.mark.usefixtures("hub")
def test_nothing_to_do_asks_nobody(repo: Scratch) -> None:
    remote = find_remote(_open(repo))
    repo.git("remote", "set-url", "origin", "/nowhere")
    assert push_refs(_open(repo), remote, []) == []
    fetch_refs(_open(repo), remote, [])


def test_a_push_address_is_asked_and_pushed_to(repo: Scratch, hub: Scratch, tmp_path: Path) -> None:
    other = tmp_path / "other.git"
    repo.git("init", "--quiet", "--bare", str(other))
    repo.git("remote", "set-url", "--push", "origin", str(other))
    opened = _open(repo)
    remote = find_remote(opened, to_push=True)
    push_refs(opened, remote, [RefPush(RUN, None, Oid(repo.head()))])
    assert hub.refs() == {}
    assert RUN in list_remote_refs(opened, remote, "refs/repro/*", to_push=True)


def test_no_repository_there(repo: Scratch, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    opened = _open(repo)
    for path in (tmp_path / "plain", tmp_path / "nowhere"):
        with pytest.raises(RemoteMissingError):
            list_remote_refs(opened, find_remote(opened, str(path)))


def test_a_ref_that_is_not_there_cannot_be_fetched(repo: Scratch, hub: Scratch) -> None:
    del hub
    opened = _open(repo)
    with pytest.raises(RemoteError, match="couldn't find remote ref"):
        fetch_refs(opened, find_remote(opened), [RUN])
    assert repo.refs("refs/repro/") == {}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("ssh: Could not resolve hostname x: Name or service not known", RemoteUnreachableError),
        (
            "fatal: unable to access 'https://x/': Failed to connect to x port 443",
            RemoteUnreachableError,
        ),
        ("git@x: Permission denied (publickey).", RemoteAccessError),
        ("Host key verification failed.", RemoteAccessError),
        ("fatal: Authentication failed for 'https://x/'", RemoteAccessError),
        (
            "fatal: could not read Username for 'https://x': terminal prompts disabled",
            RemoteAccessError,
        ),
        ("remote: Permission to o/r.git denied to ada.", RemoteAccessError),
        (
            "fatal: unable to access 'https://x/': The requested URL returned error: 403",
            RemoteAccessError,
        ),
        ("ERROR: Repository not found.", RemoteMissingError),
        ("fatal: '/x' does not appear to be a git repository", RemoteMissingError),
        ("fatal: the remote end hung up unexpectedly", RemoteBrokenOffError),
        ("error: unable to write file: No space left on device", RemoteError),
        ("fatal: something new", RemoteError),
    ],
)
def test_what_git_says_is_told_apart(said: str, kind: type[RemoteError]) -> None:
    error = remote_error("origin", said, 128)
    assert type(error) is kind
    assert error.message.startswith("origin: ")
    assert error.hint


def test_a_password_in_an_address_is_never_said() -> None:
    said = "fatal: unable to access 'https://ada:s3cret@x/r.git/': something\n"
    error = remote_error("origin", said, 128)
    assert "s3cret" not in error.message + str(error.details)


@pytest.mark.parametrize(
    ("reason", "said", "word"),
    [
        ("pre-receive hook declined", "no", "hook"),
        ("unpacker error", "fatal: pack exceeds maximum allowed size", "no room"),
        ("unpacker error", "", "read-only"),
        ("deny updating a hidden ref", "", "refs/repro"),
        ("something else", "", "something else"),
        ("", "", "refused"),
    ],
)
def test_refusals_are_explained(reason: str, said: str, word: str) -> None:
    assert word in explain_refusal(reason, said)


@pytest.mark.usefixtures("hub")
def test_what_a_remote_says_may_be_any_bytes(repo: Scratch, hub: Scratch) -> None:
    hub.write("hooks/pre-receive", b"#!/bin/sh\nprintf '\\377\\200 no\\n'\nexit 1\n", mode=0o755)
    opened = _open(repo)
    rows = push_refs(opened, find_remote(opened), [RefPush(RUN, None, Oid(repo.head()))])
    assert not rows[0].is_done
    assert "no" in rows[0].said
    assert io.StringIO(rows[0].said).read()

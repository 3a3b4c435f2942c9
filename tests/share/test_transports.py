"""The same over real http and real ssh, with the credentials that git has."""

from pathlib import Path

import pytest

from repro.git.remote_errors import RemoteAccessError, RemoteUnreachableError
from repro.git.remotes import find_remote
from repro.model.ids import run_ref
from repro.store.listing import known_runs
from tests.share.clones import Clone, Lab
from tests.share.servers import PASSWORD, SSHD, USER, http_server, ssh_server


def _aim(clone: Clone, address: str) -> None:
    clone.scratch.git("remote", "set-url", "origin", address)


def _shares_all(lab: Lab) -> None:
    runs = lab.alice.put_many(3)
    lab.alice.fold(1)
    assert sorted(lab.alice.push().runs) == runs
    assert sorted(lab.bob.pull().runs) == runs
    assert sorted(run.id for run in known_runs(lab.bob.repo)) == runs
    assert lab.alice.push().runs == ()
    assert lab.bob.pull().runs == {}


def test_over_http_with_a_credential_helper(lab: Lab) -> None:
    lab.hub.git("config", "http.receivepack", "true")
    helper = f"!f() {{ echo username={USER}; echo password={PASSWORD}; }}; f"
    with http_server(lab.hub.path.parent) as address:
        for clone in (lab.alice, lab.bob):
            _aim(clone, f"{address}/hub.git")
            clone.scratch.git("config", "credential.helper", helper)
        _shares_all(lab)


def test_over_http_with_the_password_in_the_address(lab: Lab) -> None:
    lab.hub.git("config", "http.receivepack", "true")
    run = lab.alice.put("k")
    with http_server(lab.hub.path.parent) as address:
        url = address.replace("://", f"://{USER}:{PASSWORD}@") + "/hub.git"
        pushed = lab.alice.scratch.run_cli("push", "--remote", url)
    assert "pushed 1 run" in pushed.stderr
    assert PASSWORD not in pushed.stderr
    notes = Path(lab.alice.repo.state_dir, "remotes").iterdir()
    assert not [note for note in notes if PASSWORD in note.name + note.read_text()]
    assert lab.hub.runs() == [run_ref(run)]


def test_over_http_without_credentials(lab: Lab) -> None:
    lab.alice.put("k")
    with http_server(lab.hub.path.parent) as address:
        _aim(lab.alice, f"{address}/hub.git")
        with pytest.raises(RemoteAccessError, match="credentials"):
            lab.alice.push()
    with pytest.raises(RemoteUnreachableError, match="cannot be reached"):
        lab.alice.push()


def test_over_http_to_a_server_that_takes_no_pushes(lab: Lab) -> None:
    lab.hub.git("config", "http.receivepack", "false")
    lab.alice.put("k")
    with http_server(lab.hub.path.parent) as address:
        url = address.replace("://", f"://{USER}:{PASSWORD}@") + "/hub.git"
        _aim(lab.alice, url)
        with pytest.raises(RemoteAccessError) as caught:
            lab.alice.push()
    assert PASSWORD not in str(caught.value.details) + caught.value.message


@pytest.mark.skipif(SSHD is None, reason="sshd is not installed: apt-get install openssh-server")
def test_over_ssh(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ssh_server(tmp_path / "sshd") as server:
        monkeypatch.setenv("GIT_SSH_COMMAND", server.command)
        for clone in (lab.alice, lab.bob):
            _aim(clone, f"{server.address}{lab.hub.path}")
        _shares_all(lab)
        _aim(lab.alice, f"{server.address}/nowhere.git")
        lab.alice.put("w", minute=30)
        with pytest.raises(Exception, match="no git repository"):
            lab.alice.push()
        monkeypatch.setenv("GIT_SSH_COMMAND", server.command.replace("client", "host"))
        with pytest.raises(RemoteAccessError, match="credentials"):
            lab.alice.push()


def test_an_address_stands_for_the_remote_that_has_it(lab: Lab) -> None:
    assert find_remote(lab.alice.repo, str(lab.hub.path)).name == "origin"

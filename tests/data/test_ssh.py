"""Objects to and from a DVC remote behind a real ssh server, which listens on this machine only."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from repro.data.dvc import fetch
from repro.data.dvc_remotes import present, send
from tests.data.shop import Shop, make_shop
from tests.repos import Scratch, run_program

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

pytestmark = pytest.mark.skipif(SSHD is None, reason="no ssh server is installed")


@dataclass(frozen=True)
class Server:
    """Where it listens, and the file of the key that it knows."""

    port: int
    key: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    pytest.importorskip("dvc_ssh")
    directory = tmp_path_factory.mktemp("sshd")
    for name in ("host", "user"):
        run_program("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", name, cwd=directory)
    found = _free_port()
    settings = {
        "Port": found,
        "ListenAddress": "127.0.0.1",
        "HostKey": directory / "host",
        "AuthorizedKeysFile": directory / "user.pub",
        "PidFile": directory / "pid",
        "StrictModes": "no",
        "UsePAM": "no",
        "PermitRootLogin": "yes",
        "Subsystem": "sftp internal-sftp",
    }
    config = directory / "sshd_config"
    config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)  # where it gives up its rights
    log = directory / "log"
    with open(log, "wb") as file:
        process = subprocess.Popen((str(SSHD), "-D", "-e", "-f", config), stderr=file)
    try:
        _wait_for(found, log)
        yield Server(found, directory / "user")
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(port: int, log: Path) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())


def use(repo: Scratch, server: Server, *, key: Path) -> None:
    user = run_program("id", "-un", cwd=repo.path).stdout.strip()
    path = repo.path.parent / "far"
    repo.write(
        ".dvc/config",
        f"[core]\n    remote = far\n['remote \"far\"']\n    keyfile = {key}\n"
        f"    url = ssh://{user}@127.0.0.1:{server.port}{path}\n",
    )


def test_a_directory_is_sent_and_fetched_whole(
    dvc_repo: Scratch, shop: Shop, server: Server, tmp_path: Path
) -> None:
    use(dvc_repo, server, key=server.key)
    many = shop.capture(dvc_repo.path / "data/many").hash
    sent = send(str(dvc_repo.path), [many], shop.store)
    assert (len(sent.sent), sent.failed) == (5, {})
    assert send(str(dvc_repo.path), [many], shop.store).sent == ()
    assert present(str(dvc_repo.path), [many]) == {many: "far"}
    other = make_shop(tmp_path / "other")
    sizes = {many: 26}
    assert fetch(str(dvc_repo.path), [many], other.store, sizes=sizes).failed == {}
    assert other.store.missing(many) == ()
    assert list((tmp_path / "far").rglob("*.tmp")) == []
    dvc_repo.dvc("fetch", "--quiet", "data/many")


def test_a_key_that_the_server_does_not_know_is_told(
    dvc_repo: Scratch, shop: Shop, server: Server
) -> None:
    use(dvc_repo, server, key=server.key.with_name("host"))
    value = shop.capture(dvc_repo.path / "data/one.csv").hash
    assert "ermission" in send(str(dvc_repo.path), [value], shop.store).failed[value]

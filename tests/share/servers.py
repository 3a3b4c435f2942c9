"""Real servers for git on loopback: http through ``git http-backend``, and ssh through sshd."""

import base64
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

__all__ = ["PASSWORD", "SSHD", "USER", "SshServer", "http_server", "ssh_server"]

USER, PASSWORD = "ada", "s3cret-w0rd"
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
"""The server of Debian's openssh-server; None where it is not installed."""
_PATIENCE_S = 30


class _Handler(BaseHTTPRequestHandler):
    """Hands every request to ``git http-backend``, as a CGI server does."""

    root: Path
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def _serve(self) -> None:
        body = self._body()
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {expected}":
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        env = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "REMOTE_USER": USER,
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        argv = ("git", "http-backend")
        done = subprocess.run(argv, input=body, env=env, capture_output=True, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_POST = _serve  # noqa: N815 - the names are http.server's


@contextmanager
def http_server(root: Path) -> Iterator[str]:
    """Serves the bare repositories below a directory, to who knows the password.

    Yields:
        The address of the server, without user or password.
    """
    handler = type("Handler", (_Handler,), {"root": root})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class SshServer(NamedTuple):
    """A server that lets one key in.

    Attributes:
        address: Of the repositories: ``ssh://...``, without a path.
        command: What git is to use for ssh, in GIT_SSH_COMMAND.
    """

    address: str
    command: str


@contextmanager
def ssh_server(base: Path) -> Iterator[SshServer]:
    """Starts sshd as the user that runs the tests, on a port of its own, with keys of its own."""
    if SSHD is None:
        raise FileNotFoundError("sshd")
    base.mkdir(mode=0o700)
    for name in ("host", "client"):
        make_key = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(base / name))
        subprocess.run(make_key, check=True)
    (base / "authorized").write_bytes((base / "client.pub").read_bytes())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = base / "config"
    config.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {base}/host\nPidFile none\n"
        f"AuthorizedKeysFile {base}/authorized\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where root's sshd shuts itself in
    daemon = (SSHD, "-D", "-e", "-f", str(config))
    with (base / "log").open("wb") as log, subprocess.Popen(daemon, stderr=log) as server:
        try:
            _wait_for(port, server)
            key = f"-i {base}/client -o IdentitiesOnly=yes -o BatchMode=yes"
            known = f"-o UserKnownHostsFile={base}/known -o StrictHostKeyChecking=no"
            yield SshServer(f"ssh://127.0.0.1:{port}", f"ssh -F none {key} {known}")
        finally:
            server.terminate()


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline_s and server.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("sshd does not answer")

"""A package index on this machine that wants a password."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["PASSWORD", "USER", "PrivateIndex", "serve"]

USER, PASSWORD = "me", "hunter2hunter2"


@dataclass
class PrivateIndex:
    """An index that is being served.

    Attributes:
        url: Its address without user and password.
        asked: Paths that were asked for with the right password, in order.
    """

    url: str
    asked: list[str] = field(default_factory=list)

    @property
    def url_with_password(self) -> str:
        return self.url.replace("://", f"://{USER}:{PASSWORD}@")


def _link(wheel: Path) -> str:
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f'<a href="/files/{wheel.name}#sha256={sha256}">{wheel.name}</a>\n'


@contextmanager
def serve(wheels: Path) -> Iterator[PrivateIndex]:
    """Serves the wheels of a directory as PEP 503 says."""
    expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    index = PrivateIndex("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") != expected:
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Basic")
                self.end_headers()
                return
            index.asked.append(self.path)
            body = self._body()
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "x/y")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def _body(self) -> bytes | None:
            parts = self.path.strip("/").split("/")
            if parts[0] == "files" and (wheels / parts[-1]).is_file():
                return (wheels / parts[-1]).read_bytes()
            found = list(wheels.glob(f"{parts[-1].replace('-', '_')}-*.whl"))
            if parts[0] != "simple" or not found:
                return None
            return "".join(map(_link, found)).encode()

        def log_message(self, format: str, *args: object) -> None:
            """Stays silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    index.url = f"http://127.0.0.1:{server.server_port}/simple"
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""A real S3 API on this machine: moto's server, for remotes that a test may do anything to."""

import logging
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.repos import Scratch

__all__ = ["ACCESS_KEY", "SECRET_KEY", "Bucket", "serve_s3", "use_s3"]

ACCESS_KEY = "test-access-key"
SECRET_KEY = "kUoJ3sYqv9dTz1mXw7Lb5NfHc0RgAe2P"


@dataclass(frozen=True)
class Bucket:
    """A bucket.

    Attributes:
        name: Its name.
        url: Where its server listens.
    """

    name: str
    url: str

    def put(self, key: str, content: bytes) -> None:
        """Makes an object."""
        self._ask("PUT", key, content)

    def get(self, key: str) -> bytes:
        """Returns what an object holds."""
        return self._ask("GET", key)

    def delete(self, key: str) -> None:
        """Removes an object."""
        self._ask("DELETE", key)

    def sizes(self) -> dict[str, int]:
        """Returns the size of every object by its key."""
        found: dict[str, int] = {}
        after = ""
        while True:
            root = ET.fromstring(self._ask("GET", f"?list-type=2&start-after={after}"))  # noqa: S314
            contents = root.findall("{*}Contents")
            for item in contents:
                key = item.findtext("{*}Key") or ""
                found[key] = int(item.findtext("{*}Size") or 0)
                after = key
            if root.findtext("{*}IsTruncated") != "true":
                return found

    def keep_versions(self) -> None:
        """Makes the bucket keep every version of every object."""
        status = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        self._ask("PUT", "?versioning", status)

    def remote_url(self, path: str = "some/prefix") -> str:
        """Returns the URL for ``dvc remote add``."""
        return f"s3://{self.name}/{path}"

    def make(self) -> None:
        """Makes the bucket itself."""
        self._ask("PUT", "")

    def _ask(self, method: str, key: str, content: bytes | None = None) -> bytes:
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/{self.name}/{key}".replace("/?", "?"), data=content, method=method
        )
        # The name of a user is all that the server wants to see.
        credential = f"{ACCESS_KEY}/20240506/us-east-1/s3/aws4_request"
        request.add_header("Content-Type", "application/octet-stream")
        request.add_header("Authorization", f"AWS4-HMAC-SHA256 Credential={credential}")
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            read: bytes = answer.read()
        return read


@contextmanager
def serve_s3() -> Iterator[str]:
    """Yields the URL of a server that holds nothing; it ends with the block."""
    server_module = pytest.importorskip("moto.server")
    pytest.importorskip("dvc_s3")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def use_s3(repo: Scratch, bucket: Bucket, *, name: str = "cloud", more: str = "") -> None:
    """Makes a bucket the default DVC remote of a repository.

    Args:
        repo: The repository.
        bucket: Need not exist.
        name: Of the remote.
        more: Further lines for its section in DVC's configuration.
    """
    repo.write(
        ".dvc/config",
        f"[core]\n    analytics = false\n    remote = {name}\n['remote \"{name}\"']\n"
        f"    url = {bucket.remote_url()}\n    endpointurl = {bucket.url}\n{more}",
    )

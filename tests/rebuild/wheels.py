"""Small wheels, an index on loopback that serves them, and projects that need no other to build."""

import base64
import hashlib
import http.server
import shutil
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

__all__ = ["Index", "make_wheel", "serve", "write_project"]

_BACKEND = """
import base64, hashlib, os, pathlib, zipfile

def _wheel(directory, files):
    path = os.path.join(directory, "{name}-0.1-py3-none-any.whl")
    info = "{name}-0.1.dist-info"
    files[info + "/METADATA"] = b"Metadata-Version: 2.1\\nName: {name}\\nVersion: 0.1\\n"
    files[info + "/WHEEL"] = (
        b"Wheel-Version: 1.0\\nGenerator: own\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    )
    rows = []
    with zipfile.ZipFile(path, "w") as wheel:
        for file, content in files.items():
            wheel.writestr(file, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            rows.append("%s,sha256=%s,%d" % (file, digest.decode(), len(content)))
        wheel.writestr(info + "/RECORD", "\\n".join([*rows, info + "/RECORD,,"]) + "\\n")
    return os.path.basename(path)

def build_wheel(directory, config_settings=None, metadata_directory=None):
    return _wheel(directory, {{"{name}.py": pathlib.Path("{name}.py").read_bytes()}})

def build_editable(directory, config_settings=None, metadata_directory=None):
    return _wheel(directory, {{"_{name}.pth": os.getcwd().encode()}})
"""


def make_wheel(
    directory: Path, name: str, version: str = "1.0", *, code: str = "", tag: str = "py3-none-any"
) -> Path:
    """Makes a wheel with one module, and returns its path."""
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    files = {
        f"{module}.py": code or f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    rows = []
    for file, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest())
        rows.append(f"{file},sha256={digest.decode().rstrip('=')},{len(content)}\n")
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{module}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, content in files.items():
            wheel.writestr(file, content)
        wheel.writestr(f"{info}/RECORD", "".join([*rows, f"{info}/RECORD,,\n"]))
    return path


def write_project(directory: Path, name: str, *, code: str = "x = 1\n") -> Path:
    """Writes a project of version 0.1 that brings its own build backend; returns its directory."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.py").write_text(code)
    (directory / "own_backend.py").write_text(_BACKEND.format(name=name))
    (directory / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'own_backend'\nbackend-path = ['.']\n"
        f"[project]\nname = '{name}'\nversion = '0.1'\n"
    )
    return directory


class Index(NamedTuple):
    """A package index on loopback.

    Attributes:
        url: To be given to uv.
        root: What it serves: ``simple/<name>/index.html`` and ``files/``.
    """

    url: str
    root: Path

    def add(self, name: str, version: str = "1.0", *, code: str = "") -> Path:
        """Has it offer a wheel; returns the file that is served."""
        return self.offer(make_wheel(self.root / "files", name, version, code=code), name)

    def offer(self, wheel: Path, name: str) -> Path:
        """Has it offer a wheel that lies in ``files/``."""
        page = self.root / "simple" / name / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        with page.open("a") as file:
            file.write(f'<a href="/files/{wheel.name}#sha256={digest}">{wheel.name}</a>\n')
        return wheel

    def lose(self, name: str) -> None:
        """Has it forget a package, files and all."""
        shutil.rmtree(self.root / "simple" / name)
        for path in (self.root / "files").glob(f"{name.replace('-', '_')}-*"):
            path.unlink()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing: a request is no test's output."""

    def end_headers(self) -> None:
        """Has uv ask again each time: whether the index is there must count."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()


@contextmanager
def serve(root: Path) -> Iterator[Index]:
    """Serves a new index as long as the context lasts; afterwards nobody listens there."""
    (root / "simple").mkdir(parents=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=root))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Index(f"http://127.0.0.1:{server.server_address[1]}/simple", root)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

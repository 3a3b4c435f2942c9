"""Tells interpreters of one version apart: by the digest of their machine code."""

import hashlib
import os

from repro.environment.kept import read_kept, write_kept
from repro.model.environment import Interpreter
from repro.model.lazy_pattern import lazy_pattern

__all__ = ["digest_of_interpreter"]

_LIBRARY = lazy_pattern(rb"lib(?:python|pypy)[\w.-]*\.so[\w.]*")


def digest_of_interpreter(interpreter: Interpreter, *, cache_dir: str) -> str | None:
    """Returns the SHA-256 in hex of an interpreter's binary, None when it cannot be read.

    A binary that loads libpython from its own installation is a few kilobytes that say nothing:
    the library is hashed with it, one after the other, as ``cat python libpython | sha256sum``.

    Args:
        interpreter: Whose executable is read.
        cache_dir: Where the digest is kept while the files stay the same; created when needed.
    """
    if not interpreter.executable:
        return None
    real = os.path.realpath(interpreter.executable)
    name = f"interpreter-1:{real}"
    kept = read_kept(cache_dir, name)
    if isinstance(kept, dict) and kept["state"] == [_stamp(path) for path in kept["files"]]:
        return str(kept["digest"])
    try:
        files, digest = _hashed(real, interpreter.base_prefix)
    except OSError:
        return None
    state = [_stamp(path) for path in files]
    write_kept(cache_dir, name, {"files": files, "state": state, "digest": digest})
    return digest


def _hashed(real: str, base_prefix: str) -> tuple[list[str], str]:
    with open(real, "rb") as stream:
        content = stream.read()
    state = hashlib.sha256(content)
    files = [real]
    if content.startswith(b"\x7fELF"):
        for path in _libraries(content, (f"{base_prefix}/lib", os.path.dirname(real))):
            with open(path, "rb") as stream:
                state.update(stream.read())
            files.append(path)
    return files, state.hexdigest()


def _libraries(binary: bytes, places: tuple[str, ...]) -> list[str]:
    """Returns the libraries of Python that a binary names, where its installation has them."""
    names = sorted({name.decode("ascii") for name in _LIBRARY.findall(binary)})
    paths = (os.path.realpath(f"{place}/{name}") for name in names for place in places)
    return list(dict.fromkeys(path for path in paths if os.path.isfile(path)))


def _stamp(path: str) -> list[int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_size, status.st_ino]

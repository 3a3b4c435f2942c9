"""The digest of an interpreter's machine code."""

import hashlib
import os
import sys
from pathlib import Path

import pytest

from repro.environment.binary import digest_of_interpreter
from repro.environment.probe import probe
from repro.model.environment import Interpreter
from tests.environment.pythons import make_venv


def _sha256(*paths: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def _made_up(directory: Path, binary: bytes) -> Interpreter:
    (directory / "bin").mkdir(exist_ok=True)
    (directory / "bin/python").write_bytes(binary)
    prefix = str(directory)
    return Interpreter("cpython", "3.11.7", "", f"{prefix}/bin/python", prefix, prefix)


def test_a_virtual_environment_has_the_digest_of_its_base(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv")
    base = probe(os.path.realpath(sys.executable), env={})
    cache = str(tmp_path / "cache")
    found = digest_of_interpreter(probe(python, env={}), cache_dir=cache)
    assert found == digest_of_interpreter(base, cache_dir=cache)
    assert found is not None
    assert len(found) == 64


def test_a_binary_alone_is_what_sha256sum_says(tmp_path: Path) -> None:
    interpreter = _made_up(tmp_path, b"\x7fELF binary")
    expected = _sha256(tmp_path / "bin/python")
    assert digest_of_interpreter(interpreter, cache_dir=str(tmp_path / "cache")) == expected


def test_libpython_counts_where_the_binary_loads_it(tmp_path: Path) -> None:
    interpreter = _made_up(tmp_path, b"\x7fELF\0libpython3.11.so.1.0\0")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/libpython3.11.so.1.0").write_bytes(b"one")
    (tmp_path / "lib/libpython3.12.so.1.0").write_bytes(b"of another")
    cache = str(tmp_path / "cache")
    expected = _sha256(tmp_path / "bin/python", tmp_path / "lib/libpython3.11.so.1.0")
    assert digest_of_interpreter(interpreter, cache_dir=cache) == expected
    (tmp_path / "lib/libpython3.11.so.1.0").write_bytes(b"another build")
    assert digest_of_interpreter(interpreter, cache_dir=cache) != expected


def test_a_kept_digest_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter, cache = _made_up(tmp_path, b"\x7fELF"), str(tmp_path / "cache")
    first = digest_of_interpreter(interpreter, cache_dir=cache)
    monkeypatch.setattr("repro.environment.binary._hashed", None)
    assert digest_of_interpreter(interpreter, cache_dir=cache) == first


@pytest.mark.parametrize("executable", ["", "/no/python", "/"])
def test_what_cannot_be_read_has_no_digest(executable: str, tmp_path: Path) -> None:
    interpreter = Interpreter("cpython", "3.11.7", "", executable, "/", "/")
    assert digest_of_interpreter(interpreter, cache_dir=str(tmp_path)) is None

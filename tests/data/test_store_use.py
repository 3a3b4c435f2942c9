"""Who relies on the store is known to others, and never for longer than it lives."""

import os
import subprocess
import sys
from pathlib import Path

from repro.data.store import ObjectStore
from repro.data.store_use import enter_store, is_store_in_use, leave_store

_HOLD = """\
import sys
from repro.data.store import ObjectStore
ObjectStore(sys.argv[1]).has("0" * 32)
print("on", flush=True)
sys.stdin.readline()
"""


def _hold(root: Path) -> "subprocess.Popen[str]":
    argv = (sys.executable, "-c", _HOLD, str(root))
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "on\n"
    return process


def test_a_process_that_looked_for_an_object_uses_the_store_until_it_ends(tmp_path: Path) -> None:
    with _hold(tmp_path) as process:
        assert is_store_in_use(str(tmp_path))
        process.communicate("\n")
    assert not is_store_in_use(str(tmp_path))


def test_a_process_that_was_killed_uses_it_no_more(tmp_path: Path) -> None:
    with _hold(tmp_path) as process:
        process.kill()
    assert not is_store_in_use(str(tmp_path))


def test_what_this_process_relied_on_does_not_count(tmp_path: Path) -> None:
    enter_store(str(tmp_path))
    assert not is_store_in_use(str(tmp_path))
    leave_store(str(tmp_path))


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert not ObjectStore(f"{tmp_path}/none").has("0" * 32)
    assert not (tmp_path / "none").exists()


def test_storing_the_first_object_is_use(tmp_path: Path) -> None:
    store = ObjectStore(f"{tmp_path}/new")
    store.add_bytes(b"first")
    assert os.path.exists(f"{store.root}/in-use")


def test_nobody_waits_while_it_is_found_out(tmp_path: Path) -> None:
    with _hold(tmp_path) as first:
        assert is_store_in_use(str(tmp_path))
        with _hold(tmp_path) as second:
            second.communicate("\n")
        first.communicate("\n")

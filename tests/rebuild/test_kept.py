"""The directory of environments: who may build, use and remove what, and what is left of a kill."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from repro.model.environment import Environment, Package
from repro.model.run import Record
from repro.rebuild.differences import Difference
from repro.rebuild.kept import (
    MARKER,
    EnvironmentInUseError,
    Marker,
    environment_key,
    hold,
    kept_environments,
    read_marker,
    remove_environment,
    write_marker,
)
from tests.rebuild.records import environment_of, with_environment


def _make(home: Path, key: str, **fields: object) -> Path:
    (home / key).mkdir(parents=True)
    marker = Marker(1, 1, key=key, python="3.11.7")._replace(**fields)  # type: ignore[arg-type]
    write_marker(str(home / key), marker)
    return home / key


def test_a_marker_comes_back_as_it_was_written(tmp_path: Path) -> None:
    marker = Marker(3, 2, (Difference("a==1", "gone", "fix it"),), ("mine",), "k", "3.11.7", True)
    write_marker(str(tmp_path), marker)
    assert read_marker(str(tmp_path)) == marker


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"n_packages": 1}', b"\xff"])
def test_a_damaged_marker_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MARKER).write_bytes(content)
    assert read_marker(str(tmp_path)) is None


def test_environments_are_listed_the_longest_unused_first(tmp_path: Path) -> None:
    for age, key in enumerate(["new", "old"]):
        path = _make(tmp_path, key)
        os.utime(path / f"{MARKER}.used", ns=(10**18 - age, 10**18 - age))
    (tmp_path / "half").mkdir()
    _make(tmp_path, "refused", is_refused=True)
    (tmp_path / "old.lock").touch()
    found = kept_environments(str(tmp_path))
    assert [kept.key for kept in found[:2]] == ["old", "new"]
    assert {kept.key: kept.is_finished for kept in found} == {
        "old": True,
        "new": True,
        "half": False,
        "refused": False,
    }
    assert found[0].python_version == "3.11.7"


def test_a_home_that_was_never_made_holds_nothing(tmp_path: Path) -> None:
    assert kept_environments(str(tmp_path / "none")) == ()
    remove_environment(str(tmp_path / "none"), "key")


def test_one_in_use_is_not_removed(tmp_path: Path) -> None:
    path = _make(tmp_path, "key")
    with (
        hold(str(tmp_path), "key", is_shared=True),
        pytest.raises(EnvironmentInUseError, match="environment key is in use"),
    ):
        remove_environment(str(tmp_path), "key")
    assert path.is_dir()
    remove_environment(str(tmp_path), "key")
    assert os.listdir(tmp_path) == []


_HOLD = """
import sys
from repro.rebuild.kept import hold
with hold(*sys.argv[1:]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_who_waited_for_one_that_was_removed_holds_the_new_lock(tmp_path: Path) -> None:
    _make(tmp_path, "key")
    entered = threading.Event()
    waiting = threading.Event()
    release = threading.Event()

    def wait() -> None:
        with hold(str(tmp_path), "key", on_wait=waiting.set):
            entered.set()
            release.wait(20)

    with hold(str(tmp_path), "key"):
        thread = threading.Thread(target=wait)
        thread.start()
        assert waiting.wait(20)
        # As `remove_environment` does while it holds the lock.
        (tmp_path / "key.lock").unlink()
    assert entered.wait(20)
    try:
        with pytest.raises(EnvironmentInUseError):
            remove_environment(str(tmp_path), "key")
    finally:
        release.set()
        thread.join()


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path), "key"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == b"held\n"
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()
    waited: list[bool] = []
    with hold(str(tmp_path), "key", on_wait=lambda: waited.append(True)):
        pass
    assert waited == []


def _with(record: Record, *packages: Package) -> Record:
    environment: Environment = environment_of(record)._replace(packages=packages)
    return with_environment(record, environment)


def test_runs_of_the_same_environment_share_one_wherever_their_code_is(record: Record) -> None:
    other = record._replace(params={"lr": 1}, run=record.run._replace(name="other"))
    key = environment_key(record, "/a")
    assert environment_key(other, "/b") == key
    assert environment_key(other, None) == key


def test_an_environment_is_bound_to_the_tree_that_its_packages_come_from(record: Record) -> None:
    mine = _with(record, Package("mine", "0.1", origin={"url": "./", "editable": "true"}))
    assert environment_key(mine, "/a") != environment_key(mine, "/b")


def test_lock_conda_packages_and_what_was_accepted_make_another_environment(
    record: Record,
) -> None:
    records = (
        record,
        record._replace(lock=b"other"),
        record._replace(conda=b"@EXPLICIT\n"),
        _with(record, Package("alpha", "2")),
    )
    keys = {environment_key(r, None) for r in records}
    keys.add(environment_key(record, None, deviation="3.12 0"))
    assert len(keys) == len(records) + 1


def test_a_marker_is_plain_json_for_others_to_read(tmp_path: Path) -> None:
    path = _make(tmp_path, "key")
    assert json.loads((path / MARKER).read_text())["python"] == "3.11.7"

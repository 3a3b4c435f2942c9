"""Environments built again by the real uv, and held against the ones they are to be."""

import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from repro.environment.ask_uv import find_uv
from repro.environment.packages import scan_packages
from repro.model.run import Record
from repro.rebuild.differences import NotExactError
from repro.rebuild.environment import (
    EnvironmentDirectoryTakenError,
    NotObservedError,
    Rebuilding,
    rebuild,
)
from repro.rebuild.kept import MARKER, hold, kept_environments
from repro.rebuild.request import Rebuilt, Request
from repro.rebuild.verify import site_directories
from tests.environment.pythons import install, make_venv
from tests.rebuild.records import (
    environment_of,
    packages_of,
    record_of,
    request_for,
    with_environment,
)
from tests.rebuild.wheels import Index, make_wheel, write_project

_BUILD_ONE = """
import os, pickle, sys
from repro.rebuild.environment import rebuild
request = pickle.loads(sys.stdin.buffer.read())
built = rebuild(request, talk=lambda line: print(line, file=sys.stderr, flush=True))
print(built.is_new, built.n_identical, built.prefix)
"""


def _build(request: Request) -> Rebuilt:
    return rebuild(request, talk=lambda _: None)


def _module(prefix: str | Path, name: str) -> Path:
    return Path(site_directories(str(prefix))[0], f"{name}.py")


def _freeze(prefix: str | Path) -> str:
    argv = [find_uv(), "-q", "pip", "freeze", "--python", f"{prefix}/bin/python"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def _git_project(directory: Path, name: str) -> str:
    """Makes a project in a git repository of its own; returns what pip installs it by."""
    write_project(directory, name)
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", "-C", str(directory), *command], check=True)
    return f"{name} @ git+{directory.as_uri()}"


def test_the_same_environment_is_built_again(
    record: Record, original: Path, env: dict[str, str], tmp_path: Path
) -> None:
    said: list[str] = []
    built = rebuild(request_for(record, tmp_path, env), talk=said.append)
    assert (built.n_packages, built.n_identical, built.differences) == (3, 3, ())
    assert built.is_new
    assert _freeze(built.prefix) == _freeze(original)
    installed = scan_packages(site_directories(built.prefix))
    assert installed == environment_of(record).packages
    assert said == ["building the environment of calm-fox: 3 packages"]


def test_a_second_request_finds_it_and_builds_nothing(
    record: Record, env: dict[str, str], index: Index, tmp_path: Path
) -> None:
    first = _build(request_for(record, tmp_path, env))
    for name in ("alpha", "beta", "gamma-x"):
        index.lose(name)
    assert _build(request_for(record, tmp_path, env)) == first._replace(is_new=False)


def test_everything_that_can_be_installed_comes_back_from_where_it_came(
    original: Path, env: dict[str, str], tmp_path: Path
) -> None:
    top = tmp_path / "top"
    write_project(top / "editable", "mine")
    write_project(top / "plain", "plain")
    wheel = make_wheel(tmp_path / "wheels", "local-wheel")
    python = f"{original}/bin/python"
    install(python, _git_project(tmp_path / "theirs", "theirs"), str(wheel), str(top / "plain"))
    install(python, "-e", str(top / "editable"))
    record = record_of(python, env=env, cache=tmp_path / "cache", top=str(top))
    assert packages_of(record)["mine"].origin == {"url": "./editable", "editable": "true"}

    built = _build(request_for(record, tmp_path, env, top=str(top)))
    assert built.differences == ()
    assert (built.n_identical, built.n_packages) == (5, 5)  # without the two of the tree
    assert built.from_tree == ("mine", "plain")
    assert _freeze(built.prefix) == _freeze(original)
    code = "import mine; print(mine.__file__)"
    where = subprocess.run([built.python, "-c", code], check=True, capture_output=True, text=True)
    assert where.stdout.strip() == str(top / "editable" / "mine.py")


def test_a_package_of_the_tree_whose_code_is_another_is_not_taken_for_the_same(
    original: Path, env: dict[str, str], tmp_path: Path
) -> None:
    project = write_project(tmp_path / "top", "plain")
    install(f"{original}/bin/python", str(project))
    record = record_of(
        f"{original}/bin/python", env=env, cache=tmp_path / "cache", top=str(project)
    )
    (project / "plain.py").write_text("x = 2\n")
    with pytest.raises(NotExactError) as caught:
        _build(request_for(record, tmp_path, env, top=str(project)))
    (difference,) = caught.value.differences
    assert difference.subject == "plain==0.1"
    assert difference.reason == "another build of the same version: its files differ"


def test_without_a_working_tree_its_packages_are_left_out_and_that_is_told(
    original: Path, env: dict[str, str], tmp_path: Path
) -> None:
    project = write_project(tmp_path / "top", "mine")
    install(f"{original}/bin/python", "-e", str(project))
    record = record_of(
        f"{original}/bin/python", env=env, cache=tmp_path / "cache", top=str(project)
    )
    built = _build(request_for(record, tmp_path, env, top=None))
    assert [d.subject for d in built.differences] == ["mine==0.1"]
    assert (built.from_tree, built.n_identical) == ((), 3)


def test_editing_a_file_changes_no_other_environment_and_not_the_cache(
    record: Record, original: Path, env: dict[str, str], tmp_path: Path
) -> None:
    one = _build(request_for(record, tmp_path, env))
    two = _build(request_for(record, tmp_path, env, directory=str(tmp_path / "two")))
    with _module(one.prefix, "alpha").open("a") as file:
        file.write("# a debugger was here\n")
    three = _build(request_for(record, tmp_path, env, directory=str(tmp_path / "three")))
    for prefix in (two.prefix, three.prefix, original):
        assert "debugger" not in _module(prefix, "alpha").read_text()
    assert _module(one.prefix, "alpha").stat().st_nlink == 1


def test_an_edit_made_since_is_told_when_the_environment_is_used_again(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    built = _build(request_for(record, tmp_path, env))
    _module(built.prefix, "beta").write_text("edited = True\n")
    install(built.python, str(make_wheel(tmp_path / "wheels", "further")))
    again = _build(request_for(record, tmp_path, env))
    assert (again.n_packages, again.n_identical) == (3, 2)
    assert [(d.subject, d.reason) for d in again.differences] == [
        ("beta==1.0", "edited since the environment was built: beta.py"),
        ("further==1.0", "installed here, and not in the run"),
    ]


def test_a_file_that_was_edited_in_uvs_cache_is_fetched_anew(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    # uv asked the index, and so copied nothing edited; offline it would have.
    said: list[str] = []
    request = request_for(record, tmp_path, env)
    with Rebuilding(request, talk=said.append) as rebuilding:
        rebuilding.require_possible()
        rebuilding.install_locked()
        rebuilding.install_from_tree()
        _module(rebuilding.prefix, "alpha").write_text("poison = True\n")
        built = rebuilding.check()
    assert said[-1] == "files that uv's cache holds were edited; fetching anew: alpha"
    assert (built.n_identical, built.differences) == (3, ())
    assert "poison" not in _module(built.prefix, "alpha").read_text()


def test_an_edited_file_that_cannot_be_fetched_anew_is_no_exact_environment(
    record: Record, env: dict[str, str], index: Index, tmp_path: Path
) -> None:
    poisoned = list((tmp_path / "uv-cache").glob("archive-v0/*/alpha.py"))
    assert poisoned
    for path in poisoned:
        path.write_text("poison = True\n")
    for name in ("alpha", "beta", "gamma-x"):
        index.lose(name)
    offline = {**env, "UV_OFFLINE": "1"}
    with pytest.raises(NotExactError) as caught:
        _build(request_for(record, tmp_path, offline))
    (difference,) = caught.value.differences
    assert difference.subject == "alpha==1.0"
    assert difference.reason == "files are not what its wheel holds: alpha.py"
    assert difference.fix == "uv cache clean alpha, and build it again"
    (kept,) = kept_environments(str(tmp_path / "state" / "envs"))
    assert not kept.is_finished  # there to be looked at
    assert os.path.isfile(f"{kept.path}/{MARKER}")


def test_a_refused_environment_is_built_anew_once_the_cause_is_gone(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    def wrong() -> None:
        with Rebuilding(request_for(record, tmp_path, env), talk=lambda _: None) as rebuilding:
            rebuilding.require_possible()
            rebuilding.install_locked()
            install(
                f"{rebuilding.prefix}/bin/python", str(make_wheel(tmp_path / "wheels", "further"))
            )
            rebuilding.check()

    with pytest.raises(NotExactError):
        wrong()
    built = _build(request_for(record, tmp_path, env))
    assert (built.is_new, built.differences) == (True, ())


def test_a_killed_build_is_built_again(record: Record, env: dict[str, str], tmp_path: Path) -> None:
    request = request_for(record, tmp_path, env)
    with Rebuilding(request, talk=lambda _: None) as rebuilding:
        rebuilding.require_possible()
        rebuilding.install_locked()
        prefix = rebuilding.prefix
    _module(prefix, "alpha").unlink()
    Path(prefix, "left-over").touch()
    (kept,) = kept_environments(request.home)
    assert not kept.is_finished
    built = _build(request)
    assert (built.prefix, built.is_new, built.n_identical) == (prefix, True, 3)
    assert not Path(prefix, "left-over").exists()


def test_a_build_that_was_killed_at_its_start_is_built_again(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    request = request_for(record, tmp_path, env)
    child = subprocess.Popen(
        [sys.executable, "-c", _BUILD_ONE], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stderr is not None
    child.stdin.write(pickle.dumps(request))
    child.stdin.close()
    assert child.stderr.readline().startswith(b"building the environment")
    child.kill()
    child.wait()
    child.stderr.close()
    assert [kept for kept in kept_environments(request.home) if kept.is_finished] == []
    built = _build(request)
    assert (built.is_new, built.n_identical, built.differences) == (True, 3, ())


def test_ctrl_c_leaves_nothing_that_looks_finished(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    request = request_for(record, tmp_path, env)

    def interrupt(_: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

    with pytest.raises(KeyboardInterrupt):
        rebuild(request, talk=interrupt)
    assert [kept for kept in kept_environments(request.home) if kept.is_finished] == []
    assert _build(request).is_new


def test_an_environment_whose_interpreter_went_is_built_again(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    built = _build(request_for(record, tmp_path, env))
    Path(built.python).unlink()
    Path(built.python).symlink_to("/gone/python")
    assert _build(request_for(record, tmp_path, env)).is_new


def test_two_processes_that_want_the_same_build_it_once(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    request = pickle.dumps(request_for(record, tmp_path, env))

    def build(_: int) -> str:
        argv = [sys.executable, "-c", _BUILD_ONE]
        done = subprocess.run(argv, input=request, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    with ThreadPoolExecutor(4) as pool:
        said = [line.split() for line in pool.map(build, range(4))]
    assert sorted(words[0] for words in said) == ["False", "False", "False", "True"]
    assert {words[1] for words in said} == {"3"}
    assert len({words[2] for words in said}) == 1


def test_one_that_is_in_use_can_be_used_by_others(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    request = request_for(record, tmp_path, env)
    built = _build(request)
    with hold(request.home, os.path.basename(built.prefix), is_shared=True):  # a shell
        assert not _build(request).is_new


def test_it_is_built_in_a_directory_of_the_users(
    record: Record, original: Path, env: dict[str, str], tmp_path: Path
) -> None:
    directory = tmp_path / "there"
    directory.mkdir()
    built = _build(request_for(record, tmp_path, env, directory=str(directory)))
    assert built.prefix == str(directory)
    assert _freeze(directory) == _freeze(original)


def test_a_directory_that_holds_something_is_left_alone(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "thesis.txt").write_text("mine")
    with pytest.raises(EnvironmentDirectoryTakenError) as caught:
        _build(request_for(record, tmp_path, env, directory=str(tmp_path / "there")))
    assert caught.value.message == f"there is something at {tmp_path}/there"
    assert (tmp_path / "there" / "thesis.txt").read_text() == "mine"


def test_a_failed_build_leaves_nothing_in_a_directory_of_the_users(
    record: Record, env: dict[str, str], index: Index, tmp_path: Path
) -> None:
    for name in ("alpha", "beta", "gamma-x"):
        index.lose(name)
    cold = {**env, "UV_CACHE_DIR": str(tmp_path / "cold")}
    with pytest.raises(NotExactError):
        _build(request_for(record, tmp_path, cold, directory=str(tmp_path / "there")))
    assert not (tmp_path / "there").exists()


def test_an_environment_without_packages_is_built(env: dict[str, str], tmp_path: Path) -> None:
    record = record_of(make_venv(tmp_path / "bare"), env=env, cache=tmp_path / "cache")
    built = _build(request_for(record, tmp_path, env))
    assert (built.n_packages, built.differences) == (0, ())


def test_a_run_without_an_interpreter_has_no_environment_to_build(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    nothing = with_environment(record, environment_of(record)._replace(interpreter=None))
    with pytest.raises(NotObservedError) as caught:
        _build(request_for(nothing, tmp_path, env))
    assert "no Python was seen in run calm-fox" in caught.value.message


@pytest.mark.slow
def test_a_metric_comes_out_the_same_to_the_last_digit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With packages of the real index: compiled code, and a hundred thousand sums."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    env = dict(os.environ)
    python = make_venv(tmp_path / "original", "numpy==2.1.3", "six==1.17.0")
    record = record_of(python, env=env, cache=tmp_path / "cache")
    built = _build(request_for(record, tmp_path, env))
    assert (built.n_identical, built.differences) == (2, ())
    code = (
        "import numpy as np; r = np.random.default_rng(0); x = r.standard_normal((300, 300));"
        "print(float(np.linalg.svd(x @ x.T, compute_uv=False).sum()).hex())"
    )
    results = {
        subprocess.run([p, "-c", code], check=True, capture_output=True).stdout
        for p in (python, built.python)
    }
    assert len(results) == 1

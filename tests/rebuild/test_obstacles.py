"""What keeps an environment from being exact: found, told with its remedy, never glossed over."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from repro.environment.ask_uv import find_uv
from repro.model.environment import Origin, Package
from repro.model.gap import Gap, GapKind
from repro.model.run import Record
from repro.rebuild.differences import Difference, NotExactError
from repro.rebuild.environment import rebuild
from repro.rebuild.kept import kept_environments
from repro.rebuild.request import Rebuilt, Request
from repro.rebuild.uv import UvMissingError
from tests.environment.pythons import install, make_venv
from tests.rebuild.records import (
    environment_of,
    packages_of,
    record_of,
    request_for,
    with_environment,
)
from tests.rebuild.wheels import Index, make_wheel, serve, write_project


def _build(request: Request) -> Rebuilt:
    return rebuild(request, talk=lambda _: None)


def _refused(request: Request) -> tuple[Difference, ...]:
    with pytest.raises(NotExactError) as caught:
        _build(request)
    assert caught.value.exits_with == 4
    assert caught.value.hint == "--inexact builds what can be built, and marks the rest"
    assert [k for k in kept_environments(request.home) if k.is_finished] == []
    return caught.value.differences


def _with_package(record: Record, package: Package) -> Record:
    environment = environment_of(record)
    packages = sorted((*environment.packages, package), key=lambda p: p.name)
    return with_environment(record, environment._replace(packages=tuple(packages)))


def _cold(env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    return {**env, "UV_CACHE_DIR": str(tmp_path / "cold")}


@pytest.fixture
def closed_url() -> str:
    """The URL of an index where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/simple"


def test_a_package_that_left_the_index_is_named(
    record: Record, env: dict[str, str], index: Index, tmp_path: Path
) -> None:
    index.lose("beta")
    (difference,) = _refused(request_for(record, tmp_path, _cold(env, tmp_path)))
    assert difference.subject == "beta==1.0"
    root = index.url.removesuffix("/simple")
    gone = f"{root}/files/beta-1.0-py3-none-any.whl"
    assert difference.reason == f"it is gone from the index: {gone}"
    assert difference.fix == ("UV_INDEX=<an index that has this version> repro env create kkkkllll")


def test_all_packages_that_left_the_index_are_named_at_once(
    record: Record, env: dict[str, str], index: Index, tmp_path: Path
) -> None:
    index.lose("beta")
    index.lose("gamma-x")
    found = _refused(request_for(record, tmp_path, _cold(env, tmp_path)))
    assert [difference.subject for difference in found] == ["beta==1.0", "gamma-x==1.0"]


def test_what_is_missing_is_marked_when_that_is_accepted(
    record: Record, env: dict[str, str], index: Index, tmp_path: Path
) -> None:
    index.lose("beta")
    request = request_for(record, tmp_path, _cold(env, tmp_path), is_inexact_accepted=True)
    built = _build(request)
    assert (built.n_packages, built.n_identical) == (3, 2)
    assert [difference.subject for difference in built.differences] == ["beta==1.0"]
    assert _build(request) == built._replace(is_new=False)
    # Whoever asks for the exact one does not get this one.
    with pytest.raises(NotExactError):
        _build(request._replace(is_inexact_accepted=False))


def test_another_index_that_has_the_same_file_is_as_good(
    record: Record, env: dict[str, str], index: Index, tmp_path: Path
) -> None:
    index.lose("beta")
    with serve(tmp_path / "mirror") as mirror:
        mirror.add("beta")
        cold = {**_cold(env, tmp_path), "UV_INDEX": mirror.url}
        built = _build(request_for(record, tmp_path, cold))
    assert (built.n_identical, built.differences) == (3, ())


def test_another_file_of_the_same_version_is_not_taken_for_it(
    record: Record, env: dict[str, str], index: Index, tmp_path: Path
) -> None:
    index.lose("beta")
    index.add("beta", code="rebuilt = True\n")
    (difference,) = _refused(request_for(record, tmp_path, _cold(env, tmp_path)))
    assert difference == Difference(
        "beta==1.0", "another build of the same version: its files differ"
    )


def test_a_cold_cache_without_a_network_is_told_for_each_package(
    original: Path, env: dict[str, str], tmp_path: Path, closed_url: str
) -> None:
    with serve(tmp_path / "other") as other:
        for name in ("alpha", "beta", "gamma-x"):
            other.add(name)
        online = {**_cold(env, tmp_path), "UV_DEFAULT_INDEX": other.url}
        record = record_of(f"{original}/bin/python", env=online, cache=tmp_path / "cache")
    offline = {**env, "UV_CACHE_DIR": str(tmp_path / "colder"), "UV_DEFAULT_INDEX": closed_url}
    found = _refused(request_for(record, tmp_path, offline))
    assert [difference.subject for difference in found] == [
        "alpha==1.0",
        "beta==1.0",
        "gamma-x==1.0",
    ]
    assert all(d.reason.startswith("the network does not answer (http://127.0.0.1:") for d in found)
    assert all(d.reason.endswith("and uv's cache does not hold it") for d in found)
    assert found[0].fix == "repro env create kkkkllll, with the network at hand"


def test_uvs_cache_serves_without_a_network_even_without_hashes(
    original: Path, env: dict[str, str], tmp_path: Path, index: Index
) -> None:
    # `uv pip install NAME` filled it, which keeps no hash.
    record = record_of(f"{original}/bin/python", env=env, cache=tmp_path / "cache")
    for name in ("alpha", "beta", "gamma-x"):
        index.lose(name)
    built = _build(request_for(record, tmp_path, {**env, "UV_OFFLINE": "1"}))
    assert (built.n_identical, built.differences) == (3, ())


def test_a_local_version_without_its_index_is_told_with_the_command(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    found = _refused(
        request_for(_with_package(record, Package("torchy", "2.1.0+cu121", "d")), tmp_path, env)
    )
    assert found == (
        Difference(
            "torchy==2.1.0+cu121",
            "no index that is set up has it",
            "UV_INDEX=https://download.pytorch.org/whl/cu121 repro env create kkkkllll",
        ),
    )


def test_a_local_version_comes_from_the_users_own_index(
    record: Record, original: Path, env: dict[str, str], tmp_path: Path
) -> None:
    links = tmp_path / "links"
    install(f"{original}/bin/python", str(make_wheel(links, "torchy", "2.1.0+cu121")))
    recorded = record_of(f"{original}/bin/python", env=env, cache=tmp_path / "cache")
    torchy = packages_of(recorded)["torchy"]._replace(origin=None)  # as if from an index
    mine = _with_package(record, torchy)
    # As pip is set up, where uv is not.
    pip = {"PIP_INDEX_URL": env["UV_DEFAULT_INDEX"], "PIP_FIND_LINKS": str(links)}
    mine_env = {n: v for n, v in env.items() if n != "UV_DEFAULT_INDEX"} | pip
    built = _build(request_for(mine, tmp_path, mine_env))
    assert (built.n_identical, built.n_packages, built.differences) == (4, 4, ())


def test_a_build_for_another_platform_is_told(
    record: Record, env: dict[str, str], index: Index, tmp_path: Path
) -> None:
    wheel = make_wheel(index.root / "files", "winny", tag="cp311-cp311-win_amd64")
    lock = (record.lock or b"") + (
        b'\n[[packages]]\nname = "winny"\nversion = "1.0"\nwheels = [{ url = "'
        + f"{index.url.removesuffix('/simple')}/files/{wheel.name}".encode()
        + b'", hashes = { sha256 = "'
        + b"ab" * 32
        + b'" } }]\n'
    )
    mine = _with_package(record, Package("winny", "1.0", "d"))._replace(lock=lock)
    (difference,) = _refused(request_for(mine, tmp_path, env))
    assert difference.subject == "winny==1.0"
    assert difference.reason == "it has no wheel for this platform, and no source"


def test_a_commit_that_is_gone_is_told(original: Path, env: dict[str, str], tmp_path: Path) -> None:
    theirs = write_project(tmp_path / "theirs", "theirs")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", "-C", str(theirs), *command], check=True)
    install(f"{original}/bin/python", f"theirs @ git+{theirs.as_uri()}")
    record = record_of(f"{original}/bin/python", env=env, cache=tmp_path / "cache")
    commit = (packages_of(record)["theirs"].origin or {})["commit"]
    for command in (
        ["commit", "-q", "--amend", "--allow-empty", "-m", "y"],
        ["reflog", "expire", "--expire=all", "--all"],
        ["gc", "-q", "--prune=now"],
    ):
        subprocess.run(["git", "-C", str(theirs), *command], check=True)
    (difference,) = _refused(request_for(record, tmp_path, _cold(env, tmp_path)))
    assert difference == Difference(
        "theirs==0.1",
        f"its commit is gone from {theirs.as_uri()}",
        f"push {commit[:12]} to {theirs.as_uri()}, or make that reachable",
    )


def test_a_repository_that_is_gone_is_told(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    origin = {"url": f"file://{tmp_path}/nowhere", "commit": "01" * 20}
    mine = _with_package(record, Package("theirs", "0.1", "d", origin=origin))
    (difference,) = _refused(request_for(mine, tmp_path, env))
    assert difference.reason == f"its git repository cannot be reached: file://{tmp_path}/nowhere"


@pytest.mark.parametrize("change", ["gone", "another"])
def test_a_local_archive_that_is_not_there_any_more_is_told_before_anything_is_made(
    original: Path, env: dict[str, str], tmp_path: Path, change: str
) -> None:
    wheel = make_wheel(tmp_path / "wheels", "local-wheel")
    install(f"{original}/bin/python", str(wheel))
    record = record_of(f"{original}/bin/python", env=env, cache=tmp_path / "cache")
    sha256 = (packages_of(record)["local-wheel"].origin or {})["sha256"]
    if change == "gone":
        wheel.unlink()
    else:
        make_wheel(tmp_path / "wheels", "local-wheel", code="another = True\n")
    (difference,) = _refused(request_for(record, tmp_path, env))
    assert difference == Difference(
        "local-wheel==1.0",
        {"gone": f"the archive that it came from is gone: {wheel}"}.get(
            change, f"the archive that it came from is another now: {wheel}"
        ),
        f"put back the one with SHA-256 {sha256} at {wheel}",
    )
    assert kept_environments(str(tmp_path / "state" / "envs")) == ()


_CLONE = (
    "git clone https://h.example/lib.git && git checkout 0123456789ab, and install it from there"
)
_STATE: Origin = {"head": "0123456789ab" + "c" * 28, "remote": "https://h.example/lib.git"}


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({}, ""),
        (_STATE, ""),
        ({**_STATE, "dirty": "true"}, ", with uncommitted changes that are not kept"),
    ],
)
def test_an_editable_from_outside_of_the_repository_is_told(
    record: Record, env: dict[str, str], tmp_path: Path, state: Origin, told: str
) -> None:
    origin = {"url": "file:///home/me/lib", "editable": "true", **state}
    mine = _with_package(record, Package("lib", "0.3", origin=origin))
    assert _refused(request_for(mine, tmp_path, env)) == (
        Difference(
            "lib==0.3",
            "was installed editable from a directory outside of the repository: /home/me/lib"
            + told,
            _CLONE if state else "",
        ),
    )


def test_all_obstacles_are_told_at_once_the_interpreter_among_them(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    origin = {"url": "file:///home/me/lib", "editable": "true"}
    mine = _with_package(record, Package("lib", "0.3", origin=origin))
    environment = environment_of(mine)
    assert environment.interpreter is not None
    other = environment.interpreter._replace(version="3.99.1", base_prefix="/gone", prefix="/gone")
    mine = with_environment(mine, environment._replace(interpreter=other))
    with pytest.raises(NotExactError) as caught:
        _build(request_for(mine, tmp_path, env))
    assert [d.subject for d in caught.value.differences] == ["python", "lib==0.3"]
    assert kept_environments(str(tmp_path / "state" / "envs")) == ()


def test_a_run_without_a_lock_is_told_with_the_reason_that_was_recorded(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    gap = Gap(GapKind.ENVIRONMENT, "pylock.toml", "uv is not installed", "pip install uv")
    bare = record._replace(lock=None, run=record.run._replace(gaps=(gap,)))
    assert _refused(request_for(bare, tmp_path, env)) == (
        Difference("pylock.toml", "the run has no lock: uv is not installed", "pip install uv"),
    )
    built = _build(request_for(bare, tmp_path, env, is_inexact_accepted=True))
    assert (built.n_identical, built.n_packages) == (3, 3)


def test_a_machine_without_uv_is_told(
    record: Record, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repro.rebuild.uv.find_uv", lambda: "uv")
    with pytest.raises(UvMissingError) as caught:
        _build(request_for(record, tmp_path, {**env, "PATH": str(tmp_path)}))
    assert (caught.value.message, caught.value.hint) == ("uv is not installed", "pip install uv")


def test_a_password_in_an_index_is_not_told(
    record: Record, env: dict[str, str], tmp_path: Path, closed_url: str
) -> None:
    secret = closed_url.replace("//", "//me:hunter2@")
    lock = (record.lock or b"").replace(b"http://127.0.0.1", b"http://me:hunter2@127.0.0.1")
    offline = {**_cold(env, tmp_path), "UV_DEFAULT_INDEX": secret}
    mine = _with_package(record, Package("more", "1.0", "d"))._replace(lock=lock)
    found = _refused(request_for(mine, tmp_path, offline))
    assert found
    assert "hunter2" not in repr(found)


def test_a_tree_package_that_cannot_be_built_is_told(
    original: Path, env: dict[str, str], tmp_path: Path
) -> None:
    project = write_project(tmp_path / "top", "mine")
    install(f"{original}/bin/python", "-e", str(project))
    record = record_of(
        f"{original}/bin/python", env=env, cache=tmp_path / "cache", top=str(project)
    )
    os.unlink(project / "own_backend.py")
    (difference,) = _refused(request_for(record, tmp_path, env, top=str(project)))
    assert difference.subject == "mine==0.1"
    assert "build" in difference.reason


def test_names_and_versions_are_served_from_uvs_cache_when_the_index_is_away(
    env: dict[str, str], tmp_path: Path
) -> None:
    with serve(tmp_path / "other") as other:
        other.add("alpha")
        mine = {**_cold(env, tmp_path), "UV_DEFAULT_INDEX": other.url}
        python = make_venv(tmp_path / "venv")
        fill = [find_uv(), "-q", "pip", "install", "--python", python, "alpha"]
        subprocess.run(fill, check=True, env=mine)
        record = record_of(python, env=mine, cache=tmp_path / "cache")
    # Without its lock a run has names and versions only.
    bare = record._replace(lock=None)
    built = _build(request_for(bare, tmp_path, mine, is_inexact_accepted=True))
    assert (built.n_identical, built.n_packages) == (1, 1)
    assert [difference.subject for difference in built.differences] == ["pylock.toml"]


def test_repro_itself_from_a_directory_is_left_out(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    origin = {"url": "file:///home/me/repro", "editable": "true"}
    mine = _with_package(record, Package("repro-git", "0.1.0", origin=origin))
    built = _build(request_for(mine, tmp_path, env))

    assert built.differences == ()
    assert built.n_identical == built.n_packages

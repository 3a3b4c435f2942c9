"""DVC's caches and remotes."""

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from repro.data.capture import capture
from repro.data.dvc import cache_roots, fetch
from repro.data.dvc_config import projects_of
from tests.data.shop import Shop
from tests.repos import Scratch, run_program


@pytest.fixture
def one(dvc_repo: Scratch, shop: Shop) -> str:
    """The hash of data/one.csv."""
    return capture(str(dvc_repo.path / "data/one.csv"), cache=shop.cache).hash


@pytest.fixture
def many(dvc_repo: Scratch, shop: Shop) -> str:
    """The hash of data/many/."""
    return capture(str(dvc_repo.path / "data/many"), cache=shop.cache).hash


def remote_object(repo: Scratch, hash: str) -> Path:
    return repo.path.parent / "remote/files/md5" / hash[:2] / hash[2:]


def test_the_cache_is_where_dvc_keeps_it_by_default(dvc_repo: Scratch) -> None:
    cache = dvc_repo.path / ".dvc/cache"
    assert cache_roots(str(dvc_repo.path)) == (str(cache / "files/md5"), str(cache))


def test_without_dvc_there_is_no_cache(repo: Scratch) -> None:
    assert cache_roots(str(repo.path)) == ()


@pytest.mark.parametrize("level", ["--project", "--local", "--global", "--system"])
@pytest.mark.parametrize("name", ["../my cache", "{tmp}/absolute # x", "it's"])
def test_the_configured_cache_is_found(
    dvc_repo: Scratch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    level: str,
    name: str,
) -> None:
    monkeypatch.setenv("DVC_SYSTEM_CONFIG_DIR", str(tmp_path / "system"))
    directory = name.format(tmp=tmp_path)
    dvc_repo.dvc("config", level, "cache.dir", directory)
    found = Path(dvc_repo.dvc("cache", "dir").strip())
    (found / "files/md5").mkdir(parents=True)
    assert cache_roots(str(dvc_repo.path)) == (f"{found}/files/md5", str(found))


def test_the_nearest_setting_of_the_cache_counts(dvc_repo: Scratch, tmp_path: Path) -> None:
    dvc_repo.dvc("cache", "dir", "--global", str(tmp_path / "far"))
    dvc_repo.dvc("cache", "dir", "--local", str(tmp_path / "near"))
    for name in ("far", "near"):
        (tmp_path / name).mkdir()
    assert cache_roots(str(dvc_repo.path)) == (str(tmp_path / "near"),)


def test_a_linked_worktree_finds_the_cache_of_the_main_one(
    dvc_repo: Scratch, tmp_path: Path
) -> None:
    side = dvc_repo.worktree(tmp_path / "side")
    assert cache_roots(str(side.path)) == cache_roots(str(dvc_repo.path))


def test_a_nested_project_is_found_from_a_path_in_it(repo: Scratch) -> None:
    (repo.path / "sub").mkdir()
    run_program("dvc", "init", "--quiet", "--subdir", cwd=repo.path / "sub", env=_with_dvc())
    (repo.path / "sub/.dvc/cache/files/md5").mkdir(parents=True)
    assert projects_of(str(repo.path), ["sub/deep/x.dvc", "other/y"]) == (f"{repo.path}/sub",)
    roots = cache_roots(str(repo.path), inside=["sub/deep/x.dvc"])
    assert roots[0] == f"{repo.path}/sub/.dvc/cache/files/md5"


def _with_dvc() -> dict[str, str | None]:
    import sys

    return {"PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}


def test_a_file_is_fetched(dvc_repo: Scratch, shop: Shop, one: str) -> None:
    found = fetch(str(dvc_repo.path), [one], shop.store)
    assert (found.hashes, found.failed, found.remotes) == ((one,), {}, ("here",))
    assert shop.store.read(one) == (dvc_repo.path / "data/one.csv").read_bytes()


def test_a_directory_is_fetched_whole(dvc_repo: Scratch, shop: Shop, many: str) -> None:
    fetch(str(dvc_repo.path), [many], shop.store)
    assert shop.store.missing(many) == ()


def test_only_what_is_missing_is_fetched(dvc_repo: Scratch, shop: Shop, many: str) -> None:
    fetch(str(dvc_repo.path), [many], shop.store)
    value = shop.store.read_manifest(many)["0.txt"]
    os.unlink(shop.store.path_of(value))
    assert value in fetch(str(dvc_repo.path), [many], shop.store).hashes
    assert shop.store.missing(many) == ()


def test_a_directory_whose_file_is_nowhere_is_not_in_the_store(
    dvc_repo: Scratch, shop: Shop, many: str
) -> None:
    value = capture(str(dvc_repo.path / "data/many/0.txt"), cache=shop.cache).hash
    remote_object(dvc_repo, value).unlink()
    found = fetch(str(dvc_repo.path), [many], shop.store)
    assert set(found.failed) == {many, value}
    assert not shop.store.has(many)


def test_what_no_remote_has_is_told(dvc_repo: Scratch, shop: Shop) -> None:
    assert fetch(str(dvc_repo.path), ["a" * 32], shop.store).failed == {"a" * 32: "not in here"}


def test_damaged_bytes_of_a_remote_are_refused(dvc_repo: Scratch, shop: Shop, one: str) -> None:
    remote_object(dvc_repo, one).chmod(0o644)
    remote_object(dvc_repo, one).write_bytes(b"damaged")
    found = fetch(str(dvc_repo.path), [one], shop.store)
    assert "damaged" in found.failed[one]
    assert not shop.store.has(one)
    assert list(Path(shop.store.root).rglob("*.tmp")) == []


def test_a_hostile_manifest_of_a_remote_is_refused(dvc_repo: Scratch, shop: Shop) -> None:
    from repro.data.manifest import manifest_hash

    content = b'[{"md5": "%s", "relpath": "../../x"}]' % (b"a" * 32)
    value = manifest_hash(content)
    remote_object(dvc_repo, value).parent.mkdir(parents=True, exist_ok=True)
    remote_object(dvc_repo, value).write_bytes(content)
    found = fetch(str(dvc_repo.path), [value], shop.store)
    assert "leads out" in found.failed[value]
    assert not shop.store.has(value)


def test_the_other_remotes_are_asked_after_the_default_one(
    dvc_repo: Scratch, shop: Shop, one: str, tmp_path: Path
) -> None:
    shutil.move(tmp_path / "remote", tmp_path / "moved")
    dvc_repo.dvc("remote", "add", "another", str(tmp_path / "moved"))
    found = fetch(str(dvc_repo.path), [one], shop.store)
    assert (found.failed, found.remotes) == ({}, ("here", "another"))


def test_a_remote_laid_out_by_dvc_2_is_read(
    dvc_repo: Scratch, shop: Shop, one: str, tmp_path: Path
) -> None:
    for directory in (tmp_path / "remote/files/md5").iterdir():
        shutil.move(directory, tmp_path / "remote" / directory.name)
    assert fetch(str(dvc_repo.path), [one], shop.store).failed == {}


def test_without_a_remote_it_says_so(dvc_repo: Scratch, shop: Shop, one: str) -> None:
    dvc_repo.dvc("remote", "remove", "here")
    assert fetch(str(dvc_repo.path), [one], shop.store).failed == {
        one: "no DVC remote is configured"
    }


def test_a_remote_that_dvc_cannot_open_is_told(dvc_repo: Scratch, shop: Shop, one: str) -> None:
    dvc_repo.dvc("remote", "modify", "here", "url", "s3://nowhere/x")
    assert fetch(str(dvc_repo.path), [one], shop.store).failed[one].startswith("here: ")


def test_a_configuration_that_dvc_cannot_read_is_told(
    dvc_repo: Scratch, shop: Shop, one: str
) -> None:
    dvc_repo.write(".dvc/config", "[core\n")
    assert "config" in fetch(str(dvc_repo.path), [one], shop.store).failed[one]


def test_an_object_larger_than_its_record_says_is_not_fetched(
    dvc_repo: Scratch, shop: Shop, one: str
) -> None:
    found = fetch(str(dvc_repo.path), [one], shop.store, sizes={one: 3})
    assert found.failed == {one: "here: what it holds is larger than the record's 3 bytes"}
    assert list(Path(shop.store.root).rglob("*.tmp")) == []


def test_the_files_of_a_directory_share_what_its_record_allows(
    dvc_repo: Scratch, shop: Shop, many: str
) -> None:
    size_bytes = 3 * len("item 0\n") + len("deep\n")
    found = fetch(str(dvc_repo.path), [many], shop.store, sizes={many: size_bytes - 1})
    assert "files are missing" in found.failed[many]
    assert fetch(str(dvc_repo.path), [many], shop.store, sizes={many: size_bytes}).failed == {}


def test_a_manifest_that_lists_more_files_than_its_record_says_is_refused(
    dvc_repo: Scratch, shop: Shop, many: str
) -> None:
    found = fetch(str(dvc_repo.path), [many], shop.store, n_files={many: 3})
    assert found.failed == {many: "it lists 4 files, the record 3"}
    assert found.hashes == ()


def test_a_manifest_too_large_for_its_record_is_not_received(
    dvc_repo: Scratch, shop: Shop, many: str
) -> None:
    remote_object(dvc_repo, many).chmod(0o644)
    remote_object(dvc_repo, many).write_bytes(b"[" + b" " * 200_000)
    found = fetch(str(dvc_repo.path), [many], shop.store, n_files={many: 4})
    assert "larger than" in found.failed[many]


def test_a_damaged_object_is_taken_from_the_next_remote(
    dvc_repo: Scratch, shop: Shop, one: str, tmp_path: Path
) -> None:
    shutil.copytree(tmp_path / "remote", tmp_path / "copied")
    dvc_repo.dvc("remote", "add", "another", str(tmp_path / "copied"))
    remote_object(dvc_repo, one).chmod(0o644)
    remote_object(dvc_repo, one).write_bytes(b"x,y\n1,2\n3,5\n")
    size_bytes = (dvc_repo.path / "data/one.csv").stat().st_size
    assert fetch(str(dvc_repo.path), [one], shop.store, sizes={one: size_bytes}).failed == {}
    shop.store.verify(one)


def test_progress_ends_with_all_bytes(dvc_repo: Scratch, shop: Shop, one: str, many: str) -> None:
    told: list[tuple[int, int]] = []
    sizes = {one: 12, many: 26}
    fetch(
        str(dvc_repo.path),
        [one, many],
        shop.store,
        sizes=sizes,
        on_progress=lambda *step: told.append(step),
    )
    assert told[-1] == (38, 38)
    assert told == sorted(told)


@pytest.fixture
def endless_url() -> Iterator[tuple[str, list[int]]]:
    """A web server that serves zeros until nobody listens, and how many it has served."""
    served: list[int] = []

    class Server(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            with contextlib.suppress(ConnectionError):
                for _ in range(2000):
                    self.wfile.write(bytes(100_000))
                    served.append(100_000)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/data", served
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_remote_that_serves_no_end_is_not_listened_to(
    dvc_repo: Scratch, shop: Shop, one: str, endless_url: tuple[str, list[int]]
) -> None:
    url, served = endless_url
    dvc_repo.dvc("remote", "modify", "here", "url", url)
    found = fetch(str(dvc_repo.path), [one], shop.store, sizes={one: 12})
    assert "larger than the record's 12 bytes" in found.failed[one]
    assert sum(served) < 50_000_000
    assert list(Path(shop.store.root).rglob("*.tmp")) == []

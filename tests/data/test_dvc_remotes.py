"""Sending objects to DVC's remotes, and asking which has what."""

import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from repro.data.dvc_remotes import present, remote_names, send
from repro.data.store import InvalidHashError
from tests.data.shop import Shop, write
from tests.repos import Scratch, run_program


@pytest.fixture
def empty(dvc_repo: Scratch) -> Scratch:
    """A repository whose DVC remote, ``../remote``, has nothing."""
    shutil.rmtree(dvc_repo.path.parent / "remote")
    return dvc_repo


@pytest.fixture
def many(dvc_repo: Scratch, shop: Shop) -> str:
    """The hash of data/many/, which is in the store."""
    return shop.capture(dvc_repo.path / "data/many").hash


@pytest.fixture
def one(dvc_repo: Scratch, shop: Shop) -> str:
    """The hash of data/one.csv, which is in the store."""
    return shop.capture(dvc_repo.path / "data/one.csv").hash


def remote_of(repo: Scratch) -> Path:
    return repo.path.parent / "remote"


def remote_object(repo: Scratch, hash: str) -> Path:
    return remote_of(repo) / "files/md5" / hash[:2] / hash[2:]


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def test_without_a_dvc_project_there_is_no_remote(repo: Scratch, shop: Shop) -> None:
    assert remote_names(str(repo.path)) == []
    sent = send(str(repo.path), ["a" * 32], shop.store)
    assert sent.remote is None
    assert "dvc remote add" in sent.failed["a" * 32]


def test_the_default_remote_is_named_first(dvc_repo: Scratch) -> None:
    dvc_repo.dvc("remote", "add", "--quiet", "another", "/elsewhere")
    assert remote_names(str(dvc_repo.path)) == ["here", "another"]
    dvc_repo.dvc("remote", "default", "another")
    assert remote_names(str(dvc_repo.path)) == ["another", "here"]


def test_what_is_sent_lies_where_dvc_lays_it(
    dvc_repo: Scratch, shop: Shop, one: str, many: str
) -> None:
    remote = remote_of(dvc_repo)
    by_dvc = {path.relative_to(remote): path.read_bytes() for path in remote.rglob("*/*/*/*")}
    shutil.rmtree(remote)
    sent = send(str(dvc_repo.path), [one, many], shop.store)
    assert (sent.remote, sent.present, sent.failed) == ("here", (), {})
    by_repro = {path.relative_to(remote): path.read_bytes() for path in remote.rglob("*/*/*/*")}
    assert by_repro == by_dvc
    assert {path.stat().st_mode & 0o777 for path in remote.rglob("*/*/*/*")} == {0o444}


def test_dvc_finds_all_of_it_pushed(empty: Scratch, shop: Shop, one: str, many: str) -> None:
    send(str(empty.path), [one, many], shop.store)
    assert "in sync" in empty.dvc("status", "--cloud")


def test_only_what_the_remote_lacks_is_sent(
    dvc_repo: Scratch, shop: Shop, one: str, many: str
) -> None:
    value = shop.store.read_manifest(many)["1.txt"]
    remote_object(dvc_repo, value).unlink()
    before = {path: path.stat().st_ino for path in remote_of(dvc_repo).rglob("*/*/*/*")}
    sent = send(str(dvc_repo.path), [one, many], shop.store)
    assert (sent.sent, len(sent.present), sent.failed) == ((value,), 5, {})
    assert {path: path.stat().st_ino for path in before} == before


def test_an_object_that_the_remote_has_in_part_is_sent_again(
    dvc_repo: Scratch, shop: Shop, one: str
) -> None:
    overwrite(remote_object(dvc_repo, one), b"x,")
    assert send(str(dvc_repo.path), [one], shop.store).sent == (one,)
    assert remote_object(dvc_repo, one).read_bytes() == shop.store.read(one)


def test_a_directory_with_a_lost_file_is_sent_without_its_manifest(
    empty: Scratch, shop: Shop, many: str
) -> None:
    lost = shop.store.read_manifest(many)["1.txt"]
    os.unlink(shop.store.path_of(lost))
    sent = send(str(empty.path), [many], shop.store)
    assert sent.failed == {
        lost: "not in the object store",
        many: "1 of its 4 files: not in the object store",
    }
    assert len(sent.sent) == 3
    assert not remote_object(empty, many).exists()
    assert present(str(empty.path), [many, *sent.sent]) == dict.fromkeys(sent.sent, "here")


def test_a_damaged_object_is_not_sent(empty: Scratch, shop: Shop, one: str) -> None:
    overwrite(Path(shop.store.path_of(one)), b"damaged")
    sent = send(str(empty.path), [one], shop.store)
    assert sent.failed == {one: "the object in the store is damaged"}
    assert list(remote_of(empty).rglob("*.*")) == []


def test_a_directory_that_only_the_remote_has_is_present(
    dvc_repo: Scratch, shop: Shop, many: str
) -> None:
    shutil.rmtree(shop.store.objects_root)
    sent = send(str(dvc_repo.path), [many], shop.store)
    assert (sent.sent, sent.present, sent.failed) == ((), (many,), {})


def test_a_text_that_is_no_hash_is_refused(dvc_repo: Scratch, shop: Shop) -> None:
    with pytest.raises(InvalidHashError):
        send(str(dvc_repo.path), ["../../etc/passwd"], shop.store)


def test_progress_ends_with_all_bytes(empty: Scratch, shop: Shop, one: str, many: str) -> None:
    told: list[tuple[int, int]] = []
    send(str(empty.path), [one, many], shop.store, on_progress=lambda *x: told.append(x))
    done, totals = zip(*told, strict=True)
    assert list(done) == sorted(done)
    assert set(totals) == {done[-1]}
    assert done[-1] == sum(path.stat().st_size for path in remote_of(empty).rglob("*/*/*/*"))


def test_a_named_remote_is_sent_to(dvc_repo: Scratch, shop: Shop, one: str, tmp_path: Path) -> None:
    dvc_repo.dvc("remote", "add", "--quiet", "another", str(tmp_path / "another"))
    assert send(str(dvc_repo.path), [one], shop.store, remote="another").remote == "another"
    assert (tmp_path / "another/files/md5" / one[:2] / one[2:]).exists()
    assert present(str(dvc_repo.path), [one], remote="another") == {one: "another"}
    assert present(str(dvc_repo.path), [one]) == {one: "here"}


def test_the_only_remote_needs_not_be_the_default(dvc_repo: Scratch, shop: Shop, one: str) -> None:
    dvc_repo.dvc("config", "--unset", "core.remote")
    assert send(str(dvc_repo.path), [one], shop.store).remote == "here"


def test_several_remotes_without_a_default_are_told(
    dvc_repo: Scratch, shop: Shop, one: str
) -> None:
    dvc_repo.dvc("config", "--unset", "core.remote")
    dvc_repo.dvc("remote", "add", "--quiet", "another", "/elsewhere")
    sent = send(str(dvc_repo.path), [one], shop.store)
    assert sent.failed == {
        one: "none of the DVC remotes here, another is the default: dvc remote default NAME"
    }


def test_a_remote_of_an_unknown_name_is_told(dvc_repo: Scratch, shop: Shop, one: str) -> None:
    sent = send(str(dvc_repo.path), [one], shop.store, remote="nope")
    assert sent.failed == {one: "there is no DVC remote nope: dvc remote add nope URL"}


def test_a_client_that_is_not_installed_is_told(dvc_repo: Scratch, shop: Shop, one: str) -> None:
    dvc_repo.dvc("remote", "modify", "here", "url", "oss://bucket/path")
    reason = send(str(dvc_repo.path), [one], shop.store).failed[one]
    assert reason.endswith("pip install 'dvc[oss]'")


def test_a_configuration_that_cannot_be_read_is_told(
    dvc_repo: Scratch, shop: Shop, one: str
) -> None:
    dvc_repo.write(".dvc/config", "[core\n")
    assert ".dvc/config" in send(str(dvc_repo.path), [one], shop.store).failed[one]
    assert remote_names(str(dvc_repo.path)) == []
    assert present(str(dvc_repo.path), [one]) == {}


def test_a_remote_that_cannot_be_written_is_told(empty: Scratch, shop: Shop, many: str) -> None:
    remote_of(empty).mkdir()
    (remote_of(empty) / "files").write_text("in the way\n")
    sent = send(str(empty.path), [many], shop.store)
    assert sent.sent == ()
    assert "NotADirectoryError" in sent.failed[many]


@pytest.fixture
def read_only_url() -> Iterator[str]:
    """A web server that answers 404 and takes nothing."""

    class Server(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_error(404)

        do_GET = do_HEAD  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/data"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_web_server_that_only_serves_is_told(
    dvc_repo: Scratch, shop: Shop, one: str, read_only_url: str
) -> None:
    dvc_repo.dvc("remote", "modify", "here", "url", read_only_url)
    sent = send(str(dvc_repo.path), [one], shop.store)
    assert "read-only" in sent.failed[one]


def test_a_nested_project_has_remotes_of_its_own(repo: Scratch, shop: Shop, tmp_path: Path) -> None:
    (repo.path / "sub").mkdir()
    nested = Scratch(repo.path / "sub")
    nested.dvc("init", "--quiet", "--subdir")
    nested.dvc("remote", "add", "--quiet", "--default", "deep", str(tmp_path / "deep"))
    write(repo.path / "sub", {"f": b"hello"})
    value = shop.capture(repo.path / "sub/f").hash
    sent = send(str(repo.path), [value], shop.store, inside=["sub/f"])
    assert (sent.remote, sent.failed) == ("deep", {})
    assert present(str(repo.path), [value], inside=["sub/f"]) == {value: "deep"}


def test_dvc_gc_leaves_what_runs_need(dvc_repo: Scratch, shop: Shop, one: str, many: str) -> None:
    run_program("git", "rm", "-rqf", "data", cwd=dvc_repo.path)
    dvc_repo.git("commit", "--quiet", "--amend", "--message", "no data")
    for scope in ("--workspace", "--all-commits"):
        dvc_repo.dvc("gc", scope, "--force", "--quiet")
    assert list((dvc_repo.path / ".dvc/cache/files/md5").rglob("*/*")) == []
    assert (shop.store.missing(one), shop.store.missing(many)) == ((), ())


def test_dvc_finds_nothing_wrong_with_a_cache_that_shares_objects(
    dvc_repo: Scratch, shop: Shop
) -> None:
    from repro.data.capture import capture
    from repro.data.dvc import cache_roots

    roots = cache_roots(str(dvc_repo.path))
    for path in ("data/one.csv", "data/many"):
        capture(str(dvc_repo.path / path), cache=shop.cache, store=shop.store, also=roots)
    linked = [
        path
        for path in (dvc_repo.path / ".dvc/cache/files/md5").rglob("*/*")
        if path.stat().st_nlink > 1
    ]
    assert len(linked) == 5  # each file; a manifest is written anew
    dvc_repo.dvc("gc", "--workspace", "--force", "--quiet")
    assert "up to date" in dvc_repo.dvc("status")
    dvc_repo.dvc("fetch", "--quiet")
    run_program("rm", "-r", "data/one.csv", "data/many", cwd=dvc_repo.path)
    dvc_repo.dvc("checkout", "--quiet")
    assert "up to date" in dvc_repo.dvc("status")
    for shared in linked:
        shop.store.verify(shared.parent.name + shared.name)


def test_a_file_that_may_be_written_to_is_never_linked(repo: Scratch, shop: Shop) -> None:
    path = repo.write("model.bin", b"as the run wrote it")
    value = shop.capture(path).hash
    assert Path(shop.store.path_of(value)).stat().st_ino != path.stat().st_ino
    path.write_bytes(b"written to since")
    shop.store.verify(value)


def test_an_object_of_a_cache_that_may_be_written_to_is_not_linked(
    dvc_repo: Scratch, shop: Shop, one: str
) -> None:
    from repro.data.dvc import cache_roots

    os.unlink(shop.store.path_of(one))
    cached = dvc_repo.path / ".dvc/cache/files/md5" / one[:2] / one[2:]
    cached.chmod(0o644)
    shop.store.add_files(
        {one: str(dvc_repo.path / "data/one.csv")}, also=cache_roots(str(dvc_repo.path))
    )
    assert cached.stat().st_nlink == 1

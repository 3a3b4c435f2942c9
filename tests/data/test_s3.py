"""Objects to and from a DVC remote that is a real S3 API."""

import os
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from repro.data.capture import capture
from repro.data.dvc import fetch
from repro.data.dvc_remotes import present, send
from repro.data.locate import ensure
from tests.data.shop import Shop, entry_of, make_shop
from tests.repos import Scratch, run_program
from tests.s3 import ACCESS_KEY, SECRET_KEY, Bucket, serve_s3, use_s3

N_FILES = 200


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serve_s3() as url:
        yield url


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def bucket(server: str, request: pytest.FixtureRequest) -> Bucket:
    found = Bucket(f"bucket-{abs(hash(request.node.name))}", server)
    found.make()
    return found


@pytest.fixture
def cloud_repo(dvc_repo: Scratch, bucket: Bucket) -> Scratch:
    """A repository with data in DVC whose default remote is an empty bucket."""
    use_s3(dvc_repo, bucket)
    return dvc_repo


@pytest.fixture
def many(shop: Shop, tmp_path: Path) -> str:
    """The hash of a directory of many files, in the store."""
    directory = tmp_path / "many"
    directory.mkdir()
    for number in range(N_FILES):
        (directory / f"{number}.txt").write_bytes(b"%d\n" % number * 50)
    return shop.capture(directory).hash


@contextmanager
def checking_credentials(server: str) -> Iterator[None]:
    """While it lasts the server refuses users that it does not know."""

    def set_unchecked(count: str) -> None:
        request = urllib.request.Request(  # noqa: S310
            f"{server}/moto-api/reset-auth",
            data=count.encode(),
            headers={"Content-Type": "text/plain"},
        )
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310

    set_unchecked("0")
    try:
        yield
    finally:
        set_unchecked("inf")


def key(hash: str) -> str:
    return f"some/prefix/files/md5/{hash[:2]}/{hash[2:]}"


def test_a_directory_of_many_files_is_sent_and_fetched_whole(
    cloud_repo: Scratch, shop: Shop, many: str, tmp_path: Path
) -> None:
    sent = send(str(cloud_repo.path), [many], shop.store)
    assert (sent.remote, len(sent.sent), sent.present, sent.failed) == (
        "cloud",
        N_FILES + 1,
        (),
        {},
    )
    assert present(str(cloud_repo.path), [many, "a" * 32]) == {many: "cloud"}
    other = make_shop(tmp_path / "other")
    assert fetch(str(cloud_repo.path), [many], other.store).failed == {}
    assert other.store.missing(many) == ()


def test_what_the_bucket_has_is_not_sent_again(cloud_repo: Scratch, shop: Shop, many: str) -> None:
    send(str(cloud_repo.path), [many], shop.store)
    again = send(str(cloud_repo.path), [many], shop.store)
    assert (again.sent, len(again.present), again.failed) == ((), N_FILES + 1, {})


def test_dvc_itself_pulls_what_was_sent(cloud_repo: Scratch, shop: Shop) -> None:
    hashes = [shop.capture(cloud_repo.path / path).hash for path in ("data/one.csv", "data/many")]
    before = cloud_repo.contents()
    assert send(str(cloud_repo.path), hashes, shop.store).failed == {}
    for path in (".dvc/cache", "data/many"):
        run_program("rm", "-rf", path, cwd=cloud_repo.path)
    cloud_repo.dvc("pull", "--quiet")
    after = cloud_repo.contents()
    assert {path: x for path, x in after.items() if path.startswith("data/")} == {
        path: x for path, x in before.items() if path.startswith("data/")
    }


def test_what_was_sent_by_dvc_is_present(cloud_repo: Scratch, shop: Shop) -> None:
    cloud_repo.dvc("push", "--quiet")
    hashes = [shop.capture(cloud_repo.path / path).hash for path in ("data/one.csv", "data/many")]
    assert present(str(cloud_repo.path), hashes) == dict.fromkeys(hashes, "cloud")


def test_a_process_killed_while_sending_leaves_whole_objects_and_no_manifest(
    cloud_repo: Scratch, shop: Shop, many: str, bucket: Bucket
) -> None:
    program = (
        "import os, sys\n"
        "from repro.data.dvc_remotes import send\n"
        "from repro.data.store import ObjectStore\n"
        "top, root, value = sys.argv[1:]\n"
        "stop = lambda done, total: os._exit(9) if done > total // 2 else None\n"
        "send(top, [value], ObjectStore(root), on_progress=stop)\n"
    )
    argv = (sys.executable, "-c", program, str(cloud_repo.path), shop.store.root, many)
    assert run_program(*argv, cwd=cloud_repo.path, check=False).returncode == 9
    shop.cache.flush()
    sizes = bucket.sizes()
    files = set(shop.store.read_manifest(many).values())
    assert 0 < len(sizes) < N_FILES
    assert all(
        sizes[key(x)] == os.stat(shop.store.path_of(x)).st_size for x in files if key(x) in sizes
    )
    assert key(many) not in sizes
    assert present(str(cloud_repo.path), [many], store=shop.store) == {}

    sent = send(str(cloud_repo.path), [many], shop.store)
    # What was on its way when the process died may have arrived meanwhile.
    assert len(sent.present) >= len(sizes)
    assert len(sent.present) + len(sent.sent) == N_FILES + 1
    assert present(str(cloud_repo.path), [many]) == {many: "cloud"}


def test_a_manifest_without_one_of_its_files_is_not_believed(
    cloud_repo: Scratch, shop: Shop, many: str, bucket: Bucket
) -> None:
    send(str(cloud_repo.path), [many], shop.store)
    lost = shop.store.read_manifest(many)["7.txt"]
    bucket.delete(key(lost))
    assert present(str(cloud_repo.path), [many]) == {}
    assert send(str(cloud_repo.path), [many], shop.store).sent == (lost,)


def test_a_missing_bucket_is_told(cloud_repo: Scratch, shop: Shop, many: str, server: str) -> None:
    use_s3(cloud_repo, Bucket("no-such-bucket", server))
    sent = send(str(cloud_repo.path), [many], shop.store)
    assert "its bucket does not exist" in sent.failed[many]
    assert (sent.sent, sent.present) == ((), ())
    assert "no-such-bucket" not in fetch(str(cloud_repo.path), ["a" * 32], shop.store).hashes


def test_without_credentials_it_says_so(
    cloud_repo: Scratch, shop: Shop, many: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    reason = send(str(cloud_repo.path), [many], shop.store).failed[many]
    assert "no credentials" in reason


def test_refused_credentials_are_told_and_not_shown(
    cloud_repo: Scratch, shop: Shop, many: str, bucket: Bucket, server: str
) -> None:
    secret = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYzzzzzzzzzz"
    more = f"    access_key_id = AKIAWRONGWRONGWRONG0\n    secret_access_key = {secret}\n"
    use_s3(cloud_repo, bucket, more=more)
    with checking_credentials(server):
        sent = send(str(cloud_repo.path), [many], shop.store)
        fetched = fetch(str(cloud_repo.path), ["a" * 32], shop.store)
    assert "refuses the credentials" in sent.failed[many]
    assert "refuses the credentials" in fetched.failed["a" * 32]
    assert secret not in f"{sent}{fetched}"
    assert sent.sent == ()


def test_a_server_that_is_gone_is_told(cloud_repo: Scratch, shop: Shop, many: str) -> None:
    use_s3(cloud_repo, Bucket("bucket", "http://127.0.0.1:9"))
    assert "cannot be reached" in send(str(cloud_repo.path), [many], shop.store).failed[many]
    [reason] = fetch(str(cloud_repo.path), ["a" * 32], shop.store).failed.values()
    assert "cannot be reached" in reason


def test_more_bytes_than_the_record_says_are_not_received(
    cloud_repo: Scratch, shop: Shop, bucket: Bucket
) -> None:
    bucket.put(key("a" * 32), b"\0" * 20_000_000)
    told: list[int] = []
    found = fetch(
        str(cloud_repo.path),
        ["a" * 32],
        shop.store,
        sizes={"a" * 32: 1000},
        on_progress=lambda done, _: told.append(done),
    )
    assert "larger than the record's 1000 bytes" in found.failed["a" * 32]
    assert max(told, default=0) < 10_000_000
    assert list(Path(shop.store.root).rglob("*.tmp")) == []


@pytest.fixture
def versioned_repo(dvc_repo: Scratch, bucket: Bucket) -> Scratch:
    """A repository whose data are on a remote that keeps versions by itself."""
    bucket.keep_versions()
    use_s3(dvc_repo, bucket, more="    version_aware = true\n")
    dvc_repo.dvc("push", "--quiet")
    dvc_repo.commit("versions")
    return dvc_repo


def test_nothing_is_sent_to_a_remote_that_keeps_versions_by_itself(
    versioned_repo: Scratch, shop: Shop, many: str
) -> None:
    sent = send(str(versioned_repo.path), [many], shop.store)
    assert "dvc remote add" in sent.failed[many]
    assert present(str(versioned_repo.path), [many]) == {}


@pytest.mark.parametrize("path", ["data/one.csv", "data/many"])
def test_an_old_version_comes_from_a_remote_that_keeps_versions(
    versioned_repo: Scratch, shop: Shop, path: str
) -> None:
    captured = capture(str(versioned_repo.path / path), cache=shop.cache)
    wanted = entry_of(captured, path)._replace(pointer=f"{path}.dvc")
    for number in range(3):
        versioned_repo.write(f"data/many/{number}.txt", "newer\n")
    versioned_repo.write("data/one.csv", "newer\n")
    versioned_repo.dvc("add", "--quiet", "data/one.csv", "data/many")
    versioned_repo.dvc("push", "--quiet")
    run_program("rm", "-rf", ".dvc/cache", cwd=versioned_repo.path)

    def missing(*, knows_run: bool) -> int:
        def read_pointer(pointer: str) -> bytes:
            return versioned_repo.git("show", f"HEAD:{pointer}", binary=True)

        return len(
            ensure(
                [wanted],
                store=shop.store,
                top=str(versioned_repo.path),
                read_pointer=read_pointer if knows_run else None,
            )
        )

    # The DVC file of today knows the version of today only.
    assert missing(knows_run=False) > 0
    assert missing(knows_run=True) == 0
    assert shop.store.missing(wanted.hash) == ()

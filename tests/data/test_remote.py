"""One remote: objects appear whole or not at all, and nothing is received without end."""

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from repro.data.dvc_remotes import Opened
from repro.data.elsewhere import nothing_elsewhere
from repro.data.receiving import Allowance, Receiving
from repro.data.remote import ObjectTooLargeError, Remote
from repro.data.sending import Sending, Sent
from tests.data.far_away import FarAway
from tests.data.shop import Shop

HASH = "ab" + "c" * 30
KEY = f"/far/files/md5/ab/{'c' * 30}"


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "object"
    path.write_bytes(b"content")
    return str(path)


def put(fs: FarAway, source: str) -> None:
    Remote("far", fs, "/far").put(source, HASH, size_bytes=7, on_bytes=lambda _: None)


def test_an_object_takes_its_name_when_it_is_whole(source: str) -> None:
    fs = FarAway()
    put(fs, source)
    assert fs.files == {KEY: b"content"}


def test_an_upload_that_breaks_off_leaves_nothing(source: str) -> None:
    fs = FarAway(stops_after=3, put_error=ConnectionResetError("gone"))
    with pytest.raises(ConnectionResetError):
        put(fs, source)
    assert fs.files == {}


def test_an_upload_that_arrives_short_is_no_success(source: str) -> None:
    fs = FarAway(stops_after=3)
    with pytest.raises(OSError, match="3 of 7 bytes arrived"):
        put(fs, source)
    assert fs.files == {}


def test_the_sizes_of_what_is_there_are_told() -> None:
    remote = Remote("far", FarAway({KEY: b"content"}), "/far")
    assert remote.sizes([HASH, "d" * 32]) == {HASH: 7}


def test_a_remote_that_cannot_tell_is_not_taken_for_an_empty_one() -> None:
    remote = Remote("far", FarAway(error=PermissionError("no")), "/far")
    with pytest.raises(PermissionError):
        remote.sizes([HASH])


@pytest.mark.parametrize("is_endless", [True, False])
def test_more_than_is_allowed_is_not_received(tmp_path: Path, is_endless: bool) -> None:
    fs = FarAway({KEY: bytes(20_000)}, is_endless=is_endless)
    target = tmp_path / "target"
    with pytest.raises(ObjectTooLargeError):
        Remote("far", fs, "/far").get(KEY, str(target), most_bytes=10_000, on_bytes=lambda _: None)
    assert target.stat().st_size <= 20_000


REASONS = [
    (OSError(errno.ENOSPC, "No space left on device"), "it is full"),
    (PermissionError(errno.EACCES, "Permission denied", "/x"), "no permission"),
    (ConnectionRefusedError("Connection refused"), "it cannot be reached"),
    (RuntimeError("An error occurred (SignatureDoesNotMatch)"), "it refuses the credentials"),
    (ValueError(), "ValueError"),
]


@pytest.mark.parametrize(("error", "meaning"), REASONS, ids=[meaning for _, meaning in REASONS])
def test_a_reason_says_what_it_means(error: Exception, meaning: str) -> None:
    assert Remote("far", FarAway(), "/far").reason(error).startswith(meaning)


@pytest.mark.parametrize(
    "text",
    [
        "cannot open https://me:hunter2hunter2@host/x",
        "login with hunter2hunter2 failed",
        "GET https://host/x?X-Amz-Signature=hunter2hunter2&y=1",
        "first line\nsecond line hunter2hunter2",
    ],
)
def test_a_reason_shows_no_secret(text: str) -> None:
    remote = Remote("far", FarAway(), "/far", secrets=("hunter2hunter2",))
    assert "hunter2" not in remote.reason(RuntimeError(text))


CONTENT = b"hello"
OF_CONTENT = "5d41402abc4b2a76b9719d911017c592"
AT = "/far/files/md5/5d/41402abc4b2a76b9719d911017c592"


def receiving(shop: Shop, **remotes: FarAway) -> Receiving:
    opened = tuple(Remote(name, fs, "/far") for name, fs in remotes.items())
    names = tuple(remotes)
    return Receiving(
        Opened(opened, {}, names, names[0]),
        shop.store,
        elsewhere=nothing_elsewhere(),
        on_bytes=lambda _: None,
    )


def test_the_remote_that_a_dvc_file_names_is_asked_first(shop: Shop) -> None:
    first, special = FarAway({AT: CONTENT}), FarAway({AT: CONTENT})
    found = receiving(shop, first=first, special=special)
    found.elsewhere.remotes[OF_CONTENT] = "special"
    assert found.receive(OF_CONTENT, Allowance(5)).hash == OF_CONTENT
    assert (first.asked, special.asked) == ([], [AT])


def test_a_remote_that_fails_again_and_again_is_asked_no_more(shop: Shop) -> None:
    broken = FarAway({AT: CONTENT}, error=ConnectionResetError("gone"))
    found = receiving(shop, broken=broken)
    reasons = [found.receive(OF_CONTENT, Allowance(5)).reason for _ in range(20)]
    assert len(broken.asked) < 20
    assert "cannot be reached" in reasons[0]
    assert "it failed too often" in reasons[-1]
    assert list(Path(shop.store.root).rglob("*.tmp")) == []


def test_what_was_of_no_use_does_not_count_against_the_allowance(shop: Shop) -> None:
    found = receiving(shop, wrong=FarAway({AT: b"jello"}), right=FarAway({AT: CONTENT}))
    assert found.receive(OF_CONTENT, Allowance(5)).path is not None


def send(fs: FarAway, shop: Shop, *contents: bytes) -> Sent:
    hashes = [shop.store.add_bytes(content) for content in contents]
    with ThreadPoolExecutor(2) as pool:
        return Sending(Remote("far", fs, "/far"), shop.store, pool).send(hashes)


def test_what_arrives_short_at_an_object_storage_has_failed(shop: Shop) -> None:
    sent = send(FarAway(protocol="s3", stops_after=3), shop, CONTENT)
    assert (sent.sent, sent.failed) == ((), {OF_CONTENT: "3 of 5 bytes arrived"})


def test_sending_ends_when_nothing_arrives_any_more(shop: Shop) -> None:
    fs = FarAway(put_error=ConnectionResetError("gone"))
    sent = send(fs, shop, *(b"%d" % number for number in range(100)))
    assert len(sent.failed) == 100
    assert all("cannot be reached" in reason for reason in sent.failed.values())
    assert len(fs.asked) < 20


def test_one_object_that_fails_does_not_stop_the_others(shop: Shop) -> None:
    fs = FarAway(put_error=OSError("too large"), fails_for=OF_CONTENT[2:])
    sent = send(fs, shop, b"first", CONTENT, b"last")
    assert (len(sent.sent), list(sent.failed)) == (2, [OF_CONTENT])

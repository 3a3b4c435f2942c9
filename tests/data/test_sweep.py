"""Objects leave the store only when nobody needs them, now and a moment later."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from repro.data import sweep as sweeping
from repro.data.hashing import hash_bytes
from repro.data.store import ObjectStore
from repro.data.sweep import Stored, list_objects, list_unfinished, put_back, sweep


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(f"{tmp_path}/store")


def _sweep(
    store: ObjectStore, hashes: Iterable[str], needed: frozenset[str] | None = frozenset()
) -> sweeping.Sweep:
    chosen = [stored for stored in list_objects(store.root) if stored.hash in hashes]
    return sweep(store, chosen, needed_now=lambda: needed)


def test_the_objects_are_listed_with_what_they_free(store: ObjectStore, tmp_path: Path) -> None:
    alone = store.add_bytes(b"alone")
    linked = store.add_bytes(b"linked!")
    os.link(store.path_of(linked), tmp_path / "elsewhere")

    found = {x.hash: (x.size_bytes, x.is_shared) for x in list_objects(store.root)}

    assert found == {alone: (5, False), linked: (7, True)}


def test_what_is_chosen_goes_and_the_rest_stays(store: ObjectStore) -> None:
    gone, stays = store.add_bytes(b"gone"), store.add_bytes(b"stays")

    assert [x.hash for x in _sweep(store, [gone]).removed] == [gone]

    assert not store.has(gone)
    assert store.read(stays) == b"stays"
    assert not os.path.exists(f"{store.root}/leaving")


def test_what_is_needed_after_all_comes_back(store: ObjectStore) -> None:
    one, two = store.add_bytes(b"one"), store.add_bytes(b"two")

    swept = _sweep(store, [one, two], needed=frozenset({one}))

    assert [x.hash for x in swept.removed] == [two]
    assert store.read(one) == b"one"


def test_all_comes_back_when_it_cannot_be_told_what_is_needed(store: ObjectStore) -> None:
    one = store.add_bytes(b"one")

    assert _sweep(store, [one], needed=None).removed == ()

    assert store.read(one) == b"one"


def test_nothing_goes_while_somebody_relies_on_the_store(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = store.add_bytes(b"one")
    answers = iter([False, True])
    monkeypatch.setattr(sweeping, "is_store_in_use", lambda _: next(answers))

    assert _sweep(store, [one]) == sweeping.Sweep(is_in_use=True)

    assert store.read(one) == b"one"


def test_who_looks_meanwhile_stores_anew_and_keeps_it(store: ObjectStore) -> None:
    one = store.add_bytes(b"one")
    chosen = list_objects(store.root)

    def somebody_stores_it() -> frozenset[str]:
        assert not store.has(one)
        store.add_bytes(b"one")
        return frozenset({one})

    sweep(store, chosen, needed_now=somebody_stores_it)

    assert store.read(one) == b"one"


def test_what_a_killed_sweep_set_aside_is_put_back(store: ObjectStore) -> None:
    one, many = store.add_bytes(b"one"), store.add_bytes(b"[]", suffix=".dir")
    aside = Path(store.root) / "leaving"
    aside.mkdir()
    for value in (one, many):
        os.rename(store.path_of(value), aside / value)
    store.add_bytes(b"one")

    assert put_back(store) == 1

    assert store.read(one) == b"one"
    assert store.has(many)
    assert not aside.exists()


def test_only_old_unfinished_files_are_left_by_the_dead(store: ObjectStore) -> None:
    begun = store.incoming(hash_bytes(b"never"))
    Path(begun).write_bytes(b"nev")
    state = os.stat(begun)

    assert list_unfinished(store.root, before_ns=state.st_ctime_ns) == []
    assert list_unfinished(store.root, before_ns=state.st_ctime_ns + 1) == [
        Stored("", begun, 3, 1, state.st_ctime_ns)
    ]
    assert list_objects(store.root) == []

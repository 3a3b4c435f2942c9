"""Checks packs, and says which objects of a damaged one cannot be read."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from repro.fsck.problem import Tell, silent
from repro.git.repository import Repository
from repro.model.ids import Oid

__all__ = ["BadPack", "Packs", "apart", "check_packs", "copy_readable", "packed_oids"]

_ROOM_BYTES = 4096
"""Behind the start of the last object of a pack that was cut."""
_DAMAGED = re.compile(
    r"(?:index CRC mismatch for object|cannot unpack|packed) ([0-9a-f]{40,64}) from"
)


class BadPack(NamedTuple):
    """A pack that is damaged, or whose index is.

    Attributes:
        path: Of the ``.pack``.
        reason: What is wrong.
        damaged: The objects in it that cannot be read, as far as that can be told.
        has_bad_index: Whether it is the index that is damaged, and the pack is whole.
    """

    path: str
    reason: str
    damaged: frozenset[Oid] = frozenset()
    has_bad_index: bool = False

    @property
    def index_path(self) -> str:
        """Path of its index."""
        return f"{self.path.removesuffix('.pack')}.idx"


class Packs(NamedTuple):
    """The packs of a repository.

    Attributes:
        whole: Paths of those without a fault.
        bad: The others.
    """

    whole: tuple[str, ...]
    bad: tuple[BadPack, ...]


def check_packs(repo: Repository, *, tell: Tell = silent) -> Packs:
    """Reads all packs; git checks each object's bytes with the hash that names it."""
    directory = f"{repo.common_dir}/objects/pack"
    try:
        names = sorted(os.listdir(directory))
    except FileNotFoundError:
        return Packs((), ())
    packs = [f"{directory}/{name}" for name in names if name.endswith(".pack")]
    known = {path.removesuffix(".pack") for path in packs}
    whole, bad = [], []
    for number, path in enumerate(packs):
        tell("packs", number, len(packs))
        # Not "verify-pack", which answers for a missing index with its own usage.
        result = repo.start("verify-pack", "--", path.removesuffix(".pack") + ".idx").result()
        if result.code == 0:
            whole.append(path)
        elif os.path.exists(path):  # else repacked meanwhile
            bad.append(_judge(repo, path))
    for name in names:
        index = f"{directory}/{name}"
        if name.endswith(".idx") and index.removesuffix(".idx") not in known:
            pack = f"{index.removesuffix('.idx')}.pack"
            if os.path.exists(index) and not os.path.exists(pack):
                bad.append(BadPack(pack, "it is missing, its index is there"))
    return Packs(tuple(whole), tuple(bad))


def _judge(repo: Repository, path: str) -> BadPack:
    """Says whether a pack is damaged or its index alone, and what in it can still be read."""
    with apart(repo) as other:
        # Into a new index: whether the pack by itself is whole.
        fresh = f"{other}/fresh.idx"
        result = repo.start("index-pack", "-o", fresh, path, env={"GIT_DIR": other}).result()
        if result.code == 0:
            return BadPack(path, "its index is damaged", has_bad_index=True)
        copy_readable(repo, path, f"{path.removesuffix('.pack')}.idx", other)
        told = repo.start("fsck", "--full", "--no-dangling", env={"GIT_DIR": other}).result()
        damaged = _DAMAGED.findall(told.err.decode("utf-8", "replace"))
    return BadPack(path, "its bytes are damaged", frozenset(map(Oid, damaged)))


@contextmanager
def apart(repo: Repository) -> Iterator[str]:
    """Makes an empty bare repository for a moment: GIT_DIR for what must not see this one's refs.

    It stands below repro's own directory, and so on the same file system.
    """
    import shutil

    path = f"{repo.state_dir}/fsck/apart.{os.getpid()}.{os.urandom(4).hex()}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        form = f"--object-format={repo.hash_name}"
        repo.git("init", "--quiet", "--bare", "--template=", form, path)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def copy_readable(repo: Repository, pack: str, index: str, other: str) -> None:
    """Puts a copy of a damaged pack into another repository, such that git opens it.

    git refuses a pack with a wrong beginning or end, though all between them may be whole: both are
    written as the index says that they were, and what has been cut off is filled up.
    """
    import shutil

    directory = f"{other}/objects/pack"
    os.makedirs(directory, exist_ok=True)
    n_bytes = 20 if repo.hash_name == "sha1" else 32
    offsets = _offsets(repo, index)
    if not offsets or not os.path.exists(pack) or os.path.getsize(pack) < n_bytes:
        return
    with open(index, "rb") as file:
        checksum = file.read()[-2 * n_bytes : -n_bytes]
    name = os.path.basename(pack).removesuffix(".pack")
    shutil.copyfile(index, f"{directory}/{name}.idx")
    shutil.copyfile(pack, f"{directory}/{name}.pack")
    with open(f"{directory}/{name}.pack", "r+b") as file:
        file.write(b"PACK\0\0\0\2" + len(offsets).to_bytes(4, "big"))
        end = file.seek(-n_bytes, os.SEEK_END) + n_bytes
        tail = file.read()
        # What is there of the old end goes; where nothing can be told, it was overwritten.
        kept = (k for k in range(n_bytes, 0, -1) if tail.endswith(checksum[:k]))
        end -= next(kept, n_bytes)
        last = max(offsets.values())
        file.truncate(end if end > last else last + _ROOM_BYTES)
        file.seek(0, os.SEEK_END)
        file.write(checksum)


def packed_oids(repo: Repository, pack: str) -> frozenset[Oid]:
    """Returns the objects that a pack's index lists; none, where it cannot be read."""
    return frozenset(_offsets(repo, f"{pack.removesuffix('.pack')}.idx"))


def _offsets(repo: Repository, index: str) -> dict[Oid, int]:
    try:
        with open(index, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return {}
    args = ("show-index", f"--object-format={repo.hash_name}")
    result = repo.start(*args, stdin=content).result()
    rows = result.out.decode("ascii", "replace").splitlines() if result.code == 0 else []
    return {Oid(oid): int(offset) for offset, oid, *_ in (row.split() for row in rows)}

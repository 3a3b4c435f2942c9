"""Reads every loose object and compares its bytes with its name; git does so only on request."""

import hashlib
import os
import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from repro.fsck.problem import Tell, silent
from repro.model.ids import Oid

__all__ = ["Loose", "check_loose", "loose_path"]

_CHUNK_BYTES = 1 << 18
_FAN_OUT = re.compile("[0-9a-f]{2}")
_REST = re.compile("[0-9a-f]{38}|[0-9a-f]{62}")
_BATCH = 256


class Loose(NamedTuple):
    """The loose objects.

    Attributes:
        whole: Those whose bytes are right.
        damaged: What is wrong with the others.
    """

    whole: frozenset[Oid]
    damaged: dict[Oid, str]


def loose_path(objects_dir: str, oid: Oid) -> str:
    """Returns where a loose object lies."""
    return f"{objects_dir}/{oid[:2]}/{oid[2:]}"


def check_loose(objects_dir: str, *, hash_name: str, tell: Tell = silent) -> Loose:
    """Reads all loose objects, several at a time.

    Args:
        objects_dir: Such as ``.git/objects``.
        hash_name: "sha1" or "sha256".
        tell: Told how far it is.
    """
    from concurrent.futures import ThreadPoolExecutor

    oids = list(_list(objects_dir))
    whole: set[Oid] = set()
    damaged: dict[Oid, str] = {}

    def check(oid: Oid) -> str | None:
        return _fault(loose_path(objects_dir, oid), oid, hash_name)

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for start in range(0, len(oids), _BATCH):
            tell("loose git objects", start, len(oids))
            batch = oids[start : start + _BATCH]
            for oid, fault in zip(batch, pool.map(check, batch), strict=True):
                if fault is None:
                    whole.add(oid)
                elif fault:
                    damaged[oid] = fault
    return Loose(frozenset(whole), damaged)


def _list(objects_dir: str) -> Iterator[Oid]:
    for name in sorted(filter(_FAN_OUT.fullmatch, os.listdir(objects_dir))):
        for rest in os.listdir(f"{objects_dir}/{name}"):
            if _REST.fullmatch(rest):
                yield Oid(name + rest)


def _fault(path: str, oid: Oid, hash_name: str) -> str | None:
    """Returns what is wrong with an object, None when nothing is; "" when it is gone."""
    digest = hashlib.new(hash_name, usedforsecurity=False)
    inflate = zlib.decompressobj()
    try:
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                while chunk:
                    digest.update(inflate.decompress(chunk, _CHUNK_BYTES))
                    chunk = inflate.unconsumed_tail
            digest.update(inflate.flush())
    except FileNotFoundError:  # packed meanwhile
        return ""
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    except zlib.error:
        return "its bytes are damaged"
    if not inflate.eof:
        return "its end is missing"
    if inflate.unused_data or digest.hexdigest() != oid:
        return "its bytes are damaged"
    return None

"""Finds installed files that were edited after they were installed, among those that a run loaded.

Hashing everything installed takes seconds. What a process loaded is about a tenth of it, and of
that only files are hashed whose size is not the recorded one or that are newer than their RECORD,
which installers write last.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from repro.environment.packages import normalised
from repro.model.environment import Package
from repro.model.gap import Gap, GapKind

__all__ = ["edited_gaps"]

_SITES = ("/site-packages/", "/dist-packages/")
_MAX_NAMED = 3


class _Row(NamedTuple):
    """A row of a RECORD, of a file that was loaded."""

    path: str
    algorithm: str
    digest: str
    size: str
    written_at_ns: int


def edited_gaps(loaded: Iterable[str], packages: Sequence[Package]) -> tuple[Gap, ...]:
    """Returns a gap for each package of which a loaded file is not what was installed.

    conda writes its prefix into files, after the RECORD was made: its packages are left out.

    Args:
        loaded: Absolute paths of modules, as processes name them.
        packages: What is installed.
    """
    by_name = {normalised(p.name): p for p in packages if p.installer != "conda"}
    by_site: dict[str, set[str]] = {}
    for full in loaded:
        for name in _SITES:
            at = full.rfind(name)
            if at >= 0:
                site = full[: at + len(name) - 1]
                by_site.setdefault(site, set()).add(full[len(site) + 1 :])
                break
    gaps = []
    for site, paths in sorted(by_site.items()):
        for info in _infos(site):
            package = by_name.get(normalised(info.partition("-")[0]))
            if package is None:
                continue
            edited = [row.path for row in _rows(site, info, paths) if _is_edited(site, row)]
            if edited:
                gaps.append(_gap(package, sorted(edited)))
    return tuple(gaps)


def _infos(site: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(site) if name.endswith(".dist-info"))
    except OSError:  # gone meanwhile
        return []


def _rows(site: str, info: str, wanted: set[str]) -> Iterator[_Row]:
    record = f"{site}/{info}/RECORD"
    try:
        with open(record, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().split("\n")
        written_at_ns = os.stat(record).st_mtime_ns
    except OSError:  # conda and Debian keep none
        return
    for line in lines:
        # Names with commas are quoted, and no module is called so.
        path, _, rest = line.partition(",")
        if path in wanted:
            digest, _, size = rest.rstrip("\r").rpartition(",")
            algorithm, equals, digest = digest.partition("=")
            if equals:
                yield _Row(path, algorithm, digest, size, written_at_ns)


def _is_edited(site: str, row: _Row) -> bool:
    full = f"{site}/{row.path}"
    try:
        status = os.stat(full)
        if str(status.st_size) == row.size and status.st_mtime_ns <= row.written_at_ns:
            return False
        with open(full, "rb") as file:
            found = hashlib.file_digest(file, row.algorithm).digest()
    except (OSError, ValueError):  # gone meanwhile, or an algorithm that nobody knows
        return False
    from base64 import urlsafe_b64encode

    return urlsafe_b64encode(found).rstrip(b"=").decode() != row.digest.rstrip("=")


def _gap(package: Package, edited: list[str]) -> Gap:
    subject = f"{package.name}=={package.version}"
    shown = ", ".join(edited[:_MAX_NAMED])
    more = f" and {len(edited) - _MAX_NAMED} more" if len(edited) > _MAX_NAMED else ""
    was = "1 file was" if len(edited) == 1 else f"{len(edited)} files were"
    return Gap(
        GapKind.ENVIRONMENT,
        subject,
        f"{was} edited after it was installed: {shown}{more}",
        f"reinstall it: uv pip install --reinstall-package {package.name} {subject}; or make the"
        " change part of the repository",
    )

"""Lists what is installed for an interpreter, from outside: by reading directories on its path.

``importlib.metadata`` takes longer to import than 126 packages take to read here, and reads only
the path of the Python that runs repro.
"""

import os
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from repro.environment.dist_info import is_info, read_distribution
from repro.environment.kept import read_kept, write_kept
from repro.environment.origin import directory_of, without_credentials
from repro.model.environment import Package
from repro.model.gap import Gap, GapKind

__all__ = [
    "Scan",
    "cached_scan",
    "directory_of",
    "normalised",
    "scan",
    "scan_packages",
    "without_credentials",
]


class Scan(NamedTuple):
    """What is installed.

    Attributes:
        packages: Sorted by normalised name.
        gaps: What of them is damaged, or there twice.
    """

    packages: tuple[Package, ...]
    gaps: tuple[Gap, ...] = ()


class _Info(NamedTuple):
    """What describes a distribution, and was found."""

    path: str
    stamp: tuple[int, int]  # changes when the distribution is replaced


def normalised(name: str) -> str:
    """Returns a distribution's name as PEP 503 compares them: "typing-extensions"."""
    return re.sub(r"[-_.]+", "-", name).lower()


def scan_packages(path: Sequence[str]) -> tuple[Package, ...]:
    """Returns the packages of `scan`."""
    return scan(path).packages


def scan(path: Sequence[str]) -> Scan:
    """Returns the distributions on a ``sys.path``.

    Of several of one name the first counts, as it does for ``import``; where they are not of one
    version, that is a gap. Entries of the path that do not exist, are archives or may not be read
    hold nothing that could be imported from a directory.
    """
    return _read_all(_find(path))


def cached_scan(path: Sequence[str], *, cache_dir: str) -> Scan:
    """Returns what `scan` does, read again only when something was installed or removed.

    Args:
        path: The interpreter's ``sys.path``.
        cache_dir: Where the last answer is kept; created when needed.
    """
    infos = _find(path)
    name = "packages-2:" + "\0".join(path)
    state = [[info.path, *info.stamp] for info in infos]
    kept = read_kept(cache_dir, name)
    if isinstance(kept, dict) and kept.get("state") == state:
        gaps = (Gap(GapKind.ENVIRONMENT, *row) for row in kept["gaps"])
        return Scan(tuple(Package(*row) for row in kept["packages"]), tuple(gaps))
    found = _read_all(infos)
    packages = [[p.name, p.version, p.record, p.installer, p.origin] for p in found.packages]
    rows = [[gap.subject, gap.reason, gap.fix] for gap in found.gaps]
    write_kept(cache_dir, name, {"state": state, "packages": packages, "gaps": rows})
    return found


def _find(path: Iterable[str]) -> list[_Info]:
    found: list[_Info] = []
    for directory in dict.fromkeys(path):
        try:
            with os.scandir(directory or ".") as entries:
                infos = [entry for entry in entries if is_info(entry.name)]
                infos.sort(key=lambda entry: entry.name)
                found += [_info_of(entry) for entry in infos]
        except OSError:
            continue
    return found


def _info_of(entry: os.DirEntry[str]) -> _Info:
    status = entry.stat(follow_symlinks=False)
    return _Info(entry.path, (status.st_mtime_ns, status.st_ino))


def _read_all(infos: Iterable[_Info]) -> Scan:
    packages: dict[str, Package] = {}
    places: dict[str, str] = {}
    gaps: dict[str, Gap] = {}
    for info in infos:
        found = read_distribution(info.path)
        if found is None:
            continue
        name, directory = normalised(found.package.name), os.path.dirname(info.path)
        first = packages.setdefault(name, found.package)
        if first is found.package:
            places[name] = directory
            if found.damage:
                gaps[name] = _damaged(found.package, found.damage)
        elif first.version != found.package.version:
            gaps[name] = _twice(first, places[name], found.package, directory)
    return Scan(
        tuple(packages[name] for name in sorted(packages)),
        tuple(gaps[name] for name in sorted(gaps)),
    )


def _damaged(package: Package, damage: str) -> Gap:
    subject = f"{package.name}=={package.version}"
    fix = f"pip install --force-reinstall --no-deps {subject}"
    return Gap(GapKind.ENVIRONMENT, subject, damage, fix)


def _twice(first: Package, place: str, second: Package, other: str) -> Gap:
    where = f"{first.version} in {place} and {second.version} in {other}"
    if place == other:
        where = f"{first.version} and {second.version}, both in {place}"
    reason = f"two versions are installed: {where}; the first is taken"
    fix = f"pip uninstall {first.name}, until none is left, and install the one that is meant"
    return Gap(GapKind.ENVIRONMENT, first.name, reason, fix)

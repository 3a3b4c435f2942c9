"""Holds a rebuilt environment against the record: versions, digests, and every byte of every file.

A RECORD says what an installer meant to write. uv copies from its cache, and a file that was edited
there (its default hard links make that easy) would be copied too; so the files are hashed.
"""

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from repro.environment.packages import normalised, scan_packages
from repro.model.environment import Package
from repro.rebuild.differences import Difference

__all__ = ["Comparison", "compare", "damaged_files", "edited_since", "site_directories"]

_MAX_NAMED = 3
_CHUNK = 64


class Comparison(NamedTuple):
    """How what is installed compares with what was recorded.

    Attributes:
        n_packages: Recorded packages that have a digest.
        n_identical: Those installed with the same digest and undamaged files.
        differences: All that is not the same.
        damaged: Files that are not what their RECORD says, by normalised package name.
    """

    n_packages: int
    n_identical: int
    differences: tuple[Difference, ...]
    damaged: dict[str, tuple[str, ...]]


def site_directories(prefix: str) -> list[str]:
    """Returns the directories of an environment that packages are installed in."""
    found = []
    for lib in ("lib", "lib64"):
        try:
            names = sorted(os.listdir(f"{prefix}/{lib}"))
        except OSError:
            continue
        if lib == "lib64" and os.path.islink(f"{prefix}/lib64"):
            continue
        pythons = [name for name in names if name.startswith(("python", "pypy"))]
        found += [f"{prefix}/{lib}/{name}/site-packages" for name in pythons]
    return [path for path in found if os.path.isdir(path)]


def compare(
    recorded: Sequence[Package],
    prefix: str,
    *,
    from_tree: Sequence[str] = (),
    intact_at_ns: int | None = None,
) -> Comparison:
    """Returns how the packages of an environment compare with those of a record.

    Args:
        recorded: The run's.
        prefix: The environment.
        from_tree: Normalised names of packages that the working tree holds: their code is the
            code pillar's.
        intact_at_ns: When every file was last seen to be whole, nanoseconds since the epoch: only
            those written later count as damaged. None to read them all.
    """
    directories = site_directories(prefix)
    installed = {normalised(p.name): p for p in scan_packages(directories)}
    is_read = intact_at_ns is None
    if intact_at_ns is None:
        damaged = damaged_files(directories)
    else:
        damaged = edited_since(directories, intact_at_ns)
    wanted = {normalised(package.name): package for package in recorded}
    differences: list[Difference] = []
    n_packages = n_identical = 0
    for name, package in wanted.items():
        is_counted = package.record is not None and name not in from_tree
        n_packages += is_counted
        difference = _difference(package, installed.get(name))
        if difference is None and name in damaged:
            difference = _damaged(package, damaged[name], is_edited=not is_read)
        if difference is None:
            n_identical += is_counted
        else:
            differences.append(difference)
    for name in sorted(installed.keys() - wanted.keys()):
        package = installed[name]
        subject = f"{package.name}=={package.version}"
        differences.append(Difference(subject, "installed here, and not in the run"))
    return Comparison(n_packages, n_identical, tuple(differences), damaged)


def _difference(recorded: Package, installed: Package | None) -> Difference | None:
    subject = f"{recorded.name}=={recorded.version}"
    if installed is None:
        return Difference(subject, "not installed")
    if installed.version != recorded.version:
        return Difference(subject, f"version {installed.version} is installed")
    if recorded.record is not None and installed.record != recorded.record:
        return Difference(subject, "another build of the same version: its files differ")
    return None


def _damaged(package: Package, files: Sequence[str], *, is_edited: bool) -> Difference:
    subject = f"{package.name}=={package.version}"
    more = f" and {len(files) - _MAX_NAMED} more" if len(files) > _MAX_NAMED else ""
    names = f"{', '.join(files[:_MAX_NAMED])}{more}"
    if is_edited:
        return Difference(subject, f"edited since the environment was built: {names}")
    fix = f"uv cache clean {normalised(package.name)}, and build it again"
    return Difference(subject, f"files are not what its wheel holds: {names}", fix)


def damaged_files(directories: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Returns the files whose bytes are not those of their RECORD, by normalised package name."""
    from concurrent.futures import ThreadPoolExecutor

    rows = [row for directory in directories for rows in _hashed(directory) for row in rows]
    parts = [rows[at : at + _CHUNK] for at in range(0, len(rows), _CHUNK)]
    # Hashing lets go of the interpreter's lock; more threads than cores gain nothing.
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        wrong = [row for found in pool.map(_wrong, parts) for row in found]
    damaged: dict[str, list[str]] = {}
    for row in wrong:
        damaged.setdefault(row.package, []).append(row.name)
    return {package: tuple(sorted(names)) for package, names in damaged.items()}


class _Row(NamedTuple):
    """A file of a RECORD that has a hash."""

    package: str
    directory: str
    name: str
    algorithm: str
    digest: str


def _records(directory: str) -> Iterator[tuple[str, list[list[str]]]]:
    """Yields each package's normalised name and the lines of its RECORD that can be checked."""
    import csv

    for name in sorted(os.listdir(directory)):
        if not name.endswith(".dist-info"):
            continue
        package = normalised(name.removesuffix(".dist-info").partition("-")[0])
        try:
            with open(f"{directory}/{name}/RECORD", encoding="utf-8", newline="") as file:
                lines = list(csv.reader(file))
        except (OSError, UnicodeDecodeError, csv.Error):
            continue
        # Scripts hold the path of the interpreter: they differ in each environment.
        yield (
            package,
            [
                line
                for line in lines
                if len(line) > 1
                and "=" in line[1]
                and not line[0].startswith("../")
                and not line[0].endswith(".pyc")
            ],
        )


def _hashed(directory: str) -> Iterator[list[_Row]]:
    for package, lines in _records(directory):
        hashes = (line[1].partition("=") for line in lines)
        yield [
            _Row(package, directory, line[0], algorithm, digest)
            for line, (algorithm, _, digest) in zip(lines, hashes, strict=True)
        ]


def _wrong(rows: Sequence[_Row]) -> list[_Row]:
    return [row for row in rows if not _is_intact(row)]


def _is_intact(row: _Row) -> bool:
    try:
        with open(os.path.join(row.directory, row.name), "rb", buffering=0) as file:
            digest = hashlib.file_digest(file, row.algorithm).digest()
    except (OSError, ValueError):  # gone, or an algorithm that nobody knows
        return False
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == row.digest.rstrip("=")


def edited_since(directories: Sequence[str], since_ns: int) -> dict[str, tuple[str, ...]]:
    """Returns the files that were written after a time, or are gone, by normalised package name."""
    # For each of twenty thousand files, before every `repro exec`: no objects, no joins.
    edited: dict[str, list[str]] = {}
    for directory in directories:
        for package, lines in _records(directory):
            for name, *_ in lines:
                try:
                    if os.stat(f"{directory}/{name}").st_mtime_ns <= since_ns:
                        continue
                except OSError:
                    pass
                edited.setdefault(package, []).append(name)
    return {package: tuple(sorted(names)) for package, names in edited.items()}

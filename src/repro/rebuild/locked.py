"""Installs what does not come from the working tree: from the lock, else as nearly as can be.

First the lock with its hashes. Where no index can be reached, uv's cache without hashes: it forgets
those of what it fetched without; the digests that are compared afterwards make up for it. What the
lock does not hold (a build with a local version, a package that left the index before it was
locked) is asked of the user's own indexes by name and version.
"""

import hashlib
import os
import re
from typing import NamedTuple

from repro.environment.packages import directory_of, normalised
from repro.environment.requirements import is_archive
from repro.model.environment import Environment, Package
from repro.model.run import Record
from repro.rebuild.differences import Difference
from repro.rebuild.uv import Failure, Uv, without_package

__all__ = ["Locked", "install_locked", "obstacles_of"]

_MAX_OMITTED = 40
_NAME = re.compile(r'^name = "([^"]+)"$', re.MULTILINE)


class Locked(NamedTuple):
    """What is to be installed.

    Attributes:
        packages: The run's.
        lock: Its ``pylock.toml``.
        is_other_python: Whether the interpreter is not the run's: then the lock's archives may not
            fit, and versions count.
        is_conda: Whether conda has installed its share.
    """

    packages: tuple[Package, ...]
    lock: bytes | None
    is_other_python: bool
    is_conda: bool


def obstacles_of(record: Record, environment: Environment) -> list[Difference]:
    """Returns what is known to be missing before anything is built."""
    obstacles = [] if record.lock is not None else [_no_lock(record)]
    for package in environment.packages:
        obstacle = _outside(package) or _gone_archive(package)
        obstacles += [obstacle] if obstacle else []
    return obstacles


def _no_lock(record: Record) -> Difference:
    gap = next((gap for gap in record.run.gaps if gap.subject == "pylock.toml"), None)
    reason = "the run has no lock" + (f": {gap.reason}" if gap else "")
    return Difference("pylock.toml", reason, "repro run it again with the package index at hand")


def _outside(package: Package) -> Difference | None:
    """Returns an obstacle for a package from a directory that is not part of the run."""
    origin = package.origin or {}
    directory = directory_of(origin.get("url", ""))
    if directory is None or "commit" in origin or is_archive(origin["url"]):
        return None
    how = "editable from" if "editable" in origin else "from"
    fix = ""
    if "head" in origin:
        source = origin.get("remote", directory)
        fix = f"git clone {source} && git checkout {origin['head'][:12]}, and install it from there"
    state = ", with uncommitted changes that are not kept" if "dirty" in origin else ""
    subject = f"{package.name}=={package.version}"
    reason = f"was installed {how} a directory outside of the repository: {directory}{state}"
    return Difference(subject, reason, fix)


def _gone_archive(package: Package) -> Difference | None:
    """Returns an obstacle for a local archive that is gone, or another by now."""
    origin = package.origin or {}
    path = directory_of(origin.get("url", ""))
    if path is None or not is_archive(path):
        return None
    subject = f"{package.name}=={package.version}"
    if not os.path.isfile(path):
        fix = f"put it back at {path}"
        return Difference(subject, f"the archive that it came from is gone: {path}", fix)
    sha256 = origin.get("sha256")
    if sha256:
        with open(path, "rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                reason = f"the archive that it came from is another now: {path}"
                return Difference(subject, reason, f"put back the one with SHA-256 {sha256}")
    return None


def install_locked(locked: Locked, uv: Uv, *, directory: str) -> list[Difference]:
    """Installs; returns what could not be had.

    Args:
        locked: What.
        uv: Set up for the environment, which exists.
        directory: Where the lock may be written.
    """
    outside = {normalised(p.name) for p in locked.packages if _is_elsewhere(p)}
    packages = {normalised(p.name): p for p in locked.packages}
    text = (locked.lock or b"").decode("utf-8", "replace")
    if locked.is_other_python or not text:
        wanted = {n: p for n, p in packages.items() if n not in outside}
        return _install_one_by_one(wanted, uv)
    held = set(_NAME.findall(text))
    omitted = _sync(text, packages, uv, directory)
    rest = {n: p for n, p in packages.items() if n not in held and n not in outside}
    if locked.is_conda:
        rest = {n: p for n, p in rest.items() if p.installer != "conda"}
    omitted += _install_one_by_one(rest, uv)
    return omitted


def _is_elsewhere(package: Package) -> bool:
    """Tells whether a package comes from the working tree or from a directory outside of it."""
    return (package.origin or {}).get("url", "").startswith("./") or _outside(package) is not None


def _sync(text: str, packages: dict[str, Package], uv: Uv, directory: str) -> list[Difference]:
    omitted: list[Difference] = []
    path = f"{directory}/pylock.toml"
    names = list(packages)
    while True:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        failure = uv.sync(path, names=names)
        if failure is not None and failure.is_unreachable:
            # Without hashes, and without the network; but only for what is in the cache.
            failure = uv.sync(path, "--offline", "--no-verify-hashes", names=names) and failure
        if failure is None:
            return omitted
        if failure.blamed is None or len(omitted) >= _MAX_OMITTED:
            return [*omitted, _unknown(failure)]
        omitted.append(_obstacle(packages[failure.blamed], failure))
        text = without_package(text, failure.blamed)
        names.remove(failure.blamed)


def _install_one_by_one(packages: dict[str, Package], uv: Uv) -> list[Difference]:
    """Installs packages by name and version; all at once when that goes, else each alone."""
    if not packages:
        return []
    lines = {name: _requirement(package) for name, package in packages.items()}
    names = list(lines)
    if uv.install(*lines.values(), names=names) is None:
        return []
    omitted = []
    for name, line in lines.items():
        failure = uv.install(line, names=[name])
        if failure is not None:
            omitted.append(_obstacle(packages[name], failure))
    return omitted


def _requirement(package: Package) -> str:
    origin = package.origin
    if not origin:
        return f"{package.name}=={package.version}"
    subdirectory = origin.get("subdirectory")
    fragment = f"#subdirectory={subdirectory}" if subdirectory else ""
    if "commit" in origin:
        vcs = origin.get("vcs", "git")
        return f"{package.name} @ {vcs}+{origin['url']}@{origin['commit']}{fragment}"
    return f"{package.name} @ {origin['url']}{fragment}"


def _unknown(failure: Failure) -> Difference:
    if failure.is_unreachable:
        reason = (
            f"no package index can be reached, and uv's cache does not hold all: {failure.reason}"
        )
        return Difference("packages", reason, "try again with the network at hand")
    return Difference("packages", failure.reason)


def _obstacle(package: Package, failure: Failure) -> Difference:
    return Difference(f"{package.name}=={package.version}", failure.reason, _fix(package, failure))


def _fix(package: Package, failure: Failure) -> str:
    if failure.is_unreachable:
        return "try again with the network at hand"
    _, plus, local = package.version.partition("+")
    if re.fullmatch(r"cpu|xpu|cu\d+|rocm[\d.]+", local):
        return f"UV_INDEX=https://download.pytorch.org/whl/{local} and try again"
    if plus:
        return "UV_INDEX=<the index that has this build> and try again"
    if package.origin:
        return f"make {package.origin['url']} reachable"
    return "UV_INDEX=<an index that has this version> and try again"

"""Installs what does not come from the working tree: from the lock, else as nearly as can be.

First the lock with its hashes, all at once. What of it is not to be had (a file that left the
index, an index that moved) and what it does not hold (a build with a local version) is asked of the
user's own indexes by name and version; where no index can be reached, of uv's cache, which has no
hashes of what it fetched without them. The digests that are compared afterwards make up for it.
"""

import hashlib
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
        again: The command that tries again, for fixes.
    """

    packages: tuple[Package, ...]
    lock: bytes | None
    is_other_python: bool = False
    is_conda: bool = False
    again: str = "repro env create"


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
    return Difference("pylock.toml", reason, gap.fix if gap else "")


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
    sha256 = origin.get("sha256")
    which = f"the one with SHA-256 {sha256}" if sha256 else "it"
    fix = f"put back {which} at {path}"
    try:
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest() if sha256 else None
    except OSError:  # not ours to read is as good as gone
        return Difference(subject, f"the archive that it came from is gone: {path}", fix)
    if found == sha256:
        return None
    return Difference(subject, f"the archive that it came from is another now: {path}", fix)


def install_locked(locked: Locked, uv: Uv, *, directory: str) -> list[Difference]:
    """Installs; returns what could not be had.

    Args:
        locked: What.
        uv: Set up for the environment, which exists.
        directory: Where the lock may be written.
    """
    packages = {normalised(p.name): p for p in locked.packages if not _is_elsewhere(p, locked)}
    text = (locked.lock or b"").decode("utf-8", "replace")
    failures: dict[str, Failure] = {}
    held: set[str] = set()
    if text and not locked.is_other_python:
        held = set(_NAME.findall(text))
        for name in held - packages.keys():  # conda's, which are there
            text = without_package(text, name)
        failures = _sync(text, list(held & packages.keys()), uv, f"{directory}/pylock.toml")
    # Without a digest nothing would tell afterwards that another file came in its place.
    hopeless = {n: f for n, f in failures.items() if packages[n].record is None}
    rest = {n: p for n, p in packages.items() if n in failures or n not in held}
    rest = {n: p for n, p in rest.items() if n not in hopeless}
    is_offline = any(failure.is_unreachable for failure in failures.values())
    missing = hopeless | _by_name(rest, uv, is_offline=is_offline)
    return [
        _obstacle(packages[name], failures.get(name, missing[name]), locked.again)
        for name in sorted(missing)
    ]


def _is_elsewhere(package: Package, locked: Locked) -> bool:
    """Tells whether another than us brings a package, or nobody can."""
    if locked.is_conda and package.installer == "conda":
        return True
    return (package.origin or {}).get("url", "").startswith("./") or _outside(package) is not None


def _sync(text: str, names: list[str], uv: Uv, path: str) -> dict[str, Failure]:
    """Installs what a lock names; returns why not, by name of what is left out."""
    failures: dict[str, Failure] = {}
    left = names
    while left:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        failure = uv.install_lock(path, names=left)
        if failure is not None and failure.is_unreachable:
            failure = uv.install_lock(path, "--offline", names=left) and failure
            if failure is not None:
                return failures | dict.fromkeys(left, failure)
        if failure is None:
            return failures
        if failure.blamed is None or len(failures) >= _MAX_OMITTED:
            return failures | dict.fromkeys(left, failure)
        failures[failure.blamed] = failure
        text = without_package(text, failure.blamed)
        left = [name for name in left if name != failure.blamed]
    return failures


def _by_name(
    packages: dict[str, Package], uv: Uv, *, is_offline: bool = False
) -> dict[str, Failure]:
    """Installs packages by name and version, all at once but for those that cannot be had."""
    failures: dict[str, Failure] = {}
    lines = {name: _requirement(package) for name, package in packages.items()}
    reached: Failure | None = None
    while lines:
        options = ("--offline",) if is_offline else ()
        failure = uv.install(*options, *lines.values(), names=list(lines))
        if failure is None:
            return failures
        if failure.is_unreachable and not is_offline:
            is_offline, reached = True, failure
            continue
        blamed = failure.blamed or (next(iter(lines)) if len(lines) == 1 else None)
        if blamed is None:
            for name in lines:
                failures |= _by_name({name: packages[name]}, uv, is_offline=is_offline)
            return failures
        failures[blamed] = reached or failure._replace(is_unreachable=is_offline)
        del lines[blamed]
    return failures


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


def _obstacle(package: Package, failure: Failure, again: str) -> Difference:
    subject = f"{package.name}=={package.version}"
    if failure.is_unreachable:
        at = f" ({failure.url})" if failure.url else ""
        reason = f"the network does not answer{at}, and uv's cache does not hold it"
        return Difference(subject, reason, f"{again}, with the network at hand")
    return Difference(subject, failure.reason, _fix(package, again))


def _fix(package: Package, again: str) -> str:
    _, plus, local = package.version.partition("+")
    if re.fullmatch(r"cpu|xpu|cu\d+|rocm[\d.]+", local):
        return f"UV_INDEX=https://download.pytorch.org/whl/{local} {again}"
    origin = package.origin or {}
    if "commit" in origin:
        return f"push {origin['commit'][:12]} to {origin['url']}, or make that reachable"
    if origin:
        return f"make {origin['url']} reachable"
    return f"UV_INDEX=<an index that has this {'build' if plus else 'version'}> {again}"

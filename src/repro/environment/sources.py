"""Follows packages that were installed from this machine: from a directory, or from an archive.

A directory within the working tree is code. One elsewhere is not, and all that can be kept of it is
the state of its own git repository. An archive has a hash.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping

from repro import process
from repro.environment.dist_info import digest_of_record
from repro.environment.kept import read_kept, write_kept
from repro.environment.origin import directory_of, without_credentials
from repro.environment.requirements import is_archive
from repro.model.environment import Origin, Package, is_recorder
from repro.model.gap import Gap, GapKind
from repro.model.lazy_pattern import lazy_pattern

__all__ = ["follow_sources"]

_TIMEOUT_S = 2.0
_GIT = ("git", "-c", "core.fsmonitor=false", "-C")
_STATUS = ("status", "--porcelain=v2", "--branch", "--untracked-files=normal")
_REMOTES = ("config", "--get-regexp", r"^remote\..*\.url$")
_KEPT = ("GIT_CONFIG", "GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES")
_SCP = lazy_pattern(r"([\w.-]+@)?([\w.-]+):(?!//)(.+)")


def follow_sources(
    packages: Iterable[Package], *, top: str, env: Mapping[str, str], cache_dir: str
) -> tuple[tuple[Package, ...], tuple[Gap, ...]]:
    """Returns packages with what is known of their sources, and a gap where that is not enough.

    Args:
        packages: As they were scanned.
        top: Absolute path of the working tree; a directory within it has the origin url "./" and
            the relative path. "" without one.
        env: The user's variables, for git.
        cache_dir: Where hashes of archives are kept; created when needed.
    """
    followed: list[Package] = []
    gaps: list[Gap] = []
    for package in packages:
        origin = package.origin or {}
        path = None if "commit" in origin else directory_of(origin.get("url", ""))
        if path is None or (is_recorder(package) and not is_archive(path)):
            followed.append(package)
            continue
        inside = None if is_archive(path) else _within(path, top)
        if inside is not None:
            followed.append(package._replace(origin={**origin, "url": inside}))
            continue
        if is_archive(path):
            known, reason, fix = _of_archive(package, path, cache_dir)
        else:
            known, reason, fix = _of_directory(origin, path, env)
        followed.append(package._replace(origin={**origin, **known}))
        if reason:
            subject = f"{package.name}=={package.version}"
            gaps.append(Gap(GapKind.ENVIRONMENT, subject, reason, fix))
    return tuple(followed), tuple(gaps)


def _within(path: str, top: str) -> str | None:
    for place in (path, os.path.realpath(path)) if top else ():
        if f"{place}/".startswith(f"{top}/"):
            return f"./{place[len(top) + 1 :]}"
    return None


def _of_directory(origin: Origin, path: str, env: Mapping[str, str]) -> tuple[Origin, str, str]:
    how = "editable from" if "editable" in origin else "from"
    reason = f"installed {how} a directory outside of the working tree: {path}"
    if not os.path.isdir(path):
        return {}, f"{reason}, which is gone", f"put it back at {path}"
    state = _git_state(path, env)
    head, remote = state.get("head"), state.get("remote")
    if head is None:
        return {}, reason, "install it from an index or a git URL, or keep it in this repository"
    known = {name: value for name, value in state.items() if name in ("head", "dirty", "remote")}
    if "dirty" in state:
        reason += ", with uncommitted changes"
    steps = [f"git -C {path} commit -a"] if "dirty" in state else []
    if remote is None:
        steps.append(f"git -C {path} remote add origin <a place others can reach>")
    if remote is None or "dirty" in state or "ahead" in state:
        steps.append(f"git -C {path} push")
    commit = f"$(git -C {path} rev-parse HEAD)" if "dirty" in state else head
    below = os.path.relpath(os.path.realpath(path), state["top"])
    fragment = "" if below == "." else f"#subdirectory={below}"
    steps.append(f'pip install "{_pip_url(remote or "<that place>")}@{commit}{fragment}"')
    return known, reason, " && ".join(steps)


def _pip_url(remote: str) -> str:
    """Returns git's name of a repository as pip's: "git@host:a/b" is "git+ssh://git@host/a/b"."""
    if remote.startswith("/"):
        return f"git+file://{remote}"
    scp = _SCP.fullmatch(remote)
    return f"git+ssh://{scp[1] or ''}{scp[2]}/{scp[3].lstrip('/')}" if scp else f"git+{remote}"


def _git_state(directory: str, env: Mapping[str, str]) -> dict[str, str]:
    """Returns head, dirty, ahead, remote and top of a directory's repository; {} without one."""
    top = os.path.realpath(directory)
    while not os.path.lexists(f"{top}/.git"):
        if top == "/":
            return {}
        top = os.path.dirname(top)
    scrubbed = {
        name: value
        for name, value in env.items()
        if not name.startswith("GIT_") or name.startswith(_KEPT)
    }
    scrubbed |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        status = process.start((*_GIT, top, *_STATUS), env=scrubbed)
        remotes = process.start((*_GIT, top, *_REMOTES), env=scrubbed)
    except process.CommandNotFoundError:
        return {}
    lines = _lines(status)
    state = {"top": top, **_remote(_lines(remotes))}
    for line in lines:
        key, _, value = line.removeprefix("# ").partition(" ")
        if key == "branch.oid" and value != "(initial)":
            state["head"] = value
        elif key == "branch.ab" and not value.startswith("+0 "):
            state["ahead"] = "true"
        elif not line.startswith("# "):
            state["dirty"] = "true"
    return state


def _lines(pending: process.Pending) -> list[str]:
    result = pending.result(timeout_s=_TIMEOUT_S)
    # One that failed, or was killed for its silence, has said nothing that could be relied on.
    return result.out.decode("utf-8", "replace").splitlines() if result.code == 0 else []


def _remote(lines: list[str]) -> dict[str, str]:
    urls = dict(reversed([line.split(" ", 1) for line in lines if " " in line]))
    url = urls.get("remote.origin.url") or next(reversed(urls.values()), "")
    return {"remote": without_credentials(url)} if url else {}


def _of_archive(package: Package, path: str, cache_dir: str) -> tuple[Origin, str, str]:
    """Returns the hash of the archive, if it is what was installed from it."""
    expected = (package.origin or {}).get("sha256")
    put_back = f"put it back at {path}"
    found = _look(path, cache_dir)
    if found is None:
        return {}, f"the archive it was installed from is gone: {path}", put_back
    sha256, record = found
    is_other = sha256 != expected if expected else record not in (None, package.record)
    if is_other:
        return {}, f"the archive it was installed from is another by now: {path}", put_back
    return {"sha256": sha256}, "", ""


def _look(path: str, cache_dir: str) -> tuple[str, str | None] | None:
    """Returns the hash of an archive and, of a wheel, the digest of its RECORD; None without it."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    name, stamp = f"archive-1:{path}", [status.st_mtime_ns, status.st_size, status.st_ino]
    kept = read_kept(cache_dir, name)
    if isinstance(kept, dict) and kept.get("stamp") == stamp:
        return kept["sha256"], kept["record"]
    try:
        with open(path, "rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:  # a directory of that name, or not ours to read
        return None
    record = _record_of_wheel(path) if path.endswith(".whl") else None
    write_kept(cache_dir, name, {"stamp": stamp, "sha256": sha256, "record": record})
    return sha256, record


def _record_of_wheel(path: str) -> str | None:
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(path) as wheel:
            for name in wheel.namelist():
                info, slash, file = name.rpartition("/")
                if file == "RECORD" and slash and info.endswith(".dist-info"):
                    return digest_of_record(info, wheel.read(name))
    except (BadZipFile, OSError, NotImplementedError, RuntimeError):  # damaged, or encrypted
        return ""  # what was installed came from another file
    return ""

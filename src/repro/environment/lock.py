"""Makes the lock (PEP 751) from which an observed environment can be built again.

uv looks up what was observed, and the environment is not looked at a second time. An installed
package does not know the archive it came from (PEP 710 is a draft), so the hashes are those that
the index offers today; the packages' digests tell after a rebuild whether it was the same.
"""

import hashlib
import re
import time
from collections.abc import Mapping

from repro.environment.ask_uv import Answer, ask_uv
from repro.environment.kept import read_kept, write_file, write_kept
from repro.environment.packages import directory_of, normalised
from repro.environment.requirements import is_archive, is_in_tree, known_entry, requirement
from repro.model.environment import Environment, Package
from repro.model.gap import Gap, GapKind

__all__ = ["lock"]

_RETRY_AFTER_S = 600.0


def lock(
    environment: Environment, *, cache_dir: str, env: Mapping[str, str]
) -> tuple[bytes | None, tuple[Gap, ...]]:
    """Returns ``pylock.toml``, and a gap for each package that it does not hold.

    Packages that uv cannot find are left out. So is what was installed from a directory: within the
    working tree the code has it, and elsewhere `observe` has already said so. The same packages
    give the same bytes. An index that cannot be reached is not asked again for 10 minutes.

    Args:
        environment: What was observed.
        cache_dir: Where locks are kept; created when needed.
        env: The command's variables: uv's and pip's settings count.
    """
    if environment.interpreter is None:
        return None, ()
    packages = {normalised(package.name): package for package in environment.packages}
    lines = {name: line for name, p in packages.items() if (line := requirement(p))}
    entries = {name: entry for name, p in packages.items() if (entry := known_entry(p))}
    key = _key(environment, [*lines.values(), *entries.values()])
    kept = _from_cache(cache_dir, key)
    if kept is not None:
        return kept
    answer = ask_uv(lines, interpreter=environment.interpreter, env=env)
    if answer.lock is None:
        return None, (_failed(answer, cache_dir, key),)
    omitted = answer.omitted | _mismatches(answer, {name: packages[name] for name in lines})
    for name, package in packages.items():
        if name not in lines and name not in entries and not _is_told_elsewhere(package):
            omitted[name] = _unlockable(package)
    content = _joined(answer.lock, list(entries.values())).encode()
    gaps = tuple(_gap(packages[name], omitted[name]) for name in sorted(omitted))
    write_file(cache_dir, f"{key}.pylock.toml", content)
    write_kept(cache_dir, key, {"gaps": [[g.subject, g.reason, g.fix] for g in gaps]})
    return content, gaps


def _joined(text: str, entries: list[str]) -> str:
    if entries:  # uv's word for "none of an index", and TOML wants a key once
        text = text.replace("packages = []\n", "", 1)
    return text.rstrip("\n") + "\n" + "".join(entries)


def _key(environment: Environment, lines: list[str]) -> str:
    interpreter, platform = environment.interpreter, environment.platform
    version = f"{interpreter.implementation} {interpreter.version}" if interpreter else ""
    head = ["1", version, platform.system, platform.machine, platform.libc]
    return hashlib.sha256("\n".join([*head, *lines]).encode("utf-8", "replace")).hexdigest()[:20]


def _from_cache(cache_dir: str, key: str) -> tuple[bytes | None, tuple[Gap, ...]] | None:
    kept = read_kept(cache_dir, key)
    if not isinstance(kept, dict):
        return None
    if "failed_at_s" in kept:
        ago_s = time.time() - kept["failed_at_s"]
        if not 0 <= ago_s < _RETRY_AFTER_S:
            return None
        reason = f"{kept['error']}; tried {ago_s / 60:.0f} min ago, and not again for 10 min"
        return None, (_no_lock(reason, kept["fix"]),)
    try:
        with open(f"{cache_dir}/{key}.pylock.toml", "rb") as stream:
            content = stream.read()
    except OSError:
        return None
    return content, tuple(Gap(GapKind.ENVIRONMENT, *row) for row in kept["gaps"])


def _failed(answer: Answer, cache_dir: str, key: str) -> Gap:
    if answer.is_unreachable:
        failure = {"failed_at_s": time.time(), "error": answer.error, "fix": answer.fix}
        write_kept(cache_dir, key, failure)
    return _no_lock(answer.error, answer.fix)


def _no_lock(reason: str, fix: str) -> Gap:
    return Gap(GapKind.ENVIRONMENT, "pylock.toml", reason, fix)


def _mismatches(answer: Answer, asked: Mapping[str, Package]) -> dict[str, str]:
    """Holds the lock against what was asked for: uv's overrides and constraints may change it."""
    import tomllib

    tables = tomllib.loads(answer.lock or "").get("packages", [])
    versions = {table["name"]: table.get("version") for table in tables}
    found: dict[str, str] = {}
    for name in asked.keys() - answer.omitted.keys():
        version = versions.get(name)
        if name not in versions:
            found[name] = "uv left it out"
        elif version is not None and _plain(version) != _plain(asked[name].version):
            found[name] = f"uv's settings put {version} there instead"
    return found


def _plain(version: str) -> str:
    """Returns one spelling of a version: "1.0.0-RC.1" and "1rc1" are the same."""
    lowered = re.sub(r"[-_.]?(a|b|rc|post|dev)[-_.]?", r"\1", version.lower().lstrip("v"))
    return re.sub(r"(\.0)+(?=$|[a-z+])", "", lowered)


def _is_told_elsewhere(package: Package) -> bool:
    """Tells whether the code holds the package, or `observe` reported that nothing does."""
    url = (package.origin or {}).get("url", "")
    return is_in_tree(package) or (directory_of(url) is not None and not is_archive(url))


def _unlockable(package: Package) -> str:
    origin = package.origin or {}
    if "vcs" in origin:
        return f"installed from a {origin['vcs']} repository, which a lock cannot name"
    return f"the archive it was installed from is gone: {origin.get('url', '')}"


def _gap(package: Package, reason: str) -> Gap:
    subject = f"{package.name}=={package.version}"
    return Gap(GapKind.ENVIRONMENT, subject, f"not in the lock: {reason}", _fix(package))


def _fix(package: Package) -> str:
    _, plus, local = package.version.partition("+")
    if re.fullmatch(r"cpu|xpu|cu\d+|rocm[\d.]+", local):
        return f"export UV_INDEX=https://download.pytorch.org/whl/{local}"
    if plus:
        return "export UV_INDEX=<the index that has this build>"
    return "install it from an index or a git URL"

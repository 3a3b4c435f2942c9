"""Makes the lock (PEP 751) from which an observed environment can be built again.

uv looks up what was observed, and the environment is not looked at a second time. An installed
package does not know the archive it came from (PEP 710 is a draft), so the hashes are those that
the index offers today; the packages' digests tell after a rebuild whether it was the same.
"""

import hashlib
import re
import time
from collections.abc import Mapping
from typing import NamedTuple

from repro.environment.ask_uv import Answer, ask_uv
from repro.environment.conda import is_conda
from repro.environment.kept import read_kept, write_file, write_kept
from repro.environment.packages import directory_of, normalised
from repro.environment.requirements import is_in_tree, known_entry, requirement
from repro.model.environment import Environment, Interpreter, Package
from repro.model.gap import Gap, GapKind

__all__ = ["lock"]

_RETRY_AFTER_S = 600.0
_COMPLETE_AFTER_S = 3600.0


class _Kept(NamedTuple):
    """An answer in the cache.

    Attributes:
        content: The lock, None when it could not be made.
        gaps: What it does not hold, or why there is none.
        made_at_s: When, in seconds since the epoch.
        holds_for_s: How long it is not tried again; None for ever.
    """

    content: bytes | None
    gaps: tuple[Gap, ...]
    made_at_s: float
    holds_for_s: float | None = None

    def is_fresh(self, now_s: float) -> bool:
        return self.holds_for_s is None or 0 <= now_s - self.made_at_s < self.holds_for_s


def lock(
    environment: Environment,
    *,
    cache_dir: str,
    env: Mapping[str, str],
    is_hurried: bool = False,
) -> tuple[bytes | None, tuple[Gap, ...]]:
    """Returns ``pylock.toml``, and a gap for each package that it does not hold.

    Packages that uv cannot find are left out, and looked for again after an hour. So is what was
    installed from a directory: within the working tree the code has it, and elsewhere `observe` has
    already said so; and what conda installed, which its explicit list has. The same packages give
    the same bytes. An index that cannot be reached is not asked again for 10 minutes.

    Args:
        environment: What was observed.
        cache_dir: Where locks are kept; created when needed.
        env: The command's variables: uv's and pip's settings count.
        is_hurried: Whether somebody waits, as in a git hook: a lock that is kept is taken at any
            age, the index gets a few seconds, and where it needs more it is not asked so again for
            an hour.
    """
    interpreter = environment.interpreter
    if interpreter is None:
        return None, ()
    packages = {
        normalised(p.name): p for p in environment.packages if not _is_left_to_conda(p, interpreter)
    }
    lines = {name: line for name, p in packages.items() if (line := requirement(p))}
    entries = {name: entry for name, p in packages.items() if (entry := known_entry(p))}
    key = _key(environment, [*lines.values(), *entries.values()])
    now_s = time.time()
    kept = _read(cache_dir, key)
    if kept is not None and (kept.is_fresh(now_s) or (is_hurried and kept.content is not None)):
        return kept.content, _with_age(kept, now_s)
    if is_hurried:
        # Remembered apart: whoever has more time is not kept from asking.
        unheld = _read(cache_dir, f"{key}-hurried")
        if unheld is not None and unheld.is_fresh(now_s):
            return None, unheld.gaps
    answer = ask_uv(lines, interpreter=interpreter, env=env, is_hurried=is_hurried)
    if answer.lock is None and is_hurried:
        missing = (_no_lock(answer.error, answer.fix),)
        _write(cache_dir, f"{key}-hurried", _Kept(None, missing, now_s, _COMPLETE_AFTER_S))
        return None, missing
    if answer.lock is None:
        return _failed(answer, kept, cache_dir, key)
    omitted = answer.omitted | _mismatches(answer, {name: packages[name] for name in lines})
    holds_for_s = _COMPLETE_AFTER_S if omitted else None
    for name, package in packages.items():
        if name not in lines and name not in entries and not _is_told_elsewhere(package):
            omitted[name] = _unlockable(package)
    content = _joined(answer.lock, list(entries.values())).encode()
    gaps = tuple(_gap(packages[name], omitted[name]) for name in sorted(omitted))
    _write(cache_dir, key, _Kept(content, gaps, time.time(), holds_for_s))
    return content, gaps


def _is_left_to_conda(package: Package, interpreter: Interpreter) -> bool:
    return package.installer == "conda" and is_conda(interpreter.prefix)


def _joined(text: str, entries: list[str]) -> str:
    if entries:  # uv's word for "none of an index", and TOML wants a key once
        text = text.replace("packages = []\n", "", 1)
    return text.rstrip("\n") + "\n" + "".join(entries)


def _key(environment: Environment, lines: list[str]) -> str:
    interpreter, platform = environment.interpreter, environment.platform
    version = f"{interpreter.implementation} {interpreter.version}" if interpreter else ""
    head = ["2", version, platform.system, platform.machine, platform.libc]
    # Who adds the index that was missing is not to wait for an hour.
    head += environment.indexes
    return hashlib.sha256("\n".join([*head, *lines]).encode("utf-8", "replace")).hexdigest()[:20]


def _read(cache_dir: str, key: str) -> _Kept | None:
    document = read_kept(cache_dir, key)
    if not isinstance(document, dict):
        return None
    content = None
    if document["has_lock"]:
        try:
            with open(f"{cache_dir}/{key}.pylock.toml", "rb") as stream:
                content = stream.read()
        except OSError:
            return None
    gaps = tuple(Gap(GapKind.ENVIRONMENT, *row) for row in document["gaps"])
    return _Kept(content, gaps, document["made_at_s"], document["holds_for_s"])


def _write(cache_dir: str, key: str, kept: _Kept) -> None:
    if kept.content is not None:
        write_file(cache_dir, f"{key}.pylock.toml", kept.content)
    document = {
        "has_lock": kept.content is not None,
        "gaps": [[gap.subject, gap.reason, gap.fix] for gap in kept.gaps],
        "made_at_s": kept.made_at_s,
        "holds_for_s": kept.holds_for_s,
    }
    write_kept(cache_dir, key, document)


def _with_age(kept: _Kept, now_s: float) -> tuple[Gap, ...]:
    if kept.content is not None:
        return kept.gaps
    ago = f"; tried {(now_s - kept.made_at_s) / 60:.0f} min ago, and not again for 10 min"
    return tuple(gap._replace(reason=gap.reason + ago) for gap in kept.gaps)


def _failed(
    answer: Answer, kept: _Kept | None, cache_dir: str, key: str
) -> tuple[bytes | None, tuple[Gap, ...]]:
    """Returns what there is when uv made no lock: an earlier one that lacks a few, or nothing."""
    if kept is None or kept.content is None:
        kept = _Kept(None, (_no_lock(answer.error, answer.fix),), 0.0)
    if answer.is_unreachable:
        again = kept._replace(made_at_s=time.time(), holds_for_s=_RETRY_AFTER_S)
        _write(cache_dir, key, again)
    return kept.content, kept.gaps


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
    return is_in_tree(package) or directory_of(url) is not None


def _unlockable(package: Package) -> str:
    origin = package.origin or {}
    if "vcs" in origin:
        return f"installed from a {origin['vcs']} repository, which a lock cannot name"
    return f"installed from what a lock cannot name: {origin.get('url', '')}"


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

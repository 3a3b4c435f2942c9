"""Looks at what is about to be committed, and refuses what nobody wants in a history.

Opt in, and the only hook that may stop the user: metrics that no run here has, secrets in params
files, and large files. Only what differs from HEAD is looked at, so that what a commit let pass is
said once.
"""

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from repro.git.objects import read_objects
from repro.git.repository import Repository
from repro.git.snapshot import LARGE_BYTES
from repro.hooks.call import Answer, HookCall
from repro.hooks.roles import Roles, roles_of
from repro.hooks.staged import StagedFile, staged_files, staged_sizes

__all__ = ["check_commit"]

_KINDS = ("metrics", "secrets", "large")
_KEYS = r"^repro\.check(maxsize|skip)$"
_UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}


class _Settings(NamedTuple):
    """What is looked for.

    Attributes:
        kinds: Some of "metrics", "secrets", "large".
        large_bytes: Larger files do not belong in git.
        complaints: What of the settings means nothing.
    """

    kinds: frozenset[str]
    large_bytes: int
    complaints: tuple[str, ...] = ()


def check_commit(call: HookCall) -> Answer:
    """Returns what must not be committed as it is, with what to type next; code 1 if anything.

    The words of the call: ``--max-size-mib N`` and ``--skip metrics|secrets|large``, which
    ``git config repro.checkMaxSize`` (bytes, or with k, m, g) and ``repro.checkSkip`` say as well.

    Raises:
        GitError: git cannot read the index or its objects.
    """
    repo = call.repo
    # Both sides of a merge were committed before.
    if os.path.exists(f"{repo.git_dir}/MERGE_HEAD"):
        return Answer()
    asked = repo.start("config", "-z", "--get-regexp", _KEYS)
    files = staged_files(repo, call.around.env)
    config = asked.result().out.decode("utf-8", "replace")
    if not files:
        return Answer()
    settings = _settings(config, call.args)
    roles = roles_of(repo, [file.path for file in files])
    lines = [
        line
        for kind in _KINDS
        if kind in settings.kinds
        for line in _FINDERS[kind](repo, files, roles, settings)
    ]
    if not lines:
        return Answer(settings.complaints)
    return Answer((*settings.complaints, *lines, _way_past(call)), code=1)


def _way_past(call: HookCall) -> str:
    by_manager = call.around.env.get("PRE_COMMIT")
    how = "SKIP=repro-check git commit ..." if by_manager else "git commit --no-verify ..."
    return f"to commit it all the same: {how}"


def _settings(config: str, words: Sequence[str]) -> _Settings:
    """Reads git's settings, and the words of the call over them."""
    pairs: list[tuple[str, str]] = []
    for entry in config.split("\0")[:-1]:
        key, _, value = entry.partition("\n")
        pairs.append(("size" if key.endswith("size") else "skip", value))
    rest = [part for word in words for part in (word.split("=", 1) if "=" in word else [word])]
    complaints = []
    while rest:
        word, value = rest[0], rest[1] if len(rest) > 1 else ""
        if word == "--max-size-mib":
            pairs.append(("mib", value))
        elif word == "--skip":
            pairs.append(("skip", value))
        else:
            complaints.append(f"pre-commit hook: no such option: {word}")
            rest = rest[1:]
            continue
        rest = rest[2:]
    kinds, large_bytes = set(_KINDS), LARGE_BYTES
    for key, value in pairs:
        if key != "skip":
            n_bytes = _n_bytes(f"{value}m" if key == "mib" else value)
            large_bytes = large_bytes if n_bytes is None else n_bytes
            complaints += [] if n_bytes is not None else [f"pre-commit hook: no size: {value}"]
            continue
        named = {name.strip() for name in value.split(",")}
        complaints += [f"pre-commit hook: nothing to skip: {x}" for x in sorted(named - {*_KINDS})]
        kinds -= named
    return _Settings(frozenset(kinds), large_bytes, tuple(complaints))


def _n_bytes(text: str) -> int | None:
    unit = _UNITS.get(text[-1:].lower(), 1)
    try:
        number = float(text[:-1] if unit > 1 else text)
        return int(number * unit) if number > 0 else None
    except (OverflowError, ValueError):
        return None


def _without_runs(
    repo: Repository, files: Sequence[StagedFile], roles: Roles, settings: _Settings
) -> Iterator[str]:
    del settings
    metrics = [file for file in files if file.path in roles.metrics]
    if not metrics:
        return
    from repro.hooks.unbacked import unbacked_metrics

    for path, name, value in unbacked_metrics(repo, metrics, roles.metrics):
        command = "dvc repro" if path in roles.by_pipeline else "<command>"
        yield f"{path}: {name} {value:.12g} comes from no run here: repro run -- {command}"


def _with_secrets(
    repo: Repository, files: Sequence[StagedFile], roles: Roles, settings: _Settings
) -> Iterator[str]:
    del settings
    params = [file for file in files if file.path in roles.params]
    if not params:
        return
    from repro.hooks.new_secrets import new_secrets

    contents = read_objects(repo, [oid for file in params for oid in (file.new, file.old or "")])
    for file, new, old in zip(params, contents[::2], contents[1::2], strict=True):
        for found in new_secrets(file.path, new or b"", old or b""):
            what = f"{file.path}:{found.line}: holds a secret ({found.kind})"
            how = f"read it from an environment variable, then git add {shlex.quote(file.path)}"
            yield f"{what}: {how}"


def _too_large(
    repo: Repository, files: Sequence[StagedFile], roles: Roles, settings: _Settings
) -> Iterator[str]:
    del roles
    for file, size_bytes in zip(files, staged_sizes(repo, files), strict=True):
        if size_bytes > settings.large_bytes:
            path = shlex.quote(file.path)
            init = "" if _is_in_dvc(repo, file.path) else "dvc init && "
            how = f"git rm --cached {path} && {init}dvc add {path}"
            yield f"{file.path}: {_mib(size_bytes)} belongs in DVC: {how}"


def _is_in_dvc(repo: Repository, path: str) -> bool:
    directory = path
    while directory:
        directory = directory.rpartition("/")[0]
        if os.path.isdir(os.path.join(repo.top, directory, ".dvc")):
            return True
    return False


def _mib(n_bytes: int) -> str:
    mib = n_bytes / 2**20
    return f"{mib:.0f} MiB" if mib >= 99.5 else f"{mib:.3g} MiB"


_Finder = Callable[[Repository, Sequence[StagedFile], Roles, _Settings], Iterator[str]]
_FINDERS: dict[str, _Finder] = {
    "metrics": _without_runs,
    "secrets": _with_secrets,
    "large": _too_large,
}

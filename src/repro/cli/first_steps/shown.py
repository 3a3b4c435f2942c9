"""What was found, in a line each."""

import os
from collections.abc import Iterator, Sequence

from repro.cli.first_steps.found import Found
from repro.cli.format import counted, size

__all__ = ["rows_of"]

_MAX_NAMED = 3


def rows_of(found: Found) -> list[tuple[str, str]]:
    """Returns a word and a text for each thing that was looked for."""
    return [
        ("git", _git(found)),
        *_author(found),
        ("dvc", _dvc(found)),
        ("params", _named(found, found.params) or "no params file; flags like --lr 0.1 are seen"),
        ("metrics", _named(found, found.metrics) or "no metrics file; metrics.json will be seen"),
        *_data(found),
        ("environment", _environment(found)),
        ("remote", ", ".join(found.remotes) or "none: runs stay on this machine until there is"),
        ("hooks", _hooks(found)),
        ("runs", counted(found.n_runs, "run") if found.n_runs else "none yet"),
    ]


def _git(found: Found) -> str:
    repo = found.repo
    where = f"on {repo.branch}" if repo.branch is not None else "HEAD detached"
    is_linked = repo.git_dir != repo.common_dir
    parts = [found.git_version, where]
    parts += ["no commits yet"] if repo.head is None else []
    parts += ["linked worktree"] if is_linked else []
    return ", ".join(parts)


def _author(found: Found) -> Iterator[tuple[str, str]]:
    if not found.has_author:
        ask = "git config --global user.name NAME (and user.email)"
        yield "author", f"git does not know your name: {ask}"


def _dvc(found: Found) -> str:
    if found.dvc_remotes is None:
        return "not used here, and not needed"
    remotes = f"remote {', '.join(found.dvc_remotes)}" if found.dvc_remotes else "no remote"
    parts = [found.dvc_version or "not installed beside repro", remotes]
    return ", ".join([*parts, *([_named(found, found.pipelines)] if found.pipelines else [])])


def _data(found: Found) -> Iterator[tuple[str, str]]:
    if found.pointers:
        yield "data", _named(found, found.pointers)
    if found.large:
        names = [f"{path} ({size(n_bytes)})" for path, n_bytes in found.large]
        or_dvc = " (or: dvc add)" if found.dvc_remotes is not None else ""
        yield "large files", f"{_clipped(names)}, untracked: runs keep them as data{or_dvc}"


def _environment(found: Found) -> str:
    python = found.python
    if not python.executable:
        return "no Python found"
    if not python.version:
        return f"{python.executable} does not start"
    return f"Python {python.version}, {_short(found, python.executable)}"


def _hooks(found: Found) -> str:
    managers, status = found.managers, found.hooks
    if not status.is_installed:
        others = [f"{name} ({where})" for name, where in managers.names]
        others += [f"core.hooksPath = {managers.hooks_path}"] if managers.hooks_path else []
        # Where a manager is known, these are its.
        is_one = bool(managers.hooks) and not others
        others += [f"{_clipped(managers.hooks)} in .git/hooks"] if is_one else []
        text = ", ".join(others)
        return f"none of repro's; others: {text}" if text else "none of repro's"
    if all(hook.way is None for hook in status.hooks):
        return "installed already, but nothing calls them yet: repro hooks install"
    return "installed already" + ("" if status.is_well else "; a problem: repro hooks status")


def _named(found: Found, paths: Sequence[str]) -> str:
    return _clipped([_from_here(found, path) for path in paths])


def _clipped(names: Sequence[str]) -> str:
    more = len(names) - _MAX_NAMED
    return ", ".join(names[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _from_here(found: Found, path: str) -> str:
    return os.path.relpath(path, found.repo.prefix)


def _short(found: Found, path: str) -> str:
    top = f"{found.repo.top}/"
    if path.startswith(top):
        return _from_here(found, path.removeprefix(top))
    home = os.path.expanduser("~")
    return f"~{path[len(home) :]}" if home != "/" and path.startswith(f"{home}/") else path

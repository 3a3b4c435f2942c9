"""git remotes: asks which refs one has, fetches refs, pushes refs.

Any transport and credential that git has. The user's own fetch and push are left as they are: no
setting of theirs adds a ref, prunes one, runs a hook, or writes FETCH_HEAD here.

Where a person watches, GitPython starts git and reads its progress; its ``Remote.fetch`` and
``Remote.push`` are not used, because they read FETCH_HEAD, drop what a refusal says, and cannot be
given ``-c``.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from repro.git.remote_errors import (
    NoRemoteError,
    RemoteSilentError,
    UnknownRemoteError,
    remote_error,
    without_user_info,
)
from repro.git.repository import Repository, environment_for_remotes
from repro.git.unattended import Unattended
from repro.model.ids import Oid, RefName
from repro.process import Result, start

if TYPE_CHECKING:
    from git import RemoteProgress

__all__ = [
    "GitRemote",
    "OnProgress",
    "Pushed",
    "RefPush",
    "fetch_refs",
    "find_remote",
    "list_remote_refs",
    "push_refs",
]

OnProgress = Callable[[str, int, int], None]
"""Is told what git does ("receiving"), how much of it is done, and of how much."""

_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|.*[/:]", re.DOTALL)
_STATUS = re.compile(r"([ +\-*!=])\t[^\t]*:([^\t:]*)\t(.*)")
_REASON = re.compile(r"\((.*)\)$")
_PUSH = (
    # A hook of the user's looks at pushes of branches; tags and submodules are not ours to push.
    *("push", "--porcelain", "--progress", "--no-verify", "--no-follow-tags"),
    "--recurse-submodules=no",
)
_FETCH = (
    *("fetch", "--progress", "--no-tags", "--no-prune", "--refmap=", "--no-write-fetch-head"),
    *("--no-recurse-submodules", "--no-auto-maintenance", "--no-write-commit-graph"),
    # In a partial clone too: a record is there to be read, and is checked at once.
    *("--no-show-forced-updates", "--no-filter", "--stdin"),
)
_SETTINGS = (
    *("-c", "core.fsync=reference,loose-object,pack", "-c", "core.fsyncMethod=batch"),
    *("-c", "fetch.pruneTags=false", "-c", "submodule.recurse=false", "-c", "gc.auto=0"),
)
_PROGRESS = re.compile(r"(remote: )?[A-Z][a-z]+ [a-z]+: +[0-9]+%?[ ,(]")
_STAGES = {
    "COUNTING": "counting",
    "COMPRESSING": "compressing",
    "WRITING": "sending",
    "RECEIVING": "receiving",
    "RESOLVING": "unpacking",
}


class GitRemote(NamedTuple):
    """A git remote.

    Attributes:
        name: What it is called: its name in the configuration, or its address.
        address: What git is given: the same, with the credentials that an address may hold.
        push_address: Where git pushes to.
        is_named: Whether the configuration knows it.
    """

    name: str
    address: str
    push_address: str
    is_named: bool


class RefPush(NamedTuple):
    """What shall become of a ref of a remote.

    Attributes:
        ref: Its name there.
        old: What it names there; None: it must not exist. It never moves but forward.
        new: What it shall name; None: it is deleted, if it still names `old`.
    """

    ref: RefName
    old: Oid | None
    new: Oid | None


class Pushed(NamedTuple):
    """What became of a push of one ref.

    Attributes:
        ref: The ref.
        is_done: Whether the remote has it now.
        was_quicker: Whether somebody else had moved it meanwhile.
        reason: git's words where it was refused.
        said: What the remote said beside.
        was_there: Whether it had it before.
    """

    ref: RefName
    is_done: bool
    was_quicker: bool = False
    reason: str = ""
    said: str = ""
    was_there: bool = False


def find_remote(repo: Repository, name: str | None = None, *, to_push: bool = False) -> GitRemote:
    """Returns the remote that is meant.

    Args:
        repo: The repository.
        name: Its name or an address; by default the one that git itself would use for this branch,
            ``origin``, or the only one there is.
        to_push: Whether it is to be pushed to: git can be told to push elsewhere than it pulls.

    Raises:
        NoRemoteError: There is none, or several and none to prefer.
        UnknownRemoteError: There is none of this name.
    """
    settings = _settings(repo)
    urls = {
        key.removeprefix("remote.").removesuffix(".url"): values
        for key, values in settings.items()
        if key.startswith("remote.") and key.endswith(".url")
    }
    if name is None:
        name = _default(repo, settings, list(urls), to_push=to_push)
    for known in urls if name not in urls else ():
        if name in urls[known]:
            name = known
    if name in urls:
        push = settings.get(f"remote.{name}.pushurl", [])
        return GitRemote(name, name, push[0] if len(push) == 1 else name, is_named=True)
    if not _ADDRESS.match(name) and not os.path.isdir(os.path.join(repo.top, name)):
        raise UnknownRemoteError(name, list(urls))
    return GitRemote(without_user_info(name), name, name, is_named=False)


def _settings(repo: Repository) -> dict[str, list[str]]:
    keys = r"^(remote\..*\.(url|pushurl)|remote\.pushdefault|branch\..*\.(remote|pushremote))$"
    result = repo.start("config", "--null", "--get-regexp", keys).result()
    settings: dict[str, list[str]] = {}
    for row in os.fsdecode(result.out).split("\0")[:-1]:
        key, _, value = row.partition("\n")
        settings.setdefault(key, []).append(value)
    return settings


def _default(
    repo: Repository, settings: dict[str, list[str]], names: list[str], *, to_push: bool
) -> str:
    keys = [f"branch.{repo.branch}.remote"]
    if to_push:
        keys = [f"branch.{repo.branch}.pushremote", "remote.pushdefault", *keys]
    for key in keys:
        for value in settings.get(key, [])[-1:]:
            if value != ".":
                return value
    if "origin" in names or len(names) == 1:
        return "origin" if "origin" in names else names[0]
    if names:
        raise NoRemoteError(
            "there are several git remotes, and none is called origin",
            hint=f"name one: --remote {names[0]}",
            details=tuple(names),
        )
    raise NoRemoteError(
        "this repository has no git remote to share runs through",
        hint="git remote add origin URL",
    )


def list_remote_refs(
    repo: Repository, remote: GitRemote, *patterns: str, to_push: bool = False
) -> dict[RefName, Oid]:
    """Returns the refs that a remote has and what they name.

    Args:
        repo: The repository.
        remote: The remote.
        patterns: Such as ``refs/repro/*``.
        to_push: Whether to ask where one pushes to.

    Raises:
        RemoteError: It cannot be asked.
    """
    where = remote.push_address if to_push else remote.address
    out, err, code = _git(repo, ("ls-remote", "--refs", "--", where, *patterns))
    if code != 0:
        raise remote_error(remote.name, err, code)
    rows = (line.split("\t", 1) for line in out.splitlines() if "\t" in line)
    return {RefName(ref): Oid(oid) for oid, ref in rows}


def fetch_refs(
    repo: Repository,
    remote: GitRemote,
    refs: Iterable[str],
    *,
    on_progress: OnProgress | None = None,
) -> None:
    """Fetches what refs of a remote name; no ref here is made or moved.

    Args:
        repo: The repository.
        remote: The remote.
        refs: Their names there.
        on_progress: Is told how far git is.

    Raises:
        RemoteError: It failed.
    """
    lines = "".join(f"{ref}\n" for ref in refs)
    if not lines:
        return
    args = (*_FETCH, "--", remote.address)
    _, err, code = _git(repo, args, stdin=lines.encode(), on_progress=on_progress)
    if code != 0:
        raise remote_error(remote.name, err, code)


def push_refs(
    repo: Repository,
    remote: GitRemote,
    pushes: Iterable[RefPush],
    *,
    on_progress: OnProgress | None = None,
    unattended: Unattended | None = None,
) -> list[Pushed]:
    """Pushes refs, and nothing besides; each stands for itself.

    Args:
        repo: The repository.
        remote: The remote.
        pushes: Not more than some hundred: git takes time that grows with their square.
        on_progress: Is told how far git is.
        unattended: How to start git where nobody can answer its questions.

    Raises:
        RemoteError: Nothing was pushed, or nobody knows what was.
    """
    leases = []
    refspecs = []
    for ref, old, new in pushes:
        refspecs.append(f"{new or ''}:{ref}")
        # A lease is on what must not be there, or is deleted; what is there only moves forward.
        if old is None or new is None:
            leases.append(f"--force-with-lease={ref}:{old or ''}")
    if not refspecs:
        return []
    unmirrored = ("-c", f"remote.{remote.name}.mirror=false") if remote.is_named else ()
    args = (*_PUSH, *leases, "--", remote.address, *refspecs)
    if unattended is not None:
        out, err, code = _git_unattended(unattended, (*unmirrored, *args), remote)
    else:
        out, err, code = _git(repo, args, settings=unmirrored, on_progress=on_progress)
    said = "\n".join(
        line.removeprefix("remote: ").strip()
        for line in err.splitlines()
        if line.startswith("remote: ")
    )
    rows = [_pushed(row, said) for row in map(_STATUS.match, out.splitlines()) if row]
    if code != 0 and all(row.is_done for row in rows):
        raise remote_error(remote.name, err, code)
    return rows


_QUICKER = re.compile(
    "stale info|fetch first|non-fast-forward|already exists|incorrect old value|cannot lock ref"
    "|failed to update ref|failed to lock|reference already"
)


def _pushed(row: re.Match[str], said: str) -> Pushed:
    flag, ref, summary = row.groups()
    if flag != "!":
        return Pushed(RefName(ref), is_done=True, was_there=flag == "=")
    match = _REASON.search(summary)
    reason = match[1] if match else summary
    return Pushed(RefName(ref), False, bool(_QUICKER.search(reason)), reason, said)


def _git(
    repo: Repository,
    args: Sequence[str],
    *,
    settings: Sequence[str] = (),
    stdin: bytes = b"",
    on_progress: OnProgress | None = None,
) -> tuple[str, str, int]:
    """Runs git and returns what it printed, what it said beside its progress, and its exit code."""
    command = ["git", *_SETTINGS, *settings, *args]
    env = environment_for_remotes(repo)
    if on_progress is None:
        # Nobody watches: GitPython takes longer to import than git to push a run.
        return _said(start(command, env=env, stdin=stdin).result())
    out, err, code = _watched(repo, command, env=env, stdin=stdin, on_progress=on_progress)
    said = "".join(line for line in err if not _PROGRESS.match(line))
    return out.decode("utf-8", "surrogateescape"), said, code


def _git_unattended(
    how: Unattended, args: Sequence[str], remote: GitRemote
) -> tuple[str, str, int]:
    """Does the same where nobody can answer questions, until the time is up."""
    started = start(("git", *_SETTINGS, *how.settings, *args), env=how.env, is_session=True)
    result = started.result(ends_at_s=how.ends_at_s)
    if started.is_overdue:
        raise RemoteSilentError(remote.name, how.limit_s)
    return _said(result)


def _said(result: Result) -> tuple[str, str, int]:
    lines = result.err.decode("utf-8", "replace").replace("\r", "\n").splitlines(keepends=True)
    said = "".join(line for line in lines if not _PROGRESS.match(line))
    return result.out.decode("utf-8", "surrogateescape"), said, result.code


def _watched(
    repo: Repository,
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    stdin: bytes,
    on_progress: OnProgress,
) -> tuple[bytes, list[str], int]:
    """Runs git through GitPython, which reads its progress."""
    from io import TextIOWrapper
    from tempfile import TemporaryFile
    from threading import Thread

    from git import Git

    tell = _progress(on_progress).new_message_handler()
    out: list[bytes] = []
    err: list[str] = []
    with TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        started = Git(repo.top).execute(
            list(command), as_process=True, istream=given, env=dict(env)
        )
        process = started.proc
        if process is None or process.stdout is None or process.stderr is None:
            raise AssertionError("unreachable: it was started with both as pipes")
        try:
            # A carriage return ends a line too, or progress would be seen when all is over.
            lines = TextIOWrapper(process.stderr, "utf-8", "replace", newline=None)
            with process.stdout as stdout, lines:
                reader = Thread(target=lambda: out.append(stdout.read()), daemon=True)
                reader.start()
                for line in lines:
                    err.append(line)
                    tell(line)
                reader.join()
            code = process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    return b"".join(out), err, code


def _progress(on_progress: OnProgress) -> "RemoteProgress":
    from git import RemoteProgress

    stages = {getattr(RemoteProgress, name): stage for name, stage in _STAGES.items()}

    class Progress(RemoteProgress):
        def update(
            self,
            op_code: int,
            cur_count: str | float,
            max_count: str | float | None = None,
            message: str = "",
        ) -> None:
            del message
            stage = stages.get(op_code & self.OP_MASK)
            if stage is not None and max_count:
                on_progress(stage, int(cur_count), int(max_count))

    return Progress()

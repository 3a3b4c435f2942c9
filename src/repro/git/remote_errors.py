"""What goes wrong with a remote, told apart by what git says, with what to do about it."""

import re
from collections.abc import Sequence

from repro.errors import ReproError

__all__ = [
    "NoRemoteError",
    "RemoteAccessError",
    "RemoteBrokenOffError",
    "RemoteError",
    "RemoteMissingError",
    "RemoteSilentError",
    "RemoteUnreachableError",
    "UnknownRemoteError",
    "explain_refusal",
    "remote_error",
    "without_user_info",
]

_USER_INFO = re.compile(r"(?<=://)[^/@\s]*@")
_SHOWN_LINES = 8


class NoRemoteError(ReproError):
    """The repository has no git remote, or several and none to prefer."""


class UnknownRemoteError(ReproError):
    """What was typed is neither the name of a git remote nor an address.

    Attributes:
        name: What was typed.
    """

    def __init__(self, name: str, known: Sequence[str]) -> None:
        names = ", ".join(known)
        super().__init__(
            f"there is no git remote {name!r}",
            hint=f"one of: {names}" if known else f"git remote add {name} URL",
        )
        self.name = name


class RemoteError(ReproError):
    """A remote could not be asked, or did not do what it was asked.

    Attributes:
        remote: Its name.
        problem: What is wrong with it, as a clause.
        stderr: What git and the remote said.
    """

    def __init__(self, remote: str, problem: str, stderr: str, *, hint: str | None) -> None:
        lines = [line.strip() for line in without_user_info(stderr).splitlines() if line.strip()]
        details = tuple(dict.fromkeys(lines))[:_SHOWN_LINES]
        super().__init__(f"{remote}: {problem}", hint=hint, details=details)
        self.remote = remote
        self.problem = problem
        self.stderr = stderr


class RemoteUnreachableError(RemoteError):
    """Its host cannot be reached."""


class RemoteAccessError(RemoteError):
    """It does not let us in, or not do this."""


class RemoteMissingError(RemoteError):
    """There is no git repository at its address."""


class RemoteBrokenOffError(RemoteError):
    """The connection broke off in the middle."""


class RemoteSilentError(RemoteError):
    """It did not answer, or not all of it, in the time that there was."""

    def __init__(self, remote: str, limit_s: float) -> None:
        problem = f"did not answer in {limit_s:.0f} s"
        super().__init__(remote, problem, "", hint=f"git ls-remote {remote}")


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


_KINDS: tuple[tuple[re.Pattern[str], type[RemoteError], str, str], ...] = (
    (
        _words(
            *("could not resolve host", "connection refused", "connection timed out"),
            *("operation timed out", "network is unreachable", "no route to host"),
            *("failed to connect", "couldn't connect", "unable to connect", "could not connect"),
        ),
        RemoteUnreachableError,
        "its host cannot be reached",
        "check the network and the address: git remote get-url {remote}",
    ),
    (
        _words("host key verification failed"),
        RemoteAccessError,
        "its host key is not known, or has changed",
        "connect once by hand and compare the key: git ls-remote {remote}",
    ),
    (
        _words(
            *("authentication failed", r"permission denied \(", "could not read username"),
            *("could not read password", "terminal prompts disabled", "access denied"),
            *("invalid username or", r"returned error: 40[13]", "permission to .* denied"),
            *("no supported authentication", "too many authentication failures"),
        ),
        RemoteAccessError,
        "it does not accept your credentials for this",
        "try them with git alone: git ls-remote {remote}",
    ),
    (
        _words(
            *("does not appear to be a git repository", "repository .*not found"),
            *("returned error: 404", "does not exist", "not a git repository"),
        ),
        RemoteMissingError,
        "there is no git repository at its address",
        "check the address: git remote get-url {remote}",
    ),
    (
        _words("no space left", "disk quota", "out of diskspace"),
        RemoteError,
        "no space is left",
        "free some disk space and run the command again: df -h .",
    ),
    (
        _words("dubious ownership"),
        RemoteAccessError,
        "git does not trust it: it belongs to another user",
        "git config --global --add safe.directory <its directory>",
    ),
    (
        _words("permission denied", "read-only file system", "insufficient permission"),
        RemoteAccessError,
        "it may not be written to",
        "ask its owner for the right to push",
    ),
    (
        _words(
            "hung up unexpectedly", "early eof", "rpc failed", "connection reset", "broken pipe"
        ),
        RemoteBrokenOffError,
        "the connection broke off",
        "run the command again: what has arrived already is not sent again",
    ),
)


def remote_error(remote: str, stderr: str, code: int) -> RemoteError:
    """Returns the error for what git said of a remote.

    Args:
        remote: Its name.
        stderr: Everything git and the remote said.
        code: git's exit code.
    """
    for pattern, kind, problem, hint in _KINDS:
        if pattern.search(stderr):
            return kind(remote, problem, stderr, hint=hint.format(remote=remote))
    lines = [line for line in stderr.splitlines() if line.startswith(("fatal:", "error:"))]
    problem = without_user_info(lines[0].partition(": ")[2]) if lines else f"git returned {code}"
    return RemoteError(remote, problem, stderr, hint=f"git ls-remote {remote}")


_REFUSALS = (
    (_words("hook declined"), "a hook of the remote declines it: see what the remote said"),
    (_words("quota", "too large", "exceeds", "no space left"), "the remote has no room for it"),
    (
        _words("unpacker error", "insufficient permission", "read-only", "permission denied"),
        "the remote cannot write it: it is read-only, full, or not yours to push to",
    ),
    (
        _words("deny updating a hidden ref", "prohibited", "not allowed", "invalid ref"),
        "the remote accepts no refs below refs/repro",
    ),
)


def explain_refusal(reason: str, said: str = "") -> str:
    """Returns why a remote refused a ref, as a clause.

    Args:
        reason: git's words for that ref.
        said: What the remote said beside.
    """
    for pattern, clause in _REFUSALS:
        if pattern.search(reason) or pattern.search(said):
            return f"{clause} ({reason})" if reason else clause
    return reason or "it was refused"


def without_user_info(text: str) -> str:
    """Returns the text without the user names and passwords in its URLs."""
    return _USER_INFO.sub("", text)

"""What a push of the user's is about to send, and where to, as git or a manager of hooks tells."""

import os
import time
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from repro.git.repository import GitError, Repository
from repro.hooks.call import HookCall
from repro.model.ids import Oid, is_oid
from repro.process import Pending

if TYPE_CHECKING:
    from repro.git.remotes import GitRemote

__all__ = [
    "PushedRef",
    "Settings",
    "is_dry_run",
    "new_objects_bytes",
    "pushed_refs",
    "start_settings",
]

_MAX_COMMITS = 10_000
_MAX_GENERATIONS = 8
_MEASURE_LIMIT_S = 2.0
_OURS = ("refs/repro/", "refs/notes/")
_KEYS = r"^(remote\..*\.(url|pushurl)|core\.sshcommand|ssh\.variant|repro\.push)$"


class PushedRef(NamedTuple):
    """A ref that is about to be pushed.

    Attributes:
        ref: Its name there.
        oid: What it shall name, or a name for that.
        old: What it names there; None where it is new, or not known.
    """

    ref: str
    oid: str
    old: Oid | None


def pushed_refs(call: HookCall) -> list[PushedRef]:
    """Returns what is about to be pushed, deletions left out.

    A manager that keeps git's input to itself tells of the first ref alone, in variables.
    """
    if not call.stdin and not call.args:
        env = call.around.env
        oid = env.get("PRE_COMMIT_TO_REF") or env.get("PRE_COMMIT_LOCAL_BRANCH")
        old = env.get("PRE_COMMIT_FROM_REF", "")
        ref = env.get("PRE_COMMIT_REMOTE_BRANCH", "")
        return [PushedRef(ref, oid, Oid(old) if is_oid(old) else None)] if oid else []
    found = []
    for line in os.fsdecode(call.stdin).splitlines():
        words = line.split(" ")
        # From the end: the local name is whatever the user typed.
        if len(words) < 4 or not (is_oid(words[-3]) and is_oid(words[-1])):
            continue
        oid, ref, old = words[-3:]
        if oid.strip("0"):
            found.append(PushedRef(ref, oid, Oid(old) if old.strip("0") else None))
    return found


class Settings(NamedTuple):
    """What git's configuration says of pushes.

    Attributes:
        is_off: Whether the user wants no runs to go along.
        ssh_command: ``core.sshCommand``.
        ssh_variant: ``ssh.variant``.
        addresses: The addresses that each remote is pushed to, by name.
    """

    is_off: bool
    ssh_command: str | None
    ssh_variant: str | None
    addresses: Mapping[str, Sequence[str]]

    @classmethod
    def read(cls, started: Pending) -> "Settings":
        """Reads what `start_settings` started."""
        values: dict[str, list[str]] = {}
        for row in os.fsdecode(started.result().out).split("\0")[:-1]:
            key, _, value = row.partition("\n")
            values.setdefault(key, []).append(value)
        last = {key: rows[-1] for key, rows in values.items()}
        names = {key[7:].rpartition(".")[0] for key in values if key.startswith("remote.")}
        return cls(
            is_off=last.get("repro.push", "").lower() in {"off", "no", "false", "0", "never"},
            ssh_command=last.get("core.sshcommand"),
            ssh_variant=last.get("ssh.variant"),
            addresses={
                name: values.get(f"remote.{name}.pushurl") or values[f"remote.{name}.url"]
                for name in names
                if f"remote.{name}.pushurl" in values or f"remote.{name}.url" in values
            },
        )

    def remote(self, name: str, address: str) -> "GitRemote":
        """Returns where to push to so that it is the one place that git pushes to now.

        Args:
            name: As git told it: the name, or the address where that was typed.
            address: As git told it.
        """
        from repro.git.remote_errors import without_user_info
        from repro.git.remotes import GitRemote

        of_name = self.addresses.get(name)
        if of_name is None:
            for known, addresses in self.addresses.items():
                if list(addresses) == [address]:
                    return GitRemote(known, known, known, is_named=True)
            return GitRemote(without_user_info(address), address, address, is_named=False)
        if len(of_name) == 1:
            return GitRemote(name, name, name, is_named=True)
        # It is called for each of several addresses, and each has what it has.
        return GitRemote(without_user_info(address), address, address, is_named=False)


def start_settings(repo: Repository) -> Pending:
    """Starts to read the configuration."""
    return repo.start("config", "--null", "--get-regexp", _KEYS)


class Asked:
    """A question to git for the commits that go to a remote for the first time."""

    def __init__(self, repo: Repository, pushed: Collection[PushedRef], remote: str | None) -> None:
        """Asks.

        Args:
            repo: The repository.
            pushed: What is pushed.
            remote: The name that git keeps what it knows of the remote under; None to go by the
                old ends of the refs alone.
        """
        ours = [row for row in pushed if not row.ref.startswith(_OURS)]
        lines = [*(row.oid for row in ours), *(f"^{row.old}" for row in ours if row.old)]
        self._args = (
            *("rev-list", f"--max-count={_MAX_COMMITS}", "--ignore-missing", "--stdin"),
            *(("--not", f"--remotes={remote}") if remote is not None else ()),
        )
        stdin = "".join(f"{line}\n" for line in lines).encode()
        self._started = repo.start(*self._args, stdin=stdin) if ours else None

    def commits(self) -> list[Oid]:
        """Returns them, newest first.

        Raises:
            GitError: git could not read.
        """
        if self._started is None:
            return []
        result = self._started.result()
        if result.code != 0:
            raise GitError(self._args, result)
        return [Oid(line) for line in result.out.decode("ascii").split()]


def is_dry_run() -> bool:
    """Tells whether this process is the hook of a ``git push --dry-run``, where /proc tells.

    git calls the hook all the same, and says nothing of it.
    """
    pid = os.getppid()
    for _ in range(_MAX_GENERATIONS):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")[:-1]
            with open(f"/proc/{pid}/stat", "rb") as file:
                pid = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return False
        if words and words[0].rpartition(b"/")[2] in (b"git", b"git-push") and b"push" in words:
            return _asks_for_dry_run(words[words.index(b"push") + 1 :])
    return False


def _asks_for_dry_run(words: Sequence[bytes]) -> bool:
    is_dry = False
    for word in words:
        if word == b"--":
            break
        if word.startswith(b"--"):
            # git takes options by any beginning that only one of them has.
            if len(word) > 3 and b"--dry-run".startswith(word):
                is_dry = True
            elif len(word) > 6 and b"--no-dry-run".startswith(word):
                is_dry = False
        elif word.startswith(b"-") and b"n" in word.partition(b"o")[0]:
            is_dry = True
    return is_dry


def new_objects_bytes(
    repo: Repository, tips: Sequence[Oid], pushed: Collection[PushedRef], remote: str
) -> int | None:
    """Returns about how many bytes git would send with some commits; None when it is too many.

    Args:
        repo: The repository.
        tips: The commits.
        pushed: What is pushed, for what the remote has.
        remote: The name that git keeps what it knows of the remote under.
    """
    lines = [*tips, *(f"^{row.old}" for row in pushed if row.old)]
    args = (
        *("rev-list", "--objects", "--disk-usage", "--ignore-missing", "--missing=allow-any"),
        *("--stdin", "--not", f"--remotes={remote}"),
    )
    started = repo.start(*args, stdin="".join(f"{line}\n" for line in lines).encode())
    result = started.result(ends_at_s=time.monotonic() + _MEASURE_LIMIT_S)
    if started.is_overdue:
        return None
    # A git that cannot tell (before 2.31) is no reason against it.
    return int(result.out) if result.code == 0 and result.out.strip().isdigit() else 0

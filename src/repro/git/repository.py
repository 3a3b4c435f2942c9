"""Finds the repository and runs git in it."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from repro import process
from repro.errors import ReproError
from repro.model.ids import Oid

__all__ = [
    "HOOKS_SWITCH",
    "BareRepositoryError",
    "GitError",
    "GitNotInstalledError",
    "NotARepositoryError",
    "Opening",
    "Repository",
    "begin_to_open",
    "environment_for_remotes",
    "git_environment",
    "open_repository",
    "wait_for_locks",
]

HOOKS_SWITCH = "REPRO_HOOKS"
"""With the value 0 in the environment of git, repro's hooks do nothing: what repro itself does to a
repository needs no recording."""
_KEPT = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG", "GIT_SSH", "GIT_TRACE")
_KEPT_NAMES = frozenset(
    {
        *("GIT_ASKPASS", "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR", "GIT_SSL_NO_VERIFY"),
        *("GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"),
    }
)
_SETTINGS = (
    # A monitor that a recorder starts would outlive it.
    "-c",
    "core.fsmonitor=false",
    "-c",
    "submodule.recurse=false",
    # An empty ref left by a power cut breaks the user's own git; git syncs no refs by default.
    "-c",
    "core.fsync=reference,loose-object",
    "-c",
    "core.fsyncMethod=batch",
    "-c",
    "advice.addEmbeddedRepo=false",
)
_lock_wait_ms = 30_000
"""Many recorders share one packed-refs: wait for it rather than lose a run."""


def wait_for_locks(limit_s: float) -> None:
    """Lets git in this process wait no longer than this for refs that another process has locked.

    In a hook, somebody waits for their commit.
    """
    global _lock_wait_ms  # noqa: PLW0603 - it holds for all repositories of a process
    _lock_wait_ms = int(limit_s * 1000)


def _settings() -> tuple[str, ...]:
    wait = ("core.packedRefsTimeout", "core.filesRefLockTimeout")
    return (*_SETTINGS, *(word for name in wait for word in ("-c", f"{name}={_lock_wait_ms}")))


class NotARepositoryError(ReproError):
    """There is no git repository here."""


class BareRepositoryError(ReproError):
    """The repository has no working tree to record."""


class GitNotInstalledError(ReproError):
    """There is no git on PATH."""


class GitError(ReproError):
    """A git command failed.

    Attributes:
        args_: The command after ``git``.
        code: Its exit code.
        stderr: What it said.
    """

    def __init__(self, args: tuple[str, ...], result: process.Result) -> None:
        stderr = result.err.decode("utf-8", "replace").strip()
        first = next((line for line in stderr.splitlines() if line), f"exit code {result.code}")
        super().__init__(
            f"git {args[0] if args else ''} failed: {first}",
            hint=_hint_for(stderr),
            details=tuple(stderr.splitlines()[1:8]),
        )
        self.args_ = args
        self.code = result.code
        self.stderr = stderr


def _hint_for(stderr: str) -> str | None:
    if "No space left" in stderr or "Out of diskspace" in stderr or "Disk quota" in stderr:
        return "free some disk space and try again: df -h ."
    if "Permission denied" in stderr or "Read-only file system" in stderr:
        return (
            "repro writes its records into .git: make it writable, or run the command without repro"
        )
    if "dubious ownership" in stderr:
        return "git config --global --add safe.directory <the directory above>"
    return None


def git_environment() -> dict[str, str]:
    """Returns the environment for git: the user's, without what ties git to another repository.

    Hooks run with GIT_DIR and GIT_INDEX_FILE set; git started elsewhere with them damages that
    other repository (githooks(5) tells to unset them). Messages are parsed, so they are in English.
    """
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith(_KEPT) or name in _KEPT_NAMES
    }
    env.pop("LANGUAGE", None)
    env["LC_ALL"] = "C"
    # The user's index must keep its bytes: git status would refresh it.
    env["GIT_OPTIONAL_LOCKS"] = "0"
    env[HOOKS_SWITCH] = "0"
    return env


def environment_for_remotes(repo: "Repository") -> dict[str, str]:
    """Returns the environment for git where it talks to a remote: all of the user's.

    Their credentials, proxies and certificates are there. Only what would lead git to another
    repository, in a hook, is set to this one.
    """
    return dict(os.environ) | {
        "GIT_DIR": repo.git_dir,
        "GIT_WORK_TREE": repo.top,
        "GIT_INDEX_FILE": repo.index_path,
        "LC_ALL": "C",
        HOOKS_SWITCH: "0",
    }


class Repository(NamedTuple):
    """A working tree of a repository, as it stood when it was opened.

    Attributes:
        top: Absolute path of the top of the working tree.
        git_dir: Absolute path of this working tree's git directory.
        common_dir: Absolute path of the git directory that all working trees share.
        head: The commit HEAD names, None when there is none yet.
        head_tree: Its tree, None likewise.
        branch: Short name of the branch, None when HEAD is detached.
        prefix: The directory it was opened from, relative to `top`; "." for the top.
        hash_name: "sha1" or "sha256".
    """

    top: str
    git_dir: str
    common_dir: str
    head: Oid | None
    head_tree: Oid | None
    branch: str | None
    prefix: str
    hash_name: str

    @property
    def state_dir(self) -> str:
        """Where repro keeps what is not in git: ``<common dir>/repro``."""
        return f"{self.common_dir}/repro"

    @property
    def index_path(self) -> str:
        """The user's index."""
        return f"{self.git_dir}/index"

    def start(
        self,
        *args: str,
        stdin: bytes = b"",
        index: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> process.Pending:
        """Starts ``git ARGS`` at the top of the working tree.

        Args:
            args: The command and its arguments.
            stdin: Its input.
            index: Another index than the user's.
            env: Further variables.
        """
        environment = git_environment() | dict(env or {})
        settings = _settings()
        if index is not None:
            environment["GIT_INDEX_FILE"] = index
            # Else its shared part is left beside the user's for two weeks.
            settings += ("-c", "core.splitIndex=false")
        argv = ("git", "-C", self.top, *settings, *args)
        return process.start(argv, env=environment, stdin=stdin)

    def git(
        self,
        *args: str,
        stdin: bytes = b"",
        index: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> bytes:
        """Runs ``git ARGS`` and returns its stdout.

        Raises:
            GitError: It returned something else than 0.
        """
        result = self.start(*args, stdin=stdin, index=index, env=env).result()
        if result.code != 0:
            raise GitError(args, result)
        return result.out


# The object format stands between the paths, since a path may hold a newline.
_QUERY = (
    *("rev-parse", "--is-inside-work-tree"),
    *("--show-object-format", "--show-toplevel"),
    *("--show-object-format", "--absolute-git-dir"),
    *("--show-object-format", "--git-common-dir"),
    *("--show-object-format", "--show-prefix"),
)


class Opening:
    """A repository being opened: git is asked at once, the answers are read when needed."""

    def __init__(
        self, directory: str | None = None, *, asking: Sequence[tuple[str, ...]] = ()
    ) -> None:
        """Asks.

        Args:
            directory: Where; None for the current one.
            asking: Further git commands to start, whose results `answer` gives.

        Raises:
            GitNotInstalledError: There is no git on PATH.
        """
        self.directory = os.path.realpath(directory or os.getcwd())
        head = ("rev-parse", "HEAD", "HEAD^{tree}")
        # In full: shortened it would be "heads/main" where there is a tag "main".
        branch = ("symbolic-ref", "-q", "HEAD")
        env = git_environment()
        argv = ("git", "-C", self.directory, *_settings())
        try:
            self._pending = {
                args: process.start((*argv, *args), env=env)
                for args in (_QUERY, head, branch, *asking)
            }
        except process.CommandNotFoundError as error:
            raise GitNotInstalledError(
                "git is not installed, or not on PATH", hint="apt-get install git"
            ) from error
        self._questions = (_QUERY, head, branch)
        self._results: dict[tuple[str, ...], process.Result] = {}
        self._repository: Repository | None = None

    def answer(self, args: tuple[str, ...]) -> process.Result:
        """Returns what git said to one of the questions."""
        if args not in self._results:
            self._results[args] = self._pending.pop(args).result()
        return self._results[args]

    def repository(self) -> Repository:
        """Returns the repository.

        Raises:
            NotARepositoryError: There is none.
            BareRepositoryError: It has no working tree.
            GitError: git refuses to work in it.
        """
        if self._repository is None:
            self._repository = self._read()
        return self._repository

    def _read(self) -> Repository:
        place, head, branch = (self.answer(question) for question in self._questions)
        lines = place.out.split(b"\n")
        if lines[0] == b"false":
            raise BareRepositoryError(
                f"no working tree here, only a git directory: {self.directory}",
                hint="go to a working tree, or make one: git clone <this> <directory>",
            )
        if place.code != 0:
            if b"not a git repository" in place.err:
                raise NotARepositoryError(
                    f"not in a git repository: {self.directory}",
                    hint="git init, or name the directory: repro -C DIR ...",
                )
            raise GitError(_QUERY[:1], place)
        hash_name = lines[1].decode("ascii")
        _, *paths = place.out.split(b"\n%s\n" % lines[1])
        top, git_dir, common_dir, prefix = (os.fsdecode(path) for path in paths)
        oids = head.out.decode("ascii", "replace").split()
        if head.code != 0:
            if oids and oids[0] != "HEAD":  # a commit, whose objects are missing
                raise GitError(self._questions[1], head)
            oids = []
        return Repository(
            top=top,
            git_dir=git_dir,
            common_dir=os.path.realpath(os.path.join(self.directory, common_dir)),
            head=Oid(oids[0]) if oids else None,
            head_tree=Oid(oids[1]) if oids else None,
            branch=os.fsdecode(branch.out).rstrip("\n").removeprefix("refs/heads/") or None,
            prefix=prefix.removesuffix("\n").rstrip("/") or ".",
            hash_name=hash_name,
        )


_under_way: list[Opening] = []


def begin_to_open() -> None:
    """Starts to open the current directory's repository, for `open_repository` to go on with."""
    with suppress(GitNotInstalledError, OSError):  # met again, and reported, when it is opened
        _under_way.append(Opening())


def open_repository(directory: str | None = None) -> Repository:
    """Opens the repository that `directory` (the current one) lies in.

    Raises:
        NotARepositoryError: There is none.
        BareRepositoryError: It has no working tree.
        GitError: git refuses to work in it.
    """
    while directory is None and _under_way:
        opening = _under_way.pop()
        if opening.directory == os.path.realpath(os.getcwd()):
            return opening.repository()
    return Opening(directory).repository()

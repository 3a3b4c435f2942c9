"""What uv is asked to do for a rebuild, and what it says when it cannot."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from repro import process
from repro.environment.ask_uv import find_uv
from repro.environment.indexes import has_uv_indexes, pip_indexes
from repro.environment.packages import normalised, without_credentials
from repro.errors import ReproError

__all__ = ["Failure", "Uv", "UvMissingError", "without_package"]

_SETTINGS = {
    "NO_COLOR": "1",
    "UV_NO_PROGRESS": "1",
    # Never another interpreter than the one that was chosen.
    "UV_PYTHON_DOWNLOADS": "never",
    # uv's default on Linux hard-links files from its cache: one edited file would be edited in
    # every environment, those to come included.
    "UV_LINK_MODE": "copy",
    "GIT_TERMINAL_PROMPT": "0",
}
_DEFAULTS = {
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    "UV_HTTP_RETRIES": "2",
    "UV_HTTP_TIMEOUT": "60",
}
_DROPPED = frozenset(
    "VIRTUAL_ENV CONDA_PREFIX UV_PROJECT_ENVIRONMENT UV_VENV_SEED UV_PYTHON UV_SYSTEM_PYTHON"
    " UV_CONSTRAINT UV_OVERRIDE UV_EXCLUDE UV_EXCLUDE_NEWER UV_RESOLUTION UV_PRERELEASE UV_TARGET"
    " UV_BREAK_SYSTEM_PACKAGES UV_REQUIRE_HASHES UV_NO_VERIFY_HASHES UV_COMPILE_BYTECODE"
    " PYTHONPATH PYTHONHOME UV_NO_BUILD UV_NO_BINARY UV_VENV_RELOCATABLE UV_NO_DEPS".split()
)
_UNREACHABLE = re.compile(
    r"error sending request|Could not connect|dns error|network was disabled|timed out"
    r"|network connectivity is disabled|tcp connect error|connection (?:refused|reset)",
    re.IGNORECASE,
)
_BLAMED = (
    re.compile(
        r"(?:download|build|fetch|install|prepare|unzip|read)[a-z ]*:?"
        r" `([A-Za-z0-9._-]+)(?:==|[ `@])"
    ),
    re.compile(r"`([A-Za-z0-9][A-Za-z0-9._-]*) @ "),
    re.compile(r"Because ([A-Za-z0-9][A-Za-z0-9._-]*) was not found"),
    re.compile(r"`?([A-Za-z0-9][A-Za-z0-9._-]*)==[^`\s]+`?"),
    re.compile(r"[Pp]ackage `([A-Za-z0-9][A-Za-z0-9._-]*)`"),
    re.compile(r"/([A-Za-z0-9][A-Za-z0-9._]*)-[^/\s]*\.(?:whl|tar\.gz|zip)"),
)
_MEANINGS = (
    (r"Hash mismatch", "the file offered now is not the one that was locked: hashes differ"),
    (r"\((?:404|410) ", "it is gone from the index{at}"),
    (r"for the current platform", "it has no wheel for this platform, and no source"),
    (r"not our ref|couldn't find remote ref|unadvertised object", "its commit is gone from {git}"),
    (r"Git operation failed", "its git repository cannot be reached: {git}"),
    (r"there (?:is|are) no versions? of|was not found in the", "no index that is set up has it"),
)
"""What uv says, in fewer words; what is not here is told as uv tells it."""


class UvMissingError(ReproError):
    """There is no uv."""


class Failure(NamedTuple):
    """Why uv did not do it.

    Attributes:
        blamed: Normalised name of the package that it is about, None when that is not clear.
        reason: A clause without a full stop.
        is_unreachable: Whether the network did not answer.
        url: What was asked for then, "" when not known.
    """

    blamed: str | None
    reason: str
    is_unreachable: bool
    url: str = ""


class Uv:
    """uv with the user's settings, but for those that would build something else."""

    def __init__(self, env: Mapping[str, str], *, prefix: str) -> None:
        """Takes note of the settings.

        Args:
            env: Variables of the user's process.
            prefix: The environment that is worked on.
        """
        kept = {name: value for name, value in env.items() if name not in _DROPPED}
        self.variables = {**_DEFAULTS, **kept, **_SETTINGS}
        if not has_uv_indexes(env):
            indexes = pip_indexes(env, prefix=prefix)
            self.variables |= indexes.main_variables() | indexes.further_variables()
        self.python = f"{prefix}/bin/python"
        self._prefix = prefix

    def make(self, python: str, *, prompt: str) -> Failure | None:
        """Makes the virtual environment, without any package."""
        return self._run(
            *("venv", "--no-project", "--no-config", "--allow-existing", "--prompt", prompt),
            *("--python", python, self._prefix),
        )

    def install_lock(self, lock: str, *options: str, names: Sequence[str] = ()) -> Failure | None:
        """Installs what a lock names, and takes nothing away.

        Args:
            lock: Path of a ``pylock.toml``.
            options: Further ones of ``uv pip install``.
            names: Of the packages, for the failure.
        """
        return self.install(*options, "--requirements", lock, names=names)

    def renew(self, lock: str, packages: Sequence[str]) -> Failure | None:
        """Installs packages of a lock again, past what the cache holds of them."""
        each = [(f"--reinstall-package={p}", f"--refresh-package={p}") for p in packages]
        return self.install_lock(lock, *(option for pair in each for option in pair))

    def install(self, *what: str, names: Sequence[str] = ()) -> Failure | None:
        """Installs packages as they are named, without what they need; takes none away."""
        return self._run(
            *("pip", "install", "--no-deps", "--python", self.python, *what), names=names
        )

    def _run(self, *args: str, names: Sequence[str] = ()) -> Failure | None:
        try:
            result = process.run((find_uv(), "-q", *args), env=self.variables)
        except process.CommandNotFoundError as error:
            raise UvMissingError("uv is not installed", hint="pip install uv") from error
        if result.code == 0:
            return None
        text = result.err.decode("utf-8", "replace")
        at = re.search(r"for url \(([^)\s]+)\)|Failed to fetch: `?([^\s`]+)", text)
        return Failure(
            blamed=_blamed(text, names),
            reason=_reason(text),
            is_unreachable=bool(_UNREACHABLE.search(text)),
            url=without_credentials(at[1] or at[2]) if at else "",
        )


def _blamed(text: str, names: Sequence[str]) -> str | None:
    known = set(names)
    for pattern in _BLAMED:
        for name in map(normalised, pattern.findall(text)):
            if name in known:
                return name
    return None


def _reason(text: str) -> str:
    at = re.search(r"for url \(([^)\s]+)\)", text)
    git = re.search(r"git fetch [^\n]*?'([^'\n]+)'|git\+([^`\s@]+)", text)
    known = {"at": f": {at[1]}" if at else "", "git": git[1] or git[2] if git else "its host"}
    for pattern, meaning in _MEANINGS:
        if re.search(pattern, text):
            return without_credentials(meaning.format(**known))
    lines = [line.strip().lstrip("│├╰─▶× ") for line in text.splitlines()]
    lines = [line.removeprefix("error: ").removeprefix("cause: ") for line in lines if line]
    lines = [line for line in lines if not line.startswith(("hint:", "help:", "warning:"))]
    reason = without_credentials(": ".join(lines[:3])) if lines else "uv failed without a word"
    return " ".join(reason.split()).rstrip(".")


def without_package(lock: str, name: str) -> str:
    """Returns the text of a lock without one package: tables of uv's and ours, one a package."""
    head, *tables = lock.split("[[packages]]\n")
    kept = [table for table in tables if f'name = "{name}"\n' not in table.partition("\n[")[0]]
    return "[[packages]]\n".join([head, *kept]) if kept else f"{head}packages = []\n"

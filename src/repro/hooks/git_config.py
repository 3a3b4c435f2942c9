"""The settings that installed hooks need, in a file that two lines of git's own include.

``<common dir>/repro/hooks/config`` holds the settings, so that taking them away leaves git's file
as it was, byte for byte: git itself would leave empty sections behind, or put lines elsewhere.
"""

import os
import re
import time
from collections.abc import Collection
from contextlib import suppress

from repro.errors import ReproError
from repro.git.repository import Repository
from repro.hooks.call import HookName
from repro.hooks.script import config_command
from repro.model.ids import NOTES_REF

__all__ = [
    "CARRIED_NOTES",
    "CONFIG_HOOKS_SINCE",
    "ConfigLockedError",
    "change_config",
    "config_path",
    "friendly_name",
    "git_version",
    "has_include",
    "settings_text",
    "with_include",
    "without_include",
]

CONFIG_HOOKS_SINCE = (2, 54)
"""The first git that calls hooks which its configuration names."""
CARRIED_NOTES = f"{NOTES_REF[:-1]}[{NOTES_REF[-1]}]"
"""A pattern that fits our notes alone: of a plain name git complains until there are any."""
# Not [include]: what a user has git put into that section would go into ours, or in its place.
_HEADER = b'[includeIf "gitdir:**"]'
_LINE = b"\tpath = repro/hooks/config"
_OUR_LINE = re.compile(rb'\s*path\s*=\s*"?repro/hooks/config"?\s*', re.IGNORECASE)
_ANY_INCLUDE = re.compile(rb'\s*\[include(if "gitdir:\*\*")?\]\s*', re.IGNORECASE)
_SAYS_NOTHING = re.compile(rb"\s*([#;].*)?", re.DOTALL)
_TRIES = 40
_PAUSE_S = 0.05


class ConfigLockedError(ReproError):
    """Another process changes git's configuration, or died while it did."""


def git_version(repo: Repository) -> tuple[int, int]:
    """Returns git's version, the first two numbers; (0, 0) where it cannot be read."""
    text = repo.git("version").decode("utf-8", "replace")
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found is not None else (0, 0)


def friendly_name(name: HookName) -> str:
    """Returns what git's configuration calls a hook of ours; never the name of an event."""
    return f"repro-{name}"


def settings_text(called: Collection[HookName], *, with_notes: bool) -> bytes:
    """Returns the file of settings.

    Args:
        called: The hooks that git's configuration is to call.
        with_notes: Whether git carries our notes through amend, rebase and squash.
    """
    text = "# Written by `repro hooks install`, taken away by `repro hooks uninstall`.\n"
    if with_notes:
        text += f"[notes]\n\trewriteRef = {CARRIED_NOTES}\n"
    for name in called:
        command = config_command(name).replace("\\", "\\\\").replace('"', '\\"')
        text += f'[hook "{friendly_name(name)}"]\n\tevent = {name}\n\tcommand = "{command}"\n'
    return text.encode("ascii")


def config_path(repo: Repository) -> str:
    """Returns the file that git's configuration of this repository is really in."""
    return os.path.realpath(f"{repo.common_dir}/config")


def has_include(content: bytes) -> bool:
    """Tells whether the configuration includes ours."""
    return bool(_ours(content.splitlines(keepends=True)))


def with_include(content: bytes) -> bytes:
    """Returns the configuration with the two lines at its end, which is kept as it is."""
    if has_include(content):
        return content
    if content and not content.endswith(b"\n"):
        return b"%s\n%s\n%s" % (content, _HEADER, _LINE)
    return b"%s%s\n%s\n" % (content, _HEADER, _LINE)


def without_include(content: bytes) -> bytes:
    """Returns the configuration without the two lines, wherever git has put them since."""
    lines = content.splitlines(keepends=True)
    for number in reversed(_ours(lines)):
        is_last = number == len(lines) - 1
        end = lines[number][len(lines[number].rstrip(b"\r\n")) :]
        del lines[number]
        has_header = number > 0 and _ANY_INCLUDE.fullmatch(lines[number - 1]) is not None
        if has_header and _is_empty(lines[number:]):
            del lines[number - 1]
            if is_last and not end and lines:
                lines[-1] = lines[-1].removesuffix(b"\n")
    return b"".join(lines)


def _ours(lines: list[bytes]) -> list[int]:
    found = []
    is_within = False
    for number, line in enumerate(lines):
        if line.lstrip().startswith(b"["):
            is_within = _ANY_INCLUDE.fullmatch(line) is not None
        elif is_within and _OUR_LINE.fullmatch(line):
            found.append(number)
    return found


def _is_empty(lines: list[bytes]) -> bool:
    """Tells whether a section ends before it says anything."""
    for line in lines:
        if line.lstrip().startswith(b"["):
            return True
        if _SAYS_NOTHING.fullmatch(line) is None:
            return False
    return True


def change_config(repo: Repository, new: bytes | None, *, old: bytes | None) -> None:
    """Puts another content in the place of git's configuration, as git itself would.

    Args:
        repo: The repository.
        new: The content; None to have no such file.
        old: What was read, None where there was no file.

    Raises:
        ConfigLockedError: Another process holds it, or has changed it meanwhile.
        OSError: It cannot be written.
    """
    path = config_path(repo)
    lock = f"{path}.lock"
    fd = _lock(lock)
    try:
        with os.fdopen(fd, "wb") as file:
            if _read(path) != old:
                raise ConfigLockedError(
                    f"git's configuration was changed meanwhile: {path}", hint="try again"
                )
            if new is not None:
                if old is not None:
                    os.fchmod(fd, os.stat(path).st_mode & 0o7777)
                file.write(new)
                file.flush()
                os.fsync(fd)
        if new is not None:
            os.replace(lock, path)
        elif old is not None:
            os.unlink(path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(lock)


def _lock(lock: str) -> int:
    for attempt in range(_TRIES):
        try:
            return os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError as error:
            if attempt == _TRIES - 1:
                raise ConfigLockedError(
                    f"another git process changes the configuration: {lock} exists",
                    hint=f"wait for it; when it has died: rm {lock}",
                ) from error
        time.sleep(_PAUSE_S)
    raise AssertionError


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None

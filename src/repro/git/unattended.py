"""git that talks to a remote while nobody attends: it can ask nothing, and its time is limited.

In a hook the user waits for something else. A question there, on a terminal or in a window, comes
from nowhere; so every way of git's, of ssh's and of the credential helpers' to ask one is shut, and
what needs an answer fails instead.
"""

import re
import time
from collections.abc import Mapping
from typing import NamedTuple

from repro.git.repository import Repository, environment_for_remotes

__all__ = ["Unattended", "unattended"]

_SSH_OPTIONS = "-o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=10"
_SETTINGS = (
    # A signed push asks for the passphrase of the key.
    *("-c", "credential.interactive=false", "-c", "push.gpgSign=false"),
    # Should whoever watches the time be killed, it ends by itself.
    *("-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=60"),
)
_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    # Empty is not unset: git then asks neither core.askPass nor SSH_ASKPASS.
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "false",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
}
_OPENSSH = re.compile(
    r"""\s*(?:[A-Za-z_]\w*=\S*\s+)*      # variables before it
        (?:"[^"]*/ssh(?:\.exe)?" | '[^']*/ssh(?:\.exe)?' | (?:\S*/)?ssh(?:\.exe)?)
        (?:\s[^;|&<>\n`#]*)?\Z           # and one simple command""",
    re.VERBOSE,
)


class Unattended(NamedTuple):
    """How git is started where nobody attends.

    Attributes:
        env: Its whole environment.
        settings: Its first arguments.
        limit_s: What it was given at the beginning, for messages.
        ends_at_s: When the time is up, on the clock of ``time.monotonic``.
    """

    env: Mapping[str, str]
    settings: tuple[str, ...]
    limit_s: float
    ends_at_s: float


def unattended(
    repo: Repository,
    *,
    limit_s: float,
    ssh_command: str | None = None,
    ssh_variant: str | None = None,
) -> Unattended:
    """Returns how to start git so that it asks nothing; the time begins to run.

    Args:
        repo: The repository.
        limit_s: So long everything that is started with it may take together.
        ssh_command: The setting ``core.sshCommand``.
        ssh_variant: The setting ``ssh.variant``.
    """
    env = environment_for_remotes(repo) | _QUIET
    command = _ssh_command(env, ssh_command, env.get("GIT_SSH_VARIANT") or ssh_variant)
    if command is not None:
        env["GIT_SSH_COMMAND"] = command
    return Unattended(env, _SETTINGS, limit_s, time.monotonic() + limit_s)


def _ssh_command(env: Mapping[str, str], configured: str | None, variant: str | None) -> str | None:
    """Returns the command for ssh; None to leave it to git, where it is not OpenSSH for sure."""
    if variant not in (None, "", "auto", "ssh"):
        return None
    command = env.get("GIT_SSH_COMMAND") or configured
    program = env.get("GIT_SSH")
    if command:
        is_openssh = bool(_OPENSSH.match(command)) and "$(" not in command
    else:
        is_openssh = not program or program.rpartition("/")[2] in ("ssh", "ssh.exe")
        command = "'{}'".format(program.replace("'", "'\\''")) if program else "ssh"
    return f"{command} {_SSH_OPTIONS}" if is_openssh else None

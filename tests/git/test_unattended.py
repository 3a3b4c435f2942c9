"""How ssh is called where nobody can answer it."""

import pytest

from repro.git.repository import open_repository
from repro.git.unattended import unattended
from tests.repos import Scratch

OPTIONS = "-o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=10"


def command(repo: Scratch, configured: str | None = None, variant: str | None = None) -> str | None:
    how = unattended(
        open_repository(str(repo.path)), limit_s=5, ssh_command=configured, ssh_variant=variant
    )
    return how.env.get("GIT_SSH_COMMAND")


def test_ssh_is_told_not_to_ask(repo: Scratch) -> None:
    assert command(repo) == f"ssh {OPTIONS}"


@pytest.mark.parametrize(
    "text",
    [
        "ssh -i ~/.ssh/work -F none",
        "/usr/bin/ssh -p 22",
        "'/opt/my tools/ssh' -v",
        '"C:/Program Files/OpenSSH/ssh.exe"',
        "LANG=C ssh -i $HOME/.ssh/key",
    ],
)
def test_a_command_of_the_users_is_kept_and_told_as_well(repo: Scratch, text: str) -> None:
    assert command(repo, text) == f"{text} {OPTIONS}"


@pytest.mark.parametrize(
    "text",
    [
        "plink -batch",
        "my-ssh",
        "ssh host; true",
        "ssh -i key # mine",
        "ssh $(which)",
        "assh",
        "echo ssh",
    ],
)
def test_what_is_not_surely_openssh_is_left_as_it_is(repo: Scratch, text: str) -> None:
    assert command(repo, text) is None


def test_the_environment_goes_before_the_configuration(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSH", "/opt/it's/ssh")
    assert command(repo) == f"'/opt/it'\\''s/ssh' {OPTIONS}"
    assert command(repo, "ssh -4") == f"ssh -4 {OPTIONS}"
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -6")
    assert command(repo, "ssh -4") == f"ssh -6 {OPTIONS}"
    assert command(repo, variant="plink") == "ssh -6", "which is the user's"

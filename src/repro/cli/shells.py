"""Starts an interactive shell whose variables outlive its own start-up files."""

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

__all__ = ["Start", "interactive"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Start(NamedTuple):
    """How to start a shell.

    Attributes:
        argv: The command line.
        variables: All of its variables.
    """

    argv: tuple[str, ...]
    variables: Mapping[str, str]


@contextmanager
def interactive(
    shell: str, variables: Mapping[str, str], *, before: Mapping[str, str], prompt: str
) -> Iterator[Start]:
    """Says how to start a shell; the files that it needs are there meanwhile.

    People's start-up files put directories first on PATH, activate environments and set numbers of
    threads; what differs from `before` is therefore set again after them, in the shells that have
    a way to say so: bash, zsh and fish. Where input is no terminal they read no such files.

    Args:
        shell: Its path.
        variables: That it is to have.
        before: That its start-up files expect.
        prompt: What stands before the user's own prompt.
    """
    import shutil
    import tempfile

    kept = {
        name: value
        for name, value in variables.items()
        if before.get(name) != value and _NAME.fullmatch(name)
    }
    home = tempfile.mkdtemp(prefix="repro-shell-")
    try:
        start = _STARTS.get(os.path.basename(shell), _plain)
        yield start(shell, variables, kept=kept, prompt=prompt, home=home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _bash(
    shell: str, variables: Mapping[str, str], *, kept: Mapping[str, str], prompt: str, home: str
) -> Start:
    text = f'[ -f ~/.bashrc ] && . ~/.bashrc\n{_exports(kept)}PS1="{prompt}$PS1"\n'
    return Start((shell, "--rcfile", _written(f"{home}/bashrc", text)), variables)


def _zsh(
    shell: str, variables: Mapping[str, str], *, kept: Mapping[str, str], prompt: str, home: str
) -> Start:
    # The user's .zshenv may itself say where the other files are.
    own = variables.get("ZDOTDIR") or variables.get("HOME", "")
    _written(
        f"{home}/.zshenv",
        f"ZDOTDIR={shlex.quote(own)}\n"
        '[ -f "$ZDOTDIR/.zshenv" ] && . "$ZDOTDIR/.zshenv"\n'
        f"_repro_zdotdir=$ZDOTDIR\nZDOTDIR={shlex.quote(home)}\n",
    )
    _written(
        f"{home}/.zshrc",
        "ZDOTDIR=$_repro_zdotdir\nunset _repro_zdotdir\n"
        '[ -f "$ZDOTDIR/.zshrc" ] && . "$ZDOTDIR/.zshrc"\n'
        f'{_exports(kept)}PROMPT="{prompt}$PROMPT"\n',
    )
    return Start((shell,), {**variables, "ZDOTDIR": home})


def _fish(
    shell: str, variables: Mapping[str, str], *, kept: Mapping[str, str], prompt: str, home: str
) -> Start:
    del prompt, home
    rows = []
    for name, value in kept.items():
        values = value.split(":") if name == "PATH" else [value]
        rows.append(f"set -gx {name} {' '.join(map(_quoted_for_fish, values))}")
    return Start((shell, "-C", "; ".join(rows)), variables)


def _plain(
    shell: str, variables: Mapping[str, str], *, kept: Mapping[str, str], prompt: str, home: str
) -> Start:
    del kept, home
    return Start((shell,), {**variables, "PS1": f"{prompt}$ "})


_STARTS: Mapping[str, Callable[..., Start]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}


def _exports(kept: Mapping[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in kept.items())


def _quoted_for_fish(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _written(path: str, text: str) -> str:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    return path

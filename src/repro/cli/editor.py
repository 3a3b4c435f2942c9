"""Has the user write a text in the editor that git would open."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from repro import process
from repro.cli.console import current_console
from repro.errors import ReproError
from repro.git.repository import Repository

__all__ = ["EditorError", "edited"]


class EditorError(ReproError):
    """There is no editor to open, or it failed."""


@contextmanager
def edited(repo: Repository, title: str) -> Iterator[str]:
    """Gives what the user writes; lines that begin with "#" are left out.

    What was written is kept in its file, and the user told where, when the body fails.

    Args:
        repo: The repository; its git says which editor.
        title: What the text will be, for a line that is left out.

    Raises:
        EditorError: There is none, or it failed.
        OSError: repro's directory cannot be written.
    """
    editor = _editor(repo)
    os.makedirs(repo.state_dir, exist_ok=True)
    path = f"{repo.state_dir}/edit-{os.getpid()}-{os.urandom(4).hex()}.md"
    text = ""
    try:
        with open(path, "x", encoding="utf-8", errors="surrogateescape") as file:
            file.write(f"\n# {title}\n# lines that begin with # are left out\n")
        _open(editor, path)
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = "".join(line for line in file if not line.startswith("#"))
        yield text
    except BaseException:  # whatever it was, what was written is worth more
        if text.strip():
            current_console().talk(f"what you wrote is kept in {path}")
        else:
            _remove(path)
        raise
    _remove(path)


def _editor(repo: Repository) -> str:
    answer = repo.start("var", "GIT_EDITOR").result()
    editor = answer.out.decode("utf-8", "surrogateescape").strip()
    if answer.code != 0 or not editor:
        raise EditorError("git knows no editor", hint="git config --global core.editor nano")
    return editor


def _open(editor: str, path: str) -> None:
    # As git does it: the editor is a shell command.
    argv = ("/bin/sh", "-c", f'{editor} "$@"', editor, path)
    pid = process.spawn(argv, env=os.environ, fds=(0, 1, 2))
    code = process.exit_code_of(os.waitpid(pid, 0)[1])
    if code != 0:
        raise EditorError(
            f"the editor failed with exit code {code}: {editor}",
            hint="to choose another: git config --global core.editor nano",
        )


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)

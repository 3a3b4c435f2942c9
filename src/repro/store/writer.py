"""The writer: this clone's name, under which it keeps a log and an archive of its own."""

import os
from collections.abc import Sequence
from contextlib import suppress

from repro.git.repository import Repository
from repro.model.ids import WriterId, is_writer_id, new_writer_id

__all__ = ["current_writer", "new_writer", "own_writers"]


def own_writers(repo: Repository) -> tuple[WriterId, ...]:
    """Returns the names that this clone writes and wrote under, the one in use last."""
    try:
        with open(_file(repo), encoding="ascii", errors="replace") as lines:
            return tuple(WriterId(name) for name in map(str.strip, lines) if is_writer_id(name))
    except FileNotFoundError:
        return ()


def current_writer(repo: Repository) -> WriterId:
    """Returns the name that this clone writes under; the first time it is made up.

    Raises:
        OSError: It cannot be written down.
    """
    known = own_writers(repo)
    return known[-1] if known else _add(repo, ())


def new_writer(repo: Repository) -> WriterId:
    """Gives this clone a new name, when another clone writes under the old one: a copied directory.

    Raises:
        OSError: It cannot be written down.
    """
    return _add(repo, own_writers(repo))


def _add(repo: Repository, known: Sequence[WriterId]) -> WriterId:
    """Adds a name to those known; the first one, unless another process makes it at this moment."""
    writer = new_writer_id(os.urandom(4))
    os.makedirs(repo.state_dir, exist_ok=True)
    temporary = f"{_file(repo)}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        with open(temporary, "x", encoding="ascii") as file:
            file.writelines(f"{name}\n" for name in (*known, writer))
            file.flush()
            os.fsync(file.fileno())
        if known:
            os.replace(temporary, _file(repo))
        else:
            _put_first(temporary, repo)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
    return own_writers(repo)[-1]


def _put_first(temporary: str, repo: Repository) -> None:
    try:
        os.link(temporary, _file(repo))
    except FileExistsError:
        # Another process was the first; or the file was damaged and names nobody.
        if not own_writers(repo):
            os.replace(temporary, _file(repo))


def _file(repo: Repository) -> str:
    return f"{repo.state_dir}/writer"

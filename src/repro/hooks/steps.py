"""Changes to files that are all taken back when one of them fails."""

import os
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

__all__ = ["Steps"]


class _Kept(NamedTuple):
    """A file as it was; one without a mode is a link, whose target is its content."""

    content: bytes
    mode: int | None


class Steps:
    """A block within which each change is noted, and taken back if the block is left by an error.

    Nothing is ever missing for a moment where git looks for it: a file is put in another's place in
    one stroke.
    """

    def __init__(self) -> None:
        self._back: list[Callable[[], object]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if error is None:
            return
        for take_back in reversed(self._back):
            # What cannot be taken back stays; the rest is, and the first error is what counts.
            with suppress(OSError):
                take_back()

    def on_failure(self, take_back: Callable[[], object]) -> None:
        """Notes what to do when a later step fails."""
        self._back.append(take_back)

    def make_directory(self, path: str) -> bool:
        """Makes a directory, and those above it, unless it is there; tells whether it was made."""
        if os.path.isdir(path):
            return False
        above = os.path.dirname(path)
        if not os.path.isdir(above):
            self.make_directory(above)
        os.mkdir(path)
        self.on_failure(lambda: os.rmdir(path))
        return True

    def write(self, path: str, content: bytes, *, mode: int = 0o666) -> None:
        """Writes a file whole, in the place of what stands there; nothing where that is the same.

        Args:
            path: The file.
            content: Its content.
            mode: Its permissions, before the umask.
        """
        old = _content_of(path)
        temporary = f"{path}.{os.getpid()}.tmp"
        try:
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
            with os.fdopen(fd, "wb") as file:
                new_mode = os.fstat(fd).st_mode & 0o7777
                if old == _Kept(content, new_mode):
                    return
                file.write(content)
                file.flush()
                os.fsync(fd)
            os.replace(temporary, path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
        self.on_failure(lambda: _put_back(path, old))

    def put_aside(self, path: str, aside: str) -> None:
        """Gives a file a second name, under which it stays when another takes its place.

        Raises:
            FileExistsError: Something has that name.
        """
        if os.path.lexists(aside):
            raise FileExistsError(17, "is in the way", aside)
        try:
            os.link(path, aside, follow_symlinks=False)
        except OSError:  # a file system without links
            os.rename(path, aside)
        self.on_failure(lambda: os.replace(aside, path))

    def move(self, path: str, target: str) -> None:
        """Moves a file to where another stood, or nothing."""
        old = _content_of(target)
        os.replace(path, target)

        def take_back() -> None:
            os.replace(target, path)
            _put_back(target, old)

        self.on_failure(take_back)

    def remove(self, path: str) -> None:
        """Removes a file, if it is there."""
        old = _content_of(path)
        with suppress(FileNotFoundError):
            os.unlink(path)
            self.on_failure(lambda: _put_back(path, old))


def _content_of(path: str) -> _Kept | None:
    """Returns what a file holds, None where there is none."""
    if os.path.islink(path):
        return _Kept(os.fsencode(os.readlink(path)), None)
    try:
        with open(path, "rb") as file:
            return _Kept(file.read(), os.fstat(file.fileno()).st_mode & 0o7777)
    except FileNotFoundError:
        return None


def _put_back(path: str, old: _Kept | None) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
    if old is None:
        return
    if old.mode is None:
        os.symlink(old.content, os.fsencode(path))
        return
    with open(path, "wb") as file:
        file.write(old.content)
        os.fchmod(file.fileno(), old.mode)

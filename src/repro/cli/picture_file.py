"""Writes pictures to where the user wants them."""

import os
import stat

from repro.errors import ReproError

__all__ = ["PictureFileError", "write_picture"]


class PictureFileError(ReproError):
    """A picture cannot be written where it should be.

    Attributes:
        path: As the user gave it.
    """

    def __init__(self, path: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"cannot write {path}: {reason}", hint=hint)
        self.path = path


def write_picture(path: str, content: bytes) -> None:
    """Writes a picture whole or not at all; one that is there is replaced, and keeps its mode.

    Args:
        path: A file, or a link to one.
        content: Its bytes.

    Raises:
        PictureFileError: It is no place for a file, or the file system refuses.
    """
    target = os.path.realpath(path)
    directory = os.path.dirname(target)
    if os.path.isdir(target):
        raise PictureFileError(path, "it is a directory")
    if os.path.exists(target) and not os.path.isfile(target):
        raise PictureFileError(path, "it is not a file")
    if not os.path.isdir(directory):
        hint = f"mkdir -p {os.path.dirname(path)}"
        raise PictureFileError(path, "there is no such directory", hint=hint)
    temporary = f"{target}.{os.getpid()}.tmp"
    try:
        _replace(temporary, target, content)
    except OSError as error:
        raise PictureFileError(path, error.strerror or str(error)) from None


def _replace(temporary: str, target: str, content: bytes) -> None:
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            if os.path.exists(target):
                os.fchmod(file.fileno(), stat.S_IMODE(os.stat(target).st_mode))
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise

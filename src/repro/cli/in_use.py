"""Which directories processes work in, as far as `/proc` tells."""

import os
from collections.abc import Iterable
from contextlib import suppress

__all__ = ["paths_in_use"]

_PLACES_LEFT = (b"PWD=", b"OLDPWD=", b"_=")
"""Variables that name a directory which the process, or its shell, may long have left."""


def paths_in_use(paths: Iterable[str]) -> set[str]:
    """Returns those of the directories that some process works in, or was started with.

    An environment that is activated holds no file open: it stands in VIRTUAL_ENV, in PATH and in
    the command lines of what was started in it. Other people's processes are not looked into; where
    there is no `/proc`, none is.

    Args:
        paths: Absolute, without symbolic links.
    """
    texts = _texts()
    return {path for path in paths if any(os.fsencode(path) in text for text in texts)}


def _texts() -> list[bytes]:
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if name.isdecimal():
            with suppress(OSError):  # it has ended, or is somebody else's
                found.append(_text_of(f"/proc/{name}"))
    return found


def _text_of(process: str) -> bytes:
    words = [os.fsencode(os.readlink(f"{process}/cwd"))]
    for name in ("cmdline", "environ"):
        with open(f"{process}/{name}", "rb") as file:
            words += file.read().split(b"\0")
    return b"\0".join(word for word in words if not word.startswith(_PLACES_LEFT))

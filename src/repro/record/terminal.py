"""A terminal between the user's and the command's, so that the command still talks to one."""

import errno
import fcntl
import os
import struct
import termios
import tty
from contextlib import suppress

__all__ = ["Terminal"]


class Terminal:
    """A pseudo-terminal that looks like the user's: its settings, its size, its keys.

    The user's terminal is set to raw, so that every key, Ctrl-C included, goes to the command's
    terminal, whose line discipline makes the signal that the command would have got.

    Attributes:
        master: Our end: what the command prints is read here, keys are written here.
        slave_path: The command's end.
    """

    def __init__(self, *, like: int, keys: int | None) -> None:
        """Opens it.

        Args:
            like: A descriptor of the user's terminal.
            keys: The descriptor to read keys from; None when stdin is no terminal, or when we are
                in the background and must leave the keys alone.
        """
        self.master, self._slave = os.openpty()
        os.set_inheritable(self.master, False)
        self.slave_path = os.ttyname(self._slave)
        self.keys = keys
        self._like = like
        self._saved: list[int | list[bytes | int]] | None = None
        with suppress(termios.error):
            mode = termios.tcgetattr(like)
            if keys is None:
                # The user's terminal is then not set to raw and goes on to make "\r\n" of "\n":
                # one of the two must, and both would make "\r\r\n".
                mode[1] &= ~termios.OPOST
            termios.tcsetattr(self._slave, termios.TCSANOW, mode)
        self.resize()

    @property
    def slave(self) -> int:
        """The command's end, open until `opened_by_child`."""
        return self._slave

    def opened_by_child(self) -> None:
        """Gives up the command's end, so that reading ends when the command's side is closed."""
        os.close(self._slave)
        self._slave = -1
        if self.keys is not None:
            with suppress(termios.error):
                self._saved = termios.tcgetattr(self.keys)
                tty.setraw(self.keys, termios.TCSADRAIN)

    def resize(self) -> None:
        """Gives the command's terminal the size of the user's."""
        with suppress(OSError):
            size = fcntl.ioctl(self._like, termios.TIOCGWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    def foreground_group(self) -> int | None:
        """Returns the process group in the foreground of the command's terminal."""
        try:
            return os.tcgetpgrp(self.master) or None
        except OSError:
            return None

    def read(self) -> bytes:
        """Returns what the command printed, b"" when its side is closed."""
        try:
            return os.read(self.master, 65536)
        except OSError as error:
            if error.errno == errno.EIO:  # how Linux says that nobody holds the other side
                return b""
            raise

    def close(self) -> None:
        """Puts the user's terminal back as it was."""
        if self._saved is not None and self.keys is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.keys, termios.TCSADRAIN, self._saved)
        os.close(self.master)
        if self._slave >= 0:
            os.close(self._slave)

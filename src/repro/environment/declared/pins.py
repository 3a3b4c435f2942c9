"""What a lock file or a list of requirements says, whatever its format."""

from typing import NamedTuple

__all__ = ["Declared", "Pin"]


class Pin(NamedTuple):
    """One package that a file names.

    Attributes:
        name: As it stands there.
        version: The exact one, "" where there is none.
        specifier: PEP 440 text for a version that is not exact, as ">=2,<3".
        markers: PEP 508 texts; it is meant where any of them holds, and everywhere without one.
        commit: Of the repository it is installed from, "" for another source.
        is_required: Whether it must be installed where it is meant; else it is part of an extra or
            of a group that may have been left out.
        is_local: Whether its source is a directory, so that its version says nothing.
    """

    name: str
    version: str = ""
    specifier: str = ""
    markers: tuple[str, ...] = ()
    commit: str = ""
    is_required: bool = False
    is_local: bool = False

    @property
    def wanted(self) -> str:
        """The version as people read it: "3.1.0", ">=2,<3", "commit 1a2b3c4"."""
        if self.commit:
            return f"commit {self.commit[:7]}"
        return self.version or self.specifier


class Declared(NamedTuple):
    """All that a file says.

    Attributes:
        pins: Several of one name are alternatives.
        requires_python: PEP 440 specifier, "" for any.
        is_complete: Whether what it does not name should not be installed.
        conda: Packages that conda is to install; names are conda's own.
    """

    pins: tuple[Pin, ...] = ()
    requires_python: str = ""
    is_complete: bool = False
    conda: tuple[Pin, ...] = ()

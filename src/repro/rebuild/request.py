"""What is asked of a rebuild, and what comes of it."""

from collections.abc import Mapping
from typing import NamedTuple

from repro.model.run import Record
from repro.rebuild.differences import Difference

__all__ = ["Rebuilt", "Request"]


class Request(NamedTuple):
    """What is to be built.

    Attributes:
        record: The run's.
        home: Directory of the repository's environments.
        env: Variables of the user's process.
        top: The working tree that has, or will have, the run's code; packages that the run had
            installed from its tree are installed from there. None to leave them out.
        python: A path or version of an interpreter that the user accepts in place of the run's.
        is_inexact_accepted: Whether what can be built is built, and the rest marked.
        directory: Build there instead of under `home`.
    """

    record: Record
    home: str
    env: Mapping[str, str]
    top: str | None = None
    python: str | None = None
    is_inexact_accepted: bool = False
    directory: str | None = None


class Rebuilt(NamedTuple):
    """An environment that can be used.

    Attributes:
        prefix: Its directory.
        python: Its interpreter.
        n_packages: Packages with a recorded digest.
        n_identical: Those that are byte for byte what was recorded.
        from_tree: Packages installed from the working tree.
        differences: What is not as it was recorded, and was accepted.
        is_new: Whether it was built just now.
    """

    prefix: str
    python: str
    n_packages: int
    n_identical: int
    from_tree: tuple[str, ...]
    differences: tuple[Difference, ...]
    is_new: bool

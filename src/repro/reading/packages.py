"""Packages that reading can do without until somebody asks for what they make."""

import importlib
from typing import Any

from repro.errors import ReproError

__all__ = ["MissingPackageError", "need"]

_DISTRIBUTIONS = {"PIL": "pillow"}


class MissingPackageError(ReproError):
    """A package that is not installed makes what was asked for.

    Attributes:
        package: As pip calls it.
    """

    def __init__(self, package: str, what: str) -> None:
        super().__init__(f"{what} needs {package}", hint=f"pip install {package}")
        self.package = package


def need(module: str, what: str) -> Any:  # noqa: ANN401 - a module without types
    """Returns a module of a package that repro does not depend on.

    Args:
        module: As it is imported.
        what: What it is needed for, as the beginning of a sentence.

    Raises:
        MissingPackageError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        top = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != top:
            raise  # it is there, and lacks something itself
        raise MissingPackageError(_DISTRIBUTIONS.get(top, top), what) from error

"""A run's environment built again: what is in the way, the building, and what came of it."""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import NamedTuple, Self

from repro.environment.packages import normalised
from repro.errors import ReproError
from repro.model.environment import Environment, Interpreter, Package
from repro.model.ids import short_id
from repro.model.run import Record
from repro.rebuild.conda import create_conda, find_conda
from repro.rebuild.differences import Difference, NotExactError
from repro.rebuild.interpreters import choose_interpreter
from repro.rebuild.kept import (
    MARKER,
    Marker,
    environment_key,
    hold,
    read_marker,
    write_marker,
)
from repro.rebuild.locked import Locked, install_locked, obstacles_of
from repro.rebuild.uv import Uv
from repro.rebuild.verify import compare, edited_since, site_directories

__all__ = [
    "EnvironmentDirectoryTakenError",
    "NotObservedError",
    "Rebuilding",
    "Rebuilt",
    "Request",
    "rebuild",
]

_MAX_NAMED = 3


class NotObservedError(ReproError):
    """A run whose record says nothing of an interpreter."""


class EnvironmentDirectoryTakenError(ReproError):
    """The directory for an environment exists and is not empty."""


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


class Rebuilding:
    """A rebuild in stages, so that a checkout can come between; use it as a context.

    Other processes that want the same environment wait meanwhile, and find it finished.
    """

    def __init__(self, request: Request, *, talk: Callable[[str], None]) -> None:
        """Reads the record.

        Args:
            request: What is wanted.
            talk: Receives lines for people.

        Raises:
            NotObservedError: The record holds no interpreter.
        """
        environment = request.record.environment
        if environment is None or environment.interpreter is None:
            run = request.record.run
            raise NotObservedError(
                f"no Python was seen in run {run.name}: there is no environment to build",
                hint=f"repro show {short_id(run.id)}",
            )
        self._request = request
        self._environment: Environment = environment
        self._recorded: Interpreter = environment.interpreter
        self._talk = talk
        deviation = f"{request.python or ''} {request.is_inexact_accepted:d}".removesuffix(" 0")
        self.key = environment_key(request.record, request.top, deviation=deviation)
        self.prefix = request.directory or f"{request.home}/{self.key}"
        self._differences: list[Difference] = []
        self._interpreter: Interpreter | None = None
        self._finished: Marker | None = None
        self._held = ExitStack()

    def __enter__(self) -> Self:
        self._held.enter_context(hold(self._request.home, self.key))
        self._finished = None if self._request.directory else self._usable_marker()
        if self._request.directory:
            _require_free(self._request.directory)
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def _usable_marker(self) -> Marker | None:
        """Returns the marker of an environment that is there, if its interpreter still is."""
        marker = read_marker(self.prefix)
        return marker if os.access(f"{self.prefix}/bin/python", os.X_OK) else None

    def require_possible(self) -> None:
        """Looks for all that can be known to stand in the way, and changes nothing.

        Raises:
            NotExactError: Something does, and it was not accepted.
        """
        if self._finished is not None:
            return
        if self._request.record.conda is None:
            self._interpreter, differences = choose_interpreter(
                self._recorded, env=self._request.env, named=self._request.python
            )
            self._differences += differences
        else:
            find_conda(self._request.env)
        self._require(obstacles_of(self._request.record, self._environment))

    def _require(self, obstacles: list[Difference]) -> None:
        if obstacles and not self._request.is_inexact_accepted:
            name = self._request.record.run.name
            raise NotExactError(
                f"the environment of {name} cannot be built exactly",
                obstacles,
                hint="--inexact builds what can be built, and marks the rest",
            )
        self._differences += obstacles

    def install_locked(self) -> None:
        """Makes the environment, and installs all that does not come from the working tree.

        Raises:
            NotExactError: Something cannot be had, and that was not accepted.
        """
        if self._finished is not None:
            return
        record = self._request.record
        n_packages = len(self._environment.packages)
        self._talk(f"building the environment of {record.run.name}: {n_packages} packages")
        self._remove_unfinished()
        uv = Uv(self._request.env, prefix=self.prefix)
        if record.conda is not None:
            create_conda(record.conda, self.prefix, env=self._request.env)
        elif self._interpreter is not None:
            failure = uv.make(_base_of(self._interpreter), prompt=record.run.name)
            if failure is not None:
                raise NotExactError(
                    "the virtual environment could not be made",
                    [Difference("python", failure.reason)],
                    hint=f"uv venv --python {self._interpreter.executable}",
                )
        locked = Locked(
            packages=self._environment.packages,
            lock=record.lock,
            is_other_python=bool(self._request.python) and bool(self._differences),
            is_conda=record.conda is not None,
        )
        self._require(install_locked(locked, uv, directory=self.prefix))

    def _remove_unfinished(self) -> None:
        import shutil

        if self._request.directory is None and os.path.lexists(self.prefix):
            shutil.rmtree(self.prefix)

    def install_from_tree(self) -> None:
        """Installs the packages that the run had from its working tree, from the same places.

        Raises:
            NotExactError: One cannot be built, and that was not accepted.
        """
        top = self._request.top
        if self._finished is not None or top is None:
            return
        uv = Uv(self._request.env, prefix=self.prefix)
        for package in self._packages_from_tree():
            directory = os.path.join(top, (package.origin or {})["url"])
            options = ("--editable",) if "editable" in (package.origin or {}) else ()
            failure = uv.install(*options, os.path.normpath(directory), names=[package.name])
            if failure is not None:
                subject = f"{package.name}=={package.version}"
                self._require([Difference(subject, failure.reason)])

    def _packages_from_tree(self) -> list[Package]:
        packages = self._environment.packages
        return [p for p in packages if (p.origin or {}).get("url", "").startswith("./")]

    def check(self) -> Rebuilt:
        """Holds what was built against the record, byte by byte, and declares it finished.

        Raises:
            NotExactError: It is not the same, and that was not accepted; what was built is gone.
        """
        if self._finished is not None:
            self._warn_of_edits()
            return self._rebuilt(self._finished, is_new=False)
        from_tree = [normalised(package.name) for package in self._packages_from_tree()]
        packages = self._environment.packages
        if self._request.top is None:
            packages = tuple(p for p in packages if normalised(p.name) not in from_tree)
        comparison = compare(packages, self.prefix, from_tree=from_tree)
        known = {difference.subject for difference in self._differences}
        found = [d for d in comparison.differences if d.subject not in known]
        self._require(found)
        marker = Marker(
            n_packages=comparison.n_packages,
            n_identical=comparison.n_identical,
            differences=tuple(self._differences),
            from_tree=tuple(from_tree) if self._request.top is not None else (),
        )
        write_marker(self.prefix, marker)
        return self._rebuilt(marker, is_new=True)

    def _warn_of_edits(self) -> None:
        built_at_ns = os.stat(f"{self.prefix}/{MARKER}").st_mtime_ns
        edited = edited_since(site_directories(self.prefix), built_at_ns)
        if edited:
            more = f" and {len(edited) - _MAX_NAMED} more" if len(edited) > _MAX_NAMED else ""
            names = ", ".join(edited[:_MAX_NAMED])
            self._talk(f"note: edited since the environment was built: {names}{more}")

    def _rebuilt(self, marker: Marker, *, is_new: bool) -> Rebuilt:
        return Rebuilt(
            prefix=self.prefix,
            python=f"{self.prefix}/bin/python",
            n_packages=marker.n_packages,
            n_identical=marker.n_identical,
            from_tree=marker.from_tree,
            differences=marker.differences,
            is_new=is_new,
        )


def _base_of(interpreter: Interpreter) -> str:
    """Returns an interpreter outside of virtual environments: uv would chain to one that may go."""
    if interpreter.prefix == interpreter.base_prefix:
        return interpreter.executable
    minor = ".".join(interpreter.version.split(".")[:2])
    base = f"{interpreter.base_prefix}/bin/python{minor}"
    return base if os.access(base, os.X_OK) else interpreter.executable


def _require_free(directory: str) -> None:
    if os.path.lexists(directory) and not (os.path.isdir(directory) and not os.listdir(directory)):
        raise EnvironmentDirectoryTakenError(
            f"there is something at {directory}", hint="name a directory that does not exist"
        )


def rebuild(request: Request, *, talk: Callable[[str], None]) -> Rebuilt:
    """Builds an environment, or finds it built already.

    Raises:
        NotExactError: It cannot be what the run had, and that was not accepted.
        ReproError: Something else is in the way.
    """
    with Rebuilding(request, talk=talk) as rebuilding:
        rebuilding.require_possible()
        rebuilding.install_locked()
        rebuilding.install_from_tree()
        return rebuilding.check()

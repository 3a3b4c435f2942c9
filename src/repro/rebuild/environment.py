"""A run's environment built again: what is in the way, the building, and what came of it."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from repro.environment.packages import normalised
from repro.errors import ReproError
from repro.model.environment import Environment, Interpreter, Package, is_recorder
from repro.model.ids import short_id
from repro.rebuild.conda import create_conda, find_conda
from repro.rebuild.differences import Difference, NotExactError
from repro.rebuild.interpreters import choose_interpreter
from repro.rebuild.kept import (
    MARKER,
    Marker,
    environment_key,
    hold,
    note_use,
    read_marker,
    write_marker,
)
from repro.rebuild.locked import Locked, install_locked, obstacles_of
from repro.rebuild.request import Rebuilt, Request
from repro.rebuild.uv import Uv
from repro.rebuild.verify import Comparison, compare

__all__ = [
    "EnvironmentDirectoryTakenError",
    "NotObservedError",
    "Rebuilding",
    "Rebuilt",
    "Request",
    "rebuild",
]


class NotObservedError(ReproError):
    """A run whose record says nothing of an interpreter."""


class EnvironmentDirectoryTakenError(ReproError):
    """The directory for an environment exists and is not empty."""


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
        self._environment = _without_recorder(environment)
        self._recorded: Interpreter = environment.interpreter
        self._talk = talk
        deviation = f"{request.python or ''} {request.is_inexact_accepted:d}".removesuffix(" 0")
        self.key = environment_key(request.record, request.top, deviation=deviation)
        self.prefix = request.directory or f"{request.home}/{self.key}"
        self._differences: list[Difference] = []
        self._interpreter: Interpreter | None = None
        self._finished: Marker | None = None
        self._is_begun = False
        self._held = ExitStack()

    def __enter__(self) -> Self:
        if self._request.directory is not None:
            _require_free(self._request.directory)
            return self
        # Shared at first: one that is finished may be in use, in a shell that is open for days.
        self._hold(is_shared=True)
        if self._find_finished() is None:
            self._held.close()
            self._hold(is_shared=False)
            self._find_finished()  # who had it before may have built it
        return self

    def _hold(self, *, is_shared: bool) -> None:
        held = hold(self._request.home, self.key, is_shared=is_shared, on_wait=self._say_waiting)
        self._held.enter_context(held)

    def _say_waiting(self) -> None:
        self._talk("waiting: another process has this environment")

    def _find_finished(self) -> Marker | None:
        """Takes the environment that is there, if it is whole and its interpreter still is too."""
        marker = read_marker(self.prefix)
        is_usable = marker is not None and not marker.is_refused
        if is_usable and os.access(f"{self.prefix}/bin/python", os.X_OK):
            self._finished = marker
        return self._finished

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # In a directory of the user's nobody would know it for unfinished.
        if kind is not None and self._request.directory is not None and self._is_begun:
            self._remove()
        self._held.close()

    def _remove(self) -> None:
        import shutil

        if os.path.lexists(self.prefix):
            shutil.rmtree(os.path.realpath(self.prefix))

    def require_possible(self) -> None:
        """Looks for all that can be known to stand in the way, and changes nothing.

        Raises:
            NotExactError: Something does, and it was not accepted.
        """
        if self._finished is not None:
            return
        obstacles = obstacles_of(self._request.record, self._environment)
        try:
            self._find_base()
        except NotExactError as error:  # which --inexact does not accept
            raise NotExactError(
                error.message, [*error.differences, *obstacles], hint=error.hint or ""
            ) from error.__cause__
        self._require(obstacles)

    def _find_base(self) -> None:
        request = self._request
        if request.record.conda is not None:
            find_conda(request.env)
            return
        self._interpreter, differences = choose_interpreter(
            self._recorded,
            env=request.env,
            cache_dir=f"{os.path.dirname(request.home)}/cache",
            named=request.python,
        )
        self._differences += differences

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
        packages = f"{n_packages} package{'s' * (n_packages != 1)}"
        self._talk(f"building the environment of {record.run.name}: {packages}")
        self._is_begun = True
        if self._request.directory is None:
            self._remove()  # what a build that was killed has left
        if record.conda is not None:
            create_conda(record.conda, self.prefix, env=self._request.env)
        else:
            self._make_venv()
        locked = Locked(
            packages=self._environment.packages,
            lock=record.lock,
            is_other_python=self._is_other_python(),
            is_conda=record.conda is not None,
            again=f"repro env create {short_id(record.run.id)}",
        )
        self._require(install_locked(locked, self._uv(), directory=self.prefix))

    def _uv(self) -> Uv:
        return Uv(self._request.env, prefix=self.prefix)

    def _make_venv(self) -> None:
        if self._interpreter is None:
            self._find_base()
        base = _base_of(self._interpreter or self._recorded)
        failure = self._uv().make(base, prompt=self._request.record.run.name)
        if failure is not None:
            raise NotExactError(
                "the virtual environment could not be made",
                [Difference("python", failure.reason)],
                hint=f"uv venv --python {base}",
            )

    def _is_other_python(self) -> bool:
        found = self._interpreter or self._recorded
        recorded = self._recorded
        return (found.implementation, found.version) != (recorded.implementation, recorded.version)

    def install_from_tree(self) -> None:
        """Installs the packages that the run had from its working tree, from the same places.

        What their build backend leaves in the tree (setuptools: ``*.egg-info``) is left there.

        Raises:
            NotExactError: One cannot be built, and that was not accepted.
        """
        if self._finished is not None:
            return
        obstacles = []
        for package in self._packages_from_tree():
            subject = f"{package.name}=={package.version}"
            origin = package.origin or {}
            if self._request.top is None:
                # The caller asked for that.
                self._differences.append(Difference(subject, "left out: it is the working tree's"))
                continue
            directory = os.path.normpath(os.path.join(self._request.top, origin["url"]))
            options = ("--editable",) if "editable" in origin else ()
            failure = self._uv().install(*options, directory, names=[normalised(package.name)])
            if failure is not None:
                obstacles.append(Difference(subject, failure.reason))
        self._require(obstacles)

    def _packages_from_tree(self) -> list[Package]:
        packages = self._environment.packages
        return [p for p in packages if (p.origin or {}).get("url", "").startswith("./")]

    def check(self) -> Rebuilt:
        """Holds what was built against the record, byte by byte, and declares it finished.

        One that was finished before is held against it too, but only files that were written since
        are looked at; what was edited is told, and no error: a person did that.

        Raises:
            NotExactError: It is not the same, and that was not accepted. What was built stays to be
                looked at, and is not used again.
        """
        note_use(self.prefix)
        if self._finished is not None:
            return self._recheck(self._finished)
        comparison = self._compare()
        if comparison.damaged and self._renew(list(comparison.damaged)):
            comparison = self._compare()
        known = {difference.subject for difference in self._differences}
        found = [d for d in comparison.differences if d.subject not in known]
        is_refused = bool(found) and not self._request.is_inexact_accepted
        marker = Marker(
            n_packages=comparison.n_packages,
            n_identical=comparison.n_identical,
            differences=(*self._differences, *found),
            from_tree=tuple(self._names_from_tree()) if self._request.top is not None else (),
            key=self.key,
            python=(self._interpreter or self._recorded).version,
            is_refused=is_refused,
            environment=self._request.record.run.pillars.environment,
            top=(self._request.top or "") if self._names_from_tree() else "",
        )
        write_marker(self.prefix, marker)
        self._require(found)
        return self._rebuilt(marker, is_new=True)

    def _names_from_tree(self) -> list[str]:
        return [normalised(package.name) for package in self._packages_from_tree()]

    def _compare(self, *, intact_at_ns: int | None = None) -> Comparison:
        from_tree = self._names_from_tree()
        packages = self._environment.packages
        if self._request.top is None:
            packages = tuple(p for p in packages if normalised(p.name) not in from_tree)
        return compare(packages, self.prefix, from_tree=from_tree, intact_at_ns=intact_at_ns)

    def _renew(self, names: list[str]) -> bool:
        """Installs packages anew whose files in uv's cache were edited; tells whether it could."""
        lock = f"{self.prefix}/pylock.toml"
        if not os.path.isfile(lock):
            return False
        self._talk(f"files that uv's cache holds were edited; fetching anew: {', '.join(names)}")
        return self._uv().renew(lock, names) is None

    def _recheck(self, marker: Marker) -> Rebuilt:
        built_at_ns = os.stat(f"{self.prefix}/{MARKER}").st_mtime_ns
        comparison = self._compare(intact_at_ns=built_at_ns)
        known = {difference.subject for difference in marker.differences}
        since = tuple(d for d in comparison.differences if d.subject not in known)
        n_lost = len({d.subject for d in since} & self._counted_subjects())
        marker = marker._replace(
            n_identical=marker.n_identical - n_lost, differences=(*marker.differences, *since)
        )
        return self._rebuilt(marker, is_new=False)

    def _counted_subjects(self) -> set[str]:
        """Returns the subjects of differences that concern a package with a recorded digest."""
        from_tree = self._names_from_tree()
        return {
            f"{package.name}=={package.version}"
            for package in self._environment.packages
            if package.record is not None and normalised(package.name) not in from_tree
        }

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


def _without_recorder(environment: Environment) -> Environment:
    """Returns the environment without a repro that was installed from a directory.

    No result depends on it, and nobody else has that directory.
    """
    packages = [p for p in environment.packages if not (is_recorder(p) and _is_local(p))]
    return environment._replace(packages=tuple(packages))


def _is_local(package: Package) -> bool:
    origin = package.origin or {}
    return origin.get("url", "").startswith("file:") and "commit" not in origin


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

"""Finds the project inside the repository, and what its configuration says."""

import os
from typing import NamedTuple

from repro.git.repository import Repository
from repro.model.config import Config, ConfigError, config_from_table
from repro.model.gap import Gap, GapKind
from repro.record.formats import FormatError, load_mapping

__all__ = ["Project", "find_project", "load_project"]

_MARKERS = (".repro.yaml", "pyproject.toml", "dvc.yaml", "params.yaml", ".dvc")


class Project(NamedTuple):
    """A project.

    Attributes:
        directory: Relative to the top of the working tree, "." for the top.
        cwd: Directory that the command runs in, relative likewise.
        config: Its configuration; the defaults where it has none or it cannot be read.
        gaps: What is wrong with the configuration.
    """

    directory: str
    cwd: str
    config: Config
    gaps: tuple[Gap, ...] = ()

    def paths(self, name: str) -> list[str]:
        """Returns where a conventional file may lie: in the project, and where the command runs."""
        return list(dict.fromkeys(join(place, name) for place in (self.directory, self.cwd)))

    def configured(self, name: str) -> str:
        """Returns a path of the configuration, relative to the top."""
        return join(self.directory, name)


def join(directory: str, name: str) -> str:
    """Joins two paths relative to the top, without dots."""
    return os.path.normpath(os.path.join(directory, name))


def find_project(repo: Repository) -> Project:
    """Returns the project of the directory that the repository was opened from.

    It is the nearest directory, going up to the top of the working tree, that holds one of
    ``.repro.yaml``, ``pyproject.toml``, ``dvc.yaml``, ``params.yaml`` or ``.dvc``; else that
    directory itself.
    """
    directory = repo.prefix
    while True:
        here = os.path.join(repo.top, directory)
        if any(os.path.exists(os.path.join(here, marker)) for marker in _MARKERS):
            break
        if directory == ".":
            directory = repo.prefix
            break
        directory = os.path.dirname(directory) or "."
    return load_project(repo.top, directory, cwd=repo.prefix)


def load_project(top: str, directory: str, *, cwd: str) -> Project:
    """Returns a project whose directory is known."""
    try:
        return Project(directory, cwd, _read_config(top, directory))
    except ConfigError as error:
        gap = Gap(GapKind.CONFIG, error.file, error.problem, error.hint or f"correct {error.file}")
    except FormatError as error:
        where = error.file if error.line is None else f"{error.file}:{error.line}"
        gap = Gap(GapKind.CONFIG, where, error.problem, f"correct {where}")
    except OSError as error:
        where = os.path.relpath(os.fsdecode(error.filename), top)
        reason = error.strerror or str(error)
        gap = Gap(GapKind.CONFIG, where, reason, f"make {where} readable")
    return Project(directory, cwd, Config(), (gap,))


def _read_config(top: str, directory: str) -> Config:
    own = join(directory, ".repro.yaml")
    content = _read(os.path.join(top, own))
    if content is not None:
        return config_from_table(load_mapping(own, content), file=own)
    shared = join(directory, "pyproject.toml")
    content = _read(os.path.join(top, shared))
    # tomllib takes 10 ms to import: only where there is something for us.
    if content is None or b"tool.repro" not in content:
        return Config()
    tool = load_mapping(shared, content).get("tool")
    table = tool.get("repro", {}) if isinstance(tool, dict) else {}
    return config_from_table(table, file=shared)


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None

"""Finds the project inside the repository, and what its configuration says."""

import os
from collections.abc import Callable
from typing import NamedTuple

from repro.git.repository import Repository
from repro.model.config import Config, ConfigError, config_from_table
from repro.model.gap import Gap, GapKind
from repro.record.formats import FormatError, load_mapping

__all__ = [
    "Project",
    "find_project",
    "is_outside",
    "join",
    "load_project",
    "outside_gap",
    "project_directory",
]

_MARKERS = (".repro.yaml", "pyproject.toml", "dvc.yaml", "params.yaml", ".dvc")


class Project(NamedTuple):
    """A project.

    Attributes:
        directory: Relative to the top of the working tree, "." for the top.
        cwd: Directory that the command runs in, relative likewise.
        config: Its configuration; the defaults where it has none or it cannot be read. The
            patterns of its `store` count from the top.
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
    directory = project_directory(
        repo.prefix, lambda path: os.path.exists(os.path.join(repo.top, path))
    )
    return load_project(repo.top, directory, cwd=repo.prefix)


def project_directory(cwd: str, exists: Callable[[str], bool]) -> str:
    """Returns the directory of the project that a directory belongs to, see `find_project`.

    Args:
        cwd: The directory, relative to the top.
        exists: Tells whether there is a file or directory at a path, relative likewise.
    """
    directory = cwd
    while not any(exists(join(directory, marker)) for marker in _MARKERS):
        if directory == ".":
            return cwd
        directory = os.path.dirname(directory) or "."
    return directory


def load_project(
    top: str, directory: str, *, cwd: str, read: Callable[[str], bytes | None] | None = None
) -> Project:
    """Returns a project whose directory is known.

    Args:
        top: The top of the working tree.
        directory: The project's, relative to it.
        cwd: Where the command runs, relative likewise.
        read: Gives the content of a file by its path from the top, None where there is none; by
            default that on disk.
    """
    read = read or (lambda path: _read(os.path.join(top, path)))
    try:
        config, gaps = _inside_only(_read_config(read, directory), directory)
        return Project(directory, cwd, config, gaps)
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


def is_outside(path: str) -> bool:
    """Tells whether a normalised path, relative to the top, leads out of the working tree."""
    return path == ".." or path.startswith("../") or os.path.isabs(path)


def outside_gap(path: str) -> Gap:
    """Returns the gap for a file that is named but lies outside the working tree."""
    reason = "outside the repository: it is not looked at"
    return Gap(GapKind.CONFIG, path, reason, "write it inside the repository")


def _inside_only(config: Config, directory: str) -> tuple[Config, tuple[Gap, ...]]:
    """Takes out the paths that lead out of the tree; inputs stay, they become gaps one by one."""
    gaps: list[Gap] = []
    kept: dict[str, tuple[str, ...]] = {}
    for field in ("params", "metrics", "outputs"):
        names: tuple[str, ...] = getattr(config, field)
        outside = [name for name in names if is_outside(join(directory, name))]
        gaps += [outside_gap(name) for name in outside]
        kept[field] = tuple(name for name in names if name not in outside)
    return config._replace(
        params=kept["params"],
        metrics=kept["metrics"],
        outputs=kept["outputs"],
        store=config.store.below(directory),
    ), tuple(gaps)


def _read_config(read: Callable[[str], bytes | None], directory: str) -> Config:
    own = join(directory, ".repro.yaml")
    content = read(own)
    if content is not None:
        return config_from_table(load_mapping(own, content), file=own)
    shared = join(directory, "pyproject.toml")
    content = read(shared)
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

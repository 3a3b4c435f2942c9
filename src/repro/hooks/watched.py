"""Which files make a commit worth recording, as pathspecs for git: the guard's list.

``<state dir>/hooks/watched`` holds one a line. It only grows, up to a limit: branches differ in
their settings, and the guard, a few lines of sh, cannot tell which of them hold for a commit. A
line too many starts Python for nothing, which then looks at the commit's own settings; a line too
few would lose a run.

A merge that somebody had to finish is compared with all its parents: with ``git diff-tree -c -r
--root --name-only``, whose *output* tells; its exit code does not (``--quiet`` finds nothing then).
"""

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from repro.git.objects import read_objects
from repro.git.repository import Repository
from repro.model.conventions import CURVES_DIRECTORY, METRICS_NAMES, PARAMS_NAMES
from repro.model.ids import Oid

if TYPE_CHECKING:
    from repro.data.pipeline import Pipeline
    from repro.record.project import Project

__all__ = ["SETTINGS", "is_settings", "pathspecs_of", "read_watched", "refresh_watched"]

_ANYWHERE = ":(top,glob)**/"
_CONVENTIONAL = (
    *(f"{_ANYWHERE}{name}" for name in (*PARAMS_NAMES, *METRICS_NAMES)),
    f"{_ANYWHERE}{CURVES_DIRECTORY}/**",
    f"{_ANYWHERE}dvc.lock",
    f"{_ANYWHERE}*.dvc",
)
_SETTINGS_NAMES = ("dvc.yaml", "pyproject.toml", ".repro.yaml")
SETTINGS = tuple(f"{_ANYWHERE}{name}" for name in _SETTINGS_NAMES)
"""Files that say what is watched: when one changes, the list is made anew."""

_MOST_LINES = 500
_MOST_FILES = 500
_SPECIAL = str.maketrans({char: f"\\{char}" for char in "*?[\\"})


def pathspecs_of(project: "Project", pipelines: "Iterable[Pipeline]" = ()) -> list[str]:
    """Returns pathspecs of what is watched: conventions, DVC's files, what is configured, settings.

    Conventional names count in any directory, since a repository may hold many projects.

    Args:
        project: Whose ``[tool.repro]`` names files and patterns.
        pipelines: What the ``dvc.yaml`` files name.
    """
    from repro.record.project import is_outside

    named = [project.configured(name) for name in (*project.config.params, *project.config.metrics)]
    for pipeline in pipelines:
        named += (path for path in (*pipeline.params, *pipeline.metrics) if not is_outside(path))
    found = (
        *_CONVENTIONAL,
        *SETTINGS,
        *(f":(top,literal){path}" for path in named),
        *(line for text in project.config.record_on for line in _patterns(project.directory, text)),
    )
    return list(dict.fromkeys(line for line in found if "\n" not in line))


def _patterns(directory: str, text: str) -> Iterator[str]:
    """Yields pathspecs for a pattern as ``.gitignore`` has them; none where it names nothing."""
    names = text.strip("/").split("/")
    if ".." in names or not text.strip("/"):
        return
    is_anchored = "/" in text.rstrip("/")
    base = "" if directory == "." else f"{directory.translate(_SPECIAL)}/"
    pattern = f":(top,glob){base}{'' if is_anchored else '**/'}{'/'.join(names)}"
    if not text.endswith("/"):
        yield pattern
    yield f"{pattern}/**"  # what is named is named with all below it


def is_settings(path: str) -> bool:
    """Tells whether a changed file may change what is watched, and is else no reason to record."""
    return path.rpartition("/")[2] in _SETTINGS_NAMES


def read_watched(repo: Repository) -> tuple[str, ...]:
    """Returns the list as it was last written, and what is always in it."""
    always = dict.fromkeys((*_CONVENTIONAL, *SETTINGS))
    return tuple(always | dict.fromkeys(_read(repo)))


def _read(repo: Repository) -> list[str]:
    try:
        with open(_path(repo), "rb") as file:
            lines = os.fsdecode(file.read()).splitlines()
    except OSError:
        return []
    return [line for line in lines if line.startswith(":(top,")]


def _path(repo: Repository) -> str:
    return f"{repo.state_dir}/hooks/watched"


def refresh_watched(repo: Repository, commit: Oid | None = None) -> tuple[str, ...]:
    """Writes the list anew: what settings on disk say, those of a commit, and what it held before.

    Args:
        repo: The repository.
        commit: Whose settings count besides those on disk, as of a commit just made.

    Returns:
        The list.

    Raises:
        GitError: git could not list the settings.
        OSError: repro's directory cannot be written.
    """
    new: dict[str, None] = dict.fromkeys((*_CONVENTIONAL, *SETTINGS))
    for path, content in _settings(repo, commit):
        new |= dict.fromkeys(_lines_of(repo.top, path, content))
    old = _read(repo)
    lines = tuple(new | dict.fromkeys(old))
    if len(lines) > _MOST_LINES:  # of branches long gone
        lines = tuple(new)[:_MOST_LINES]
    if list(lines) != old:
        from repro.record.live import atomic_write

        os.makedirs(f"{repo.state_dir}/hooks", exist_ok=True)
        atomic_write(_path(repo), b"".join(os.fsencode(line) + b"\n" for line in lines))
    return lines


def _settings(repo: Repository, commit: Oid | None) -> Iterator[tuple[str, bytes]]:
    """Yields the files that hold settings and their content: on disk, and in the commit."""
    listed = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *SETTINGS)
    out = repo.git(*listed)
    for path in list(dict.fromkeys(map(os.fsdecode, out.split(b"\0")[:-1])))[:_MOST_FILES]:
        try:
            with open(os.path.join(repo.top, path), "rb") as file:
                yield path, file.read()
        except OSError:
            continue
    if commit is None:
        return
    rows = repo.git("ls-tree", "-r", "-z", "--full-tree", "--name-only", commit).split(b"\0")
    names = [
        os.fsdecode(row) for row in rows if os.path.basename(row) in _NAMES and b"\n" not in row
    ]
    contents = read_objects(repo, [f"{commit}:{name}" for name in names[:_MOST_FILES]])
    yield from ((name, text) for name, text in zip(names, contents, strict=False) if text)


_NAMES = frozenset(map(os.fsencode, _SETTINGS_NAMES))


def _lines_of(top: str, path: str, content: bytes) -> list[str]:
    """Returns what one file of settings adds; nothing where it cannot be read."""
    from repro.record.project import is_outside, load_project

    directory, _, name = path.rpartition("/")
    if name != "dvc.yaml":
        project = load_project(top, directory or ".", cwd=".", read={path: content}.get)
        return pathspecs_of(project)
    from repro.data.pipeline import PointerError, parse_pipeline

    try:
        pipeline = parse_pipeline(path, content)
    except PointerError:  # a gap of the run, once it is recorded
        return []
    return [
        f":(top,literal){file}"
        for file in (*pipeline.params, *pipeline.metrics)
        if not is_outside(file) and "\n" not in file
    ]

"""Honours ``.dvcignore``: what DVC leaves out of a directory, and so out of its hash.

The patterns are those of ``.gitignore``. They are translated by the library that DVC has for it,
imported only where there is such a file, so that both always agree.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

__all__ = ["Ignore", "ignore_of"]

_FILE = ".dvcignore"
_DVC = ".dvc"
_BACKSLASH = "\\"


class _Rule(NamedTuple):
    """A line of a ``.dvcignore``.

    Attributes:
        regex: What its pattern matches, relative to the DVC project.
        ignores: False for a pattern with a "!".
        is_for_directories: Whether only directories are matched.
    """

    regex: re.Pattern[str]
    ignores: bool
    is_for_directories: bool


class Ignore:
    """What DVC leaves out of one directory.

    Attributes:
        rules: The last that matches counts.
    """

    def __init__(self, prefix: str, rules: Sequence[_Rule] = ()) -> None:
        """Takes note of the rules.

        Args:
            prefix: The directory and a slash, relative to the DVC project that has it.
            rules: See the class.
        """
        self.rules = tuple(rules)
        self._prefix = prefix
        self._last_first = self.rules[::-1]

    def skips(self, path: str, full: str, *, is_directory: bool) -> bool:
        """Tells whether DVC leaves out a file or directory, whose parents it does not leave out.

        Args:
            path: Relative to the directory.
            full: The same, absolute.
            is_directory: Whether it is a directory and no link.
        """
        if is_directory and os.path.exists(f"{full}/{_DVC}"):
            return True  # another DVC project
        name = self._prefix + path
        return bool(self.rules) and _is_ignored(self._last_first, name, is_directory)

    def leaves_out(self, path: str, *, is_directory: bool = False) -> bool:
        """Tells whether DVC leaves out a file or directory, or one of those it lies in.

        Args:
            path: Relative to the directory.
            is_directory: Whether it is one.
        """
        names = path.split("/")
        return bool(self.rules) and any(
            _is_ignored(
                self._last_first,
                self._prefix + "/".join(names[:depth]),
                is_directory or depth < len(names),
            )
            for depth in range(1, len(names) + 1)
        )


def ignore_of(top: str, path: str) -> Ignore | None:
    """Returns what DVC leaves out of a directory of a working tree.

    A ``.dvcignore`` counts for what lies below it in the same DVC project. In a directory that it
    tracks, DVC allows none.

    Args:
        top: The top of the working tree.
        path: The directory, relative to it; None is returned for one that leads out of it.
    """
    parts = os.path.normpath(path).split("/")
    if path.startswith("/") or ".." in parts:
        return None
    for depth in range(len(parts) - 1, -1, -1):
        project = "/".join([top, *parts[:depth]])
        if depth == 0 or os.path.isdir(f"{project}/{_DVC}"):
            inner = parts[depth:]
            ignore = Ignore("", _rules_above(project, inner))
            directory = "/".join(inner)
            # DVC tracks nothing that it ignores: of such a directory all is looked at.
            is_ignored = ignore.leaves_out(directory, is_directory=True)
            return Ignore(f"{directory}/", () if is_ignored else ignore.rules)
    return None


def _rules_above(project: str, inner: Sequence[str]) -> list[_Rule]:
    rules: list[_Rule] = []
    for depth in range(len(inner)):
        base = "".join(f"{name}/" for name in inner[:depth])
        file = f"{project}/{base}{_FILE}"
        if _is_ignored(tuple(reversed(rules)), f"{base}{_FILE}", is_directory=False):
            continue
        try:
            with open(file, encoding="utf-8", errors="surrogateescape") as lines:
                rules += _read(lines, base)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            continue
    return rules


def _read(lines: Iterable[str], base: str) -> Iterator[_Rule]:
    for line in map(str.strip, lines):
        if not line or line.startswith("#"):
            continue
        found = _translated(_moved(line, base) if base else line)
        if found is not None:
            yield _Rule(re.compile(found[0]), found[1], line.endswith("/"))


def _moved(line: str, base: str) -> str:
    """Returns a pattern that counts from the project, made as in ``dvc/pathspec_math.py``."""
    negation, pattern = ("!/", line[1:]) if line.startswith("!") else ("", line)
    if "/" in pattern[:-1] and not pattern.startswith("**/"):
        pattern = pattern.removeprefix("/").removeprefix(_BACKSLASH)
    else:
        pattern = f"**/{pattern.removeprefix('**/').removeprefix(_BACKSLASH)}"
    return f"{negation}{base}{pattern}"


def _translated(line: str) -> tuple[str, bool] | None:
    """Returns the regular expression of a pattern, and whether it ignores; None for no pattern."""
    try:
        from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern as Pattern
    except ImportError:  # before 1.0
        from pathspec.patterns import GitWildMatchPattern as Pattern  # type: ignore[attr-defined]
    try:
        regex, ignores = Pattern.pattern_to_regex(line)
    except ValueError:  # not a pattern: DVC fails on it, and hashes nothing
        return None
    return None if regex is None or ignores is None else (regex, ignores)


def _is_ignored(rules: Sequence[_Rule], path: str, is_directory: bool) -> bool:
    """Tells what the first rule that matches says; rules are given the last one first."""
    for regex, ignores, is_for_directories in rules:
        if is_for_directories and not is_directory:
            continue
        if regex.match(path) or (is_directory and regex.match(f"{path}/")):
            return ignores
    return False

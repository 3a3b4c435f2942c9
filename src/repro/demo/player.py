"""Plays a scenario in a scratch directory, with real commands and their real output."""

import json
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from repro import process
from repro.demo.scenario import Compare, Edit, Remember, Say, Step, Type
from repro.errors import ReproError

__all__ = ["DIGITS", "DemoError", "Player", "Voice"]

DIGITS = os.path.join(os.path.dirname(__file__), "digits")
"""The project that the demonstration works on, as files."""

_MODULES = ("dvc", "repro")
"""Commands that are started as modules of the interpreter, whether or not it is on PATH."""


class DemoError(ReproError):
    """A step of the demonstration failed.

    Attributes:
        line: The command.
        exit_code: What it returned.
    """

    def __init__(self, line: str, exit_code: int, *, directory: str) -> None:
        super().__init__(
            f"a step of the demonstration failed with exit code {exit_code}: {line}",
            hint=f"look at it where it happened: cd {shlex.quote(directory)}",
        )
        self.line = line
        self.exit_code = exit_code


class Voice(StrEnum):
    """What a line is, for the one who shows it."""

    TALK = "talk"
    COMMAND = "command"
    REMOVED = "removed"
    ADDED = "added"
    NUMBERS = "numbers"
    SAME = "same"
    DIFFERENT = "different"


class Player:
    """Plays steps. The current directory must be the scratch directory.

    Attributes:
        directory: The scratch directory, absolute.
        is_same: False once a comparison found a difference.
    """

    def __init__(
        self,
        directory: str,
        *,
        python: str,
        env: Mapping[str, str],
        show: Callable[[str, Voice], None],
    ) -> None:
        """Prepares to play.

        Args:
            directory: The scratch directory, absolute; it holds the project's files.
            python: The interpreter that runs everything written in Python.
            env: The environment of the commands.
            show: Called with each line to show.
        """
        self.directory = directory
        self.is_same = True
        self._python = python
        self._env = env
        self._show = show
        self._remembered: dict[str, dict[str, float]] = {}

    def play(self, steps: Sequence[Step]) -> None:
        """Plays all steps, one after the other.

        Raises:
            DemoError: A command failed.
            CommandNotFoundError: There is no such program.
        """
        for step in steps:
            self._play(step)

    def _play(self, step: Step) -> None:
        match step:
            case Say(text):
                self._show(text, Voice.TALK)
            case Type(line):
                self._type(line)
            case Edit():
                self._edit(step)
            case Remember(path):
                self._remembered[path] = self._numbers(path)
            case Compare(path):
                self._compare(path)

    def _type(self, line: str) -> None:
        self._show(line, Voice.COMMAND)
        argv = shlex.split(line)
        if argv[0] == "python":
            argv[0] = self._python
        elif argv[0] in _MODULES:
            argv[:1] = (self._python, "-m", argv[0])
        # Our own stdin is left to the person: no step reads it.
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            pid = process.spawn(argv, env=self._env, fds=(nothing, 1, 2))
        finally:
            os.close(nothing)
        exit_code = process.exit_code_of(os.waitpid(pid, 0)[1])
        if exit_code != 0:
            raise DemoError(line, exit_code, directory=self.directory)

    def _edit(self, step: Edit) -> None:
        path = os.path.join(self.directory, step.path)
        with open(path, encoding="utf-8") as file:
            before = file.read()
        after = before.replace(step.old, step.new, 1)
        with open(path, "w", encoding="utf-8") as file:
            file.write(after)
        self._show(f"edit {step.path}", Voice.COMMAND)
        pairs = zip(before.splitlines(), after.splitlines(), strict=True)
        for old, new in (pair for pair in pairs if pair[0] != pair[1]):
            self._show(f"-{old}", Voice.REMOVED)
            self._show(f"+{new}", Voice.ADDED)

    def _numbers(self, path: str) -> dict[str, float]:
        with open(os.path.join(self.directory, path), encoding="utf-8") as file:
            numbers: dict[str, float] = json.load(file)
        return numbers

    def _compare(self, path: str) -> None:
        then, now = self._remembered[path], self._numbers(path)
        width = max(map(len, then | now))
        for name in then | now:
            pair = f"{then.get(name)!s:<22} {now.get(name)}"
            self._show(f"{name:<{width}}  {pair}", Voice.NUMBERS)
        if then == now:
            self._show(f"The same to the last digit: {len(then)} of {len(then)}.", Voice.SAME)
        else:
            self.is_same = False
            self._show("NOT the same: the first run did not come back.", Voice.DIFFERENT)

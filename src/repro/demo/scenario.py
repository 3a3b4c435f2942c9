"""The scenario: what is said, typed, edited and compared, in order."""

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["SCENARIO", "Compare", "Edit", "Remember", "Say", "Step", "Type"]


@dataclass(frozen=True, slots=True)
class Say:
    """A line to the person watching."""

    text: str


@dataclass(frozen=True, slots=True)
class Type:
    """A command, as it would be typed; its output is shown."""

    line: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A change to a file, shown as the lines taken out and put in.

    Attributes:
        path: From the top of the scratch repository.
        old: Text that occurs exactly once in the file.
        new: What takes its place.
    """

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Remember:
    """Keeps the numbers in a JSON file for a later `Compare`."""

    path: str


@dataclass(frozen=True, slots=True)
class Compare:
    """Holds the numbers now in the file against those remembered, digit by digit."""

    path: str


Step: TypeAlias = Say | Type | Edit | Remember | Compare

SCENARIO: tuple[Step, ...] = (
    Say("A project: train.py learns handwritten digits. Nothing in it knows of repro."),
    Type("git init --quiet --initial-branch=main"),
    Type("python make_data.py"),
    Type("dvc init --quiet"),
    Type("dvc add --quiet data/digits.csv"),
    Type("git add ."),
    Type('git commit --quiet -m "Digits: data and a first model"'),
    Say("Record a run: put `repro run --` before the command you would type anyway."),
    Type("repro run -- python train.py"),
    Remember("metrics.json"),
    Say("Work as one does: change a number, run again. Nothing is committed in between."),
    Edit("params.yaml", "n_estimators: 50 ", "n_estimators: 200 "),
    Type("repro run -- python train.py"),
    Say("Another kind of model."),
    Edit("params.yaml", "kind: random_forest ", "kind: logistic "),
    Type("repro run -- python train.py"),
    Say("A change to the code, uncommitted: it is part of the run all the same."),
    Edit("train.py", "pixels, labels = table[:, :-1],", "pixels, labels = table[:, :-1] / 16,"),
    Type("repro run -- python train.py"),
    Say("Other data: the last 297 images are dropped."),
    Type("python make_data.py 1500"),
    Type("dvc add --quiet data/digits.csv"),
    Type("repro run -- python train.py"),
    Say("What was tried, and what came of it."),
    Type("repro ls"),
    Say("What lies between the first run and the last, part by part."),
    Type("repro diff @~4 @"),
    Say("Code, data and params have all moved on, uncommitted. Back to the first run, all of it."),
    Type("repro checkout --keep @~4"),
    Say("Train again without repro, and hold the result against what the first run got."),
    Type("python train.py"),
    Compare("metrics.json"),
    Say("And back to where we were, uncommitted changes included."),
    Type("repro checkout -"),
    Type("git status --short"),
)

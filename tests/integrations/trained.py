"""A training script, run to its end, and what its record says."""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.repos import Completed, Scratch, run_program

__all__ = ["Trained", "record", "train"]

_WITHIN = "import repro\nwith repro.start_run():\n"


class Trained(NamedTuple):
    """The one run of a repository.

    Attributes:
        scratch: The repository.
        shown: What ``repro show --json`` says.
        done: The script's end.
    """

    scratch: Scratch
    shown: dict[str, Any]
    done: Completed

    @property
    def params(self) -> dict[str, Any]:
        """By dotted name."""
        params: dict[str, Any] = self.shown["params"]
        return params

    def last(self, metric: str) -> float:
        """Returns the summary of a metric."""
        value: float = self.shown["metrics"][metric]
        return value

    def curve(self, metric: str) -> list[tuple[int, float]]:
        """Returns steps and values, out of the record's own file."""
        (ref,) = self.scratch.runs()
        text = self.scratch.git("show", f"{ref}:.repro/history/{metric}.tsv")
        rows = [line.split("\t") for line in text.splitlines() if line[:1].isdigit()]
        return [(int(step), float(value)) for step, _, value in rows]

    def artifact(self, name: str) -> dict[str, Any]:
        """Returns the entry of an artifact that was logged."""
        (found,) = [a for a in self.shown["artifacts"] if Path(a["path"]).name == name]
        entry: dict[str, Any] = found
        return entry

    def gaps(self) -> list[dict[str, Any]]:
        """Returns what the program could not say."""
        kinds = ("params", "metrics", "artifacts")
        gaps = [gap for gap in self.shown["gaps"] if gap["kind"] in kinds]
        return [gap for gap in gaps if gap["subject"] not in ("hardware figures", "GPU")]


def train(repo: Scratch, script: str, *, how: str = "repro run") -> Trained:
    """Runs a script and returns its one run.

    Args:
        repo: Where.
        script: In it, ``import repro`` and the training at the top level.
        how: "repro run", "start_run" (the script's own), or "neither".
    """
    if how == "start_run":
        script = _WITHIN + "".join(f"    {line}\n" for line in script.splitlines())
    return record(repo, script, sys.executable, how=how)


def record(
    repo: Scratch, script: str, *launcher: str, how: str, args: tuple[str, ...] = ()
) -> Trained:
    """Runs a script by a launcher of its own, and returns its one run.

    Args:
        repo: Where.
        script: All of it.
        launcher: What is called with the script's path.
        how: "repro run" or anything else.
        args: Of the script.
    """
    (repo.path / "params.yaml").unlink()
    repo.write("train.py", script)
    repo.write(".gitignore", "/lightning_logs/\n/out/\n")
    repo.commit()
    inside = (sys.executable, "-m", "repro", "run", "-q", "--") if how == "repro run" else ()
    done = run_program(*inside, *launcher, "train.py", *args, cwd=repo.path)
    assert len(repo.runs()) == 1, done.stderr
    return Trained(repo, json.loads(repo.run_cli("show", "--json").stdout), done)

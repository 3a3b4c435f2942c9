"""Programs that log, as processes of their own, and what was recorded of them."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.repos import Completed, Scratch, run_program

__all__ = ["artifacts", "curve", "kept_journals", "runs", "shown", "train"]


def train(
    repo: Scratch | Path,
    program: str,
    *args: str,
    check: bool = True,
    env: Mapping[str, str | None] | None = None,
) -> Completed:
    """Runs a program that begins runs by itself; ``repro`` is imported for it.

    Args:
        repo: Where.
        program: Its text.
        args: Of the program.
        check: Whether a non-zero exit code fails the test.
        env: Added to the environment; None takes a variable away.
    """
    cwd = repo.path if isinstance(repo, Scratch) else repo
    argv = (sys.executable, "-c", f"import repro\n{program}", *args)
    return run_program(*argv, cwd=cwd, check=check, env=env)


def runs(repo: Scratch) -> list[dict[str, Any]]:
    """Returns all runs, newest first, as `repro ls --json` does."""
    found: list[dict[str, Any]] = json.loads(repo.run_cli("ls", "--json", "-n", "1000").stdout)
    return found


def shown(repo: Scratch, run: str = "@") -> dict[str, Any]:
    """Returns what `repro show --json` says."""
    found: dict[str, Any] = json.loads(repo.run_cli("show", "--json", run).stdout)
    return found


def curve(repo: Scratch, metric: str, run: str = "@") -> list[tuple[int, str]]:
    """Returns step and value of each point of a learning curve, read by git."""
    ref = shown(repo, run)["ref"]
    text = repo.git("show", f"{ref}:.repro/history/{metric}.tsv", check=False)
    rows = [line.split("\t") for line in text.splitlines()]
    return [(int(row[0]), row[-1]) for row in rows if row[0].lstrip("-").isdigit()]


def artifacts(repo: Scratch, run: str = "@") -> dict[str, dict[str, Any]]:
    """Returns the artifacts by path."""
    return {item["path"]: item for item in shown(repo, run)["artifacts"]}


def kept_journals() -> list[Path]:
    """Returns the journals that are kept outside of repositories."""
    return sorted(Path(os.environ["XDG_STATE_HOME"]).glob("repro/journals/*"))

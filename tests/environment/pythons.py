"""Real interpreters and real virtual environments for the tests."""

import os
import pwd
import subprocess
import sys
from functools import cache
from pathlib import Path

from repro.environment.ask_uv import find_uv

__all__ = ["install", "make_project", "make_venv", "pythons", "run_python"]


@cache
def pythons() -> dict[str, str]:
    """Returns the executable of each Python found, by version; the current one is always there."""
    found = {".".join(map(str, sys.version_info[:3])): sys.executable}
    # HOME is the test's own, so the user's is asked for by another way.
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    candidates = [*home.glob(".pyenv/versions/*/bin/python"), Path("/usr/bin/python3")]
    for directory in os.environ.get("PATH", "").split(":"):
        candidates += Path(directory).glob("python3.[0-9]*") if directory else []
    for candidate in candidates:
        if "config" not in candidate.name and "shims" not in candidate.parts:
            version = _version(candidate)
            if version:
                found.setdefault(version, str(candidate))
    return found


def _version(python: Path) -> str | None:
    code = "import sys; sys.stdout.write('%d.%d.%d' % sys.version_info[:3])"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def run_python(
    *argv: str, cwd: Path, env: dict[str, str] | None = None, python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Runs a Python to its end; what it prints is left to the test."""
    return subprocess.run(
        [python, *argv],
        cwd=cwd,
        env=dict(os.environ) if env is None else env,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=60,
        check=False,
    )


def _uv(*argv: str) -> None:
    done = subprocess.run(
        [find_uv(), "-q", *argv], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def make_venv(path: Path, *packages: str) -> str:
    """Makes a virtual environment of the current Python with uv and returns its executable."""
    base = os.path.realpath(sys.executable)
    _uv("venv", "--python", base, "--no-project", str(path))
    if packages:
        install(f"{path}/bin/python", *packages)
    return f"{path}/bin/python"


def install(python: str, *packages: str) -> None:
    """Installs packages from the index, or from directories and files, with uv.

    Copied: through uv's hard links a test that damages a file would damage every environment.
    """
    _uv("pip", "install", "--no-deps", "--link-mode", "copy", "--python", python, *packages)


def make_project(directory: Path, *, name: str = "tiny") -> Path:
    """Makes a project of version 0.1 that can be installed, and returns its directory."""
    (directory / name).mkdir(parents=True)
    (directory / name / "__init__.py").write_text("")
    (directory / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n"
        f"[project]\nname = '{name}'\nversion = '0.1'\n"
    )
    return directory

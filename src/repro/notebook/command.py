"""The command that executes a notebook, in the Python of the project."""

import json
import os
from collections.abc import Iterator, Mapping

from repro import process
from repro.errors import ReproError
from repro.model.values import Params

__all__ = [
    "NoNotebookPythonError",
    "NotebookParamError",
    "UnreadableNotebookError",
    "notebook_command",
]

NEEDED = ("nbclient", "nbformat", "ipykernel")
"""Packages without which a Python executes no notebook."""

_EXECUTOR = f"{os.path.dirname(os.path.abspath(__file__))}/executor/execute_notebook.py"
_PROBE = f"import importlib.util as u; print(*(m for m in {NEEDED!r} if not u.find_spec(m)))"
_PROBE_LIMIT_S = 60


class UnreadableNotebookError(ReproError):
    """A notebook that is not there, or is none."""


class NotebookParamError(ReproError):
    """A param that cannot be given to a notebook."""


class NoNotebookPythonError(ReproError):
    """No Python at hand can execute a notebook."""


def notebook_command(
    notebook: str, params: Params, *, env: Mapping[str, str], fallback: str
) -> tuple[str, ...]:
    """Returns the argv that executes a notebook.

    Args:
        notebook: Its path.
        params: To be set in it, by name.
        env: Names the Python, by VIRTUAL_ENV and PATH.
        fallback: A Python to take where those cannot execute one.

    Raises:
        UnreadableNotebookError: It is not there, or is none.
        NotebookParamError: A param cannot be set in it.
        NoNotebookPythonError: None has the packages that it takes.
    """
    language = _language(notebook)
    for name in params:
        if not language.startswith("python"):
            raise NotebookParamError(f"params can be set in a Python notebook, not in {language}")
        if not name.isidentifier():
            raise NotebookParamError(
                f"a notebook cannot have a variable of this name: {name}",
                hint=f"--param {''.join(c if c.isalnum() else '_' for c in name)}=...",
            )
    return (_python(env, fallback), _EXECUTOR, notebook, json.dumps(params))


def _language(path: str) -> str:
    try:
        with open(path, "rb") as file:
            content = json.load(file)
        cells, metadata = content["cells"], content["metadata"]
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnreadableNotebookError(
            f"cannot read the notebook {path}: {reason}", hint=f"ls -l {path}"
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableNotebookError(
            f"not a notebook of format 4: {path}", hint=f"jupyter nbconvert --to notebook {path}"
        ) from error
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    language = kernel.get("language") if isinstance(kernel, dict) else None
    return str(language or "python").lower() if isinstance(cells, list) else ""


def _python(env: Mapping[str, str], fallback: str) -> str:
    """Returns the first Python that has what it takes."""
    lacking: dict[str, str] = {}
    for python in _pythons(env, fallback):
        if python in lacking:
            continue
        try:
            result = process.run((python, "-c", _PROBE), env=env, timeout_s=_PROBE_LIMIT_S)
        except process.CommandNotFoundError:
            continue
        if result.code == 0:
            lacking[python] = result.out.decode("utf-8", "replace").strip()
            if not lacking[python]:
                return python
    if not lacking:
        raise NoNotebookPythonError(
            "a notebook is executed in the Python of the project, and there is none on PATH",
            hint="activate its environment",
        )
    python, missing = next(iter(lacking.items()))
    raise NoNotebookPythonError(
        f"{python} cannot execute a notebook: it has no {', '.join(missing.split())}",
        hint=f"{python} -m pip install {' '.join(NEEDED)}",
    )


def _pythons(env: Mapping[str, str], fallback: str) -> Iterator[str]:
    import shutil

    if active := env.get("VIRTUAL_ENV"):
        yield f"{active}/bin/python"
    for name in ("python", "python3"):
        if found := shutil.which(name, path=env.get("PATH", os.defpath)):
            yield found
    yield fallback

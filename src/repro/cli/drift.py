"""One line for a lock file from which the environment has drifted."""

from repro.cli.format import counted
from repro.model.environment import LockFile

__all__ = ["drift_text"]

_PYTHON = "python: "
_MORE = "and "


def drift_text(file: LockFile, *, most: int = 1) -> str:
    """Returns the drift of a file, "" where there is none.

    As "uv.lock: 2 packages differ: flask 3.1.0 there, 3.1.3 installed; and 1 more".

    Args:
        file: What a record says of it.
        most: Packages to name.
    """
    if not file.drift:
        return ""
    if file.drift[0].startswith("cannot be read"):
        return f"{file.path} {file.drift[0]}"
    pythons = [text for text in file.drift if text.startswith(_PYTHON)]
    packages = [text for text in file.drift if not text.startswith((_PYTHON, _MORE))]
    n_cut = sum(int(text.split()[1]) for text in file.drift if text.startswith(_MORE))
    n = len(packages) + n_cut
    parts = [text.replace(": ", " ", 1) for text in pythons]
    if packages:
        verb = "differs" if n == 1 else "differ"
        shown = "; ".join(text.replace(": ", " ", 1) for text in packages[:most])
        rest = f"; and {n - most} more" if n > most else ""
        parts.append(f"{counted(n, 'package')} {verb}: {shown}{rest}")
    return f"{file.path}: {'; '.join(parts)}"

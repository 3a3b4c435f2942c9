"""Writes observed packages as requirements that pip reads."""

from collections.abc import Iterable

from repro.environment.requirements import is_archive
from repro.model.environment import Package

__all__ = ["freeze"]


def freeze(packages: Iterable[Package]) -> str:
    """Returns a line for each package: ``name==version``, or where else it came from.

    A directory within the working tree is relative to the top of that.
    """
    return "".join(f"{_line(package)}\n" for package in packages)


def _line(package: Package) -> str:
    origin = package.origin
    if not origin or "url" not in origin:
        return f"{package.name}=={package.version}"
    url, subdirectory = origin["url"], origin.get("subdirectory")
    fragments = [f"subdirectory={subdirectory}"] if subdirectory else []
    if "commit" in origin:
        url = f"{origin.get('vcs', 'git')}+{url.removeprefix('git+')}@{origin['commit']}"
    elif not is_archive(url):
        place = url if url.startswith("./") else url.removeprefix("file://")
        return f"-e {place}" if "editable" in origin else place
    elif "sha256" in origin:
        fragments.append(f"sha256={origin['sha256']}")
    return f"{package.name} @ {url}{'#' if fragments else ''}{'&'.join(fragments)}"

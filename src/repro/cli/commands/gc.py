"""``repro gc``: removes what repro can make again."""

import os

import click

from repro.cli.console import current_console
from repro.cli.format import size
from repro.cli.runs import open_runs

__all__ = ["command"]


@click.command("gc", short_help="Remove rebuilt environments and working trees no longer used")
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(min=0),
    default=14,
    show_default=True,
    metavar="DAYS",
    help="Keep what was used in the last DAYS; 0 for all that is not in use.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def command(*, days: int, dry_run: bool) -> None:
    """Remove environments and working trees that repro made and nobody has used for a while.

    Those are what `repro env create`, `checkout --env`, `exec` and `shell` keep in the repository;
    they are made again when they are wanted. Environments that no run has any more go at once. What
    is in use stays, as do working trees with work in them; runs and data are not touched.
    """
    import time

    from repro.cli.unused import find_unused, remove
    from repro.rebuild.kept import EnvironmentInUseError

    console = current_console()
    repo = open_runs()
    freed = 0
    for unused in find_unused(repo, at_ns=time.time_ns(), days=days):
        stays = unused.stays
        n_bytes = 0 if stays else _bytes_in(unused.path)
        if not (stays or dry_run):
            try:
                remove(repo, unused)
            except EnvironmentInUseError:
                stays = "it is in use"
        if stays:
            console.talk(f"kept {unused.what} {unused.path}: {stays}")
            if unused.fix:
                console.talk(f"  to remove it all the same: {unused.fix}")
            continue
        freed += n_bytes
        verb = "would remove" if dry_run else "removed"
        console.write(f"{verb} {unused.what} {unused.path} ({size(n_bytes)}): {unused.why}\n")
    console.talk(f"{size(freed)} {'would be freed' if dry_run else 'freed'}")


def _bytes_in(path: str) -> int:
    """Returns how many bytes are freed with a directory: files linked from elsewhere stay there."""
    total = 0
    for directory, _, names in os.walk(path):
        for name in names:
            state = os.lstat(os.path.join(directory, name))
            total += state.st_size if state.st_nlink == 1 else 0
    return total

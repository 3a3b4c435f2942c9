"""The runs: whether they can be read, where else they are, and whether their data is safe."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from repro.cli.checks.check import Check, counted
from repro.data.dvc_config import cache_roots, projects_of
from repro.data.manifest import DIR_SUFFIX, ManifestError, parse_manifest
from repro.data.store import ObjectStore, object_path
from repro.git.repository import GitError, Repository
from repro.model.data import Place
from repro.model.ids import Oid, short_id
from repro.model.summary import Summary
from repro.record.live import list_live_runs
from repro.record.liveness import Life, life_of_command
from repro.store.listing import read_listing
from repro.store.shared import shared_with

__all__ = ["check_key", "check_runs"]

_AHEAD = timedelta(minutes=5)


def check_runs(repo: Repository) -> Iterator[Check]:
    """Yields whether the runs can be read, then what is known of them."""
    try:
        listing = read_listing(repo)
    except GitError as error:
        yield Check("runs", False, error.message, "repro fsck")
        return
    yield Check("runs", True, counted(len(listing.summaries), "run"))
    for run in listing.unreadable:
        yield Check("run", False, run.reason, run.hint or "repro fsck")
    yield from _in_progress(repo)
    yield from _from_the_future(repo, listing.summaries)
    yield from _sharing(repo, listing.summaries)
    yield from _data(repo, listing.summaries)


def _in_progress(repo: Repository) -> Iterator[Check]:
    live = list_live_runs(repo)
    claims = {run: claim for run in live if (claim := run.claim()) is not None}
    for claim in claims.values():
        os.close(claim)
    n_dead = sum(life_of_command(run.directory) is Life.ENDED for run in claims)
    yield Check("in progress", True, counted(len(live) - n_dead, "run"))
    if n_dead:
        text = f"{counted(n_dead, 'run')} whose recorder died; not recorded yet"
        yield Check("unfinished", False, text, "repro ls")


def _from_the_future(repo: Repository, runs: Sequence[Summary]) -> Iterator[Check]:
    limit = datetime.now(UTC) + _AHEAD
    later = [run for run in runs if run.started_at > limit]
    if later:
        first = f"{later[0].name} ({short_id(later[0].id)})"
        text = f"{counted(len(later), 'run')} start later than now, such as {first}"
        yield Check("clock", True, f"{text}: they stay the newest until then", "date")
    if repo.head is not None:
        out = repo.git("log", "-1", "--no-show-signature", "--format=%ct", repo.head).strip()
        if out.isdigit() and int(out) > limit.timestamp():
            yield Check("clock", True, "HEAD was committed later than now", "date")


def _sharing(repo: Repository, runs: Sequence[Summary]) -> Iterator[Check]:
    if not repo.git("remote").strip():
        yield Check("shared", True, "no git remote: the runs are in this clone alone")
        return
    known = frozenset(run for shared in shared_with(repo) for run in shared.runs)
    n_alone = sum(run.id not in known for run in runs)
    if n_alone:
        text = f"{n_alone:,} of {counted(len(runs), 'run')} are on no remote, as far as is known"
        yield Check("shared", True, text, "repro push")
    else:
        yield Check("shared", True, "every run is on a remote")


def _data(repo: Repository, runs: Sequence[Summary]) -> Iterator[Check]:
    from repro.store.reachable_data import read_holdings

    if projects_of(repo.top) and not _has_dvc_remote(repo):
        text = "no DVC remote: data of runs cannot be pushed"
        yield Check("data", True, text, "dvc remote add --default NAME URL")
    needed = read_holdings(repo, [Oid(run.oid) for run in runs]).named(only=Place.STORE)
    store = ObjectStore(f"{repo.state_dir}/store")
    needed |= _files_of(store, needed)
    lacking = [hash for hash in needed if not store.has(hash)]
    roots = cache_roots(repo.top)
    in_cache = [x for x in lacking if any(os.path.exists(object_path(r, x)) for r in roots)]
    elsewhere = {x for item in shared_with(repo) for hashes in item.data.values() for x in hashes}
    lost = [x for x in lacking if x not in elsewhere and x not in in_cache]
    if in_cache:
        text = f"{counted(len(in_cache), 'object')} of runs are in DVC's cache alone"
        yield Check("data", False, f"{text}: dvc gc deletes them", "repro fsck --repair")
    if lost:
        text = f"not in the object store: {counted(len(lost), 'object')} that runs need"
        yield Check("data", False, text, "repro fsck --repair")
    if not in_cache and not lost:
        text = f"{counted(len(needed) - len(lacking), 'object')} of runs, safe from dvc gc"
        yield Check("data", True, text)


def _files_of(store: ObjectStore, hashes: set[str]) -> set[str]:
    found: set[str] = set()
    for hash in hashes:
        if hash.endswith(DIR_SUFFIX):
            try:
                with open(store.path_of(hash), "rb") as file:
                    found.update(parse_manifest(file.read()).values())
            except (OSError, ManifestError):  # missing is said here, damaged by fsck
                continue
    return found


def _has_dvc_remote(repo: Repository) -> bool:
    for project in projects_of(repo.top):
        for name in ("config", "config.local"):
            try:
                with open(f"{project}/.dvc/{name}", encoding="utf-8", errors="replace") as file:
                    if "remote" in file.read():
                        return True
            except FileNotFoundError:
                continue
    return False


def check_key(repo: Repository) -> Check:
    """Returns whether the key that secrets are marked by is this user's alone."""
    path = f"{repo.state_dir}/secret-key"
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return Check(
            "key", True, "none yet: the first run makes the key that secrets are marked by"
        )
    if mode & 0o077:
        return Check("key", False, f"others can read {path}", f"chmod 600 {path}")
    return Check("key", True, "secrets are marked by a key that only you can read")

"""Brings the bytes of pulled runs, and knows which are still to come when it is stopped."""

from collections.abc import Mapping

from repro.errors import ReproError
from repro.git.repository import Repository
from repro.model.ids import Oid, RunId
from repro.share.bytes import Brought, OnBytes, bring_bytes, object_store
from repro.share.needs import needs_of
from repro.share.pending import note_pending, read_pending
from repro.share.there import runs_here

__all__ = ["NoRoomError", "pull_data"]


class NoRoomError(ReproError):
    """The data of the runs is larger than the disk has room for.

    Attributes:
        needed_bytes: What is to be brought, at most.
        free_bytes: What is free.
    """

    def __init__(self, needed_bytes: int, free_bytes: int) -> None:
        super().__init__(
            f"the data of these runs has {needed_bytes:,} bytes, and {free_bytes:,} are free",
            hint="only some of it: repro pull RUN; or none for now: repro pull --no-data",
        )
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes


def pull_data(
    repo: Repository,
    remote: str,
    new: Mapping[RunId, Oid],
    *,
    named: Mapping[RunId, Oid] | None = None,
    on_progress: OnBytes | None = None,
) -> Brought:
    """Brings the bytes of runs into the object store.

    Args:
        repo: The repository.
        remote: Where the runs came from; what a pull from there left undone is done too.
        new: Runs that came just now.
        named: Only these; by default the new ones.
        on_progress: Is told how many bytes came and of how many.

    Raises:
        NoRoomError: There is not enough room on the disk; nothing was brought.
        OSError: The object store cannot be written.
    """
    pending = set(read_pending(repo, remote, "to-bring"))
    wanted = dict(new if named is None else named)
    if named is None and pending - wanted.keys():
        here = runs_here(repo, among=pending)
        wanted |= {run: here[run] for run in pending if run in here}
    needs = [need for need in needs_of(repo, list(wanted.items())).values() if need.entries]
    brought = Brought(0, 0, {})
    if needs:
        _check_room(repo, {x.hash: x.size_bytes for need in needs for x in need.entries})
        brought = bring_bytes(repo, needs, on_progress=on_progress)
    # What no remote has is not looked for again until it is asked for by name.
    if pending:
        note_pending(repo, remote, "to-bring", pending - wanted.keys())
    return brought


def _check_room(repo: Repository, sizes: Mapping[str, int]) -> None:
    from shutil import disk_usage

    store = object_store(repo)
    lacking_bytes = sum(size for value, size in sizes.items() if not store.has(value))
    free_bytes = disk_usage(repo.common_dir).free
    if lacking_bytes > free_bytes:
        raise NoRoomError(lacking_bytes, free_bytes)

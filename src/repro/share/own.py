"""A clone whose name another clone writes under too, because one is a copy of the other."""

from collections.abc import Mapping

from repro.git.refs import RefChange, read_ref, update_refs
from repro.git.remotes import GitRemote
from repro.git.repository import Repository
from repro.model.ids import Oid, RefName, WriterId, archive_ref, log_ref
from repro.share.check_archive import has_commit, is_ancestor
from repro.share.incoming import quarantine
from repro.store.writer import current_writer, new_writer, own_writers

__all__ = ["has_diverged", "own_refs", "part_from_copies", "take_new_name"]


def own_refs(repo: Repository) -> dict[RefName, WriterId]:
    """Returns the refs of the archives and logs that this clone writes, or wrote, itself."""
    writers = own_writers(repo)
    return {ref(writer): writer for writer in writers for ref in (archive_ref, log_ref)}


def has_diverged(repo: Repository, ours: Oid | None, theirs: Oid | None) -> bool:
    """Tells whether each of two chains has what the other lacks; both must be here."""
    if ours is None or theirs is None:
        return False
    return not (is_ancestor(repo, ours, theirs) or is_ancestor(repo, theirs, ours))


def part_from_copies(repo: Repository, remote: GitRemote, theirs: Mapping[RefName, Oid]) -> bool:
    """Takes a new name where a copy of this clone has pushed under the one it has.

    Args:
        repo: The repository.
        remote: A remote.
        theirs: Its refs.

    Returns:
        Whether it was necessary.

    Raises:
        RemoteError: What the copy pushed cannot be fetched.
    """
    was_necessary = False
    for ref, writer in own_refs(repo).items():
        ours = read_ref(repo, ref)  # anew each time: a new name moves archive and log together
        tip = theirs.get(ref)
        if ours is None or tip is None or ours == tip:
            continue
        if not has_commit(repo, tip):
            with quarantine(repo, remote) as incoming:
                incoming.fetch(theirs, [ref])
        if has_diverged(repo, ours, tip):
            take_new_name(repo, writer)
            was_necessary = True
    return was_necessary


def take_new_name(repo: Repository, writer: WriterId) -> Mapping[RefName, RefName]:
    """Moves this clone's archive and log from a name that another clone uses to a new one.

    Returns:
        The new ref for each old one.

    Raises:
        RefMovedError: Another process writes to them at this moment.
        OSError: The name cannot be written down.
    """
    # One that is not written under any more is moved under the one that is.
    current = current_writer(repo)
    name = new_writer(repo) if writer == current or _is_used(repo, current) else current
    changes = []
    moved = {}
    for make in (archive_ref, log_ref):
        tip = read_ref(repo, make(writer))
        if tip is not None:
            moved[make(writer)] = make(name)
            changes += [
                RefChange(make(name), None, tip),
                RefChange(make(writer), tip, None),
            ]
    update_refs(repo, changes)
    return moved


def _is_used(repo: Repository, writer: WriterId) -> bool:
    return any(read_ref(repo, make(writer)) is not None for make in (archive_ref, log_ref))

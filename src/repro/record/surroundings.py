"""What stands around whatever is recorded; apart, as a hook that records nothing has it too."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from repro.git.repository import Repository
from repro.model.run import Host, Identity

if TYPE_CHECKING:
    from repro.data.progress import Progress
    from repro.git.snapshot import Snapshot

__all__ = ["Surroundings"]


class Surroundings(NamedTuple):
    """What the process was started with and in; read at the edge, handed in here.

    Attributes:
        env: Environment variables.
        host: Where it runs.
        author: Who git says the user is; None when it does not know.
        status: Output of ``git status`` (see `repro.git.snapshot.STATUS`), taken a moment ago.
        snapshot: The working tree, where it was taken a moment ago.
        listener: Told how far hashing and storing data have come, while nothing else is printed.
    """

    env: Mapping[str, str]
    host: Host
    author: Identity | None
    status: bytes | None = None
    snapshot: "Snapshot | None" = None
    listener: "Callable[[Progress], None] | None" = None

    def take_snapshot(self, repo: Repository) -> "Snapshot":
        """Returns the snapshot, taking it if need be."""
        from repro.git.snapshot import take_snapshot
        from repro.record.redactor import screen_of

        return self.snapshot or take_snapshot(repo, status=self.status, screen=screen_of(repo))

    def later(self) -> "Surroundings":
        """Returns the same without what was true of the tree a moment ago."""
        return self._replace(status=None, snapshot=None)

    @property
    def home(self) -> str:
        """The user's home directory."""
        return self.env.get("HOME", "/nonexistent")

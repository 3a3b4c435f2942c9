"""Reads and moves refs; nothing here ever touches HEAD, a branch, or a tag of the user's."""

from repro.errors import ReproError
from repro.git.repository import GitError, Repository
from repro.model.ids import Oid, RefName
from repro.process import Pending

__all__ = [
    "RefExistsError",
    "create_ref",
    "delete_ref",
    "finish_count",
    "list_refs",
    "read_ref",
    "start_count",
]


class RefExistsError(ReproError):
    """A ref that was to be made is there already.

    Attributes:
        ref: Its name.
    """

    def __init__(self, ref: RefName) -> None:
        super().__init__(f"{ref} exists already")
        self.ref = ref


def list_refs(
    repo: Repository, *prefixes: str, newest: int | None = None
) -> list[tuple[RefName, Oid]]:
    """Returns the refs below the prefixes and what they name, sorted by name.

    Args:
        repo: The repository.
        prefixes: Such as ``refs/repro/runs/``.
        newest: Only the last so many, last first.
    """
    flags = ("--sort=-refname", f"--count={newest}") if newest is not None else ()
    out = repo.git("for-each-ref", "--format=%(objectname) %(refname)", *flags, *prefixes)
    rows = (line.split(" ", 1) for line in out.decode("utf-8", "surrogateescape").splitlines())
    return [(RefName(ref), Oid(oid)) for oid, ref in rows]


def start_count(repo: Repository, prefix: str) -> Pending:
    """Starts to count the refs below a prefix; `finish_count` reads the number."""
    return repo.start("for-each-ref", "--format=", prefix)


def finish_count(pending: Pending) -> int:
    """Returns how many refs there are."""
    return pending.result().out.count(b"\n")


def read_ref(repo: Repository, name: RefName) -> Oid | None:
    """Returns what a ref names, None when there is no such ref."""
    # Not rev-parse, which goes on to look for a branch or a tag of that name.
    result = repo.start("show-ref", "--verify", "--hash", name).result()
    return Oid(result.out.decode("ascii").strip()) if result.code == 0 else None


def create_ref(repo: Repository, name: RefName, oid: Oid) -> None:
    """Makes a ref that must not exist.

    Raises:
        RefExistsError: It exists.
        GitError: git could not write it.
    """
    try:
        repo.git("update-ref", "--stdin", stdin=f"create {name} {oid}\n".encode())
    except GitError as error:
        if "already exists" in error.stderr:
            raise RefExistsError(name) from error
        raise


def delete_ref(repo: Repository, name: RefName, *, old: Oid | None = None) -> None:
    """Deletes a ref; one that is not there is no error.

    Args:
        repo: The repository.
        name: The ref.
        old: What it must still name.

    Raises:
        GitError: It names something else than `old`, or git could not write.
    """
    repo.git("update-ref", "-d", name, *((old,) if old is not None else ()))

"""Reads and moves refs; nothing here ever touches HEAD, a branch, or a tag of the user's."""

from collections.abc import Iterable
from typing import NamedTuple

from repro.errors import ReproError
from repro.git.repository import GitError, Repository
from repro.model.ids import Oid, RefName

__all__ = [
    "RefChange",
    "RefExistsError",
    "RefMovedError",
    "create_ref",
    "delete_ref",
    "list_refs",
    "read_ref",
    "update_refs",
]


class RefExistsError(ReproError):
    """A ref that was to be made is there already.

    Attributes:
        ref: Its name.
    """

    def __init__(self, ref: RefName) -> None:
        super().__init__(f"{ref} exists already")
        self.ref = ref


class RefMovedError(ReproError):
    """A ref no longer names what it named a moment ago: another process was quicker."""


class RefChange(NamedTuple):
    """What shall become of a ref; it is compared with what it must be before anything moves.

    Attributes:
        ref: Its name.
        old: What it must name now; None: it must not exist.
        new: What it will name; None: it will be gone.
    """

    ref: RefName
    old: Oid | None
    new: Oid | None


def update_refs(repo: Repository, changes: Iterable[RefChange]) -> None:
    """Moves refs in one transaction: all, or (short of a crash) none; creations come first.

    Raises:
        RefMovedError: One does not name what it should.
        GitError: git could not write.
    """
    zero = "0" * (40 if repo.hash_name == "sha1" else 64)
    rows = [
        f"update {ref} {new} {old or zero}\n"
        if new is not None
        else f"delete {ref} {old or ''}".rstrip() + "\n"
        for ref, old, new in changes
    ]
    if not rows:
        return
    try:
        repo.git("update-ref", "--stdin", stdin="".join(rows).encode())
    except GitError as error:
        moved = ("but expected", "already exists", "unable to resolve reference", "is missing but")
        if any(words in error.stderr for words in moved):
            raise RefMovedError("another process moved a ref", hint="try again") from error
        raise


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

"""Who the user is, as git tells."""

from repro.git.repository import Repository
from repro.model.run import Identity

__all__ = ["ASK_IDENTITY", "author_of", "identity_in"]

ASK_IDENTITY = ("var", "GIT_AUTHOR_IDENT")
"""The git command that answers with name, address and time; it fails where there are none."""


def author_of(repo: Repository) -> Identity | None:
    """Returns who git says the user is; None when it knows no name or no address."""
    result = repo.start(*ASK_IDENTITY).result()
    return identity_in(result.out) if result.code == 0 else None


def identity_in(answer: bytes) -> Identity:
    """Returns the identity in git's answer to `ASK_IDENTITY`."""
    name, _, rest = answer.decode("utf-8", "replace").partition(" <")
    return Identity(name, rest.partition(">")[0])

"""How it is known that a run belongs to a commit."""

from enum import StrEnum

__all__ = ["Why"]


class Why(StrEnum):
    """How it is known that a run belongs to a commit, the surest first."""

    BEGAN = "began"
    """The run began from it."""
    SAID = "said"
    """Somebody, or a hook, said so."""
    NOTED = "noted"
    """A git note on it names the run."""
    TRAILER = "trailer"
    """Its message names the run."""
    SAME_TREE = "same tree"
    """It holds what a commit of the run holds, byte for byte."""
    SAME_CHANGE = "same change"
    """It changes what a commit of the run changes, in the same way."""
    SQUASH = "squash"
    """It makes at once the change that several commits make, one of the run's among them."""
    HOLDS = "holds"
    """It holds what the run had uncommitted, and its results."""

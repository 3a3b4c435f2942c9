"""Gaps: what a record could not capture, in words a person can act on."""

from enum import StrEnum
from typing import NamedTuple

__all__ = ["Gap", "GapKind"]


class GapKind(StrEnum):
    """The part of a record that is incomplete."""

    CODE = "code"
    DATA = "data"
    PARAMS = "params"
    METRICS = "metrics"
    ENVIRONMENT = "environment"
    ARTIFACTS = "artifacts"
    CONFIG = "config"
    AUTHOR = "author"
    SECRET = "secret"  # noqa: S105 - the word, not one


class Gap(NamedTuple):
    """One thing that the record does not hold.

    Attributes:
        kind: The part concerned.
        subject: What is missing: a path, a package, a key.
        reason: Why it was not captured; a clause without a full stop.
        fix: How to close it next time; a command or an edit, "" when there is no way.
    """

    kind: GapKind
    subject: str
    reason: str
    fix: str = ""

"""How hooks name runs in what they say: ``witty-fox (kxwmlnop) and 2 more``."""

from collections.abc import Sequence

from repro.git.repository import Repository
from repro.model.ids import RunId, short_id

__all__ = ["name_of", "named"]


def named(found: Sequence[tuple[RunId, str]]) -> str:
    """Returns words for runs, of which the first is named.

    Args:
        found: Ids and names, at least one; "" for a name that is not known.
    """
    run, name = found[0]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{name} ({short_id(run)}){more}" if name else f"{short_id(run)}{more}"


def name_of(repo: Repository, run: RunId) -> str:
    """Returns the name that a run goes by; "" where it cannot be read.

    Raises:
        GitError: git could not read the runs.
    """
    from repro.store.lookup import Lookup

    return next((found.name for found in Lookup(repo).of_ids([run]).summaries), "")

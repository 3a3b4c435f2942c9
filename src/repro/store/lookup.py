"""The runs that a word may name: from the index, or else from a listing of all."""

from collections.abc import Callable, Collection

from repro.git.repository import Repository
from repro.model.ids import RunId
from repro.store.index import ask_index
from repro.store.index_query import Place
from repro.store.index_reader import Reader
from repro.store.listing import Listing, read_listing_directly

__all__ = ["Lookup"]


class Lookup:
    """Finds runs for one word. What it gives holds all that are meant, and perhaps others."""

    def __init__(self, repo: Repository) -> None:
        """Looks at nothing yet."""
        self._repo = repo
        self._every: Listing | None = None

    def every(self) -> Listing:
        """Returns all runs."""
        return self._ask(lambda index: index.listing())

    def newest(self, number: int) -> Listing:
        """Returns the newest runs."""
        return self._ask(lambda index: index.listing(newest=number))

    def exactly(self, text: str) -> Listing:
        """Returns what may have this id, these letters, this ref or this commit."""
        return self._ask(lambda index: index.exactly(text))

    def named(self, text: str) -> Listing:
        """Returns what may have this name."""
        return self._ask(lambda index: index.named(text))

    def beginning(self, text: str) -> Listing:
        """Returns what may have letters or an id that begin so."""
        return self._ask(lambda index: index.beginning(text))

    def of_ids(self, runs: Collection[RunId]) -> Listing:
        """Returns those of some runs that are there, and perhaps others."""
        return self._ask(lambda index: index.of_ids(runs))

    def best(self, metric: str, *, is_lowest: bool) -> Listing:
        """Returns the runs where a metric may be the best, and those where it alone is known."""
        return self._ask(
            lambda index: index.extremes(Place("metrics", metric), is_lowest=is_lowest)
        )

    def _ask(self, question: Callable[[Reader], Listing]) -> Listing:
        # Once the index did not answer, it is not asked again: the answers would not agree.
        if self._every is None:
            found = ask_index(self._repo, question)
            if found is not None:
                return found
            self._every = read_listing_directly(self._repo)
        return self._every

"""What a benchmark cannot do, in words for its reader."""

__all__ = ["BenchmarkError"]


class BenchmarkError(Exception):
    """A row that cannot be measured; the message says why, on one line."""

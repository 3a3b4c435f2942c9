"""How texts stand in the index."""

__all__ = ["join_summary", "split_summary", "storable"]

_MEASURES = ',"metrics":{'
"""Nothing before the metrics can hold this: quotes in texts are escaped, and tags are texts."""


def storable(text: str) -> str:
    """Returns a text that SQLite can hold, for a comparison: half characters become escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def split_summary(text: str) -> tuple[str, str | None]:
    """Returns a summary as repro writes it in two parts, each JSON; the second may be missing.

    What most filters ask for stands by itself then, and is a third of the whole.
    """
    at = text.find(_MEASURES)
    return (text, None) if at < 0 else (f"{text[:at]}}}", f"{{{text[at + 1 :]}")


def join_summary(head: str, measures: str | None) -> str:
    """Reverses `split_summary`."""
    return head if measures is None else f"{head[:-1]},{measures[1:]}"

"""Tells the user what went wrong, once, and never in the way of the training."""

__all__ = ["on_one_line", "warn"]

_MAX_TEXT = 1000
_said: set[str] = set()


def warn(text: str, *, key: str | None = None) -> None:
    """Logs a warning of the logger "repro".

    Args:
        text: A sentence without a full stop, in lower case.
        key: Of several with the same key the first is told; None for the text.
    """
    import logging

    key = text if key is None else key
    if key not in _said:
        _said.add(key)
        logging.getLogger("repro").warning("repro: %s", on_one_line(text))


def on_one_line(text: str) -> str:
    """Returns a text without control characters, and not a million letters of it."""
    text = text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)

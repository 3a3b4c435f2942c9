"""Colours of runs in pictures and pages."""

__all__ = ["COLOURS", "DASHES"]

COLOURS = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#8c6bb1",
    "#7f7f7f",
)
"""Told apart with any colour vision (after Okabe and Ito), and on white as on black."""
DASHES = ("solid", "dash", "dot")
"""For the runs after each round of the colours."""

"""Draws learning curves: in a terminal, as a picture, as a page."""

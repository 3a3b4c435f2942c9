"""Finds what is lost or damaged, and mends it from wherever the bytes still are."""

"""Lakehouse tables as data: which version of which table, and whether it can still be read."""

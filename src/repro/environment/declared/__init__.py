"""Reads what the files of a project say that its environment should be."""

"""Runs in refs: write, list, read, resolve."""

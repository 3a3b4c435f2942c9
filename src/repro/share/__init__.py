"""Runs and their bytes, to remotes and from them."""

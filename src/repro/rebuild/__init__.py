"""Builds the environment of a run again, and says what of it could not be the same."""

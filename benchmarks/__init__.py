"""Measures repro against what the machine can do at best; see README.md."""

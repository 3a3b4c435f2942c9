"""Compares, filters and sorts runs: pure functions over the model, no git, no disk, no clock."""

"""Finds passwords, tokens and keys in texts and files, and puts marks in their places."""

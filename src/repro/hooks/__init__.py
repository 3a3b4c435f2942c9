"""git hooks: their installation, and what each of them does."""

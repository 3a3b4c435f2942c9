"""Which runs belong to which commits, through amend, rebase, squash and cherry-pick."""

"""Recording: what happens between Enter and the commit."""

"""Which runs a filter chooses, those in progress among them; for the command line and programs."""

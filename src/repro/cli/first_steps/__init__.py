"""What `repro init` finds, offers and proposes; the command itself only puts it together."""

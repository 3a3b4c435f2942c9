"""The command line: one file a command, what they print, and how."""

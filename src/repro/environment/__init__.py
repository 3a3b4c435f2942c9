"""What a run ran in: observed from outside the interpreter, and locked for a rebuild."""

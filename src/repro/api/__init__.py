"""What a user's program says to the run that it is part of; see `repro.record.logged`.

It runs inside of other people's training: whatever goes wrong here is told, and goes no further.
"""

"""What a run is, in plain frozen types: no I/O, no clock, no git."""

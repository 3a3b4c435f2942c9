"""Sensors: what the machine does at a moment, as its kernel and the driver of its GPUs say."""

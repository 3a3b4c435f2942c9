"""The demonstration behind ``repro demo``: a scenario as data, and what plays it.

It knows repro by its command line alone, as a person at a keyboard does.
"""

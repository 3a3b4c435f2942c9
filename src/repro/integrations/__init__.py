"""Callbacks for the frameworks that run a training loop of their own.

Each module is imported by who uses it, with the framework that it is named after; ``import repro``
loads none of them::

    from repro.integrations.lightning import ReproLogger

Params and metrics go to the run that is current: the one of `repro run`, of ``repro.start_run()``,
or one that starts with the first of them and ends with the process. No callback ends a run, so
several trainings may follow each other in one. What goes wrong in a callback is a warning of the
logger "repro" and a gap in the record, and never reaches the training.
"""

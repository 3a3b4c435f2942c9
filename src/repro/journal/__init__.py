"""What a program says of its run while it runs: a text file a process, a line an event.

Lines are appended with one ``write`` each, so that a line is in the file, whole, when the call that
wrote it returns: whoever dies then, of whatever, has lost nothing. Those of threads and of forked
processes, which share the file, stay whole too.

A metric, the only line that is written often, starts with a digit::

    1764000000123 TAB 12 TAB =3fd0000000000000 TAB train/loss

which is ms since the epoch, step ("" for none), value (here 0.25) and name. A float is written by
its bits, IEEE 754's double in hex, since to find its shortest decimal digits would take as long as
the write does; a whole number is written in decimal.

All other lines are a letter, a space, and JSON::

    b {"rank": 0, "host": "lab", "pid": 4711}         a process begins to write; with "world_size"
                                                      where it is one of several
    p {"lr": 0.1, "model": {"depth": 3}}              params
    t {"stage": "baseline"}                           tags
    n {"name": "quiet-harbor", "message": "..."}      how the run is called from now on
    a {"name": "...", "content": "...", ...}          an artifact; see `repro.record.said`
    g {"kind": "metrics", "subject": "...", ...}      a gap
    e {"pid": 4711}                                   a process has said all that it had to say

The writing side is loaded into other people's training: it imports next to nothing.
"""

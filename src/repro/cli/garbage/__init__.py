"""What `repro gc` removes, kind by kind."""
